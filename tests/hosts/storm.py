"""Copies whose ends and connections are killed at random while producers run,
and the proof that they are the log, and that only what was missing came."""

import os
import random
import shutil
import signal
import time

import places
import streams
from places import Failed, run, until

PARTITIONS = 2
RATE = 400                      # records a second
BULK = 15000                    # records that are there at first, so that
                                # kills come in the middle of a copy
KINDS = (("pull", True), ("push", True), ("pull", False), ("push", False))
HOWS = ("near", "term", "far", "cut", "stop", "bytes")


class Pair:
    """One copy and what keeps it: pull or push, for ever or pass by pass."""

    def __init__(self, state, number, source):
        self.way, self.follow = KINDS[number % len(KINDS)]
        self.name = "%s%d" % (self.way, number)
        self.control = os.path.join(state, self.name + ".control")
        self.err = os.path.join(state, self.name + ".err")
        self.source = source
        self.folder = os.path.join(state, self.name)
        self.copy = os.path.join(self.folder, "t")
        os.mkdir(self.folder)
        self.process, self.at = None, 0
        self.how = None         # what is to happen to it at that time
        self.expected = False   # that it ends without all being done

    def start(self, *options):
        """Begin, or begin again."""
        ends = ("far:" + self.source, self.copy) if self.way == "pull" \
            else (self.source, "far:" + self.copy)
        self.process = places.Process(
            self.err, "klog-replicate", "--name", self.name, "--timeout",
            "20s", "--bwlimit", "1M", *(["-f"] if self.follow else []), *ends,
            rsh=places.shell(self.control, *options))
        self.expected = bool(options)

    def look(self, options):
        """Start the next pass if one has ended; it ended well."""
        if self.process.lives():
            return
        code = self.process.proc.returncode
        fine = (0, 3, 5) if self.expected else (0, 5)
        if self.follow or code not in fine:
            raise Failed("%s ended with %d: %s" % (
                self.name, code, self.process.said()[-600:]))
        self.start(*options())

    def session(self):
        """{near, s: the proxy, far} of the last connection, or None."""
        all_of_them = places.sessions(self.control)
        return all_of_them[-1][0] if all_of_them else None


def kill(pid, number, what):
    """A signal to a process of which we know only the number: whether it is
    still the one that is meant."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            if what not in f.read():
                return False
        os.kill(pid, number)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True


class Storm:
    """run() it, then the checks."""

    def __init__(self, state, seed, kills, pairs):
        self.state, self.kills = state, kills
        self.rng = random.Random(seed)
        self.source = os.path.join(state, "t")
        self.pairs = [Pair(state, n, self.source) for n in range(pairs)]
        self.producers = [places.Producer(state, name, *options)
                          for name, *options in (
                              ("a", "--linger", "2ms"),
                              ("b", "--linger", "30ms", "-z", "zstd"))]
        self.done = dict.fromkeys(HOWS, 0)
        self.resent = 0

    def run(self):
        """All of it; nothing runs when it is over."""
        run("klog-topic", "create", "-p", PARTITIONS, "-c",
            "segment.bytes=64k", "-c", "compression.type=none", self.source)
        run("klog-produce", self.source, data=b"".join(
            b"bulk %d %s\n" % (n, self.rng.randbytes(40).hex().encode())
            for n in range(BULK)))
        try:
            for p in self.producers:
                p.start(self.source)
            for p in self.pairs:
                p.start()
                p.at = time.monotonic() + self.rng.uniform(0.1, 0.6)
            self._blow()
            self._calm()
        finally:
            for p in self.pairs + self.producers:
                if p.process is not None:
                    p.process.end()

    def _blow(self):
        begin, fed = time.monotonic(), 0
        while sum(self.done.values()) < self.kills:
            now = time.monotonic()
            due = int((now - begin) * RATE / len(self.producers))
            for p in self.producers:
                p.feed(min(due - fed, 500))
            fed = due
            for p in self.pairs:
                p.look(self._options)
                if now >= p.at:
                    self._event(p)
            time.sleep(0.01)

    def _options(self):
        """A pass may be cut after some bytes."""
        if self.rng.randrange(3):
            return ()
        self.done["bytes"] += 1
        return ("--cut-after", int(2 ** self.rng.uniform(4, 16)))

    def _choose(self, p):
        """What happened least, most often."""
        hows = HOWS[:5] if p.follow else HOWS[:3]
        return self.rng.choices(
            hows, [1 / (1 + self.done[h]) for h in hows])[0]

    def _event(self, p):
        how, at = p.how or self._choose(p), p.session()
        p.at = time.monotonic() + self.rng.uniform(0.02, 0.4)
        hit = False
        if how == "near":
            hit = p.process.end() == -signal.SIGKILL
        elif how == "term":
            code = p.process.end(signal.SIGTERM)
            hit = code == 128 + signal.SIGTERM or code == -signal.SIGTERM
            if not hit and code not in (0, 3, 5):
                raise Failed("%s: SIGTERM gave %d" % (p.name, code))
        elif at is not None and how in ("far", "cut", "stop"):
            pid, what = (at["s"], b"rsh.py") if how == "cut" else \
                (at["far"], b"klog-replicate")
            number = signal.SIGSTOP if how == "stop" else signal.SIGKILL
            hit = kill(pid, number, what)
            if hit and how == "stop":
                time.sleep(self.rng.uniform(0, 0.05))
                kill(pid, signal.SIGCONT, what)
            elif hit:
                p.expected = True
                if p.follow:    # it comes back by itself, after a while
                    p.at += 1.7
        self.done[how] += hit
        p.how = None if hit else how
        if not p.process.lives() and how in ("near", "term"):
            p.start()

    def _calm(self):
        for p in self.producers:
            if p.end() != 0:
                raise Failed(p.process.said())
        for p in self.pairs:
            p.process.end()
            p.start()
        for p in self.pairs:
            if p.follow:
                until(lambda p=p: self._has_all(p),
                      lambda p=p: "%s has all: %s" % (
                          p.name, p.process.said()[-300:]))
                p.process.end(signal.SIGTERM)
            elif p.process.proc.wait(places.LIMIT) not in (0, 5):
                raise Failed(p.process.said()[-600:])

    def _has_all(self, p):
        p.look(tuple)
        try:
            return [len(places.log_bytes(x)) for x in places.parts(p.copy)] \
                == [len(places.log_bytes(x))
                    for x in places.parts(self.source)]
        except FileNotFoundError:
            return False

    def check_copies(self):
        """A last pass has nothing to do but what a busy one left; every copy
        is the log, byte for byte, and whole."""
        for p in self.pairs:
            ends = ("far:" + self.source, p.copy) if p.way == "pull" else (
                self.source, "far:" + p.copy)
            run("klog-replicate", "--name", p.name, *ends,
                rsh=places.shell(p.control))
            places.same_logs(self.source, p.copy)
            run("klog-check", "-q", "--deep", p.copy)

    def check_records(self):
        """What was acknowledged is there, each record once, in order."""
        logs = places.records(self.source)
        for log in logs:
            streams.same(sorted(log), list(range(len(log))), "offsets")
        for p in self.producers:
            for part, offset, value in p.acknowledged():
                if logs[part].get(offset) != value:
                    raise Failed("%r at %d/%d" % (value, part, offset))
        values = [v for log in logs for v in log.values()]
        if len(values) != len(set(values)) or \
                len(values) != BULK + sum(p.sent for p in self.producers):
            raise Failed("%d records, %d different ones" % (
                len(values), len(set(values))))

    def check_resent(self):
        """A copy is sent what its position says it lacks, and no byte more;
        what it acknowledged once it never lacks again."""
        for p in self.pairs:
            sent = check_passed(p.name, places.passed(p.control))
            self.resent += sent - sum(len(places.log_bytes(x))
                                      for x in places.parts(p.copy))

    def finish(self, good):
        """Remove the state directory after success only."""
        if good:
            shutil.rmtree(self.state)


def check_passed(name, messages):
    """The rule of check_resent; how many bytes of batches were sent.  What a
    copy told counts when it was heard: one whose caller was killed before he
    said a word still tells where it stood, when the next has gone on."""
    acked, most, total = {}, {}, 0
    following, told = {}, {}    # of each connection
    for m in messages:
        key = (m.get("topic"), m.get("partition"))
        mine = (m["s"], *key)
        if m["t"] == "position":
            told[mine] = m["end"], most.get(key, 0)
        elif m["t"] == "start":
            end, sent = told[mine]
            if not acked.get(key, 0) <= end <= sent:
                raise Failed("%s: stands at %d, acknowledged %d, was sent %d"
                             % (name, end, acked.get(key, 0), sent))
            if m["from"] != end or m["cut"] != -1:
                raise Failed("%s: told %d, begins %s" % (name, end, m))
            following[mine] = m["from"]
        elif m["t"] == "batches":
            if m["from"] != following[mine]:
                raise Failed("%s: %s, not from %d" % (
                    name, m, following[mine]))
            following[mine] = m["to"]
            most[key] = max(most.get(key, 0), m["to"])
            total += m["bytes"]
        elif m["t"] == "ack":
            acked[key] = max(acked.get(key, 0), m["end"])
            if m["end"] > following[mine]:
                raise Failed("%s: acknowledged %d of %d" % (
                    name, m["end"], following[mine]))
    return total


def one(tap, state, seed, kills, pairs):
    """One storm as TAP."""
    s = Storm(state, seed, kills, pairs)
    good = tap.test("%d kills of ends and connections (seed %d)" % (
        kills, seed), s.run)
    if good:
        for name, check in (
                ("copies are the log, byte for byte", s.check_copies),
                ("every record once, acknowledged ones at their offsets",
                 s.check_records),
                ("only what was missing was sent again", s.check_resent)):
            good = tap.test(name, check) and good
        print("# %s; %d records, %d bytes sent again" % (
            " ".join("%s %d" % x for x in sorted(s.done.items())),
            sum(p.sent for p in s.producers), s.resent))
    s.finish(good)
    return good
