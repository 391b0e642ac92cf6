"""What has to be true of a topic after a power cut, with the real programs."""

import os
import re

from storm import AT_REST
from streams import Failed, program, run
from recording import PARTITIONS

LINE = re.compile(rb"(\d+) (\d+) (.*)")
FORM = "%p %o %s\\n"


def consume(topic):
    """The values of each partition, as klog-consume prints them."""
    return values_of(run("klog-consume", "-F", FORM, topic))


def values_of(text):
    """The values of each partition in what FORM makes of them."""
    found = [[] for _ in range(PARTITIONS)]
    for line in text.split(b"\n")[:-1]:
        part, offset, value = LINE.fullmatch(line).groups()
        values = found[int(part)]
        if int(offset) != len(values):
            raise Failed("partition %d: offset %d after %d" % (
                int(part), int(offset), len(values) - 1))
        values.append(value)
    return found


def holds(found, expect):
    """What was acknowledged is there, and nothing that was not sent, each
    producer's lines in order and once."""
    for part, values in enumerate(found):
        for offset, value in expect.required[part].items():
            if offset >= len(values) or values[offset] != value:
                raise Failed(
                    "partition %d, offset %d: acknowledged %.40r, found %.40r"
                    " (%d records in all)" % (
                        part, offset, value,
                        values[offset] if offset < len(values) else None,
                        len(values)))
        last = {}
        for offset, value in enumerate(values):
            if value not in expect.sent:
                raise Failed("partition %d, offset %d: %.60r was never sent"
                             % (part, offset, value))
            producer, incarnation, number = expect.sent[value]
            before = last.get((producer, incarnation))
            if before is not None and number != before + 1:
                raise Failed("partition %d, offset %d: line %d of producer "
                             "%d.%d comes after line %d" % (
                                 part, offset, number, producer, incarnation,
                                 before))
            last[producer, incarnation] = number


def append(topic):
    """One record more in each partition; the offsets they got."""
    lines = [b"next %d" % n for n in range(PARTITIONS)]
    out = run("klog-produce", "-q", "--timeout", "5s", "--partitioner",
              "roundrobin", "--report=" + FORM, topic,
              data=b"\n".join(lines) + b"\n").split(b"\n")[:-1]
    got = sorted(LINE.fullmatch(line).groups() for line in out)
    if [(int(g[0]), g[2]) for g in got] != list(enumerate(lines)):
        raise Failed("reports of the next append: %r" % out)
    return [int(g[1]) for g in got], lines


def tidy(root):
    """No temporary file anywhere."""
    for where, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs if d not in ("lost+found", "cut")]
        inside = os.path.basename(where).isdigit()
        odd = [n for n in files if n.startswith(".") or n.endswith(".tmp") or
               (inside and not AT_REST.fullmatch(n))]
        odd += [n for n in dirs if n.startswith(".")]
        if odd:
            raise Failed("left over in %s: %s" % (where, sorted(odd)))


def check(root, expect, cut):
    """Check the mounted state; Failed tells what is wrong."""
    topic = os.path.join(root, "t")
    if not os.path.exists(topic):
        if cut >= expect.created:
            raise Failed("the topic is gone")
        run("klog-topic", "create", "-p", PARTITIONS, topic)
    before = consume(topic)
    holds(before, expect)
    offsets, lines = append(topic)
    after = consume(topic)
    for part, values in enumerate(before):
        if offsets[part] != len(values) or after[part] != values + [
                lines[part]]:
            raise Failed(
                "partition %d: %d records before the append, which got offset"
                " %d, %d after it" % (part, len(values), offsets[part],
                                      len(after[part])))
    if os.path.exists(program("klog-check")):
        run("klog-check", "-q", "--deep", topic)
    if expect.altered is not None and cut >= expect.altered:
        with open(os.path.join(topic, "topic.conf"), encoding="utf-8") as f:
            if "retention.ms=987654321\n" not in f.read():
                raise Failed("topic.conf: the changed setting is gone")
    # What an interrupted change left is replaced by the next one.
    run("klog-topic", "alter", "-c", "retention.ms=1000", topic)
    tidy(root)
