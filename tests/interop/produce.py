"""What klog-produce writes, read by the independent reader."""

import os
import time

import codecs_c
import kafkalog
import streams
from prim import partition_of
from streams import Failed, records, run, same

SEGMENT = 1 << 20


def create(topic, partitions, **conf):
    """klog-topic create, settings with _ for . in their names."""
    args = []
    for key, value in conf.items():
        args += ["-c", "%s=%s" % (key.replace("_", "."), value)]
    run("klog-topic", "create", "-p", partitions, *args, topic)


def check_partition(p, segments, recs, partitions, codec):
    """One partition holds input records only, in input order, keyed ones
    where the Java client would put them.  Returns the timestamps found."""
    number = {r.ts: n for n, r in enumerate(recs)}
    found = kafkalog.data_of(segments)
    order = [number.get(r.ts, -1) for r in found]
    same(order, sorted(order), "partition %d: input order" % p)
    same([r.fields() for r in found],
         [recs[n].fields() for n in order], "partition %d" % p)
    same([r.offset for r in found], list(range(len(found))),
         "partition %d: offsets" % p)
    for r in found:
        if r.key is not None and partition_of(r.key, partitions) != p:
            raise Failed("key %r is in partition %d" % (r.key, p))
    used = {b.codec for b in kafkalog.batches_of(segments)}
    if not used <= {0, codec} or found and codec not in used:
        raise Failed("partition %d: codecs %s, not %d" % (p, used, codec))
    for s in segments:
        if s.size > SEGMENT:
            raise Failed("segment of %d bytes" % s.size)
    return [r.ts for r in found]


def check_topic(topic, recs, partitions, codec, rolled):
    """The whole topic is exactly recs, and rolled if it should have."""
    parts = kafkalog.read_topic(topic)
    if len(parts) != partitions:
        raise Failed("%d partitions" % len(parts))
    got = []
    for p, segments in enumerate(parts):
        got += check_partition(p, segments, recs, partitions, codec)
    same(sorted(got), sorted(r.ts for r in recs), "timestamps")
    if rolled and min(len(s) for s in parts) < 2:
        raise Failed("segments did not roll: %s" % [len(s) for s in parts])


def check_framed(tmp, codec, seed, count):
    """Enough framed records to roll several times; two runs, one log."""
    name = codecs_c.NAMES[codec]
    topic = os.path.join(tmp, "framed-%s-%d" % (name, seed))
    create(topic, 2, segment_bytes=SEGMENT)
    recs = records(seed, count, 2000)
    cut = count // 3
    for part in (recs[:cut], recs[cut:]):
        run("klog-produce", "--framed", "-z", name, "--batch-bytes", "20k",
            topic, data=streams.framed(part))
    check_topic(topic, recs, 2, codec, True)


def check_json(tmp, codec, seed, count):
    """JSON records with ASCII escapes and without."""
    name = codecs_c.NAMES[codec]
    for ascii_only in (True, False):
        topic = os.path.join(tmp, "json-%s-%d-%d" % (name, seed, ascii_only))
        create(topic, 3, segment_bytes=SEGMENT)
        recs = records(seed, count)
        run("klog-produce", "-J", "-z", name, "--batch-bytes", "8k", topic,
            data=streams.to_json(recs, ascii_only))
        check_topic(topic, recs, 3, codec, False)


def check_interval(tmp):
    """index.interval.bytes decides where index entries stand."""
    for interval in (1, 1000, 100000):
        topic = os.path.join(tmp, "interval-%d" % interval)
        create(topic, 1, segment_bytes=SEGMENT, index_interval_bytes=interval)
        recs = records(7, 2500, 2000)
        run("klog-produce", "--framed", "-z", "none", "--batch-bytes", "4k",
            topic, data=streams.framed(recs))
        check_topic(topic, recs, 1, 0, False)


def check_append_time(tmp):
    """LogAppendTime: the batch says when it was appended."""
    topic = os.path.join(tmp, "append-time")
    create(topic, 1, message_timestamp_type="LogAppendTime")
    recs = records(8, 500)
    before = int(time.time() * 1000)
    run("klog-produce", "--framed", "--batch-bytes", "4k", topic,
        data=streams.framed(recs))
    after = int(time.time() * 1000)
    batches = kafkalog.batches_of(kafkalog.read_topic(topic)[0])
    found = [r for b in batches for r in b.records]
    same([r.fields()[1:] for r in found], [r.fields()[1:] for r in recs],
         "records")
    for b in batches:
        if not b.log_append or not before <= b.max_ts <= after:
            raise Failed("batch at %d: append time %d" % (b.base, b.max_ts))
    ts = [r.ts for r in found]
    same([(kind, r.ts) for _, kind, r in streams.from_json(
        run("klog-consume", "-J", topic))], [("logappend", t) for t in ts],
         "times as printed")


def check_report(tmp):
    """--report names the place of each record, in input order."""
    topic = os.path.join(tmp, "report")
    create(topic, 3)
    recs = records(9, 1000)
    out = run("klog-produce", "--framed", "--batch-bytes", "4k",
              "--report=%p %o\\n", topic, data=streams.framed(recs))
    parts = [kafkalog.data_of(s) for s in kafkalog.read_topic(topic)]
    places = sorted(tuple(map(int, x.split())) for x in out.splitlines())
    same(places, [(p, r.offset) for p in range(3) for r in parts[p]],
         "reported places")
    lines = [tuple(map(int, x.split())) for x in out.splitlines()]
    for p in range(3):
        offsets = [o for q, o in lines if q == p]
        same(offsets, sorted(offsets), "order of partition %d" % p)


def check_lines(tmp):
    """Lines with a key: the first separator splits, empty lines count."""
    topic = os.path.join(tmp, "lines")
    create(topic, 3)
    lines = [b"a\tone", b"", b"no separator", b"b\ttwo\tthree", b"\tx",
             b"a\t", b"last"]
    run("klog-produce", "-K", "\\t", "-t", streams.T, topic,
        data=b"\n".join(lines))
    want = [(b"a", b"one"), (None, b""), (None, b"no separator"),
            (b"b", b"two\tthree"), (b"", b"x"), (b"a", b""), (None, b"last")]
    parts = [kafkalog.data_of(s) for s in kafkalog.read_topic(topic)]
    same(sorted(map(repr, ((r.key, r.value) for x in parts for r in x))),
         sorted(map(repr, want)), "records")
    for p, found in enumerate(parts):
        for r in found:
            if r.ts != streams.T or r.headers or r.key is not None \
                    and partition_of(r.key, 3) != p:
                raise Failed("record %r %d in %d" % (r.value, r.ts, p))


def check_copy(tmp):
    """consume -J into produce -J --keep-partition is a whole copy."""
    one, two = os.path.join(tmp, "copy-a"), os.path.join(tmp, "copy-b")
    for topic in (one, two):
        create(topic, 3)
    run("klog-produce", "--framed", "--batch-bytes", "4k", one,
        data=streams.framed(records(10, 2000)))
    run("klog-produce", "-J", "--keep-partition", two,
        data=run("klog-consume", "-J", one))
    for p, (a, b) in enumerate(zip(kafkalog.read_topic(one),
                                   kafkalog.read_topic(two))):
        same([r.fields() for r in kafkalog.data_of(b)],
             [r.fields() for r in kafkalog.data_of(a)], "partition %d" % p)


def tests(tmp, seeds):
    """(name, function, arguments...) of the producing tests."""
    for seed in seeds:
        for codec, name in enumerate(codecs_c.NAMES):
            yield ("produce: framed, %s, segments roll (seed %d)"
                   % (name, seed), check_framed, tmp, codec, seed, 9000)
            yield "produce: JSON, %s (seed %d)" % (name, seed), \
                check_json, tmp, codec, seed, 1500
    yield "produce: index interval", check_interval, tmp
    yield "produce: LogAppendTime", check_append_time, tmp
    yield "produce: report", check_report, tmp
    yield "produce: lines with keys", check_lines, tmp
    yield "produce: a copy through JSON keeps everything", check_copy, tmp
