"""Topics written by the independent writer, read by klog-consume."""

import os
import random

import kafkalog
import kafkawrite
import streams
from kafkalog import Record
from kafkawrite import Log, encode_batch
from streams import T, Failed, run, same
from vectors import variants


def numbered(log, seed, count, most=300):
    """Random records at the log's next offsets."""
    out = streams.records(seed, count, most)
    for n, r in enumerate(out):
        r.offset = log.next + n
    return out


def expect(topic, want, *options):
    """klog-consume prints want, [(partition, tstype, record)], in JSON; and
    partition by partition in the framed form."""
    name = os.path.basename(topic)
    got = streams.from_json(run("klog-consume", "-J", *options, topic), name)
    for p in range(int(kafkalog.read_conf(topic)["partitions"])):
        mine = [(k, r) for q, k, r in want if q == p]
        same([(k, r.offset) + r.fields() for q, k, r in got if q == p],
             [(k, r.offset) + r.fields() for k, r in mine],
             "partition %d" % p)
        out = run("klog-consume", "--framed", "-p", p, *options, topic)
        same([r.fields() for r in streams.unframed(out)],
             [r.fields() for _, r in mine], "partition %d framed" % p)
    if len(got) != len(want):
        raise Failed("%d records, not %d" % (len(got), len(want)))


def create_time(parts):
    """Records of each partition, all of CreateTime."""
    return [(p, "create", r) for p, recs in enumerate(parts) for r in recs]


def check_codecs(tmp, indexes):
    """Each codec and variant, in several partitions and segments."""
    logs, parts = [Log(), Log()], [[], []]
    rng = random.Random(20)
    for n in range(60):
        p = n % 2
        codec, _, pack = (variants() + [(0, "none", None)] * 2)[n % 10]
        recs = numbered(logs[p], 100 + n, rng.randrange(1, 60), 3000)
        if n % 20 > 17:
            logs[p].roll()
        logs[p].add(encode_batch(recs, codec, pack))
        parts[p] += recs
    topic = os.path.join(tmp, "codecs-%d" % indexes)
    kafkawrite.write_topic(topic, logs, indexes)
    expect(topic, create_time(parts))


def compacted():
    """A log as compaction leaves it, and what a reader shows of it."""
    log, want = Log(7), []
    log.skip(2)
    for n in range(40):
        recs = numbered(log, 200 + n, 10)
        base, last = log.next, log.next + 9
        was = {"base": base, "last": last, "pid": 77, "pepoch": 1,
               "sequence": 10 * n, "codec": n % 5, "epoch": n // 15}
        kind = n % 4
        if kind == 0:
            left = recs
        elif kind == 1:
            left = recs[2:5] + recs[6:9]
        elif kind == 2:
            left = []
            was["max_ts"] = T + 5
        else:
            left = recs[1:9:2]
            was["horizon"] = T + 10 ** 9
        if n % 10 == 8:
            log.roll()
        if n % 10 == 5:
            log.skip(1000)
            continue
        log.add(encode_batch(left, **was))
        want += left
    return log, want


def check_compacted(tmp, indexes):
    """Holes, empty batches, delete horizons, a start above 0."""
    log, want = compacted()
    topic = os.path.join(tmp, "compacted-%d" % indexes)
    kafkawrite.write_topic(topic, [log], indexes, cleanup_policy="compact")
    expect(topic, create_time([want]))
    for start in (0, 7, 9, 12, 15, 1100, log.next - 1):
        expect(topic, create_time([[r for r in want if r.offset >= start]]),
               "-o", "%d:end" % max(start, 7))


def check_append_time(tmp):
    """Append time of the batch, not the client's stamps."""
    log, want = Log(), []
    for n in range(5):
        recs = numbered(log, 300 + n, 20)
        log.add(encode_batch(recs, codec=n, log_append=T + n))
        want += [(0, "logappend", Record(r.offset, T + n, r.key, r.value,
                                         r.headers)) for r in recs]
    topic = os.path.join(tmp, "stamped")
    kafkawrite.write_topic(topic, [log],
                           message_timestamp_type="LogAppendTime")
    expect(topic, want)


def transactions():
    """Transactions of several producers, interleaved, some aborted, over
    segments.  Returns the log, the committed and all data records."""
    rng = random.Random(30)
    log, data = Log(), []
    begun, aborted = {}, set()
    for n in range(400):
        if n % 90 == 89:
            log.roll()
        pid = rng.randrange(5)
        if pid == 0:
            recs = numbered(log, 400 + n, 3)
            log.add(encode_batch(recs, codec=n % 5))
            data += [(r, None) for r in recs]
        elif pid in begun and (rng.randrange(4) == 0 or n > 390):
            first, number = begun.pop(pid)
            if rng.randrange(2) or n > 390:
                others = [f for f, _ in begun.values()]
                log.abort(pid, 0, first, T + n,
                          min(others) if others else None)
                aborted.add(number)
            else:
                log.commit(pid, 0, T + n)
        elif n < 380:
            first, number = begun.setdefault(pid, (log.next, n))
            recs = numbered(log, 400 + n, rng.randrange(1, 5))
            log.add(encode_batch(recs, codec=n % 5, pid=pid, pepoch=0,
                                 sequence=0, transactional=True))
            data += [(r, number) for r in recs]
    for pid, (first, number) in sorted(begun.items()):
        log.abort(pid, 0, first, T)
        aborted.add(number)
    return (log, [r for r, n in data if n not in aborted],
            [r for r, _ in data])


def check_transactions(tmp, indexes):
    """Aborted records are hidden from committed readers, markers from all.
    Also when the read begins inside a transaction."""
    log, committed, everything = transactions()
    topic = os.path.join(tmp, "txn-%d" % indexes)
    kafkawrite.write_topic(topic, [log], indexes)
    expect(topic, create_time([committed]))
    expect(topic, create_time([committed]), "--isolation", "committed")
    expect(topic, create_time([everything]), "--isolation", "uncommitted")
    for start in range(1, log.next, log.next // 7):
        expect(topic, create_time([[r for r in committed
                                    if r.offset >= start]]),
               "-o", "%d:end" % start)


def check_open_transaction(tmp):
    """Committed readers stop before the first open transaction."""
    log = Log()
    before, during, after = [], [], []
    for recs, kind in ((before, {}), (during, {
            "pid": 9, "pepoch": 0, "sequence": 0, "transactional": True}),
            (after, {})):
        recs += numbered(log, 500 + log.next, 10)
        log.add(encode_batch(recs, **kind))
    topic = os.path.join(tmp, "open")
    kafkawrite.write_topic(topic, [log])
    expect(topic, create_time([before]))
    expect(topic, create_time([before + during + after]),
           "--isolation", "uncommitted")


def _log_path(topic):
    return os.path.join(topic, "0", "%020d.log" % 0)


def _three(topic):
    """A topic of three batches; the records of each."""
    log, batches = Log(), []
    for n in range(3):
        batches.append(numbered(log, 600 + n, 10))
        log.add(encode_batch(batches[-1]))
    kafkawrite.write_topic(topic, [log])
    return batches


def check_torn(tmp):
    """A torn tail is not there yet: readers show what is whole; the next
    producer cuts it and goes on at the same offset."""
    topic = os.path.join(tmp, "torn")
    one, two, _ = _three(topic)
    size = os.path.getsize(_log_path(topic))
    os.truncate(_log_path(topic), size - 1)
    expect(topic, create_time([one + two]))
    run("klog-produce", topic, data=b"next\n")
    found = kafkalog.data_of(kafkalog.read_topic(topic)[0])
    same([r.offset for r in found], list(range(21)), "offsets")
    same([r.fields() for r in found[:20]], [r.fields() for r in one + two],
         "records kept")
    same([found[20].value], [b"next"], "the new record")


def check_corrupt(tmp):
    """A bad checksum ends with 4; --skip-corrupt shows the rest."""
    topic = os.path.join(tmp, "corrupt")
    one, _, three = _three(topic)
    second = kafkalog.read_log(_log_path(topic)).batches[1]
    with open(_log_path(topic), "r+b") as f:
        f.seek(second.position + 70)
        byte = f.read(1)[0]
        f.seek(second.position + 70)
        f.write(bytes([byte ^ 1]))
    out = run("klog-consume", "--framed", topic, status=4)
    same([r.fields() for r in streams.unframed(out)],
         [r.fields() for r in one], "before the damage")
    out = run("klog-consume", "--framed", "--skip-corrupt", topic)
    same([r.fields() for r in streams.unframed(out)],
         [r.fields() for r in one + three], "around the damage")


def check_append(tmp, indexes):
    """klog-produce goes on in a log that another program wrote, and makes
    the index files it lacks."""
    log, want = compacted()
    topic = os.path.join(tmp, "append-%d" % indexes)
    kafkawrite.write_topic(topic, [log], indexes)
    end = log.next
    more = streams.records(700, 300)
    run("klog-produce", "--framed", "--batch-bytes", "2k", topic,
        data=streams.framed(more))
    found = kafkalog.data_of(kafkalog.read_topic(topic, holes=True)[0])
    same([r.fields() for r in found], [r.fields() for r in want + more],
         "records")
    same([r.offset for r in found],
         [r.offset for r in want] + list(range(end, end + 300)), "offsets")


def tests(tmp):
    """(name, function, arguments...) of the consuming tests."""
    for indexes in (True, False):
        how = "" if indexes else ", no index files"
        yield "consume: every codec" + how, check_codecs, tmp, indexes
        yield "consume: compacted log" + how, check_compacted, tmp, indexes
        yield "consume: transactions" + how, check_transactions, tmp, indexes
        yield "consume, append to a foreign log" + how, \
            check_append, tmp, indexes
    yield "consume: LogAppendTime", check_append_time, tmp
    yield "consume: open transaction", check_open_transaction, tmp
    yield "consume: torn tail", check_torn, tmp
    yield "consume: corrupt batch", check_corrupt, tmp
