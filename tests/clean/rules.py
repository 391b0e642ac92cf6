"""Kafka's rules of retention and compaction, as a model in memory.

Written from the rules alone (Kafka 4.x, UnifiedLog and LogCleaner).  read()
takes what is on disk, through kafkalog.py; retain() and compact() say what
has to be there afterwards.  A record is never looked at but by its rule: no
table, no hash, no group of passes.
"""

import copy
import os

import kafkalog

ACTIVE_MS = 24 * 3600 * 1000    # a producer silent for longer is forgotten
SPAN = 0x7FFFFFFF               # offsets a segment may cover

DEFAULTS = {
    "cleanup.policy": "delete",
    "segment.bytes": 1 << 30,
    "segment.index.bytes": 10 << 20,
    "retention.ms": 7 * 24 * 3600 * 1000,
    "retention.bytes": -1,
    "min.cleanable.dirty.ratio": 0.5,
    "min.compaction.lag.ms": 0,
    "max.compaction.lag.ms": 1 << 62,
    "delete.retention.ms": 24 * 3600 * 1000,
}


class Part:
    """A partition as it is on disk; segments has kafkalog's, each with
    index_bytes, time_bytes and mtime (ms) besides.  high is the high
    watermark, the log's end where there is none."""

    def __init__(self, segments, start, clean, high=None):
        self.segments, self.start, self.clean = segments, start, clean
        self.high = self.end if high is None else high

    def batches(self):
        return kafkalog.batches_of(self.segments)

    end = property(lambda self: end_of(self.segments))


def end_of(segments):
    """The offset behind the last batch."""
    last = segments[-1]
    return last.batches[-1].last + 1 if last.batches else last.base


def _number(path, otherwise):
    try:
        with open(path, encoding="ascii") as f:
            return int(f.read())
    except FileNotFoundError:
        return otherwise


def read(directory, holes=True, interval=4096):
    """The Part in a directory, every checksum and index entry verified."""
    segments = kafkalog.read_partition(directory, interval=interval,
                                       holes=True)
    expected = None
    for s in segments:
        stem = os.path.join(directory, "%020d" % s.base)
        s.index_bytes = os.path.getsize(stem + ".index")
        s.time_bytes = os.path.getsize(stem + ".timeindex")
        s.mtime = os.stat(stem + ".log").st_mtime_ns // 10 ** 6
        for b in s.batches if not holes else ():
            if expected not in (None, b.base):
                raise kafkalog.Bad("%s.log: offset %d, not %d"
                                   % (stem, b.base, expected))
            expected = b.last + 1
        if not holes and expected is not None:
            expected = max(expected, s.base)
    return Part(segments,
                _number(os.path.join(directory, "log-start-offset"),
                        segments[0].base),
                _number(os.path.join(directory, "cleaner-checkpoint"), 0),
                _number(os.path.join(directory, "high-watermark"), None))


def largest(segment):
    """A segment's largest timestamp; its file's time if it has none."""
    top = max([b.max_ts for b in segment.batches], default=-1)
    return top if top >= 0 else segment.mtime


# ---- retention -----------------------------------------------------------

def retain(part, conf, now):
    """(how many segments go, whether the active one is among them)."""
    segments = part.segments
    # klog's own: the active one, too, goes when it lies below the log start.
    after = [s.base for s in segments[1:]] + [part.end]
    gone = 0
    while gone < len(segments) and after[gone] <= part.start \
            and (segments[gone].size or gone + 1 < len(segments)):
        gone += 1
    # Size and time let nothing go that lies above the high watermark.
    allowed = sum(upper <= part.high for upper in after)
    if "delete" in conf["cleanup.policy"]:
        if conf["retention.bytes"] >= 0:
            excess = sum(s.size for s in segments[gone:]) \
                - conf["retention.bytes"]
            while gone < allowed and segments[gone].size \
                    and excess - segments[gone].size >= 0:
                excess -= segments[gone].size
                gone += 1
        while gone < allowed and conf["retention.ms"] >= 0 \
                and (segments[gone].size or gone + 1 < len(segments)) \
                and now - largest(segments[gone]) > conf["retention.ms"]:
            gone += 1
    return gone, gone == len(segments)


# ---- transactions --------------------------------------------------------

def is_abort(batch):
    """Whether a control batch is an ABORT marker; None if it is empty."""
    return batch.records[0].key[2:4] == b"\0\0" if batch.records else None


def fates(part):
    """{base offset: True (aborted) or False} of each transactional data
    batch, and the first offset of an open transaction (None: there is none).
    One that is ended above the high watermark is open.
    """
    pending, fate = {}, {}
    for b in part.batches():
        if b.control and b.pid in pending and b.last < part.high:
            for base in pending.pop(b.pid):
                fate[base] = bool(is_abort(b))
        elif b.transactional and not b.control:
            pending.setdefault(b.pid, []).append(b.base)
    stable = min((v[0] for v in pending.values()), default=None)
    for bases in pending.values():
        fate.update((base, False) for base in bases)
    return fate, stable


# ---- compaction ----------------------------------------------------------

class Range:
    """What can be cleaned: segments [0, count), the dirty ones from first.
    Without transactions none is taken for open."""

    def __init__(self, part, conf, now, transactions=True):
        segments = part.segments
        self.first = part.clean
        if not segments[0].base <= self.first <= part.end:
            self.first = segments[0].base
        limits = [segments[-1].base, part.high]
        _, stable = fates(part)
        if stable is not None and transactions:
            limits.append(stable)
        lag = conf["min.compaction.lag.ms"]
        for s, upper in zip(segments[:-1], segments[1:]):
            if lag > 0 and upper.base > self.first \
                    and largest(s) > now - lag:
                limits.append(s.base)
                break
        self.count = sum(s.base < upper.base <= min(limits)
                         for s, upper in zip(segments, segments[1:]))
        self.end = segments[self.count].base
        dirty = [s for s, upper in zip(segments[:self.count], segments[1:])
                 if upper.base > self.first]
        self.dirty = sum(s.size for s in dirty)
        total = sum(s.size for s in segments[:self.count])
        self.ratio = self.dirty / total if total else 0.0
        oldest = min([s.batches[0].max_ts for s in dirty
                      if s.batches and s.batches[0].max_ts > 0],
                     default=None)
        self.overdue = self.dirty > 0 and oldest is not None \
            and oldest < now - conf["max.compaction.lag.ms"]

    def picked(self, conf):
        """Whether it is cleaned without being forced to."""
        return self.overdue or self.dirty > 0 \
            and self.ratio > conf["min.cleanable.dirty.ratio"]


def roll(part, conf, now, force=False):
    """klog's own, --roll: the active segment is closed first, if that makes
    it one that is cleaned."""
    active = part.segments[-1]
    if not active.size or part.end > part.high:
        return part
    after = copy.copy(active)
    after.base, after.batches = part.end, []
    after.size = after.index_bytes = after.time_bytes = 0
    closed = Part(part.segments + [after], part.start, part.clean, part.high)
    span = Range(closed, conf, now, False)
    picked = span.count == len(part.segments) and (force or span.picked(conf))
    return closed if picked else part


def latest(batches, fate, first):
    """{key: offset of its last record} of the dirty range."""
    found = {}
    for b in batches:
        if not b.control and not fate.get(b.base):
            for r in b.records:
                if r.key is not None and r.offset >= first:
                    found[r.key] = r.offset
    return found


def last_data(batches, now):
    """{producer id: last data batch} of those that are not forgotten."""
    last, heard = {}, {}
    for b in batches:
        if b.pid >= 0:
            heard[b.pid] = b.max_ts
            if not b.control:
                last[b.pid] = b
    return {pid: b for pid, b in last.items()
            if now - heard[pid] < ACTIVE_MS}


def rewritten(batch, records, horizon):
    """The batch with what is left of its records."""
    b = copy.copy(batch)
    b.records = records
    b.count = len(records)
    if horizon is not None:
        b.attributes |= 64
        b.base_ts = horizon
    elif records and records != batch.records:
        b.base_ts = batch.base_ts if batch.horizon else records[0].ts
    if records and not b.log_append:
        b.max_ts = max(r.ts for r in records)
    return b


def compact(part, conf, now, force=False):
    """The batches that have records afterwards, in order, the bases of the
    segments, and where the clean part ends; None if nothing is picked."""
    span = Range(part, conf, now)
    if not span.count or not (force or span.picked(conf)):
        return None
    batches = part.batches()
    fate, _ = fates(part)
    inside = [b for b in batches if b.base < span.end]
    last = latest(inside, fate, span.first)
    keep = last_data(batches, now)
    out, seen = [], set()
    for b in inside:
        horizon = None
        dead = b.horizon and b.base_ts <= now
        if b.control:
            # It goes after the last batch of its transaction has gone.
            over = b.pid not in seen
            seen.discard(b.pid)
            if not b.records or over and dead:
                continue
            if over and not b.horizon:
                horizon = now + conf["delete.retention.ms"]
            left = b.records
        else:
            if b.transactional:
                seen.add(b.pid)
            left = [] if fate.get(b.base) else [
                r for r in b.records
                if r.key is not None and r.offset >= last.get(r.key, -1)
                and not (r.value is None and dead)]
            if any(r.value is None for r in left) and not b.horizon:
                horizon = now + conf["delete.retention.ms"]
        if left:
            out.append(rewritten(b, left, horizon))
    out += [b for b in batches if b.base >= span.end and b.records]
    kept = [b for b in keep.values() if b.base < span.end]
    return out, groups(part.segments, span.count, conf), span.end, kept


def groups(segments, count, conf):
    """The bases of the segments when neighbours have been merged."""
    bases, log, index, times = [], 0, 0, 0
    for s, upper in zip(segments[:count], segments[1:]):
        log, index, times = (log + s.size, index + s.index_bytes,
                             times + s.time_bytes)
        if not bases or log > conf["segment.bytes"] \
                or max(index, times) > conf["segment.index.bytes"] \
                or upper.base - 1 - bases[-1] > SPAN:
            bases.append(s.base)
            log, index, times = s.size, s.index_bytes, s.time_bytes
    return bases + [s.base for s in segments[count:]]
