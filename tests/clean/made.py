"""Random topics, as Kafka or klog may leave them: for the model."""

import os
import shutil

import kafkawrite
from kafkalog import Record
from kafkawrite import encode_batch

T0 = 1700000000000
MINUTE = 60000


def settings(rng):
    """Random settings; texts as topic.conf takes them."""
    conf = {
        "cleanup.policy": rng.choice(
            ["compact"] * 6 + ["compact,delete"] * 3 + ["delete"]),
        "segment.bytes": rng.choice([4096] * 4 + [6000, 20000, 1 << 20]),
        "min.cleanable.dirty.ratio": rng.choice([0, 0, 0.2, 0.5, 0.9]),
        "delete.retention.ms": rng.choice([0, MINUTE, 5 * MINUTE,
                                           24 * 60 * MINUTE]),
        "index.interval.bytes": rng.choice([0, 300, 4096]),
    }
    if not rng.randrange(3):
        conf["min.compaction.lag.ms"] = rng.randrange(1, 20) * MINUTE
    if not rng.randrange(4):
        conf["max.compaction.lag.ms"] = max(
            conf.get("min.compaction.lag.ms", 0),
            rng.randrange(1, 20) * MINUTE)
    if not rng.randrange(8):
        conf["min.insync.replicas"] = 2
    if "delete" in conf["cleanup.policy"]:
        if rng.randrange(2):
            conf["retention.ms"] = rng.randrange(1, 60) * MINUTE
        else:
            conf["retention.ms"] = -1
        if rng.randrange(2):
            conf["retention.bytes"] = rng.randrange(0, 12000)
    return conf


class History:
    """A log being made, record by record."""

    def __init__(self, rng, conf):
        self.rng, self.conf = rng, conf
        self.log = kafkawrite.Log(rng.choice([0, 0, 0, 7, 1 << 40]))
        self.now = T0
        self.keys = [b"%d" % n for n in range(rng.choice([1, 3, 10, 30, 60]))]
        self.keys += [b""] if not rng.randrange(3) else []
        self.nulls = rng.choice([0, 0, 0, 0.1])
        self.tombstones = rng.choice([0, 0.1, 0.3])
        self.holes = rng.choice([0, 0, 0.1])
        if conf["cleanup.policy"] == "delete":
            self.holes = 0
        self.epoch = rng.choice([0, 0, -1, 5])
        self.sequences = {}         # idempotent producer: next sequence
        self.open = {}              # open transactions: first offset
        self.size = 0
        self.end = self.log.next    # behind the last batch
        self.number = 0

    def record(self, offset):
        """One record; its value is the only one like it."""
        rng = self.rng
        key = None if rng.random() < self.nulls else rng.choice(self.keys)
        self.number += 1
        value = b"%d %s" % (self.number, b"v" * rng.choice([0, 5, 50, 300]))
        if rng.random() < self.tombstones:
            value = None
        headers = [] if rng.randrange(5) else [(b"h", rng.choice(
            [None, b"", b"x" * 9]))]
        self.now += rng.choice([0, 1, 1000, 20000])
        ts = self.now - rng.choice([0, 0, 0, 30000])
        return Record(offset, ts, key, value, headers)

    def batch(self):
        """Append a data batch of any kind."""
        rng, log = self.rng, self.log
        if self.holes and self.size and not rng.randrange(8):
            # Kafka removed what was last in the segment.
            log.skip(1)
            log.roll()
            self.size = 0
        records, offset = [], log.next
        for _ in range(rng.choice([1, 1, 2, 5, 12])):
            records.append(self.record(offset))
            offset += 1 if rng.random() >= self.holes else 2
        if self.epoch >= 0 and not rng.randrange(25):
            self.epoch += rng.randrange(1, 3)
        options = {"epoch": self.epoch, "codec": rng.randrange(5)}
        if not rng.randrange(12):
            options["log_append"] = self.now
        kind = rng.randrange(6)
        if kind == 0:
            pid = rng.randrange(3)
            options.update(pid=pid, pepoch=0,
                           sequence=self.sequences.get(pid, 0))
            self.sequences[pid] = options["sequence"] + (
                records[-1].offset - records[0].offset + 1)
        elif kind < 3 and self.transactions:
            pid = 10 + rng.randrange(3)
            options.update(pid=pid, pepoch=1, transactional=True,
                           sequence=self.sequences.get(pid, 0))
            self.sequences[pid] = options["sequence"] + (
                records[-1].offset - records[0].offset + 1)
            self.open.setdefault(pid, records[0].offset)
        last = max(records[-1].offset, offset - 1) if self.holes else None
        if last is not None and options.get("pid", -1) >= 0:
            last = records[-1].offset
        self.put(encode_batch(records, last=last, **options))

    def put(self, data):
        """Append, in a new segment if it does not fit."""
        if self.size and (self.size + len(data) > self.roll_at
                          or not self.rng.randrange(40)):
            self.log.roll()
            self.size = 0
        self.size += len(data)
        self.log.add(data)
        self.end = self.log.next

    def end_transaction(self):
        """End one, if one is open."""
        if not self.open:
            return
        pid = self.rng.choice(sorted(self.open))
        first = self.open.pop(pid)
        self.size += 78
        if self.rng.randrange(2):
            self.log.commit(pid, 1, self.now, self.epoch)
        else:
            self.log.abort(pid, 1, first, self.now,
                           min(self.open.values(), default=None),
                           self.epoch)
        self.end = self.log.next

    def fill(self):
        """The whole of it."""
        rng = self.rng
        self.transactions = not rng.randrange(3)
        self.roll_at = min(self.conf["segment.bytes"],
                           rng.choice([700, 1500, 4096, 8000]))
        for _ in range(rng.choice([3, 10, 30, 60, 60])):
            if self.transactions and not rng.randrange(4):
                self.end_transaction()
            else:
                self.batch()
            if self.holes and not rng.randrange(10):
                self.log.skip(rng.randrange(1, 4))
        if rng.randrange(5):
            while self.open:
                self.end_transaction()
        if not rng.randrange(4):
            self.log.roll()

    def write(self, path):
        """A topic directory."""
        self.fill()
        shutil.rmtree(path, ignore_errors=True)
        kafkawrite.write_topic(path, [self.log], **{
            k.replace(".", "_"): v for k, v in self.conf.items()})
        if not self.rng.randrange(8):
            middle = self.rng.randrange(
                self.log.segments[0][0],
                min([self.end, *self.open.values()]) + 1)
            with open(os.path.join(path, "0", "log-start-offset"), "w",
                      encoding="ascii") as f:
                f.write("%d\n" % middle)
        if "min.insync.replicas" in self.conf:
            high = self.rng.randrange(self.log.segments[0][0],
                                      self.end + 1)
            with open(os.path.join(path, "0", "high-watermark"), "w",
                      encoding="ascii") as f:
                f.write("%020d\n" % high)
