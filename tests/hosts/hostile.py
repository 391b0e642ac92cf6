"""Peers that say what they should not, written from the manual page: to a far
side that serves a folder, and from one that was called."""

import concurrent.futures
import hashlib
import os
import random
import select
import shutil
import subprocess
import time

import frames
import places
import streams
from places import Failed, run

MEMORY = 512 << 20              # bytes that a far side may map
DEADLINE = 20                   # seconds: it has to end by then
PATIENCE = 0.2                  # seconds, with what does not come
ENDS = (0, 2, 3, 4, 5, 6)
SECRET = b"what lies outside\n"
CANNED = os.path.join(places.HERE, "canned")
LONG = b"n" * 4096


# Names that lead out, or are none; the links are World's.
ESCAPES = [
    b"..", b".", b"", b"../outside/secret", b"../../outside/secret",
    b"t/../../outside/secret", b"./../outside/secret", b"/etc", b"/etc/passwd",
    b"//etc", b"/proc/self/root/etc", b"/dev/stdin", b"folder/secret",
    b"absolute", b"relative", b"folder", b"absolute/", b"relative/.",
    b"part", b"conf", b"log", b"replicas", b"groups", b"epochs", b"lock",
    b"state", b"role", b"..\0", b"t\0/../../outside", b"\0", b"%2e%2e",
    b"%2e%2e%2foutside%2fsecret", b"..%2foutside", b"..%c0%afoutside",
    b"..\\outside\\secret", b"\xc0\xae\xc0\xae", b"\xff\xfe..",
    b"~root", b"$HOME", b"`id`", b"$(id)", b"; id", b"-rf", b"--root=/",
    b"t\n../outside", b".../...//", b"..." * 80, b"a/" * 2000, b"../" * 1300,
    LONG, b"*/secret", b"../*", b"[.][.]", b"fold*/secret", b"*"]


# In little memory.
LIMIT = ["prlimit", "--as=%d" % MEMORY, "--core=0"]


def talk(root, pieces, *mode, prefix=()):
    """Serve root to a caller who says pieces; where one is a function he
    waits until it is true of the messages that he heard, but not long: it
    may be his fault that nothing comes.  (status, [messages])."""
    with subprocess.Popen(
            [*(prefix or LIMIT), streams.program("klog-replicate"),
             "--serve", "--root", root, *mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=places.environment(),
            bufsize=0) as proc:
        ear = Ear(proc.stdout.fileno())
        try:
            for piece in pieces:
                if callable(piece):
                    ear.hear(piece, time.monotonic() + PATIENCE)
                else:
                    _say(proc.stdin.fileno(), piece, ear)
            proc.stdin.close()
            ear.hear(lambda _: False, time.monotonic() + DEADLINE)
            if not ear.ended:
                raise Failed("it hangs; heard %s" % ear.heard[-3:])
            return proc.wait(DEADLINE), ear.heard
        finally:
            proc.kill()


class Ear:
    """What the other end says."""

    def __init__(self, fd):
        self.fd, self.ended, self.heard = fd, False, []
        self.parser = frames.Parser()

    def hear(self, enough, until):
        """Until that is true of what was heard, or then, or the end."""
        while not self.ended and not enough(self.heard):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return
            data = os.read(self.fd, 1 << 18)
            self.ended = not data
            self.heard += [frames.decode(*m) for m in self.parser.feed(data)]


def _say(fd, data, ear):
    """All of it, while it is taken."""
    os.set_blocking(fd, False)
    until = time.monotonic() + DEADLINE
    while data and not ear.ended:
        if time.monotonic() > until:
            raise Failed("it takes nothing and does not end")
        read, write, _ = select.select([ear.fd], [fd], [], 1)
        try:
            if write:
                data = data[os.write(fd, data):]
        except BrokenPipeError:
            return
        if read:
            ear.hear(lambda _: False, time.monotonic())


def said(kind, count=1):
    """Wait until so many of that kind came, or an error."""
    return lambda heard: sum(m["kind"] == kind for m in heard) >= count or \
        any(m["kind"] == "error" for m in heard)


def snapshot(folder):
    """Every name below it with what it is and holds."""
    out = {}
    for where, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(where, name)
            st = os.lstat(path)
            out[path] = (st.st_mode, st.st_ino, st.st_mtime_ns,
                         os.readlink(path) if os.path.islink(path) else
                         _digest(path) if os.path.isfile(path) else None)
    return out


def _digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


class World:
    """A folder that is served, what lies outside, and good messages."""

    def __init__(self, state):
        self.root = os.path.join(state, "served")
        self.outside = os.path.join(state, "outside")
        for folder in (self.root, self.outside):
            os.mkdir(folder)
        self.topic = os.path.join(self.root, "t")
        run("klog-topic", "create", self.topic)
        for n in range(20):
            run("klog-produce", self.topic, data=b"record %d\n" % n)
        run("klog-consume", "-g", "g", self.topic)
        self.copy = os.path.join(self.root, "c")
        run("klog-replicate", self.topic, self.copy)
        for n in range(20, 30):
            run("klog-produce", self.topic, data=b"record %d\n" % n)
        run("klog-topic", "create", os.path.join(self.outside, "secret"))
        run("klog-produce", os.path.join(self.outside, "secret"),
            data=SECRET)
        self._links()
        _, heard = talk(self.root, [
            frames.GREETING, self.hello(b"t"), said("topic"),
            self.position(0, []), self.ready(), said("bye"),
            frames.encode("bye")])
        self.id = heard[0]["id"]
        self.text = heard[0]["text"]
        self.start = next(m for m in heard if m["kind"] == "start")
        self.batches = b"".join(m["bytes"] for m in heard
                                if m["kind"] == "batches")
        self.copy_bytes = len(places.log_bytes(os.path.join(self.copy, "0")))
        self.kept = os.path.join(state, "kept")
        shutil.copytree(self.copy, self.kept)

    def renew(self):
        """The copy as it was at first."""
        shutil.rmtree(self.copy)
        shutil.copytree(self.kept, self.copy)

    def _links(self):
        """Ways out, for whom who follows them."""
        secret = os.path.join(self.outside, "secret")
        os.symlink(secret, os.path.join(self.root, "absolute"))
        os.symlink("../outside/secret", os.path.join(self.root, "relative"))
        os.symlink("../outside", os.path.join(self.root, "folder"))
        for name in ("part", "conf", "log", "replicas", "groups", "epochs",
                     "lock", "state", "role"):
            shutil.copytree(self.topic, os.path.join(self.root, name))
        for name, path in (
                ("part", "0"), ("conf", "topic.conf"), ("log", "0/" +
                                                        "0" * 20 + ".log"),
                ("replicas", "replicas"), ("groups", "groups"),
                ("epochs", "0/leader-epoch-checkpoint"), ("lock", "0/lock"),
                ("state", "0/state"), ("role", "role")):
            at = os.path.join(self.root, name, path)
            if os.path.isdir(at):
                shutil.rmtree(at)
            elif os.path.exists(at):
                os.unlink(at)
            aim = os.path.join(secret, path)
            if not os.path.exists(aim):
                os.mkdir(aim) if path in ("replicas", "groups") else \
                    open(aim, "wb").close()
            os.symlink(aim, at)

    def hello(self, *names, direction=frames.PULL, flags=0, name=b"peer"):
        """HELLO."""
        return frames.encode("hello", direction=direction, flags=flags,
                             name=name, names=list(names))

    def offer(self, name=b"c", **more):
        """TOPIC."""
        fields = dict(topic=0, id=self.id, name=name, origin=b"evil:/t",
                      partitions=1, text=self.text)
        return frames.encode("topic", **dict(fields, **more))

    def position(self, end, epochs, **more):
        """POSITION."""
        fields = dict(topic=0, partition=0, end=end, start=0, high=-1,
                      epochs=epochs)
        return frames.encode("position", **dict(fields, **more))

    def ready(self):
        """READY."""
        return frames.encode("ready", topic=0)

    def pull(self):
        """What an honest target says: pieces for talk()."""
        return [frames.GREETING, self.hello(b"t"), said("topic"),
                self.position(0, []), self.ready(), said("batches"),
                frames.encode("ack", topic=0, partition=0,
                              end=self.start["end"]),
                said("bye"), frames.encode("bye")]

    def push(self, name=b"c"):
        """What an honest source says."""
        cut = self.copy_bytes if name == b"c" else 0
        start = dict(self.start, **{"from": 20 if cut else 0})
        del start["kind"]
        return [frames.GREETING, self.hello(direction=frames.PUSH),
                self.offer(name), said("ready"),
                frames.encode("start", **start),
                frames.encode("batches", topic=0, partition=0, flags=0,
                              start=0, high=-1, bytes=self.batches[cut:],
                              **{"from": start["from"]}),
                frames.encode("news", topic=0, partition=0,
                              end=start["end"], start=0, high=-1,
                              epochs=start["epochs"]),
                frames.encode("group", topic=0, partition=0, name=b"g",
                              epoch=0, time=1, **{"from": 5}),
                said("ack"), frames.encode("bye"), said("bye")]


    def takes_away(self):
        """Pushes that would change or take away what the copy has."""
        epochs = self.start["epochs"]
        log = dict(topic=0, partition=0, high=-1)
        begin = self.push()[:4]
        good = self.push()[4]
        end, out = frames.encode("bye"), []
        for message in (
                frames.encode("settings", topic=0, partitions=1,
                              text=b"retention.ms=1\n"),
                frames.encode("news", start=15, end=30, epochs=epochs, **log)):
            out.append(begin + [good, message, end])
        for start in (
                frames.encode("start", cut=5, end=30, start=0, epochs=[
                    epochs[0], (7, 5, 1)], **log, **{"from": 5}),
                frames.encode("start", cut=-1, end=99, start=90,
                              epochs=epochs, **log, **{"from": 90})):
            out.append(begin + [start, end])
        out.append([*begin[:2], self.offer(text=b"retention.ms=1\n"),
                    said("ready"), good, end])
        return out

    def source(self):
        """What an honest source answers to who pulls."""
        start = dict(self.start)
        del start["kind"]
        return [frames.GREETING, self.offer(b"t"),
                frames.encode("start", **start),
                frames.encode("batches", topic=0, partition=0, flags=0,
                              start=0, high=-1, bytes=self.batches,
                              **{"from": 0}),
                frames.encode("group", topic=0, partition=0, name=b"g",
                              epoch=0, time=1, **{"from": 5}),
                frames.encode("bye")]

    def target(self):
        """What an honest target answers to who pushes."""
        return [frames.GREETING, self.position(0, []), self.ready(),
                frames.encode("ack", topic=0, partition=0,
                              end=self.start["end"]), frames.encode("bye")]


def value(rng, kind, world):
    """Any value of a field."""
    if kind in "Biq":
        bits = {"B": 8, "i": 32, "q": 64}[kind]
        low = 0 if kind == "B" else -(1 << bits - 1)
        high = (1 << bits) - 1 if kind == "B" else (1 << bits - 1) - 1
        return rng.choice([0, 1, 2, 20, 30, low, high, high - 1, low + 1,
                           rng.randint(low, high)]) if kind != "B" else \
            rng.choice([0, 1, 2, 3, 255, rng.randint(0, 255)])
    if kind == "id":
        return rng.choice([world.id, b"\0" * 22, rng.randbytes(22)])
    if kind in ("name", "text"):
        return rng.choice([b"", b"t", b"c", b"g", b"../t", b"/etc", b"\0",
                           LONG, world.text, b"retention.ms=1\n",
                           b"segment.bytes=-1\n", rng.randbytes(20)])
    if kind == "names":
        return [value(rng, "name", world) for _ in range(rng.randrange(4))]
    if kind == "epochs":
        return rng.choice([[], world.start["epochs"], [(9, 0, 1)],
                           [(0, 0, 0), (0, 0, 0)], [(-1, -1, 0)],
                           [(n, n, n) for n in range(2000)]])
    return rng.choice([b"", world.batches, world.batches[:100],
                       world.batches[:-1], rng.randbytes(200), _flip(
                           rng, world.batches)])


def _flip(rng, data):
    data = bytearray(data)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def wrong(rng, world, kind):
    """A message of that kind, or what looks like one."""
    message = frames.encode(kind, **{
        name: value(rng, k, world) for name, k in frames.LAYOUT[kind]})
    how = rng.randrange(8)
    if how == 0:
        return message[:rng.randrange(len(message))]
    if how == 1:
        return message[:1] + rng.choice(
            [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0",
             rng.randbytes(4)]) + message[5:]
    if how == 2:
        return _flip(rng, message)
    return message


def talks(rng, world, extra, both=None):
    """Conversations: each message at each step of each honest one; then
    random ones."""
    both = both or (world.pull, world.push)
    for honest in both:
        steps = [n for n, p in enumerate(honest()) if not callable(p)]
        for step in steps:
            for kind in frames.TYPES:
                pieces = honest()
                pieces[step:step + rng.randrange(2)] = [
                    wrong(rng, world, kind)]
                yield pieces
    for _ in range(extra):
        pieces = rng.choice(both)()
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(pieces))
            how = rng.randrange(4)
            if how == 0:
                del pieces[at]
            elif how == 1:
                pieces.insert(at, pieces[rng.randrange(len(pieces))])
            elif how == 2:
                pieces.insert(at, rng.randbytes(rng.randrange(300)))
            else:
                pieces.insert(at, wrong(rng, world,
                                        rng.choice(list(frames.TYPES))))
        yield pieces


class Hostile:
    """Everything that a caller may try."""

    def __init__(self, state, mode, seed):
        self.state, self.seed = state, seed
        self.world = World(state)
        self.extra = 60 if mode == "quick" else 20000
        self.count = 0

    def _all(self, pieces, mode):
        """Talk, several at once; nobody is harmed."""
        def one(conversation):
            status, heard = talk(self.world.root, conversation, *mode)
            text = b"".join(m.get("bytes", b"") for m in heard)
            if status not in ENDS or SECRET.strip() in text:
                raise Failed("status %d, heard %s; said %s" % (
                    status, heard[-2:], conversation))
            self.count += 1
            return heard
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, pieces))

    def any_order(self):
        """Every message everywhere, and random bytes: an end in time, and the
        log is what it was, the copy at most longer."""
        rng = random.Random(self.seed)
        outside = snapshot(self.world.outside)
        log = places.log_bytes(os.path.join(self.world.topic, "0"))
        try:
            self._all(talks(rng, self.world, self.extra), ())
        finally:
            same(outside, snapshot(self.world.outside))
        if places.log_bytes(os.path.join(self.world.topic, "0")) != log:
            raise Failed("the log was changed by its readers")
        now = places.log_bytes(os.path.join(self.world.copy, "0"))
        if log[:len(now)] != now:
            raise Failed("the copy has what the log has not")
        for topic in (self.world.topic, self.world.copy):
            run("klog-check", "-q", "--deep", topic)
        print("# %d conversations" % self.count)

    def read_only(self):
        """Nothing changes, whatever is said."""
        self.world.renew()
        before = snapshot(self.state)
        self._all(talks(random.Random(self.seed + 1), self.world,
                        self.extra // 2), ("--read-only",))
        same(before, snapshot(self.state))
        status, heard = talk(self.world.root, self.world.pull(),
                             "--read-only")
        if status != 0 or not any(m["kind"] == "batches" for m in heard):
            raise Failed("status %d, %s" % (status, heard))

    def append_only(self):
        """Nothing is read, nothing taken away: logs, settings, role, start
        stay, but that copies grow by what verifies."""
        self.world.renew()
        before = snapshot(self.state)
        log = places.log_bytes(os.path.join(self.world.topic, "0"))
        tries = list(talks(random.Random(self.seed + 2), self.world,
                           self.extra // 2))
        heard = self._all(self.world.takes_away() + tries,
                          ("--append-only",))
        if any(m["kind"] in ("batches", "start") for h in heard for m in h):
            raise Failed("something was read")
        after = snapshot(self.state)
        for path, what in before.items():
            kept = path.endswith((".conf", "/role", "/log-start-offset")) or \
                not path.startswith(self.world.copy)
            if path not in after or (kept and after[path] != what):
                raise Failed("%s: %s became %s" % (
                    path, what, after.get(path)))
        if os.path.exists(os.path.join(self.world.copy, "0", "cut")):
            raise Failed("something was cut off")
        now = places.log_bytes(os.path.join(self.world.copy, "0"))
        if len(now) < self.world.copy_bytes or log[:len(now)] != now:
            raise Failed("the copy was changed")
        # The honest may still do what they came for.
        shutil.rmtree(self.world.copy)
        status, heard = talk(self.world.root, self.world.push(b"new"),
                             "--append-only")
        if status != 0 or places.log_bytes(os.path.join(
                self.world.root, "new", "0")) != log:
            raise Failed("status %d, %s" % (status, heard))

    def escapes(self, step, without_landlock=False):
        """No name leads out, with Landlock and by itself."""
        prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
                  "inject=landlock_create_ruleset:error=ENOSYS", "-e",
                  "trace=landlock_create_ruleset"] if without_landlock else ()
        before = snapshot(self.world.outside)
        names = set(os.listdir(self.world.root))
        w = self.world
        w.renew()
        one_status, heard = talk(w.root, w.push())
        if one_status != 0:
            raise Failed("the honest push: %s" % heard)
        start = dict(w.start, **{"from": w.start["end"]})
        del start["kind"]
        start = frames.encode("start", **start)

        def one(pieces):
            status, heard = talk(w.root, pieces, prefix=prefix)
            text = b"".join(m.get("bytes", b"") + m.get("text", b"")
                            for m in heard)
            if SECRET.strip() in text or status not in ENDS:
                raise Failed("status %d, heard %s, said %s" % (
                    status, heard, pieces))
            return status
        talks_out = []
        tried = (ESCAPES + [w.outside.encode(), w.outside.encode() +
                            b"/secret"])[::step]
        for name in tried:
            for hello in (w.hello(name), w.hello(b"t", name=name)):
                pieces = w.pull()
                pieces[1] = hello
                talks_out.append(pieces)
            talks_out.append(w.push(name))
            talks_out.append([
                frames.GREETING, w.hello(direction=frames.PUSH,
                                         flags=frames.GROUPS),
                w.offer(), said("ready"), start,
                frames.encode("group", topic=0, partition=0, name=name,
                              epoch=0, time=1, **{"from": 5}),
                frames.encode("bye"), said("bye")])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(one, talks_out))
        same(before, snapshot(w.outside))
        new = set(os.listdir(w.root)) - names
        if new - {"-rf"}:       # a topic may be called that
            raise Failed("made: %s" % new)
        for name in new:
            shutil.rmtree(os.path.join(w.root, name))
        # Followers may be called anything, it names a file in replicas/.
        if statuses.count(0) < len(tried) // 2:
            raise Failed("too many were refused: %s" % statuses)
        print("# %d names in %d conversations, %d refused" % (
            len(tried), len(talks_out),
            len(statuses) - statuses.count(0)))

    def answers(self):
        """The same of those who are called: sources and targets that lie.
        Whatever they say, the caller ends in time, and what he has is the
        log, or its beginning."""
        rng = random.Random(self.seed + 3)
        w = self.world
        log = places.log_bytes(os.path.join(w.topic, "0"))
        outside, beside = snapshot(w.outside), os.listdir(self.state)
        plans = [(b, p) for b in (w.source, w.target)
                 for p in talks(rng, w, self.extra // 4, (b,))]
        if self.extra < 1000:
            plans = rng.sample(plans, 60)
        plans += [(w.source, w.source()), (w.target, w.target())]
        for name in ESCAPES:
            pieces = w.source()
            pieces[1] = w.offer(name)
            plans.append((w.source, pieces))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(self._answer, range(len(plans)), plans))
        same(outside, snapshot(w.outside))
        streams.same(sorted(os.listdir(self.state)), sorted(
            beside + ["near"]), "what lies beside")
        for n in range(len(plans)):
            folder = os.path.join(self.state, "near", str(n))
            if set(os.listdir(folder)) - {"to", "canned", "t"}:
                raise Failed("conversation %d made %s" % (
                    n, os.listdir(folder)))
            made = os.listdir(os.path.join(folder, "to"))
            for topic in made:
                part = os.path.join(folder, "to", topic, "0")
                now = places.log_bytes(part)
                if log[:len(now)] != now:
                    raise Failed("conversation %d: no beginning of the log: "
                                 "%s" % (n, part))
        if 0 not in codes:
            raise Failed("the honest fail, too: %s" % codes)
        print("# %d answers" % len(plans))

    def _answer(self, n, plan):
        kind, pieces = plan
        folder = os.path.join(self.state, "near", str(n))
        os.makedirs(os.path.join(folder, "to"))
        can = os.path.join(folder, "canned")
        with open(can, "wb") as f:
            f.write(b"".join(p for p in pieces if not callable(p)))
        words = ["x:/", os.path.join(folder, "to") + "/"]
        if kind == self.world.target:
            topic = os.path.join(folder, "t")
            shutil.copytree(self.world.topic, topic)
            words = [topic, "x:/t"]
        try:
            done = subprocess.run(
                [*LIMIT, streams.program("klog-replicate"), "--timeout", "5s",
                 *words], stdin=subprocess.DEVNULL, capture_output=True,
                timeout=DEADLINE, check=False,
                env=places.environment(KLOG_RSH=CANNED, KLOG_CANNED=can))
        except subprocess.TimeoutExpired:
            raise Failed("answer %d: it hangs" % n) from None
        # A source that takes a push may be fenced, but never changed.
        if kind == self.world.target and places.log_bytes(os.path.join(
                topic, "0")) != places.log_bytes(os.path.join(
                    self.world.topic, "0")):
            raise Failed("answer %d: the source was changed" % n)
        if done.returncode not in ENDS:
            raise Failed("answer %d: status %d: %s" % (
                n, done.returncode, done.stderr[-300:]))
        return done.returncode


def same(before, after):
    """Nothing was changed."""
    for path in sorted(set(before) | set(after)):
        if before.get(path) != after.get(path):
            raise Failed("%s: was %s, is %s" % (
                path, before.get(path), after.get(path)))
