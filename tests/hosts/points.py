"""A target that appends or cuts itself back, a promotion, and an old leader
that follows are killed at every system call; then the same is done again."""

import collections
import concurrent.futures
import json
import os
import random
import re
import shutil
import subprocess

import frames
import kafkalog
import places
import streams
from places import Failed, run

CALL = re.compile(r"([a-z0-9_]+)\(")
IGNORED = ("execve", "exit_group", "brk", "mmap", "munmap", "mprotect",
           "rt_sigaction", "rt_sigprocmask", "arch_prctl", "set_tid_address",
           "set_robust_list", "rseq", "prlimit64", "getpid", "clock_gettime")


FILL = b"x" * 200               # so that segments roll


def _values(count):
    return [b"record %d %s" % (n, FILL) for n in range(count)]


class Scene:
    """What is made once, and copied for each point."""

    def __init__(self, state):
        self.base = os.path.join(state, self.name)
        os.mkdir(self.base)
        self.make()

    name = ""

    def make(self):
        """Two topics: the one that leads, and its copy."""
        lead, copy = self.paths(self.base)
        run("klog-topic", "create", "-c", "segment.bytes=4k", "-c",
            "compression.type=none", lead)
        for n in range(12):
            run("klog-produce", lead, data=b"record %d %s\n" % (n, FILL))
        run("klog-replicate", lead, copy)

    @staticmethod
    def paths(folder):
        """(leader, copy)."""
        return os.path.join(folder, "lead"), os.path.join(folder, "copy")

    def place(self, path):
        """A copy of it."""
        shutil.copytree(self.base, path)
        return path

    def command(self, path):
        """What is killed, and its input."""
        raise NotImplementedError

    def check(self, path, out):
        """What holds after the kill, and when it is done again."""
        raise NotImplementedError


class Append(Scene):
    """A target that is pushed to."""

    name = "append"

    def make(self):
        super().make()
        lead, _ = self.paths(self.base)
        for n in range(12, 40):
            run("klog-produce", lead, data=b"record %d %s\n" % (n, FILL))
        run("klog-consume", "-g", "g", lead)
        control = os.path.join(self.base, "control")
        other = os.path.join(self.base, "other")
        run("klog-replicate", "x:" + lead, other, rsh=places.shell(control))
        said = [m for s in places.sessions(control) for m in s]
        start = next(m for m in said if m["t"] == "start")
        self.epochs = [tuple(e) for e in start["epochs"]]
        self.id = kafkalog.read_conf(lead)["id"].encode()
        with open(os.path.join(lead, "topic.conf"), encoding="ascii") as f:
            self.text = "".join(x for x in f if "=" in x and not x.startswith(
                ("version", "id", "partitions"))).encode()
        shutil.rmtree(other)
        shutil.rmtree(control)

    def command(self, path):
        lead, copy = self.paths(path)
        log = dict(topic=0, partition=0, start=0, high=-1)
        had = len(places.log_bytes(os.path.join(copy, "0")))
        more = places.log_bytes(os.path.join(lead, "0"))[had:]
        half = sum(b.size for b in kafkalog.batches_of(kafkalog.read_partition(
            os.path.join(lead, "0")))[12:20])
        text = frames.GREETING + frames.encode(
            "hello", direction=frames.PUSH, flags=frames.GROUPS, name=b"c",
            names=[]) + frames.encode(
                "topic", topic=0, id=self.id, name=b"copy", origin=b"x:lead",
                partitions=1, text=self.text) + frames.encode(
                    "start", **log, cut=-1, end=40, epochs=self.epochs,
                    **{"from": 12})
        for first, piece in ((12, more[:half]), (20, more[half:])):
            text += frames.encode("batches", flags=0, bytes=piece, **log,
                                  **{"from": first})
        text += frames.encode("group", topic=0, partition=0, name=b"g",
                              epoch=0, time=1, **{"from": 30}) \
            + frames.encode("bye")
        return ["klog-replicate", "--serve", path], text

    def check(self, path, out):
        lead, copy = self.paths(path)
        acked = 12
        for m in _heard(out):
            if m["kind"] == "error":
                raise Failed("%s" % m)
            if m["kind"] == "ack":
                acked = m["end"]
        have = run("klog-consume", copy)[0].splitlines()
        if have != _values(len(have)) or \
                len(have) < acked:
            raise Failed("%d acknowledged, %d there" % (acked, len(have)))
        run("klog-check", "-q", copy)
        run("klog-replicate", lead, copy)
        places.same_logs(lead, copy)
        run("klog-check", "-q", "--deep", copy)


class Promote(Scene):
    """A replica that is to lead."""

    name = "promote"

    def command(self, path):
        return ["klog-replicate", "promote", self.paths(path)[1]], b""

    def check(self, path, out):
        copy = self.paths(path)[1]
        run("klog-check", "-q", "--deep", copy)
        code = 6
        if half_led(copy):      # what a producer may end, or who promotes
            run("klog-replicate", "promote", copy)
        else:
            code = subprocess.run(
                [streams.program("klog-produce"), copy], input=b"early\n",
                check=False, capture_output=True,
                env=places.environment()).returncode
            if code not in (0, 6):
                raise Failed("a producer ends with %d" % code)
            run("klog-replicate", "promote", copy,
                status=6 if code == 0 else 0)
        run("klog-check", "-q", "--deep", copy)
        run("klog-produce", copy, data=b"led\n")
        _epochs(copy, 12)
        wanted = _values(12) + \
            [b"early"] * (code == 0) + [b"led"]
        if run("klog-consume", copy)[0].splitlines() != wanted:
            raise Failed("other records")
        run("klog-check", "-q", "--deep", copy)


def half_led(topic):
    """It leads, but the state does not know yet."""
    with open(os.path.join(topic, "role"), encoding="ascii") as f:
        leads = f.read() == "leader\n"
    out, _ = run("klog-dump", "--json", os.path.join(topic, "0", "state"))
    return leads and json.loads(out.splitlines()[0])["role"] != 0


def _epochs(topic, start):
    """The newest one begins there, and is known by its origin."""
    with open(os.path.join(topic, "0", "leader-epoch-checkpoint"),
              encoding="ascii") as f:
        last = f.read().split("\n")[-2].split()
    with open(os.path.join(topic, "0", "leader-epoch-origins"),
              encoding="ascii") as f:
        origins = dict(x.split() for x in f.read().split("\n") if
                       len(x.split()) == 2)
    if int(last[1]) != start or int(last[0]) < 1 or \
            int(origins.get(last[0], "0"), 16) == 0:
        raise Failed("epochs: %s, origins %s" % (last, origins))


class Follow(Scene):
    """An old leader with a tail that nobody else has."""

    name = "follow"

    def make(self):
        super().make()
        lead, copy = self.paths(self.base)
        for n in range(9):
            run("klog-produce", lead, data=b"tail %d\n" % n)
        run("klog-replicate", "promote", copy)
        for n in range(5):
            run("klog-produce", copy, data=b"new %d\n" % n)

    def command(self, path):
        lead, copy = self.paths(path)
        return ["klog-replicate", "follow", lead, "x:" + copy], b""

    def check(self, path, out):
        lead, copy = self.paths(path)
        have = run("klog-consume", lead)[0].splitlines()
        wanted = _values(12) + \
            [b"tail %d" % n for n in range(9)]
        if have != wanted[:len(have)]:
            raise Failed("the log is %s" % have[-3:])
        run("klog-check", "-q", lead)
        run(*self.command(path)[0])
        run("klog-produce", lead, data=b"refused\n", status=6)
        run("klog-replicate", "x:" + copy, lead)
        places.same_logs(lead, copy)
        run("klog-check", "-q", "--deep", lead)
        check_saved(lead, [b"tail %d" % n for n in range(9)])


class Cut(Scene):
    """A copy that led too, in an epoch that counts for nothing; a group has
    read what goes."""

    name = "cut"

    def make(self):
        super().make()
        lead, copy = self.paths(self.base)
        for topic, word, epochs, count in ((copy, b"tail", 1, 9),
                                           (lead, b"new", 2, 5)):
            for _ in range(epochs):
                become_replica(topic)   # lead was never copied: by force
                run("klog-replicate", "promote", "--force", topic)
            for n in range(count):
                run("klog-produce", topic, data=b"%s %d\n" % (word, n))
        run("klog-consume", "-g", "g", copy)
        become_replica(copy)

    def command(self, path):
        lead, copy = self.paths(path)
        return ["klog-replicate", "--no-groups", "x:" + lead, copy], b""

    def check(self, path, out):
        lead, copy = self.paths(path)
        have = run("klog-consume", copy)[0].splitlines()
        tail = [b"tail %d" % n for n in range(9)]
        new = [b"new %d" % n for n in range(5)]
        if have not in [_values(12)[:n] for n in range(13)] and \
                have[:12] + tail != _values(12) + tail and \
                have[12:] != new[:len(have) - 12]:
            raise Failed("the log is %s" % have[-3:])
        run("klog-check", "-q", copy)
        run(*self.command(path)[0])
        places.same_logs(lead, copy)
        run("klog-check", "-q", "--deep", copy)
        check_saved(copy, tail)
        left = run("klog-consume", "-g", "g", copy)[0].splitlines()
        if left != new:
            raise Failed("the group goes on with %s" % left)


def become_replica(topic):
    """As after a restart."""
    with open(os.path.join(topic, "role"), "w", encoding="ascii") as f:
        f.write("replica of x:elsewhere\n")
    os.unlink(os.path.join(topic, "0", "state"))


def check_saved(topic, values):
    """What was cut off is kept."""
    saved = b""
    folder = os.path.join(topic, "0", "cut")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as f:
            saved += f.read()
    for value in values:
        if value not in saved:
            raise Failed("%s is lost for good" % value)


def _heard(out):
    parser = frames.Parser()
    return [frames.decode(*m) for m in parser.feed(out)]


def traced(log, *more):
    """The command that traces the process alone, not its peer."""
    return ["strace", "-qq", "-o", log, "-e", "signal=none", *more]


def start(scene, path, prefix):
    """(status, stdout, stderr)."""
    command, data = scene.command(path)
    done = subprocess.run(
        [*prefix, streams.program(command[0]), *command[1:]], input=data,
        capture_output=True, check=False, timeout=places.LIMIT,
        env=places.environment(KLOG_RSH=places.PLAIN))
    return done.returncode, done.stdout, done.stderr


def count(scene, state):
    """How often each call is made behind the loader's."""
    path = scene.place(os.path.join(state, scene.name + "-count"))
    log = os.path.join(path, "trace")
    code, out, err = start(scene, path, traced(log))
    if code:
        raise Failed("%s: %d: %s %s" % (scene.name, code, out[-200:], err))
    with open(log, encoding="utf-8", errors="replace") as f:
        names = [m[1] for m in map(CALL.match, f) if m]
    shutil.rmtree(path)
    main = names.index("munmap") if "munmap" in names else 0
    early = collections.Counter(names[:main])
    every = collections.Counter(names)
    return [(scene, call, n) for call in sorted(every)
            if call not in IGNORED
            for n in range(early[call] + 1, every[call] + 1)]


def one(state, point):
    """What is wrong; whether it was reached."""
    scene, call, which = point
    path = scene.place(os.path.join(state, "%s-%s-%d" % (
        scene.name, call, which)))
    try:
        code, out, err = start(scene, path, traced(
            os.path.join(path, "trace"), "-e", "trace=" + call, "-e",
            "inject=%s:signal=KILL:when=%d" % (call, which)))
        if code not in (0, -9):
            raise Failed("ended with %d: %s" % (code, err))
        if code:
            scene.check(path, out)
    except Exception as e:      # whatever it is, the point has failed
        return "%s: %s %d: %s (kept: %s)" % (scene.name, call, which, e,
                                             path), True
    shutil.rmtree(path)
    return "", code != 0


def run_all(tap, state, mode, seed):
    """All points, or some."""
    def body():
        points = [p for kind in (Append, Promote, Follow, Cut)
                  for p in count(kind(state), state)]
        total = len(points)
        if mode == "quick":
            points = random.Random(seed).sample(points, min(total, 48))
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            said = list(pool.map(lambda p: one(state, p), points))
        bad = [text for text, _ in said if text]
        reached = sum(r for _, r in said)
        print("# %d of %d points, %d reached" % (len(points), total, reached))
        if bad:
            raise Failed("%d points: %s" % (len(bad), "\n".join(bad[:10])))
        if reached < len(points) * 2 // 3:
            raise Failed("too few were reached")
    if tap.test("kill points of append, promote, follow, cut (seed %d)" % seed,
                body):
        shutil.rmtree(state)
    else:
        print("# kept: " + state)
