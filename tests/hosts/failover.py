"""Failovers under load: the leader is lost at a random moment, the follower
that has most is promoted, the old leader comes back and follows."""

import os
import random
import re
import shutil
import signal
import time

import kafkalog
import places
from places import Failed, run, until

HOSTS = ("a", "b", "c")
RATE = 300
LAG = "1s"                      # replica.lag.time.max.ms
TIMEOUT = "300ms"               # of --acks all
NO_MORE = (0, 3, 5, 6, -signal.SIGKILL)


class Failover:
    """Rounds on three hosts, with --acks all or 1."""

    def __init__(self, state, seed, acks, rounds):
        self.state, self.acks, self.rounds = state, acks, rounds
        self.rng = random.Random("%d %s" % (seed, acks))
        self.topic = {h: os.path.join(state, h, "t") for h in HOSTS}
        for h in HOSTS:
            os.mkdir(os.path.join(state, h))
        self.leader = "a"
        self.links = {}         # follower: Process
        self.readers = []
        self.producers = [places.Producer(
            state, name, "--acks", acks, "--timeout", TIMEOUT, *options)
            for name, *options in (("p", "--linger", "1ms"),
                                   ("q", "--linger", "15ms", "-z", "lz4"))]
        self.acknowledged = set()       # (offset, value)
        self.read = {}          # offset: value, as any reader saw it
        self.lost = self.cut = self.stale = self.forced = 0

    def run(self):
        """All rounds; each begins and ends with three equal copies."""
        copies = 2 if self.acks == "all" else 1
        run("klog-topic", "create", "-c", "min.insync.replicas=%d" % copies,
            "-c", "replica.lag.time.max.ms=" + LAG, "-c",
            "segment.bytes=32k", self.topic["a"])
        try:
            for n in range(self.rounds):
                self._round(n)
        finally:
            for p in list(self.links.values()) + self.producers:
                (p.process if hasattr(p, "process") else p) and \
                    getattr(p, "process", p).end()
            for r in self.readers:
                r.process.end()

    def _link(self, host, leader, number):
        """host copies from leader: it pulls, or the leader pushes."""
        there = "x:" + self.topic[leader]
        words = (there, self.topic[host])
        if (number + HOSTS.index(host)) % 2 and os.path.exists(
                self.topic[host]):
            words = (self.topic[leader], "x:" + self.topic[host])
        self.links[host] = places.Process(
            os.path.join(self.state, host + ".err"), "klog-replicate", "-f",
            "--name", host, "--timeout", "20s", *words)

    def _feed(self, seconds):
        """Producers work for so long; one that gave up starts again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for p in self.producers:
                if not p.process.lives():
                    self._ended(p)
                    p.start(p.topic)
                p.feed(max(1, RATE // 100 // len(self.producers)))
            time.sleep(0.01)

    def _ended(self, p, number=None):
        code = p.end(number)
        if code not in NO_MORE:
            raise Failed("%s: %d: %s" % (p.name, code, p.process.said()))
        self.acknowledged.update(x[1:] for x in p.acknowledged())
        return code

    def _in_sync(self, leader):
        return len(places.status(self.topic[leader])[0]["in_sync"]) == 2

    def _round(self, n):
        old = self.leader
        others = [h for h in HOSTS if h != old]
        for h in others:
            if h not in self.links:
                self._link(h, old, n)
        until(lambda: self._in_sync(old),
              lambda: "round %d: both in sync: %s" % (
                  n, [x.said()[-300:] for x in self.links.values()]))
        self.readers = [places.Reader(self.state, "%d%s" % (n, h),
                                      self.topic[h]) for h in HOSTS]
        for p in self.producers:
            p.start(self.topic[old])
        self._feed(self.rng.uniform(0.1, 0.5))
        self._lose(n, others)
        new = self._promote(n, others)
        self._come_back(n, old, new, others)
        self.leader = new

    def _lose(self, n, others):
        """The old leader is lost for its followers, one after the other; it
        may be dead, or go on alone."""
        dead = n and self.rng.randrange(2)
        if dead:
            for p in self.producers:
                self._ended(p, signal.SIGKILL)
        first, second = self.rng.sample(others, 2)
        self.links.pop(first).end(
            self.rng.choice((signal.SIGKILL, signal.SIGTERM)))
        if not dead and self.rng.randrange(2):
            self._feed(self.rng.uniform(0, 0.2))
        self.links.pop(second).end()
        # Whoever pushed or was served may still be about to end.
        for h in others:
            until(lambda h=h: not self._served(h), h + " is let go")
        if not dead:
            self._feed(self.rng.uniform(0, 0.2))

    def _served(self, host):
        """Whether a process still works on a copy of the old leader's."""
        return [s for s in os.listdir("/proc") if s.isdigit()
                and _serves(s, os.path.join(self.state, host).encode())]

    def _promote(self, n, others):
        """The one that has most."""
        ends = {h: places.status(self.topic[h])[0]["log_end"]
                for h in others}
        new = max(others, key=lambda h: (ends[h], self.rng.random()))
        _, err = run("klog-replicate", "promote", self.topic[new],
                     status=(0, 6))
        if err:
            # Nothing that was promised may be missing from the farthest.
            if self.acks == "all" or "missing here" not in err:
                raise Failed("round %d: %s (ends %s)" % (n, err, ends))
            run("klog-replicate", "promote", "--force", self.topic[new])
            self.forced += 1
        return new

    def _come_back(self, n, old, new, others):
        alone = [p for p in self.producers if p.process.lives()]
        third = next(h for h in others if h != new)
        self._link(third, new, 0)
        if alone and (n == 0 or self.rng.randrange(2)):
            self._meet(old, new)
        out, _ = run("klog-replicate", "follow", self.topic[old],
                     "x:" + self.topic[new])
        for p in self.producers:
            # It may have written what was not acknowledged yet.
            code = self._ended(p, signal.SIGKILL) if p.process.lives() \
                else None
            p.start(self.topic[old])
            p.feed(1)
            if self._ended(p) != 6:
                raise Failed("%s on the old leader: %s" % (code,
                                                           p.process.said()))
            self.stale += 1
        self._link(old, new, 0)
        until(lambda: self._in_sync(new),
              lambda: "round %d: %s in sync: %s" % (
                  n, (old, third),
                  [x.said()[-300:] for x in self.links.values()]))
        for p in self.producers:
            p.start(self.topic[new])
        self._feed(0.1)
        for p in self.producers:
            if self._ended(p) != 0:
                raise Failed(p.process.said())
        self._settle(new)
        self._check(n, old, out)

    def _meet(self, old, new):
        """The first contact with the new leader fences the old one: from
        then on its producers are refused, whatever they wait for."""
        run("klog-replicate", "x:" + self.topic[old], self.topic[new],
            status=6)
        run("klog-produce", "--acks", "1", self.topic[old], data=b"late\n",
            status=6)
        for p in self.producers:
            p.feed(1)
            until(lambda p=p: not p.process.lives(), "a producer ends")
            if self._ended(p) not in (5, 6):
                raise Failed(p.process.said())
            p.start(self.topic[old])
            p.feed(1)
            if self._ended(p) != 6:
                raise Failed(p.process.said())
            self.stale += 1

    def _settle(self, new):
        """All three have the same; what readers saw is noted."""
        end = places.status(self.topic[new])[0]["log_end"]
        until(lambda: all(places.status(t)[0]["high_watermark"] == end
                          for t in self.topic.values()), "all have it all")
        until(lambda: all(self._caught_up(r, end) for r in self.readers),
              lambda: "readers are at %d: %s" % (
                  end, [r.seen()[-1:] for r in self.readers]))
        for r in self.readers:
            r.process.end()

    def _caught_up(self, reader, end):
        if not reader.process.lives():
            raise Failed("a reader ended: %s" % reader.process.said())
        seen = reader.seen()
        return bool(seen) and seen[-1][1] == end - 1

    def _check(self, n, old, out):
        for h in HOSTS:
            places.same_logs(self.topic[h], self.topic[self.leader])
            run("klog-check", "-q", "--deep", self.topic[h])
            run("klog-check", "-q", "--against",
                "x:" + self.topic[self.leader], self.topic[h])
        log = dict(places.records(self.topic[old])[0])
        for r in self.readers:
            self._check_reader(r, log)
        gone = {o: v for o, v in self.acknowledged if log.get(o) != v}
        if gone and self.acks == "all":
            raise Failed("round %d: acknowledged and lost: %s" % (n, gone))
        saved = self._check_saved(n, old, out, gone)
        self.cut += saved
        self.lost += len(gone)
        self.acknowledged -= set(gone.items())
        values = list(log.values())
        if len(values) != len(set(values)):
            raise Failed("round %d: a record is there twice" % n)

    def _check_reader(self, reader, log):
        """With --acks all no offset ever shows two records; with --acks 1
        whoever was given a record that is gone is told so, and is given what
        is there now."""
        last, has = -1, {}
        for _, offset, value in reader.seen():
            if self.acks == "all":
                if self.read.setdefault(offset, value) != value:
                    raise Failed("offset %d is %r, was read as %r" % (
                        offset, value, self.read[offset]))
            if offset != last + 1 and (
                    self.acks == "all" or "cut the log off at offset %d:"
                    % offset not in reader.process.said()):
                raise Failed("%s: offset %d after %d, and says %r" % (
                    reader.path, offset, last, reader.process.said()))
            if offset <= last:
                has = {o: v for o, v in has.items() if o < offset}
            last = offset
            has[offset] = value
        if has != log:
            raise Failed("%s: %d records, not the log's %d" % (
                reader.path, len(has), len(log)))

    def _check_saved(self, n, old, out, gone):
        """What was said to be cut off is what is kept, and what was lost is
        in it; how many records that are."""
        said = re.search(rb"(\d+) records from offset (\d+) on were cut off",
                         out)
        kept = {}
        folder = os.path.join(self.topic[old], "0", "cut")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                data, pos = f.read(), 0
            while pos < len(data):
                batch = kafkalog.parse_batch(data, pos)
                kept.update((r.offset, r.value) for r in batch.records)
                pos += batch.size
            os.unlink(os.path.join(folder, name))
        if said is None:
            if kept or gone:
                raise Failed("round %d: nothing was said of %s, %s" % (
                    n, kept, gone))
            return 0
        count, first = int(said[1]), int(said[2])
        if sorted(kept) != list(range(first, first + count)):
            raise Failed("round %d: %s, but kept are %s" % (
                n, said[0], sorted(kept)))
        for o, v in gone.items():
            if kept.get(o) != v:
                raise Failed("round %d: %d %r is lost for good" % (n, o, v))
        return count

    def finish(self, good):
        """Remove the state directory after success only."""
        if good:
            shutil.rmtree(self.state)


def _serves(pid, path):
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as f:
            words = f.read()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return b"klog-replicate" in words and path in words


def one(tap, state, seed, acks, rounds):
    """Rounds as TAP."""
    f = Failover(state, seed, acks, rounds)
    good = tap.test("%d failovers with --acks %s (seed %d)" % (
        rounds, acks, seed), f.run)
    if good:
        print("# %d acknowledged, %d cut off, %d of them lost and saved, "
              "%d times status 6, %d forced" % (
                  len(f.acknowledged), f.cut, f.lost, f.stale, f.forced))
    f.finish(good)
    return good
