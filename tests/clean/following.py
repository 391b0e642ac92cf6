"""Followers and the members of a group read on through many cleans, while a
producer appends: what they print is what was there."""

import collections
import os
import random
import re
import shutil
import signal
import subprocess
import time

import streams
from streams import Failed, run

PARTITIONS = 2
LINES = 60              # a cycle
PATIENCE = 60           # seconds for what has to come
FORM = "%p %o %k:%s\\n"
SKIPPED = re.compile(r"/(\d+): skipped (\d+) offsets that are gone, going "
                     r"on at offset (\d+)$")

POLICIES = {
    "compact": ["cleanup.policy=compact", "min.cleanable.dirty.ratio=0"],
    "compact,delete": ["cleanup.policy=compact,delete",
                       "min.cleanable.dirty.ratio=0",
                       "retention.bytes=9000"],
    "delete": ["cleanup.policy=delete", "retention.bytes=9000"],
}


def lines_of(path):
    """[(partition, offset, text)]; a line that is cut off is none."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    out = []
    for line in text[:text.rfind("\n") + 1].splitlines():
        partition, offset, rest = line.split(" ", 2)
        out.append((int(partition), int(offset), rest))
    return out


class Reader:
    """One klog-consume -f; its output is in files."""

    def __init__(self, state, name, topic, *args):
        self.name = name
        self.path = os.path.join(state, name)
        with open(self.path, "wb") as out, \
                open(self.path + ".err", "wb") as err:
            self.proc = subprocess.Popen(
                [streams.program("klog-consume"), "-f", "-F", FORM, *args,
                 topic], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.stopped = False

    def turn(self):
        """Stop, or go on."""
        self.proc.send_signal(signal.SIGCONT if self.stopped
                              else signal.SIGSTOP)
        self.stopped = not self.stopped

    def end(self):
        """SIGTERM, which is no failure."""
        if self.stopped:
            self.turn()
        self.proc.terminate()
        if self.proc.wait(PATIENCE) not in (0, 128 + signal.SIGTERM,
                                            -signal.SIGTERM):
            raise Failed("%s: exit %d: %s" % (
                self.name, self.proc.returncode, self.said()))

    def said(self):
        with open(self.path + ".err", encoding="utf-8") as f:
            return f.read()

    def lines(self):
        return lines_of(self.path)


class Following:
    """cycles of: append, clean."""

    def __init__(self, state, policy, cycles, seed):
        self.policy, self.cycles = policy, cycles
        self.rng = random.Random(seed)
        self.topic = os.path.join(state, "t")
        self.state = state
        self.count = self.skipped = 0
        self.readers = []

    def run(self):
        args = [x for c in POLICIES[self.policy] for x in ("-c", c)]
        run("klog-topic", "create", "-p", PARTITIONS, "-c",
            "segment.bytes=4096", *args, self.topic)
        self.readers = [
            Reader(self.state, "one", self.topic),
            Reader(self.state, "late", self.topic),
            Reader(self.state, "g1", self.topic, "-g", "g"),
            Reader(self.state, "g2", self.topic, "-g", "g")]
        with open(os.path.join(self.state, "reports"), "wb") as out:
            producer = subprocess.Popen(
                [streams.program("klog-produce"), "-q", "-K:", "-z", "none",
                 "--linger", "1ms", "--batch-bytes", "1k",
                 "--report=" + FORM, self.topic],
                stdin=subprocess.PIPE, stdout=out)
        try:
            for n in range(self.cycles):
                self.cycle(producer, n)
            producer.stdin.close()
            if producer.wait(PATIENCE):
                raise Failed("klog-produce: exit %d" % producer.returncode)
            self.settle()
        finally:
            streams.end([producer] + [r.proc for r in self.readers])

    def wait(self, enough):
        """Until what each of them, the group as one, has printed is that."""
        until = time.monotonic() + PATIENCE
        for names in (["one"], ["late"], ["g1", "g2"]):
            readers = [r for r in self.readers if r.name in names]
            while not enough(sum([r.lines() for r in readers], [])):
                if time.monotonic() > until:
                    raise Failed("%s never came so far: %s" % (
                        names, "".join(r.said() for r in readers)))
                time.sleep(0.02)

    def cycle(self, producer, n):
        """The clean runs while the lines are being appended.  One reader
        stands still for some cycles, and is overtaken."""
        if n == 1:
            self.wait(lambda lines: {x[0] for x in lines}
                      == set(range(PARTITIONS)))
        if n % 20 in (1, 16):
            self.readers[1].turn()
        for _ in range(LINES):
            self.count += 1
            producer.stdin.write(b"k%d:%d %s\n" % (
                self.rng.randrange(20), self.count, b"v" * 40))
        producer.stdin.flush()
        while not self.clean():
            pass

    def clean(self):
        """False if a producer was just recovering, which keeps others from
        cleaning."""
        done = subprocess.run(
            [streams.program("klog-clean"), "-q", self.topic], check=False,
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode and (done.returncode != 5 or
                                b"/clean.lock: locked" not in done.stderr):
            raise Failed("klog-clean: exit %d: %s" % (
                done.returncode, done.stderr.decode()))
        return done.returncode == 0

    def settle(self):
        """Until everybody has printed the last records."""
        ends = {}
        for p, o, text in self.reports():
            ends[p] = o, text
        if self.readers[1].stopped:
            self.readers[1].turn()
        self.wait(lambda lines: {(p,) + ends[p] for p in ends}
                  <= set(lines))
        for r in self.readers:
            r.end()

    def reports(self):
        return lines_of(os.path.join(self.state, "reports"))

    def check(self):
        """What each reader printed."""
        was = {(p, o): text for p, o, text in self.reports()}
        if len(was) != self.count:
            raise Failed("%d reports of %d" % (len(was), self.count))
        left = run("klog-consume", "-F", FORM, self.topic).decode()
        left = {tuple(map(int, x.split(" ", 2)[:2]))
                for x in left.splitlines()}
        if self.policy == "compact" and not len(left) < self.count / 2:
            raise Failed("%d of %d records: nothing was compacted"
                         % (len(left), self.count))
        if self.policy != "compact" and (0, 0) in left:
            raise Failed("nothing was removed")
        group = []
        for r in self.readers:
            lines = r.lines()
            for p in range(PARTITIONS):
                numbers = [o for q, o, _ in lines if q == p]
                if numbers != sorted(set(numbers)):
                    raise Failed("%s: offsets fall or repeat" % r.name)
            wrong = [x for x in lines if was.get(x[:2]) != x[2]]
            if wrong:
                raise Failed("%s: %s was never there" % (r.name, wrong[0]))
            if r.name[0] == "g":
                group += lines
            else:
                self.check_all(r.name, lines, left, r.said())
        if self.policy == "delete" and not self.skipped:
            raise Failed("nobody was overtaken")
        self.check_all("the group", group, left, "".join(
            r.said() for r in self.readers if r.name[0] == "g"))

    def check_all(self, name, lines, left, said):
        """Nothing is missing that stayed; what was skipped was told."""
        printed = collections.Counter(x[:2] for x in lines)
        twice = [x for x, n in printed.items() if n > 1]
        if twice:
            raise Failed("%s: %s is printed twice" % (name, twice[0]))
        missing = sorted(left - set(printed))
        if missing:
            raise Failed("%s: %s is missing, and %d more" % (
                name, missing[0], len(missing) - 1))
        skipped = 0
        for text in said.splitlines():
            found = SKIPPED.search(text)
            if not found:
                raise Failed("%s: %s" % (name, text))
            p, n, to = map(int, found.groups())
            skipped += n
            if any((p, o) in printed for o in range(to - n, to)):
                raise Failed("%s: printed what it skipped: %s"
                             % (name, text))
        if self.policy == "delete" \
                and len(printed) + skipped != self.count:
            raise Failed("%s: %d printed, %d skipped, of %d" % (
                name, len(printed), skipped, self.count))
        self.skipped += skipped


def run_all(tap, folder, cycles, seed):
    """Each policy."""
    for policy in POLICIES:
        state = os.path.join(folder, "following-" + policy)
        os.makedirs(state)
        f = Following(state, policy, cycles, seed)
        if tap.test("followers through %d cleans, %s (seed %d)"
                    % (cycles, policy, seed), f.run) \
                and tap.test("they printed what was there: " + policy,
                             f.check):
            print("# %d records, %d were skipped" % (f.count, f.skipped))
            shutil.rmtree(state)
