"""A clean, a trim or a snapshot is killed at every system call that it
makes, and every system call that can fail is made to.

After each point no record that stays is missing, klog-check has nothing to
say, and one more run ends what this one began.
"""

import collections
import json
import os
import random
import re
import shutil
import signal
import subprocess

import killpoints
import histories
import scenes
import streams
from streams import Failed

QUICK = {"kill": 110, "fault": 60}
# Calls that change which files there are, or come next to those that do.
CHANGES = ("fsync", "linkat", "mkdirat", "renameat", "renameat2", "unlinkat")
LIVE = 6                # one point in so many has a reader and a producer
# klog-check says so, as of an append that was not ended; indexes are made
# anew by a recovery, which may fail; a sync that failed stays failed.
UNENDED = re.compile(r"/0/(swap: a compaction that was not ended"
                     r"|\d+\.(time)?index: .*) \[repair: index\]$"
                     r"|/0/state: offset \d+: a sync failed .*"
                     r"\[repair: poison\]$")
CALL = re.compile(r"(\d* *)([a-z0-9_]+)\(")


def ended(command, prefix=()):
    """Run it: (status, stderr); a kill's status is that of the shell."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("KLOG_")}
    done = subprocess.run(list(prefix) + command, env=env, timeout=120,
                          stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return done.returncode, done.stderr.decode("utf-8", "replace")


def offsets(topic):
    """{offset: fields} that klog-consume prints, in rising order."""
    got = [r for _, _, r in streams.from_json(streams.run(
        "klog-consume", "-J", topic))]
    numbers = [r.offset for r in got]
    if numbers != sorted(set(numbers)):
        raise Failed("offsets fall or repeat")
    return {r.offset: r.fields() for r in got}


class Live:
    """A follower, and a producer that appends while something happens."""

    def __init__(self, topic):
        self.topic = topic
        self.reader = subprocess.Popen(
            [streams.program("klog-consume"), "-f", "-J", topic], bufsize=0,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.first = os.read(self.reader.stdout.fileno(), 1 << 20)
        self.writer = subprocess.Popen(
            [streams.program("klog-produce"), "-q", "-K:", "--linger", "0",
             "--rate", "2000", "--report=%o\\n", topic],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.writer.stdin.write(b"".join(
            b"live:%d\n" % n for n in range(40)))
        self.writer.stdin.close()

    def end(self):
        """{offset: fields} of what was appended, and what was printed."""
        acked = [int(x) for x in self.writer.stdout.read().split()]
        if self.writer.wait(60) or len(acked) != 40:
            raise Failed("the producer: exit %s, %d reports"
                         % (self.writer.returncode, len(acked)))
        out = self.first
        while not out.endswith(b"\n") or json.loads(
                out.rsplit(b"\n", 2)[-2])["offset"] < acked[-1]:
            data = os.read(self.reader.stdout.fileno(), 1 << 20)
            if not data:
                raise Failed("the follower ended: %r"
                             % self.reader.stderr.read())
            out += data
        self.stop()
        printed = [r for _, _, r in streams.from_json(out)]
        numbers = [r.offset for r in printed]
        if numbers != sorted(set(numbers)):
            raise Failed("the follower's offsets fall or repeat")
        printed = {r.offset: r.fields() for r in printed}
        return {o: printed.get(o) for o in acked}, printed

    def stop(self):
        """Whatever is still there goes."""
        for proc in (self.reader, self.writer):
            if proc.poll() is None:
                proc.send_signal(signal.SIGKILL)
            proc.wait()
            for pipe in (proc.stdout, proc.stderr):
                if pipe is not None:
                    pipe.close()


def check_reader(before, want, got, who):
    """All that stays is there, and nothing that never was."""
    lost = [o for o in want if got.get(o) != want[o]]
    if lost:
        raise Failed("%s: offset %d is lost (%d are)"
                     % (who, lost[0], len(lost)))
    new = [o for o in got if before.get(o) != got[o]]
    if new:
        raise Failed("%s: offset %d was never there" % (who, new[0]))


def check_log(topic, text, known=None):
    """klog-check has nothing to say, but perhaps lines like known; whether
    the log is poisoned."""
    done = subprocess.run([streams.program("klog-check"), "--deep", "-q",
                           topic], stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.PIPE, timeout=60)
    said = done.stdout.decode().splitlines()
    if done.returncode and not (known and all(map(known.search, said))):
        raise Failed("klog-check %s: exit %d: %s" % (
            text, done.returncode, done.stdout.decode()))
    return any(x.endswith("[repair: poison]") for x in said)


def check_after(scene, topic, before, want):
    """One more run, and what is there then."""
    check_reader(before, want, offsets(topic), "after the kill")
    poisoned = check_log(topic, "before the next run", UNENDED)
    scene.check_half(topic)
    if poisoned:
        streams.run("klog-check", "--repair=poison", "-q", topic)
    status, err = ended(scene.command(topic))
    if status not in scene.again:
        raise Failed("the next run: exit %d: %s" % (status, err))
    got = offsets(topic)
    check_reader(before, want, got, "after the next run")
    # What a producer appended meanwhile may have been cleaned, or not.
    streams.same(sorted(x for x in got.items() if x[0] in scene.before),
                 sorted(scene.want.items()), "after the next run")
    check_log(topic, "after the next run")
    histories.check_names(topic)
    scene.check_whole(topic)


def count_calls(scene, state):
    """How often each call is made, at most by one thread, and how often
    before main() begins."""
    topic = os.path.join(state, "count", "t")
    scene.copy(topic)
    log = os.path.join(state, "count", "trace")
    status, err = ended(scene.command(topic),
                        scene.traced(["strace", "-f", "-qq", "-o", log]))
    if status:
        raise Failed("%s: exit %d: %s" % (scene.name, status, err))
    threads = collections.defaultdict(list)
    with open(log, encoding="utf-8", errors="replace") as f:
        for text in f:
            found = CALL.match(text)
            if found:
                threads[found.group(1)].append(found.group(2))
    shutil.rmtree(os.path.join(state, "count"))
    every = collections.Counter()
    for names in threads.values():
        every |= collections.Counter(names)
    first = next(iter(threads.values()))
    return every, collections.Counter(first[:first.index("munmap") + 1])


def points(which, scene, state):
    """(scene, call, what) of every call."""
    every, early = count_calls(scene, state)
    for call, n in sorted(every.items()):
        for when in range(early[call] + 1, n + 1):
            if which == "kill" and call not in ("execve", "exit_group"):
                yield scene, call, "signal=KILL:when=%d" % when
            for error in killpoints.FAULTS.get(call, "").split() \
                    if which == "fault" else ():
                yield scene, call, "error=%s:when=%d" % (error, when)
                if error != "EINTR" and call != "write":
                    yield scene, call, "error=%s:when=%d+" % (error, when)


def check_status(scene, status, err):
    """A failed run says so in one line; a killed one can't."""
    lines = [x for x in err.splitlines()
             if "were not whole after a crash" not in x]
    if status not in (0, 3, 5) or status and len(lines) != 1 \
            or any(not x.startswith(scene.program + ": ") for x in lines):
        raise Failed("exit %d: %s" % (status, err))


def one(state, number, point):
    """Run one point: what is wrong, killpoints.MISSED if nobody was killed, or ""."""
    scene, call, what = point
    place = os.path.join(state, "%d" % number)
    topic = os.path.join(place, "t")
    fault = what.startswith("error")
    live = None
    try:
        scene.copy(topic)
        before, want = dict(scene.before), dict(scene.want)
        if scene.live and not fault and number % LIVE == 0:
            live = Live(topic)
        status, err = ended(scene.command(topic), scene.traced(
            killpoints.tracer(os.path.join(place, "trace"), call, what)))
        if fault:
            check_status(scene, status, err)
        elif status not in (0, -9, 137):
            raise Failed("killed, but status %d: %s" % (status, err))
        if live:
            added, printed = live.end()
            before.update(added)
            # The segment of the others may have been sealed, and cleaned.
            want[max(added)] = added[max(added)]
            check_reader(before, want, printed, "the follower")
        check_after(scene, topic, before, want)
    except Exception as e:      # whatever it is, the point has failed
        if live:
            live.stop()
        return "%s %s %s: %s: %s (kept: %s)" % (
            scene.name, call, what, type(e).__name__, e, place)
    shutil.rmtree(place)
    return "" if fault or status else killpoints.MISSED


def choose(every, count, seed):
    """Some points: most of them at calls that change something."""
    rng = random.Random(seed)
    first = [n for n, p in enumerate(every) if p[1] in CHANGES]
    some = rng.sample(first, min(len(first), count * 3 // 4))
    rest = sorted(set(range(len(every))) - set(some))
    some += rng.sample(rest, count - len(some))
    return [every[n] for n in sorted(some)]


def run_points(tap, folder, which, mode, seed):
    """All points of all scenes, or some of each kind and call."""
    state = os.path.join(folder, which)
    os.makedirs(state)

    def body():
        every = [p for s in scenes.all_scenes(state)
                 for p in points(which, s, state)]
        some = every
        if mode == "quick" and len(every) > QUICK[which]:
            some = choose(every, QUICK[which], seed)
        killpoints.try_all(lambda n: one(state, n, some[n]), len(some),
                           len(every), which)

    tap.test("%s points (seed %d)" % (which, seed), body)


def run(tap, folder, mode, seed):
    """Both kinds of points."""
    for which in ("kill", "fault"):
        if killpoints.can_trace():
            run_points(tap, folder, which, mode, seed)
        else:
            tap.skip(which + " points", "strace can not inject here")
