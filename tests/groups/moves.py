"""How long partitions wait when their member is killed, and who is disturbed
when one joins.  Times are printed; what is asserted of them is generous.
"""

import os
import time

import members
from streams import Failed, run

PARTITIONS = 12


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
    """Four members, one of which is killed; then one joins."""

    def __init__(self, state, handler):
        self.state = state
        self.topic = os.path.join(state, "t")
        for name in ("log", "err"):
            os.mkdir(os.path.join(state, name))
        command = "exec %s %s/log 0 0" % (handler, state)
        self.members = [members.Member(n, state, self.topic, command)
                        for n in (0, 1, 2, 8, 9)]
        self.producer = None
        self.lost, self.figures = set(), []
        self.before = self.after = self.joined = None

    def _until(self, sizes):
        """Feed until the members have so many partitions each."""
        end = time.monotonic() + 30
        while True:
            owned = _owned(self.topic)
            if sorted(map(len, owned.values())) == sizes:
                return owned
            if time.monotonic() > end:
                raise Failed("never %s: %s" % (sizes, owned))
            self._feed(0.005)

    def _feed(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.producer.feed(self.producer.sent + PARTITIONS // 2)
            time.sleep(0.005)

    def run(self):
        """Record what happens; checks come later."""
        run("klog-topic", "create", "-p", PARTITIONS, self.topic)
        self.producer = members.Producer(
            b"a", self.topic, "--linger", "1ms", "--partitioner",
            "roundrobin")
        try:
            for m in self.members[:4]:
                m.start()
            owned = self._until([3, 3, 3, 3])
            self._feed(0.3)
            self.lost = owned[self.members[0].proc.pid]
            self.members[0].kill()
            self._until([4, 4, 4])
            self._feed(0.3)
            self.joined = time.monotonic_ns()
            self.before = _owned(self.topic)
            self.members[4].start()
            self.after = self._until([3, 3, 3, 3])
            self._feed(0.3)
            self.producer.finish()
            run("klog-group", "wait", "-g", "g", "--timeout", "60s",
                self.topic)
            for m in self.members[1:]:
                m.terminate()
            for m in self.members[1:]:
                m.wait()
        except BaseException:
            self.clear()
            raise

    def clear(self):
        """Kill what still runs."""
        for x in self.members + [self.producer]:
            if x and x.proc is not None and x.proc.poll() is None:
                x.proc.kill()
                x.proc.wait()

    def check_killed(self):
        """Others handle what it had."""
        runs = members.read_runs(os.path.join(self.state, "log"))
        name, killed = next(iter(self.members[0].killed.items()))
        worst = 0
        for p in self.lost:
            first = min(r.begin for r in runs[p]
                        if r.member != name and r.begin > killed)
            worst = max(worst, first - killed)
        self.figures.append("kill -9 to the next run: %.1f ms"
                            % (worst / 1e6))
        if worst > 10 ** 9:
            raise Failed("%d ms" % (worst // 10 ** 6))

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
        killed = next(iter(self.members[0].killed.values()))
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
