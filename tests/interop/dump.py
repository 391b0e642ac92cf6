"""klog-dump against the independent reader: the same numbers for each batch,
record and entry, in both forms."""

import base64
import json
import os
import shutil
import struct

import codecs_c
import consume
import golden
import kafkalog
from offsets import out_of_order
from produce import create
from streams import run, same

MAX = 2147483647
CONTROL = ("ABORT", "COMMIT")


def _bool(value):
    return "true" if value else "false"


def _sequence(batch, delta):
    """That of the record at this delta; it goes on at 0 behind MAX."""
    if batch.sequence < 0:
        return -1
    return (batch.sequence + delta) % (MAX + 1)


def batch_line(b):
    """As kafka-dump-log prints it."""
    horizon = "[%d]" % b.base_ts if b.horizon else ".empty"
    return ("baseOffset: %d lastOffset: %d count: %d baseSequence: %d "
            "lastSequence: %d producerId: %d producerEpoch: %d "
            "partitionLeaderEpoch: %d isTransactional: %s isControl: %s "
            "deleteHorizonMs: OptionalLong%s position: %d %s: %d size: %d "
            "magic: 2 compresscodec: %s crc: %d isvalid: true" % (
                b.base, b.last, b.count, b.sequence,
                _sequence(b, b.last_delta), b.pid, b.pepoch, b.epoch,
                _bool(b.transactional), _bool(b.control), horizon, b.position,
                "LogAppendTime" if b.log_append else "CreateTime", b.max_ts,
                b.size, codecs_c.NAMES[b.codec], b.crc))


def record_line(b, r):
    """The same, without what is key and payload."""
    names = ",".join(n.decode() for n, _ in r.headers)
    line = "| offset: %d %s: %d keySize: %d valueSize: %d sequence: %d " \
        "headerKeys: [%s]" % (
            r.offset, "LogAppendTime" if b.log_append else "CreateTime", r.ts,
            -1 if r.key is None else len(r.key),
            -1 if r.value is None else len(r.value),
            _sequence(b, r.offset - b.base), names)
    if b.control:
        version, kind = struct.unpack(">hh", r.key)
        version, epoch = struct.unpack(">hi", r.value)
        line += " endTxnMarker: %s coordinatorEpoch: %d" % (
            CONTROL[kind], epoch)
    return line


def _segment_lines(path, segment):
    yield "Dumping " + path
    yield "Log starting offset: %d" % segment.base
    for b in segment.batches:
        yield batch_line(b)
        for r in b.records:
            yield record_line(b, r)


def _entry_lines(path, base):
    kind = os.path.splitext(path)[1]
    layout, line = {
        ".index": (">ii", lambda o, p: "offset: %d position: %d" % (
            base + o, p)),
        ".timeindex": (">qi", lambda t, o: "timestamp: %d offset: %d" % (
            t, base + o)),
        ".txnindex": (">hqqqq", lambda *e: "version: %d producerId: %d "
                      "firstOffset: %d lastOffset: %d lastStableOffset: %d"
                      % e)}[kind]
    yield "Dumping " + path
    with open(path, "rb") as f:
        entries = list(struct.iter_unpack(layout, f.read()))
    if not entries:
        yield path + " is empty."
    for e in entries:
        yield line(*e)


def expected(directory, segments):
    """What of a directory is printed, the small files left out."""
    out = []
    for s in segments:
        stem = os.path.join(directory, "%020d" % s.base)
        out += _segment_lines(stem + ".log", s)
        for kind in ".index", ".timeindex", ".txnindex":
            if os.path.exists(stem + kind):
                out += _entry_lines(stem + kind, s.base)
    return out


def _plain(text):
    """Without keys and payloads, which a comparison of JSON has."""
    lines = []
    for line in text.decode("utf-8").split("\n"):
        if line.startswith("| ") and "endTxnMarker: " not in line:
            # No header of these logs has a bracket in its name.
            line = line[:line.index("]") + 1]
        lines.append(line)
    return lines


def _json_record(b, r):
    return (r.offset, r.ts, "logappend" if b.log_append else "create",
            _sequence(b, r.offset - b.base), r.key, r.value, r.headers)


def _bytes(item):
    if isinstance(item, dict):
        return base64.b64decode(item["base64"], validate=True)
    return None if item is None else item.encode("utf-8")


def compare(directory, segments):
    """Both forms of everything in a partition directory."""
    files = [os.path.join(directory, n) for n in sorted(os.listdir(directory))
             if n.endswith((".log", "index"))]
    files.sort(key=lambda n: (os.path.basename(n)[:20], [
        ".log", ".index", ".timeindex", ".txnindex"].index(
            os.path.splitext(n)[1])))
    same(_plain(run("klog-dump", "--records", *files)),
         expected(directory, segments) + [""], "klog-dump " + directory)
    got, batches = [], []
    # Not splitlines(): U+2028 may stand in a string as it is.
    for line in run("klog-dump", "--json", "--records",
                    *files).split(b"\n")[:-1]:
        item = json.loads(line)
        if item["type"] == "batch":
            batches.append((item["base_offset"], item["base_timestamp"],
                            item["attributes"], item["valid"]))
        if item["type"] == "record":
            got.append((item["offset"], item["ts"], item["tstype"],
                        item["sequence"], _bytes(item["key"]),
                        _bytes(item["value"]),
                        [(_bytes(n), _bytes(v))
                         for n, v in item["headers"]]))
    want = kafkalog.batches_of(segments)
    same(batches, [(b.base, b.base_ts, b.attributes, True) for b in want],
         "batches of " + directory)
    same(got, [_json_record(b, r) for b in want for r in b.records],
         "records of " + directory)


def check_golden(tmp, name):
    """The golden file of a codec, under a name with an offset."""
    directory = os.path.join(tmp, "dump-" + name)
    os.mkdir(directory)
    shutil.copyfile(golden.path(name + ".log"),
                    os.path.join(directory, "%020d.log" % 0))
    compare(directory, kafkalog.read_partition(directory, indexes=False))


def check_written(tmp, name, log):
    """What Kafka can leave: compacted, with transactions, times out of
    order."""
    directory = os.path.join(tmp, "dump-" + name)
    log.write(directory)
    compare(directory, kafkalog.read_partition(directory, holes=True))


def check_produced(tmp, codec):
    """What klog-produce itself wrote, over several segments."""
    topic = os.path.join(tmp, "dump-by-klog-" + codec)
    create(topic, 1, segment_bytes=1048576)
    run("klog-produce", "--batch-bytes", "16k", "-z", codec, topic,
        data=b"".join(b"line %d %s\n" % (n, b"x" * (n % 300))
                      for n in range(20000)))
    (segments,) = kafkalog.read_topic(topic)
    compare(os.path.join(topic, "0"), segments)


def tests(tmp):
    """(name, function, arguments...) of the tests of klog-dump."""
    for name in codecs_c.NAMES:
        yield "dump: the golden file of " + name, check_golden, tmp, name
    for name, log in (("compacted", consume.compacted()[0]),
                      ("transactions", consume.transactions()[0]),
                      ("out-of-order", out_of_order(60)),
                      ("append-time", out_of_order(61, True))):
        yield "dump: a log of Kafka's, " + name, check_written, tmp, name, log
    for codec in "none", "zstd":
        yield "dump: what klog-produce wrote, " + codec, check_produced, \
            tmp, codec
