"""Where reading starts and stops: -o, -p, and lookup by time.

The lookup is computed anew from the batches by the rules of the format, for
random timestamps out of order over several segments.
"""

import json
import os
import random

import codecs_c
import kafkalog
import kafkawrite
import streams
from kafkalog import Record
from kafkawrite import Log, encode_batch
from produce import create
from streams import T, Failed, run, same


def lookup(segments, wanted):
    """The record that a lookup of a time finds, or None."""
    for segment in segments:
        if max((b.max_ts for b in segment.batches), default=-1) < wanted:
            continue
        last = -1
        entries = []
        for b in segment.batches:
            if b.max_ts > last:
                last = b.max_ts
                entries.append((last, b.last))
        before = [offset for ts, offset in entries if ts <= wanted]
        start = before[-1] if before else segment.base
        for b in segment.batches:
            if b.last < start or b.max_ts < wanted:
                continue
            for r in b.records:
                if r.ts >= wanted:
                    return r
        return None
    return None


def out_of_order(seed, log_append=False):
    """A log of several segments whose timestamps wander."""
    rng = random.Random(seed)
    log = Log()
    for n in range(150):
        if n and not rng.randrange(30):
            log.roll()
        now = T + n * 1000
        recs = [Record(log.next + i, now + rng.randrange(-20000, 20000),
                       None, b"x" * rng.randrange(200), [])
                for i in range(rng.randrange(1, 12))]
        stamp = now if log_append and rng.randrange(2) else None
        log.add(encode_batch(recs, codec=n % 5, log_append=stamp))
    return log


def ask(topic, spec):
    """{partition: offset} as klog-topic offsets tells; -1 is none."""
    out = {}
    for line in run("klog-topic", "offsets", "--json", "-o", spec,
                    topic).splitlines():
        o = json.loads(line)
        out[o["partition"]] = -1 if o["offset"] is None else o["offset"]
    return out


def check_time(tmp, seed, indexes):
    """klog-topic offsets and klog-consume find what the rules say."""
    topic = os.path.join(tmp, "time-%d-%d" % (seed, indexes))
    kafkawrite.write_topic(topic, [out_of_order(seed, seed % 2),
                                   out_of_order(seed + 1000)], indexes)
    parts = kafkalog.read_topic(topic, indexes=indexes)
    rng = random.Random(seed)
    stamps = sorted(r.ts for s in parts for r in kafkalog.data_of(s))
    wanted = [stamps[0] - 1, stamps[0], stamps[-1], stamps[-1] + 1]
    for _ in range(25):
        wanted.append(rng.choice(stamps) + rng.choice((-1, 0, 0, 1, 777)))
    for ts in wanted:
        found = [lookup(s, ts) for s in parts]
        ends = [kafkalog.batches_of(s)[-1].last + 1 for s in parts]
        got = ask(topic, "@%d" % ts)
        for p, r in enumerate(found):
            want = (r.offset,) if r else (-1, ends[p])
            if got.get(p) not in want:
                raise Failed("@%d: partition %d: offset %s, not %s"
                             % (ts, p, got.get(p), want[0]))
        starts = [r.offset if r else e for r, e in zip(found, ends)]
        check_places(topic, "@%d" % ts, starts, ends)
    for _ in range(8):
        a, b = sorted(rng.sample(stamps, 2))
        ends = [kafkalog.batches_of(s)[-1].last + 1 for s in parts]
        lows, highs = [[r.offset if r else e for r, e in zip(
            (lookup(s, ts) for s in parts), ends)] for ts in (a, b)]
        check_places(topic, "@%d:%d" % (a, b), lows, highs)


def printed(topic, *options):
    """{partition: [offsets]} that klog-consume prints."""
    out = {}
    for line in run("klog-consume", "-F", "%p %o\\n", *options,
                    topic).splitlines():
        p, offset = map(int, line.split())
        out.setdefault(p, []).append(offset)
    return out


def check_places(topic, spec, starts, ends):
    """klog-consume -o spec prints [start, end) of each partition."""
    got = printed(topic, "-o", spec)
    for p, (start, end) in enumerate(zip(starts, ends)):
        same(got.get(p, []), list(range(start, end)),
             "-o %s: partition %d" % (spec, p))


def specs(rng, shortest, longest):
    """Random offset ranges with their meaning: a function of a partition's
    log end that gives (start, end).  Starts are within every partition."""
    a, b = rng.randrange(shortest), rng.randrange(longest + 50)
    n = rng.randrange(1, longest + 50)
    return [("start", lambda e: (0, e)), ("end", lambda e: (e, e)),
            ("%d" % a, lambda e: (a, e)), ("%d:end" % a, lambda e: (a, e)),
            ("%d:%d" % (a, a + b), lambda e: (a, min(a + b, e))),
            (":%d" % b, lambda e: (0, min(b, e))),
            ("+%d" % a, lambda e: (a, e)),
            ("-%d" % n, lambda e: (max(0, e - n), e))]


def check_specs(tmp, seed):
    """Offset ranges and partition lists against a model."""
    topic = os.path.join(tmp, "specs-%d" % seed)
    create(topic, 5, segment_bytes=1 << 20)
    run("klog-produce", "--framed", "--batch-bytes", "3k", "-z",
        codecs_c.NAMES[seed % 5], topic,
        data=streams.framed(streams.records(seed, 3000)))
    lengths = [len(kafkalog.data_of(s)) for s in kafkalog.read_topic(topic)]
    rng = random.Random(seed)
    for _ in range(4):
        for spec, means in specs(rng, min(lengths), max(lengths)):
            chosen = sorted(rng.sample(range(5), rng.randrange(1, 6)))
            text = ",".join(map(str, chosen))
            if chosen == list(range(chosen[0], chosen[-1] + 1)) \
                    and len(chosen) > 1:
                text = "%d-%d" % (chosen[0], chosen[-1])
            got = printed(topic, "-o", spec, "-p", text)
            for p in range(5):
                want = list(range(*means(lengths[p]))) if p in chosen else []
                same(got.get(p, []), want,
                     "-o %s -p %s: partition %d" % (spec, text, p))
    same(ask(topic, "start"), {p: 0 for p in range(5)}, "earliest")
    same(ask(topic, "end"), dict(enumerate(lengths)), "latest")


def check_count(tmp):
    """-n stops after N in all; -c counts."""
    topic = os.path.join(tmp, "count")
    create(topic, 3)
    run("klog-produce", "--framed", "--batch-bytes", "3k", topic,
        data=streams.framed(streams.records(40, 1000)))
    for n in (1, 7, 999, 1000, 2000):
        got = printed(topic, "-n", n)
        same([sum(map(len, got.values()))], [min(n, 1000)], "-n %d" % n)
        for offsets in got.values():
            same(offsets, list(range(len(offsets))), "-n %d" % n)
    same([run("klog-consume", "-c", topic).strip()], [b"1000"], "-c")


def tests(tmp, seeds):
    """(name, function, arguments...) of the position tests."""
    for seed in seeds:
        yield "offsets: by time (seed %d)" % seed, check_time, tmp, seed, True
        yield "offsets: by time, no index files (seed %d)" % seed, \
            check_time, tmp, seed, False
        yield "offsets: ranges and partitions (seed %d)" % seed, \
            check_specs, tmp, seed
    yield "offsets: -n and -c", check_count, tmp
