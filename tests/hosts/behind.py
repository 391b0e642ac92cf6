"""What a copy knows of its source when they part: a promotion tells of it."""

import os

import frames
import kafkalog
import places
from places import Failed, run


def part(path):
    """A copy that had all is told of 40 records, gets 20, hears no more."""
    lead, copy = os.path.join(path, "lead"), os.path.join(path, "copy")
    run("klog-topic", "create", "-c", "compression.type=none", lead)
    values = [b"record %d" % n for n in range(20)]
    run("klog-produce", lead, data=b"\n".join(values[:12]))
    run("klog-replicate", lead, copy)
    had = len(places.log_bytes(os.path.join(lead, "0")))
    run("klog-produce", lead, data=b"\n".join(values[12:]))
    with open(os.path.join(lead, "topic.conf"), encoding="ascii") as f:
        text = "".join(x for x in f if "=" in x and not x.startswith(
            ("version", "id", "partitions"))).encode()
    with open(os.path.join(lead, "0", "leader-epoch-origins"),
              encoding="ascii") as f:
        origin = int(f.read().split()[1], 16)
    log = dict(topic=0, partition=0, start=0)
    said = frames.GREETING + frames.encode(
        "hello", direction=frames.PUSH, flags=0, name=b"c",
        names=[]) + frames.encode(
            "topic", topic=0, id=kafkalog.read_conf(lead)["id"].encode(),
            name=b"copy", origin=b"x:lead", partitions=1, text=text) + \
        frames.encode("start", **log, cut=-1, end=12, high=12,
                      epochs=[(0, 0, origin)], **{"from": 12}) + \
        frames.encode("batches", flags=0, high=40,
                      bytes=places.log_bytes(os.path.join(lead, "0"))[had:],
                      **log, **{"from": 12})
    run("klog-replicate", "--serve", path, data=said, status=3)
    if run("klog-consume", copy)[0].splitlines() != values:
        raise Failed("what came is not there")
    _, err = run("klog-replicate", "promote", copy, status=6)
    if "had offsets 20 to 39 when it was last heard" not in err:
        raise Failed("the promotion says %s" % err)
    # All that there really is, is here.
    run("klog-replicate", lead, copy)
    run("klog-replicate", "promote", copy)
    run("klog-check", "-q", copy)
