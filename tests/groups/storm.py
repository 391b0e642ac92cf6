"""A storm on a group: members that come, go, are stopped and killed while
records come all the time, and the checks of what their commands were given.
"""

import fcntl
import json
import os
import random
import shutil
import time
import zlib

import kafkalog
import members
import streams
from streams import Failed, run

PARTITIONS, MEMBERS = 12, 8
RATE = 300                      # records a second
LARGE = 40                      # one turn in so many sends 4 large records
PIPE = 65536                    # bytes that a pipe holds


class Storm:
    """One round: run() it, then each check_*() tells what is wrong."""

    def __init__(self, state, seed, seconds, assignor, handler):
        self.state, self.seconds = state, seconds
        self.rng = random.Random("%d %s" % (seed, assignor))
        self.topic = os.path.join(state, "t")
        for name in ("log", "err"):
            os.mkdir(os.path.join(state, name))
        command = "exec %s %s/log 12 300" % (handler, state)
        self.members = [members.Member(n, state, self.topic, command,
                                       ["--assign", assignor])
                        for n in range(MEMBERS)]
        self.leaving = []       # after SIGTERM
        self.producers = []
        self.runs, self.values = {}, []
        self.done = {"kills": 0, "stops": 0, "leaves": 0, "joins": 0}

    def run(self):
        """The storm itself; everyone who ends has to end well."""
        run("klog-topic", "create", "-p", PARTITIONS, self.topic)
        try:
            self.producers = [
                members.Producer(name, self.topic, "--linger", linger,
                                 "-z", codec)
                for name, linger, codec in ((b"a", "2ms", "none"),
                                            (b"b", "60ms", "lz4"))]
            for m in self.members[:MEMBERS // 2]:
                self._join(m)
            self._blow()
            self._calm()
        except BaseException:
            self.clear()
            raise

    def clear(self):
        """Kill what still runs."""
        streams.end([x.proc for x in self.members + self.producers]
                    + [x for _, x in self.leaving])

    def _join(self, m):
        m.start()
        self.done["joins"] += 1

    def _blow(self):
        begin = now = time.monotonic()
        events = [[begin + 0.4, 0.6, self._kill],
                  [begin + 0.7, 0.7, self._leave],
                  [begin + 0.2, 0.25, self._come],
                  [begin + 0.3, 0.3, self._stop]]
        while now < begin + self.seconds:
            for n, p in enumerate(self.producers):
                large = n == 1 and not self.rng.randrange(LARGE)
                p.feed(p.sent + 4 if large else
                       int(RATE / 2 * (now - begin)), large)
            for event in events:
                if now >= event[0]:
                    event[2]()
                    event[0] = now + event[1] * self.rng.uniform(0.2, 1.8)
            for m in self.members:
                if m.lives() and m.stopped_until is not None \
                        and m.stopped_until <= now:
                    m.go_on()
            time.sleep(0.004)
            now = time.monotonic()

    def _one(self, living):
        """A member that lives, of at least two; or one that does not."""
        fit = [m for m in self.members if m.lives() == living]
        if len(fit) < 1 + living:
            return None
        return self.rng.choice(fit)

    def _kill(self):
        victim = self._one(True)
        if victim:
            victim.kill()
            self.done["kills"] += 1

    def _leave(self):
        m = self._one(True)
        if m:
            m.terminate()
            m.wait()
            self.done["leaves"] += 1

    def _come(self):
        m = self._one(False)
        if m:
            self._join(m)

    def _stop(self):
        m = self._one(True)
        if m and m.stopped_until is None:
            m.stop(self.rng.uniform(0.005, 0.4))
            self.done["stops"] += 1

    def _calm(self):
        """All records are there; all are handled; all leave."""
        for m in self.members:
            if m.lives() and m.stopped_until is not None:
                m.go_on()
        for p in self.producers:
            p.finish()
        run("klog-group", "wait", "-g", "g", "--timeout", "60s", self.topic)
        for m in self.members:
            if m.lives():
                m.terminate()
        for m in self.members:
            if m.proc is not None:
                m.wait()
        self.runs = members.read_runs(os.path.join(self.state, "log"))
        self.values = [
            [r.value for r in kafkalog.data_of(segments)]
            for segments in kafkalog.read_topic(self.topic)]
        sent = sum(p.sent for p in self.producers)
        if sum(map(len, self.values)) != sent:
            raise Failed("%d records, not %d" % (
                sum(map(len, self.values)), sent))

    def _killed(self, name):
        number = int(name[1:].split(".")[0])
        return self.members[number].killed.get(name)

    def check_input(self):
        """Every run was given whole records, those of the log, also when its
        member was killed meanwhile."""
        what = "runs of over 64 KiB whose member was killed"
        self.done[what] = 0
        for p, runs in self.runs.items():
            for r in runs:
                want = b"".join(
                    b"%d %d %s\n" % (p, o, self.values[p][o])
                    for o in range(r.first, min(r.after,
                                                len(self.values[p]))))
                if r.after == r.first or zlib.crc32(want) != r.crc:
                    raise Failed("not what the log has: %s" % (r,))
                self.done[what] += len(want) > PIPE and r.begin < (
                    self._killed(r.member) or 0) < r.end

    def check_alone(self):
        """A partition is never in two runs at once, not even while the
        command of a killed member goes on."""
        for runs in self.runs.values():
            for before, r in zip(runs, runs[1:]):
                if r.begin < before.end:
                    raise Failed("%s began %d us before the end of %s" % (
                        r, (before.end - r.begin) // 1000, before))

    def check_order(self):
        """Every record is handled, in order; again only what failed, or
        what its member was killed with before a commit."""
        again = 0
        for p, values in enumerate(self.values):
            runs = self.runs.get(p, [])
            expected = [0]
            for n, r in enumerate(runs):
                if r.first not in expected:
                    raise Failed("partition %d: %s begins at none of %s; "
                                 "before: %s" % (p, r, expected,
                                                 runs[max(0, n - 3):n]))
                again += n > 0 and r.first == runs[n - 1].first
                expected = [r.after]
                if r.how != "ok":
                    expected = [r.first]
                elif n + 1 < len(runs) and runs[n + 1].member != r.member:
                    killed = self._killed(r.member)
                    if killed is not None and runs[n + 1].begin > killed:
                        expected.append(r.first)
            if expected != [len(values)]:
                raise Failed("partition %d: ends at %s of %d" % (
                    p, expected, len(values)))
        self.done["runs"] = sum(map(len, self.runs.values()))
        self.done["runs that came again"] = again

    def check_group(self):
        """Lag 0, no member, no lock; the next one finds nothing to read
        and leaves nothing behind."""
        folder = os.path.join(self.topic, "groups", "g")
        members.age(os.path.join(folder, "members"))
        if run("klog-consume", "-g", "g", self.topic):
            raise Failed("something was left to read")
        for line in run("klog-group", "describe", "--json", "-g", "g",
                        self.topic).splitlines():
            has = json.loads(line)
            if has["lag"] != 0 or has["member"] is not None:
                raise Failed("at the end: %s" % line.decode())
        if os.listdir(os.path.join(folder, "members")):
            raise Failed("members: %s" % os.listdir(
                os.path.join(folder, "members")))
        for n in range(PARTITIONS):
            with open(os.path.join(folder, "owners", str(n)), "rb") as f:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        run("klog-check", "--deep", self.topic)

    def finish(self, good):
        """Remove the state directory after success only."""
        self.clear()
        if good:
            shutil.rmtree(self.state)
