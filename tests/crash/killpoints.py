"""A producer is killed at every system call that it makes, and every system
call that can fail is made to.

strace counts the calls of one name; a first run tells how many there are.
"""

import collections
import concurrent.futures
import os
import random
import re
import shutil
import subprocess
import tempfile

import streams
import workload
from streams import Failed
from workload import Place, Run

KINDS = ("grow", "create", "adopt", "damage", "reboot")
QUICK = {"kill": 320, "fault": 160}
MISSED = "missed"       # a call less than in the first run
CALL = re.compile(r"(\d+) +([a-z0-9_]+)\(")

# What each call may fail with, and how a program must take it.
FAULTS = {
    "openat": "EIO EMFILE EACCES ENOMEM ENOSPC EINTR",
    "newfstatat": "EIO EACCES ENOMEM",
    "statx": "EIO EACCES ENOMEM",
    "pread64": "EIO EINTR",
    "pwrite64": "EIO ENOSPC EDQUOT EINTR",
    "fdatasync": "EIO ENOSPC EDQUOT EINTR",
    "fsync": "EIO ENOSPC EDQUOT EINTR",
    "ftruncate": "EIO EINTR",
    "fallocate": "EIO ENOSPC EDQUOT EINTR",
    "renameat": "EIO ENOSPC EDQUOT EACCES",
    "renameat2": "EIO ENOSPC EDQUOT EACCES",
    "mkdirat": "EIO ENOSPC EDQUOT EACCES",
    "unlinkat": "EIO EACCES",
    "getdents64": "EIO ENOMEM",
    "faccessat2": "EIO EACCES",
    "flock": "EIO EINTR",
    "fstatfs": "EIO",
    "getrandom": "EIO",
    "mmap": "ENOMEM",
    "read": "EIO",
    "write": "EIO ENOSPC EDQUOT",
}


def can_trace():
    """Whether strace is there and allowed to inject."""
    try:
        done = subprocess.run(
            ["strace", "-f", "-o", "/dev/null", "-e",
             "inject=uname:error=EIO:when=99", "true"], check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def tracer(log, call, what):
    """The command that makes the what of call happen.  With --seccomp-bpf,
    which is faster, strace 6.1 loses the signals."""
    return ["strace", "-f", "-qq", "-o", log,
            "-e", "trace=" + call, "-e", "signal=none",
            "-e", "inject=%s:%s" % (call, what)]


def count_calls(state, kind):
    """How often each call is made, at most by one thread, because strace
    counts for each: in all, and before main() begins."""
    place = Place(os.path.join(state, "count-" + kind), kind)
    log = os.path.join(place.path, "trace")
    r = Run(place, ["strace", "-f", "-qq", "-o", log])
    if r.status or len(r.reported) != workload.LINES:
        raise Failed("exit %d, %d reports: %r" % (
            r.status, len(r.reported), r.stderr))
    threads = collections.defaultdict(list)
    with open(log, encoding="utf-8", errors="replace") as f:
        for text in f:
            found = CALL.match(text)
            if found:
                threads[found.group(1)].append(found.group(2))
    place.remove()
    every = collections.Counter()
    for names in threads.values():
        every |= collections.Counter(names)
    # The loader unmaps its cache when every library is in place.
    first = next(iter(threads.values()))
    return every, collections.Counter(first[:first.index("munmap") + 1])


def kill_points(counts):
    """(kind, call, which) of every call."""
    for kind in KINDS:
        for call, n in sorted(counts[kind][0].items()):
            if call not in ("execve", "exit_group"):
                for which in range(1, n + 1):
                    yield kind, call, "signal=KILL:when=%d" % which


def fault_points(counts):
    """The same for faults, once and from then on."""
    for kind in KINDS:
        every, early = counts[kind]
        for call, errors in sorted(FAULTS.items()):
            for which in range(early[call] + 1, every[call] + 1):
                for error in errors.split():
                    yield (kind, call, "error=%s:when=%d" % (error, which))
                    # The message goes out by write, too.
                    if error != "EINTR" and call != "write":
                        yield (kind, call,
                               "error=%s:when=%d+" % (error, which))


def check_status(r):
    """The exit status told the truth, in one line; one more may tell what a
    recovery cut off."""
    lines = [x for x in r.stderr.splitlines()
             if b"were not whole after a crash" not in x]
    done = r.sent == workload.LINES == len(r.reported)
    if r.status == 0 and not done:
        raise Failed("exit 0 after %d reports" % len(r.reported))
    if r.status != 0 and (r.status not in (2, 3, 4, 5, 6)
                          or len(lines) != 1):
        raise Failed("exit %d: %r" % (r.status, r.stderr))


def check_sync(place, r, what):
    """A sync that failed is never passed over; one of the log is final."""
    if "EINTR" not in what and r.status == 0:
        raise Failed("exit 0 though a sync failed")
    page = os.path.join(place.part, "state")
    if b": sync failed" in r.stderr:
        streams.run("klog-produce", place.topic, data=b"x\n", status=3)
        # Poison ends with the boot, and so with the state page.
        os.unlink(page)


def one(state, number, point):
    """Run one point: what is wrong, MISSED if nobody was killed, or ""."""
    kind, call, what = point
    place = Place(os.path.join(state, "%d" % number), kind)
    try:
        log = os.path.join(place.path, "trace")
        r = Run(place, tracer(log, call, what))
        fault = what.startswith("error")
        if not fault and r.status not in (0, -9):
            raise Failed("killed, but status %d" % r.status)
        if fault:
            check_status(r)
            if call in ("fdatasync", "fsync"):
                check_sync(place, r, what)
        workload.check_reader(place, r)
        workload.check_after(place, r, strict=not fault)
        workload.check_leftovers(place)
    except Exception as e:      # whatever it is, the point has failed
        return "%s %s %s: %s: %s (kept: %s)" % (
            kind, call, what, type(e).__name__, e, place.path)
    place.remove()
    return "" if fault or r.status else MISSED


def try_all(point, count, total, which):
    """Call point with every number below count: "" is good, MISSED allowed
    now and then, any other text a failure."""
    with concurrent.futures.ThreadPoolExecutor(
            max(2, os.cpu_count() or 2)) as pool:
        said = list(pool.map(point, range(count)))
    missed = said.count(MISSED)
    bad = [x for x in said if x not in ("", MISSED)]
    print("# %d of %d %s points, %d not reached" % (
        count, total, which, missed))
    if missed > count // 10:
        raise Failed("%d points were not reached" % missed)
    if bad:
        raise Failed("%d points: " % len(bad) + "\n".join(bad[:20]))


def run_points(tap, mode, which, seed):
    """All points, or some of each kind and call, as one test."""
    state = tempfile.mkdtemp(prefix="klog-points-", dir="/dev/shm")

    def body():
        counts = {kind: count_calls(state, kind) for kind in KINDS}
        points = list({"kill": kill_points, "fault": fault_points}[which](
            counts))
        total = len(points)
        if mode == "quick" and total > QUICK[which]:
            rng = random.Random(seed)
            points = [points[i] for i in sorted(
                rng.sample(range(total), QUICK[which]))]
        try_all(lambda n: one(state, n, points[n]), len(points), total, which)

    if tap.test("%s points (seed %d)" % (which, seed), body):
        shutil.rmtree(state)
    else:
        print("# kept: %s\n# again: tests/crash/run %s %d" % (
            state, mode, seed))


def run(tap, mode, seed):
    """Both kinds of points."""
    for which in ("kill", "fault"):
        if can_trace():
            run_points(tap, mode, which, seed)
        else:
            tap.skip(which + " points", "strace can not inject here")
