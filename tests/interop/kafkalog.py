#!/usr/bin/env python3
"""An independent reader of a partition directory that trusts nothing.

read_partition() parses every .log, .index, .timeindex, .txnindex and the
leader epochs, recomputes each checksum and each index entry, and returns the
batches with their records.  Any broken rule raises Bad, naming the file and
the position.  From a shell: kafkalog.py DIR... prints one line a directory
and ends 1 if one is bad.
"""

import os
import re
import struct
import sys

import codecs_c
from prim import Bad, crc32c, unzigzag

HEADER = struct.Struct(">qiibIhiqqqhii")
FIXED = 61


class Record:
    """One record: key and value are bytes or None, headers a list of
    (name, value) pairs."""

    __slots__ = ("offset", "ts", "key", "value", "headers")

    def __init__(self, offset, ts, key, value, headers):
        self.offset, self.ts = offset, ts
        self.key, self.value, self.headers = key, value, headers

    def fields(self):
        """What a copy must keep, the offset aside."""
        return self.ts, self.key, self.value, self.headers


class Batch:
    """One batch: the header's fields, where it stood, and its records."""

    def __init__(self, values, position):
        (self.base, self.length, self.epoch, self.magic, self.crc,
         self.attributes, self.last_delta, self.base_ts, self.max_ts,
         self.pid, self.pepoch, self.sequence, self.count) = values
        self.position = position
        self.size = self.length + 12
        self.records = []

    codec = property(lambda self: self.attributes & 7)
    log_append = property(lambda self: bool(self.attributes & 8))
    transactional = property(lambda self: bool(self.attributes & 16))
    control = property(lambda self: bool(self.attributes & 32))
    horizon = property(lambda self: bool(self.attributes & 64))
    last = property(lambda self: self.base + self.last_delta)


class Segment:
    """One .log with its batches; size counts the whole batches only."""

    def __init__(self, base, batches, size):
        self.base, self.batches, self.size = base, batches, size


def _field(data, pos, what):
    n, pos = unzigzag(data, pos, 5)
    if n == -1:
        return None, pos
    if n < -1 or pos + n > len(data):
        raise Bad("%s length %d" % (what, n))
    return data[pos:pos + n], pos + n


def _record(data, pos, batch):
    size, pos = unzigzag(data, pos, 5)
    end = pos + size
    if size < 0 or end > len(data):
        raise Bad("record length %d" % size)
    if pos == end or data[pos]:
        raise Bad("record attributes")
    ts, pos = unzigzag(data, pos + 1)
    delta, pos = unzigzag(data, pos, 5)
    key, pos = _field(data, pos, "key")
    value, pos = _field(data, pos, "value")
    count, pos = unzigzag(data, pos, 5)
    if count < 0 or count > end - pos:
        raise Bad("%d headers" % count)
    headers = []
    for _ in range(count):
        name, pos = _field(data, pos, "header name")
        if name is None:
            raise Bad("null header name")
        name.decode("utf-8")
        text, pos = _field(data, pos, "header value")
        headers.append((name, text))
    if pos != end:
        raise Bad("record ends at %d, its length says %d" % (pos, end))
    ts = batch.max_ts if batch.log_append else batch.base_ts + ts
    return delta, Record(batch.base + delta, ts, key, value, headers), end


def records_of(batch, payload):
    """Parse the record stream of a batch and check it against the header."""
    stream = codecs_c.decompress(batch.codec, payload)
    if batch.control and batch.codec:
        raise Bad("compressed control batch")
    pos, before, out = 0, -1, []
    for _ in range(batch.count):
        delta, record, pos = _record(stream, pos, batch)
        if not before < delta <= batch.last_delta:
            raise Bad("offset delta %d after %d" % (delta, before))
        before = delta
        out.append(record)
    if pos != len(stream):
        raise Bad("%d bytes after the last record" % (len(stream) - pos))
    if out and not batch.log_append:
        if max(r.ts for r in out) != batch.max_ts:
            raise Bad("maxTimestamp %d is not the maximum" % batch.max_ts)
        if not batch.horizon and before == len(out) - 1 == batch.last_delta \
                and out[0].ts != batch.base_ts:
            raise Bad("baseTimestamp is not the first record's")
    return out


def parse_batch(data, pos=0):
    """The batch at pos, verified; None where it is not whole yet."""
    if len(data) - pos < FIXED:
        return None
    batch = Batch(HEADER.unpack_from(data, pos), pos)
    if batch.length < FIXED - 12:
        raise Bad("length %d" % batch.length)
    if batch.magic != 2:
        raise Bad("magic %d" % batch.magic)
    if len(data) - pos < batch.size:
        return None
    if crc32c(data[pos + 21:pos + batch.size]) != batch.crc:
        raise Bad("checksum mismatch")
    if batch.attributes & ~0x7F or batch.count < 0 or batch.last_delta < 0:
        raise Bad("header fields")
    if not batch.count and batch.size == FIXED:
        return batch
    batch.records = records_of(batch, data[pos + FIXED:pos + batch.size])
    if batch.control and (batch.count != 1 or not batch.transactional):
        raise Bad("control batch with %d records" % batch.count)
    return batch


def read_log(path, torn=False):
    """A Segment of the .log at path; torn allows a short batch at the end."""
    base = int(os.path.basename(path)[:20])
    with open(path, "rb") as f:
        data = f.read()
    pos, batches = 0, []
    while pos < len(data):
        try:
            batch = parse_batch(data, pos)
        except (Bad, UnicodeDecodeError) as e:
            raise Bad("%s: position %d: %s" % (path, pos, e)) from e
        if batch is None:
            if torn:
                break
            raise Bad("%s: position %d: torn batch" % (path, pos))
        before = batches[-1].last + 1 if batches else base
        if batch.base < before or batch.last - base > 0x7FFFFFFF:
            raise Bad("%s: position %d: offset %d after %d"
                      % (path, pos, batch.base, before - 1))
        batches.append(batch)
        pos += batch.size
    return Segment(base, batches, pos)


def index_moments(segment, interval):
    """Batches at which an offset index entry is due."""
    counted, due = 0, []
    for batch in segment.batches:
        if counted > interval:
            due.append(batch)
            counted = 0
        counted += batch.size
    return due


def _entries(path, layout):
    with open(path, "rb") as f:
        data = f.read()
    if len(data) % layout.size:
        raise Bad("%s: %d bytes are no whole entries" % (path, len(data)))
    return list(layout.iter_unpack(data))


def check_index(path, segment, interval):
    """The .index holds exactly the entries that the writing rule asks for."""
    have = _entries(path, struct.Struct(">ii"))
    want = [(b.last - segment.base, b.position)
            for b in index_moments(segment, interval)]
    for n, (h, w) in enumerate(zip(have, want)):
        if h != w:
            raise Bad("%s: entry %d is %s, not %s" % (path, n, h, w))
    if len(have) != len(want):
        raise Bad("%s: %d entries, not %d" % (path, len(have), len(want)))


def check_timeindex(path, segment, interval, active):
    """As check_index.  A writer may add the running maximum when it closes,
    so an entry between two moments is legal if it is that maximum."""
    have = _entries(path, struct.Struct(">qi"))
    due = {b.position for b in index_moments(segment, interval)}
    n, last, top, where = 0, -1, -1, 0
    for batch in segment.batches:
        if batch.max_ts > top:
            top, where = batch.max_ts, batch.last - segment.base
        if top <= last:
            continue
        if n < len(have) and have[n] == (top, where):
            n, last = n + 1, top
        elif batch.position in due:
            raise Bad("%s: entry %d is not (%d, %d), due at offset %d"
                      % (path, n, top, where, batch.last))
    if n != len(have):
        raise Bad("%s: entry %d is wrong: %s" % (path, n, have[n]))
    if not active and top > last:
        raise Bad("%s: the last entry is not the maximum %d" % (path, top))


def check_txnindex(path, segments):
    """Each entry names an ABORT marker of this segment; returns them."""
    layout = struct.Struct(">hqqqq")
    have = _entries(path, layout)
    base = int(os.path.basename(path)[:20])
    here = next(s for s in segments if s.base == base)
    markers = [(b.pid, b.last) for b in here.batches
               if b.control and b.records[0].key[2:4] == b"\0\0"]
    for version, pid, first, last, stable in have:
        if version or first > last or (pid, last) not in markers:
            raise Bad("%s: entry (%d, %d, %d, %d)"
                      % (path, pid, first, last, stable))
    if [e[3] for e in have] != sorted({e[3] for e in have}):
        raise Bad("%s: offsets do not rise" % path)
    return [e[1:] for e in have]


def check_epochs(path, segments):
    """The epochs rise, and each batch carries the one that covers it; what
    lies below the first entry is not covered, which Kafka allows."""
    with open(path, encoding="ascii") as f:
        text = f.read()
    if not text:
        return []
    lines = text.split("\n")
    if lines[0] != "0" or lines[-1] != "" or len(lines) != int(lines[1]) + 3:
        raise Bad("%s: not a checkpoint file" % path)
    epochs = [tuple(map(int, x.split(" "))) for x in lines[2:-1]]
    for a, b in zip(epochs, epochs[1:]):
        if not (a[0] < b[0] and a[1] <= b[1]):
            raise Bad("%s: %s before %s" % (path, a, b))
    for s in segments:
        for b in s.batches:
            named = [e for e, start in epochs if start <= b.base]
            if named and b.epoch >= 0 and b.epoch != named[-1]:
                raise Bad("%s: batch at %d has epoch %d"
                          % (path, b.base, b.epoch))
    return epochs


def _find(directory):
    bases = []
    for name in os.listdir(directory):
        if re.fullmatch(r"\d{20}\.(log|index|timeindex|txnindex)", name):
            if name.endswith(".log"):
                bases.append(name[:20])
            elif not os.path.exists(os.path.join(directory, name[:20])
                                    + ".log"):
                raise Bad("%s/%s: no .log beside it" % (directory, name))
        elif re.search(r"\.(log|index|timeindex|txnindex)$", name):
            raise Bad("%s/%s: not a segment's name" % (directory, name))
    return sorted(bases)


def read_partition(directory, interval=4096, holes=False, indexes=True,
                   torn=False):
    """The segments of a partition directory, everything verified.

    interval is index.interval.bytes.  holes allows gaps between offsets.
    indexes asks for an .index and a .timeindex beside each .log; without
    it they are checked where they are.  torn allows a short last batch.
    """
    bases = _find(directory)
    segments, expected = [], None
    for name in bases:
        path = os.path.join(directory, name + ".log")
        segment = read_log(path, torn and name == bases[-1])
        if expected is not None and segment.base < expected:
            raise Bad("%s: starts below %d" % (path, expected))
        for b in segment.batches:
            if not holes and expected not in (None, b.base):
                raise Bad("%s: offset %d, not %d" % (path, b.base, expected))
            if not holes and b.count != b.last_delta + 1:
                raise Bad("%s: hole in the batch at %d" % (path, b.base))
            expected = b.last + 1
        if not holes and segment.batches \
                and segment.batches[0].base != segment.base:
            raise Bad("%s: named after another offset" % path)
        segments.append(segment)
    for segment in segments:
        stem = os.path.join(directory, "%020d" % segment.base)
        for suffix, check in (
                (".index", lambda p, s: check_index(p, s, interval)),
                (".timeindex", lambda p, s: check_timeindex(
                    p, s, interval, s is segments[-1]))):
            if os.path.exists(stem + suffix):
                check(stem + suffix, segment)
            elif indexes:
                raise Bad("%s%s: missing" % (stem, suffix))
        if os.path.exists(stem + ".txnindex"):
            check_txnindex(stem + ".txnindex", segments)
    epochs = os.path.join(directory, "leader-epoch-checkpoint")
    if os.path.exists(epochs):
        check_epochs(epochs, segments)
    return segments


def batches_of(segments):
    """Every batch in offset order."""
    return [b for s in segments for b in s.batches]


def data_of(segments):
    """Every record of data batches, in offset order."""
    return [r for b in batches_of(segments) if not b.control
            for r in b.records]


def read_conf(topic):
    """topic.conf as a dict of strings."""
    conf = {}
    with open(os.path.join(topic, "topic.conf"), encoding="utf-8") as f:
        for line in f.read().split("\n"):
            if line and not line.startswith("#"):
                key, equals, value = line.partition("=")
                if not equals or key in conf:
                    raise Bad("%s/topic.conf: line %r" % (topic, line))
                conf[key] = value
    if conf.get("version") != "1" or not re.fullmatch(
            r"[A-Za-z0-9_-]{22}", conf.get("id", "")):
        raise Bad("%s/topic.conf: version or id" % topic)
    return conf


def read_topic(topic, **options):
    """The segments of each partition of a topic directory."""
    conf = read_conf(topic)
    options.setdefault("interval",
                       int(conf.get("index.interval.bytes", "4096")))
    return [read_partition(os.path.join(topic, str(p)), **options)
            for p in range(int(conf["partitions"]))]


def main():
    status = 0
    for directory in sys.argv[1:]:
        try:
            segments = read_partition(directory, holes=True, indexes=False)
            print("%s: %d segments, %d batches, %d records" % (
                directory, len(segments), len(batches_of(segments)),
                len(data_of(segments))))
        except Bad as e:
            print("bad: %s" % e)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
