"""A member is killed at every system call, each that a commit makes fails,
and the line of a commit is torn at each byte: the offset before or the one
after is there, never another."""

import concurrent.futures
import os
import random
import re
import shutil
import subprocess

import members
import readers
import streams
from streams import Failed, run

CALL = re.compile(r"\d+ +([a-z0-9_]+)\(")
FIRST, COUNT = 3, 4             # committed before, and how many are read
FAULTS = {"openat": "EIO ENOSPC EMFILE", "pwrite64": "EIO ENOSPC EDQUOT",
          "fdatasync": "EIO ENOSPC", "fsync": "EIO ENOSPC",
          "fallocate": "EIO ENOSPC", "pread64": "EIO", "flock": "EIO",
          "write": "EIO ENOSPC", "unlinkat": "EIO", "getdents64": "EIO"}


class Commits:
    """One topic, of which every point gets a copy."""

    def __init__(self, state):
        self.state = state
        self.base = os.path.join(state, "base")
        lines = b"".join(b"%d\n" % n for n in range(20))
        run("klog-produce", "--create", self.base, data=lines)
        run("klog-consume", "-g", "g", "-n", FIRST, self.base)
        self.counts = {}
        self._count()

    def _run(self, topic, *inject):
        """Read as a member under strace: status, output, errors."""
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", topic + ".trace"] + list(inject)
            + [streams.program("klog-consume"), "-g", "g", "--commit-sync",
               "each", "-n", str(COUNT), topic], check=False, timeout=120,
            env=members.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout, done.stderr

    def _count(self):
        topic = os.path.join(self.state, "count")
        shutil.copytree(self.base, topic)
        if self._run(topic)[0]:
            raise Failed("strace: it does not end well")
        calls = []
        with open(topic + ".trace", encoding="utf-8",
                  errors="replace") as f:
            for line in f:
                found = CALL.match(line)
                if found:
                    calls.append(found.group(1))
        calls = calls[calls.index("munmap"):]
        for name in calls:
            self.counts[name] = self.counts.get(name, 0) + 1

    def points(self):
        """(call, what) of each kill and each fault."""
        for call, count in sorted(self.counts.items()):
            if call in ("exit_group", "execve"):
                continue
            for n in range(1, count + 1):
                yield call, "signal=KILL:when=%d" % n
        for call, errors in FAULTS.items():
            for n in range(1, self.counts.get(call, 0) + 1):
                for error in errors.split():
                    yield call, "error=%s:when=%d" % (error, n)

    def _one(self, number, point):
        call, what = point
        topic = os.path.join(self.state, "p%d" % number)
        try:
            shutil.copytree(self.base, topic)
            status, out, err = self._run(
                topic, "-e", "trace=" + call, "-e", "signal=none",
                "-e", "inject=%s:%s" % point)
            at = readers.committed(topic, "g")
            read = out.count(b"\n")
            streams.same(out.splitlines(True)[:read],
                         [b"%d\n" % n for n in
                          range(FIRST, FIRST + read)], "output")
            if not FIRST <= at <= FIRST + read:
                raise Failed("committed %d, read %d" % (at, read))
            if status == 0 and (at, read) != (FIRST + COUNT, COUNT):
                raise Failed("status 0, committed %d, read %d" % (at, read))
            if what.startswith("error") and status not in (0, 3, 4, 127) \
                    or status > 0 and not err:
                raise Failed("status %d: %r" % (status, err))
            run("klog-check", "--deep", topic)
            born = os.path.join(topic, "groups", "g", "members")
            members.age(born)
            streams.same(run("klog-consume", "-g", "g", topic).split(),
                         [b"%d" % n for n in range(at, 20)], "the next run")
            if os.listdir(born):
                raise Failed("a member's file stays")
        except Exception as e:  # whatever it is, the point has failed
            return "%s %s: %s: %s" % (call, what, type(e).__name__, e)
        shutil.rmtree(topic)
        os.unlink(topic + ".trace")
        return ""

    def check_points(self, seed, most):
        """All points, or most of them at random."""
        points = list(self.points())
        total = len(points)
        if most < total:
            points = random.Random(seed).sample(points, most)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            bad = [x for x in pool.map(self._one, range(len(points)), points)
                   if x]
        print("# %d of %d points" % (len(points), total))
        if bad:
            raise Failed("%d points:\n" % len(bad) + "\n".join(bad[:20]))

    def check_torn(self, step):
        """The first bytes of the new line over the old one."""
        topic = os.path.join(self.state, "torn")
        shutil.copytree(self.base, topic)
        path = os.path.join(topic, "groups", "g", "offsets", "0")
        with open(path, "rb") as f:
            old = f.read()
        before = readers.committed(topic, "g")
        run("klog-consume", "-g", "g", "-n", 1, topic)
        with open(path, "rb") as f:
            new = f.read()
        where = [n for n in range(len(new)) if new[n] != old[n]]
        first = where[0] // 4096 * 4096
        for end in range(first, where[-1] + 2, step):
            with open(path, "r+b") as f:
                f.write(new[:end] + old[end:])
            want = before + (new[:end] + old[end:] == new)
            got = readers.committed(topic, "g")
            if got != want:
                raise Failed("torn at %d: committed %d, not %d" % (
                    end - first, got, want))
