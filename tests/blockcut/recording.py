"""What happens on the disk before the power is cut: producers with and
without acks, segments that roll, a kill now and then, a changed setting, and
at which entry of the disk's log each of it was acknowledged.
"""

import os
import random
import re
import select
import subprocess

import device
from actors import line_of
from streams import Failed, program, run

PARTITIONS = 2
REPORT = re.compile(rb"(\d+) (\d+) (.*)")
LIMIT = 60              # seconds without an acknowledgement


class Feeder:
    """A klog-produce that gets a line when one before it is reported."""

    def __init__(self, number, plan, topic):
        self.number, self.plan, self.topic = number, plan, topic
        self.incarnation, self.next = -1, 0
        self.unanswered = 0
        self.proc = None
        self.start()

    def start(self):
        """The next incarnation: its lines are other lines."""
        self.incarnation += 1
        self.unanswered = 0
        self.rest = b""
        rng = random.Random("%d %d %d" % (self.plan.seed, self.number,
                                          self.incarnation))
        self.acks = "0" if self.number == 3 else "1"
        self.window = rng.choice([1, 3, 10])
        self.proc = subprocess.Popen(
            [program("klog-produce"), "-q", "-p",
             str(self.number % PARTITIONS), "--report=%p %o %s\\n",
             "--linger", rng.choice(["0ms", "1ms", "3ms"]), "--batch-bytes",
             rng.choice(["1k", "4k"]), "-z",
             rng.choice(["none", "none", "zstd"]), "-a", self.acks,
             self.topic],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            preexec_fn=device.die_with_parent)

    def feed(self):
        """Fill the window; close the input after the last line."""
        data = b""
        while self.next < self.plan.lines and self.unanswered < self.window:
            line = line_of(self.plan.seed, self.number, self.incarnation,
                           self.next)[:6000]
            self.plan.sent[line] = (self.number, self.incarnation, self.next)
            data += line + b"\n"
            self.next += 1
            self.unanswered += 1
        if data:
            self.proc.stdin.write(data)
        elif self.unanswered == 0:
            self.proc.stdin.close()

    def collect(self):
        """Note what is reported, with where the disk's log is now; False
        at the end of reports."""
        data = os.read(self.proc.stdout.fileno(), 1 << 16)
        position = self.plan.disk.entries
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            part, offset, value = REPORT.fullmatch(line).groups()
            self.unanswered -= 1
            if self.acks == "1":
                self.plan.acks.append((position, int(part), int(offset),
                                       value))
        return bool(data)

    def kill(self):
        """Between any two of its system calls, and go on as another."""
        self.proc.kill()
        while self.collect():
            pass
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()
        self.start()

    def end(self):
        """It has said all."""
        if self.proc.wait(LIMIT) != 0:
            raise Failed("klog-produce: exit %d" % self.proc.returncode)
        self.proc.stdout.close()


class Plan:
    """One run, and all that has to be known of it later."""

    def __init__(self, disk, root, seed, lines):
        self.disk, self.root = disk, root
        self.seed, self.lines = seed, lines
        self.sent = {}          # value: (producer, incarnation, number)
        self.acks = []          # (entry of the log, partition, offset, value)
        self.created = self.altered = self.begin = None
        self.topic = os.path.join(root, "t")

    def play(self):
        """Do it."""
        rng = random.Random(self.seed)
        self.begin = self.disk.entries
        run("klog-topic", "create", "-p", PARTITIONS, "-c",
            "segment.bytes=16k", "-c", "index.interval.bytes=1k", self.topic)
        self.created = self.disk.entries
        feeders = {}
        kills = sorted(rng.sample(range(self.lines // 4, self.lines * 3), 3))
        try:
            for number in range(4):
                one = Feeder(number, self, self.topic)
                feeders[one.proc.stdout.fileno()] = one
                one.feed()
            while feeders:
                self._turn(rng, feeders, kills)
        finally:
            for one in feeders.values():
                one.proc.kill()
                one.proc.wait()

    def _turn(self, rng, feeders, kills):
        ready, _, _ = select.select(list(feeders), [], [], LIMIT)
        if not ready:
            raise Failed("nothing acknowledged for %d s" % LIMIT)
        for fd in ready:
            one = feeders[fd]
            if not one.collect():
                one.end()
                del feeders[fd]
            elif not one.proc.stdin.closed:
                one.feed()
        if len(self.acks) > self.lines and self.altered is None:
            run("klog-topic", "alter", "-c", "retention.ms=987654321",
                self.topic)
            self.altered = self.disk.entries
        if kills and len(self.acks) > kills[0]:
            kills.pop(0)
            victims = [f for f in feeders if feeders[f].next < self.lines]
            if victims:
                one = feeders.pop(rng.choice(victims))
                one.kill()
                feeders[one.proc.stdout.fileno()] = one
                one.feed()

    def expectation(self):
        """How the topic has to be for a cut at any place."""
        return Expectation(self.begin, self.created, self.altered,
                           sorted(self.acks), self.sent)


class Expectation:
    """What a state has to hold, for cuts that only go forward."""

    def __init__(self, begin, created, altered, acks, sent):
        self.begin, self.created, self.altered = begin, created, altered
        self.acks, self.sent = acks, sent
        self.taken = 0
        self.required = [{} for _ in range(PARTITIONS)]

    def at(self, cut):
        """Count as required what was acknowledged before the cut."""
        while self.taken < len(self.acks) and \
                self.acks[self.taken][0] <= cut:
            _, part, offset, value = self.acks[self.taken]
            self.required[part][offset] = value
            self.taken += 1
        return self

    def until(self, cut):
        """A smaller one, of what counts at this cut, to be kept."""
        return Expectation(self.begin, self.created, self.altered,
                           [a for a in self.acks if a[0] <= cut], self.sent)
