"""Topics to damage, and what klog says about them.

A Topic is made by klog-produce, so that its state page counts, or by
kafkawrite.py, so that there is none.  Its files are damaged in place: the
state page notices another inode.
"""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, os.pardir, "interop")]

import kafkalog     # noqa: E402
import kafkawrite   # noqa: E402
import streams      # noqa: E402

T0 = 1795341600000  # 2026-11-22T10:00:00Z


def run(name, *args, stdin=b"", timeout=60):
    """A program of klog: (status, stdout, stderr)."""
    p = subprocess.run([streams.program(name)] + list(args), input=stdin,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=timeout, check=False)
    return p.returncode, p.stdout, p.stderr.decode("utf-8", "replace")


def produce(path, lines, *args):
    status, _, err = run("klog-produce", "-q", "-z", "none", *args, path,
                         stdin=b"".join(b"%s\n" % x for x in lines))
    assert status == 0, err


def make_live(path, segments=3, batches=4, each=5):
    """By klog-produce: a valid state, several segments."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    produce(path, [], "--create")
    conf = os.path.join(path, "topic.conf")
    with open(conf, "a", encoding="ascii") as f:
        f.write("segment.bytes=4096\nindex.interval.bytes=1000\n")
    size = 4096 // batches - 61
    n = 0
    for _ in range(segments * batches):
        produce(path, [b"record %012d %s" % (n + i, b"x" * (size // each - 30))
                       for i in range(each)])
        n += each


def make_still(path, segments=3, batches=4, each=5):
    """By kafkawrite.py: no state, two epochs a segment."""
    shutil.rmtree(path, ignore_errors=True)
    log = kafkawrite.Log()
    for s in range(segments):
        for b in range(batches):
            log.add(kafkawrite.encode_batch(
                [kafkalog.Record(log.next + i, T0 + (log.next + i) * 10, None,
                                 b"record %012d" % (log.next + i), [])
                 for i in range(each)], epoch=2 * s + (b >= 2)))
        if s + 1 < segments:
            log.roll()
    kafkawrite.write_topic(path, [log], index_interval_bytes=60)


def consume(path):
    """(status, {offset: value}, stderr); the offsets rise."""
    status, out, err = run("klog-consume", "-F", "%o %s\\n", path)
    pairs = [line.split(b" ", 1) for line in out.splitlines()]
    offsets = [int(o) for o, _ in pairs]
    assert offsets == sorted(set(offsets)), "offsets fall or repeat"
    return status, {int(o): v for o, v in pairs}, err


def files(path):
    """The files that hold something, below path; topic.conf is the user's."""
    found = []
    for folder, _, names in os.walk(path):
        found += [os.path.join(folder, n) for n in names
                  if not n.endswith("lock") and n != "topic.conf"]
    return sorted(found)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    """In place: the inode stays."""
    with open(path, "r+b") as f:
        f.write(data)
        f.truncate()


def batches(data):
    """The bytes of each batch of an undamaged .log."""
    found, at = [], 0
    while at < len(data):
        b = kafkalog.parse_batch(data, at)
        found.append(data[at:at + b.size])
        at += b.size
    return found
