"""An independent writer of Kafka batches, index files and topic directories.

It makes what Kafka can leave on disk, also what klog never writes itself:
holes, empty batches, delete horizons, transactions, raw snappy, gzip of two
members.  A Log collects batches into segments; write_topic() puts Logs on
disk as a topic directory.
"""

import base64
import os
import struct

import codecs_c
from kafkalog import FIXED, HEADER, Record, index_moments, parse_batch
from prim import crc32c, zigzag


def _bytes(data):
    return zigzag(-1, 5) if data is None else zigzag(len(data), 5) + data


def encode_record(record, base, base_ts):
    """One record, with its length, relative to the batch's base."""
    body = (b"\0" + zigzag(record.ts - base_ts)
            + zigzag(record.offset - base, 5)
            + _bytes(record.key) + _bytes(record.value)
            + zigzag(len(record.headers), 5)
            + b"".join(_bytes(n) + _bytes(v) for n, v in record.headers))
    return zigzag(len(body), 5) + body


def encode_batch(records, codec=0, pack=None, base=None, last=None, epoch=0,
                 pid=-1, pepoch=-1, sequence=-1, transactional=False,
                 control=False, log_append=None, horizon=None, max_ts=None):
    """A batch holding records (Record, offsets absolute and rising).

    base and last are the original batch's offsets where compaction removed
    records at its ends.  pack compresses the payload in place of the
    codec's usual writer.  log_append is an append time, horizon a delete
    horizon, both in ms; max_ts is for a batch without records.
    """
    base = records[0].offset if base is None else base
    last = records[-1].offset if last is None else last
    base_ts = horizon
    if base_ts is None:
        base_ts = records[0].ts if records else -1
    if max_ts is None:
        max_ts = max(r.ts for r in records)
    if log_append is not None:
        max_ts = log_append
    payload = b"".join(encode_record(r, base, base_ts) for r in records)
    if codec and records:
        payload = (pack or (lambda x: codecs_c.compress(codec, x)))(payload)
    attributes = (codec | (8 if log_append is not None else 0)
                  | (16 if transactional else 0) | (32 if control else 0)
                  | (64 if horizon is not None else 0))
    values = [base, FIXED - 12 + len(payload), epoch, 2, 0, attributes,
              last - base, base_ts, max_ts, pid, pepoch, sequence,
              len(records)]
    covered = HEADER.pack(*values)[21:] + payload
    values[4] = crc32c(covered)
    return HEADER.pack(*values)[:21] + covered


def encode_marker(offset, commit, pid, pepoch, ts, epoch=0, coordinator=0):
    """The control batch that ends a transaction."""
    record = Record(offset, ts, struct.pack(">hh", 0, 1 if commit else 0),
                    struct.pack(">hi", 0, coordinator), [])
    return encode_batch([record], epoch=epoch, pid=pid, pepoch=pepoch,
                        transactional=True, control=True)


def encode_indexes(segment, interval=4096, final=True):
    """(.index, .timeindex) of a parsed segment; final adds the last entry
    that a segment gets when it becomes inactive."""
    due = {b.position for b in index_moments(segment, interval)}
    index, times, last, top, where = [], [], -1, -1, 0
    for b in segment.batches:
        if b.max_ts > top:
            top, where = b.max_ts, b.last - segment.base
        if b.position in due:
            index.append(struct.pack(">ii", b.last - segment.base,
                                     b.position))
            if top > last:
                times.append(struct.pack(">qi", top, where))
                last = top
    if final and top > last:
        times.append(struct.pack(">qi", top, where))
    return b"".join(index), b"".join(times)


class Log:
    """A partition being made: segments of encoded batches, in order."""

    def __init__(self, start=0):
        self.segments = [(start, bytearray())]
        self.next = start
        self.epochs = []
        self.aborted = []

    def roll(self):
        """Start a new segment at the next offset."""
        self.segments.append((self.next, bytearray()))

    def add(self, data):
        """Append an encoded batch; returns it as parsed."""
        batch = parse_batch(data)
        assert batch.base >= self.next
        if batch.epoch >= 0 and (not self.epochs
                                 or batch.epoch > self.epochs[-1][0]):
            self.epochs.append((batch.epoch, batch.base))
        self.segments[-1][1].extend(data)
        self.next = batch.last + 1
        return batch

    def skip(self, count):
        """Leave a hole of count offsets."""
        self.next += count

    def abort(self, pid, pepoch, first, ts, stable=None, epoch=0):
        """Append an ABORT marker and its .txnindex entry.  stable is the
        first offset of the oldest other open transaction, if there is one."""
        offset = self.next
        self.add(encode_marker(offset, False, pid, pepoch, ts, epoch))
        stable = offset + 1 if stable is None else stable
        self.aborted.append((len(self.segments) - 1, struct.pack(
            ">hqqqq", 0, pid, first, offset, stable)))

    def commit(self, pid, pepoch, ts, epoch=0):
        """Append a COMMIT marker."""
        self.add(encode_marker(self.next, True, pid, pepoch, ts, epoch))

    def write(self, directory, indexes=True, interval=4096):
        """Write the files of this partition into a new directory."""
        os.makedirs(directory)
        for n, (base, data) in enumerate(self.segments):
            stem = os.path.join(directory, "%020d" % base)
            _put(stem + ".log", data)
            if not indexes:
                continue
            index, times = encode_indexes(
                _parsed(base, data), interval, n < len(self.segments) - 1)
            _put(stem + ".index", index)
            _put(stem + ".timeindex", times)
            txn = [e for at, e in self.aborted if at == n]
            if txn:
                _put(stem + ".txnindex", b"".join(txn))
        if indexes:
            lines = ["%d %d" % e for e in self.epochs]
            _put(os.path.join(directory, "leader-epoch-checkpoint"),
                 "".join(x + "\n" for x in
                         ["0", str(len(lines))] + lines).encode())


class _Parsed:
    def __init__(self, base, batches):
        self.base, self.batches = base, batches


def _parsed(base, data):
    pos, batches, data = 0, [], bytes(data)
    while pos < len(data):
        batches.append(parse_batch(data, pos))
        pos += batches[-1].size
    return _Parsed(base, batches)


def _put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def write_topic(path, logs, indexes=True, seed=b"0123456789abcdef", **conf):
    """Write a topic directory with one Log a partition.

    conf holds settings with _ for . in their names; seed gives the topic id.
    """
    os.makedirs(path)
    settings = {k.replace("_", "."): v for k, v in conf.items()}
    name = base64.urlsafe_b64encode(seed).rstrip(b"=").decode()
    lines = ["version=1", "id=" + name, "partitions=%d" % len(logs)]
    lines += ["%s=%s" % (k, settings[k]) for k in sorted(settings)]
    _put(os.path.join(path, "topic.conf"),
         "".join(x + "\n" for x in lines).encode())
    for p, log in enumerate(logs):
        log.write(os.path.join(path, str(p)), indexes,
                  int(settings.get("index.interval.bytes", 4096)))
