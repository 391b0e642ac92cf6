"""How long partitions wait when their member is killed, and who is disturbed
when one joins.

The time from kill -9 to the next run is judged by the median of the trials in
which the machine was quiet: a sleep of 5 ms, all through the trial, never took
5 ms longer.  Where too few were quiet nothing is said of it.
"""

import os
import statistics
import time

import members
import streams
from streams import Failed, run

PARTITIONS = 12
TURN = 0.005                    # s between two looks
LATE = 0.005                    # s that a sleep is late on a busy machine
AIM = 100                       # ms, the median of quiet trials
ENOUGH = 3                      # of those


def _owned(topic):
    """Partitions of each live member, by its pid."""
    folder = os.path.join(topic, "groups", "g", "members")
    out = {}
    if not os.path.isdir(folder):
        return out
    for name in os.listdir(folder):
        try:
            with open(os.path.join(folder, name), encoding="ascii") as f:
                # It may be read while it is written.
                lines = dict(x.rstrip("\n").partition("=")[::2] for x in f)
        except FileNotFoundError:
            continue
        if "pid" not in lines or "end" not in lines:
            continue
        numbers = set()
        for part in filter(None, lines.get("owned", "").split(",")):
            first, _, last = part.partition("-")
            numbers.update(range(int(first), int(last or first) + 1))
        out[int(lines["pid"])] = numbers
    return out


class Moves:
    """Four members, one of which is killed and comes back, again and again;
    then a fifth joins three."""

    def __init__(self, state, handler, trials):
        self.state, self.trials = state, trials
        self.topic = os.path.join(state, "t")
        for name in ("log", "err"):
            os.mkdir(os.path.join(state, name))
        command = "exec %s %s/log 0 0" % (handler, state)
        self.members = [members.Member(n, state, self.topic, command)
                        for n in (0, 1, 2, 8, 9)]
        self.producer = None
        self.late = 0.0         # of the latest sleep, in seconds
        self.kills = []         # (name, ns, partitions lost, quiet)
        self.quiet, self.figures = [], []
        self.before = self.after = self.joined = None

    def _until(self, sizes):
        """Feed until the members have so many partitions each."""
        end = time.monotonic() + 60
        while True:
            owned = _owned(self.topic)
            if sorted(map(len, owned.values())) == sizes:
                return owned
            if time.monotonic() > end:
                raise Failed("never %s: %s" % (sizes, owned))
            self._feed(TURN)

    def _feed(self, seconds):
        begin = now = time.monotonic()
        while now < begin + seconds:
            self.producer.feed(self.producer.sent + PARTITIONS // 2)
            time.sleep(TURN)
            self.late = max(self.late, time.monotonic() - now - TURN)
            now = time.monotonic()

    def _kill(self, m, owned):
        self.late = 0.0
        name, lost = m.name, owned[m.proc.pid]
        m.kill()
        self._until([4, 4, 4])
        self._feed(0.2)
        self.kills.append((name, m.killed[name], lost, self.late < LATE))

    def run(self):
        """Record what happens; checks come later."""
        run("klog-topic", "create", "-p", PARTITIONS, self.topic)
        self.producer = members.Producer(
            b"a", self.topic, "--linger", "1ms", "--partitioner",
            "roundrobin")
        try:
            for m in self.members[:4]:
                m.start()
            for n in range(self.trials):
                owned = self._until([3, 3, 3, 3])
                self._feed(0.2)
                self._kill(self.members[n % 4], owned)
                if n + 1 < self.trials:
                    self.members[n % 4].start()
            self._feed(0.3)
            self.joined = time.monotonic_ns()
            self.before = _owned(self.topic)
            self.members[4].start()
            self.after = self._until([3, 3, 3, 3])
            self._feed(0.3)
            self.producer.finish()
            run("klog-group", "wait", "-g", "g", "--timeout", "60s",
                self.topic)
            living = [m for m in self.members if m.lives()]
            for m in living:
                m.terminate()
            for m in living:
                m.wait()
        except BaseException:
            self.clear()
            raise

    def clear(self):
        """Kill what still runs."""
        streams.end(x.proc for x in self.members + [self.producer] if x)

    def check_killed(self):
        """Others handle what they had."""
        runs = members.read_runs(os.path.join(self.state, "log"))
        times = []
        for name, killed, lost, calm in self.kills:
            took = max(min(r.begin for r in runs[p] if r.member != name
                           and r.begin > killed) - killed for p in lost) / 1e6
            times.append(took)
            self.quiet += [took] if calm else []
        for what, some in ("all", times), ("quiet", self.quiet):
            if some:
                self.figures.append(
                    "kill -9 to the next run of the last of 3 partitions, %s "
                    "%d: median %.1f ms, worst %.1f ms" % (
                        what, len(some), statistics.median(some), max(some)))

    def check_fast(self):
        """The median of the quiet ones."""
        if statistics.median(self.quiet) > AIM:
            raise Failed("%.1f ms" % statistics.median(self.quiet))

    def check_joined(self):
        """Only partitions that the new member got have changed hands."""
        new = self.members[4]
        runs = members.read_runs(os.path.join(self.state, "log"))
        usual = 0
        moved = self.after.get(max(set(self.after) - set(self.before)))
        for pid, had in self.before.items():
            if self.after.get(pid) != had - moved:
                raise Failed("%s, then %s" % (self.before, self.after))
        wait = {True: 0, False: 0}
        killed = self.kills[0][1]
        for p, all_runs in runs.items():
            calm = [r for r in all_runs if r.begin < killed]
            usual = max([usual] + [b.begin - a.end
                                   for a, b in zip(calm, calm[1:])])
            late = [r for r in all_runs if r.begin > self.joined]
            names = [r.member for r in late]
            if p in moved:
                if names != sorted(names, key=lambda n: n == new.name):
                    raise Failed("partition %d: %s" % (p, names))
            elif len(set(names)) != 1 or new.name in names:
                raise Failed("partition %d: %s" % (p, set(names)))
            gaps = [b.begin - a.end for a, b in zip(late, late[1:])]
            wait[p in moved] = max([wait[p in moved]] + gaps)
        self.figures.append(
            "a join: longest pause of %d that moved %.1f ms, of the others "
            "%.1f ms, before %.1f ms" % (len(moved), wait[True] / 1e6,
                                         wait[False] / 1e6, usual / 1e6))
