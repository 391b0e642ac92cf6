"""A producer's run that can be repeated: the topic it finds, what it is
given, what it says, and the checks of what it leaves.

Lines are sent one at a time, each after the report of the one before, so
every run makes the same system calls in the same order.
"""

import os
import re
import select
import shutil
import signal
import struct
import subprocess
import time

import kafkalog
import storm
import streams
from streams import Failed, program, run

LINES = 9
LIMIT = 30              # seconds a run may take
CREATE = ("-c", "segment.bytes=4k", "-c", "index.interval.bytes=512",
          "-c", "compression.type=none")


def line(n):
    """The line number n: some are longer than an index interval."""
    return b"line %d " % n + b"abcdefghij" * (20 + 45 * (n % 3))


class Place:
    """A directory with a topic, and how far the topic was filled."""

    def __init__(self, path, kind):
        self.path, self.kind = path, kind
        self.topic = os.path.join(path, "t")
        self.part = os.path.join(self.topic, "0")
        self.before = []        # values that are there and safe
        os.mkdir(path)
        if kind != "create":
            run("klog-topic", "create", *CREATE, self.topic)
            self.put([line(n) for n in range(7)])
        getattr(self, "make_" + kind)()

    def put(self, values):
        """Store values, one batch each."""
        for value in values:
            run("klog-produce", self.topic, data=value + b"\n")
        self.before += values

    def make_create(self):
        """There is no topic yet."""

    def make_grow(self):
        """A topic that was left well."""

    def active(self):
        """The path of the newest .log."""
        return os.path.join(self.part, max(
            n for n in os.listdir(self.part) if n.endswith(".log")))

    def tear(self, whole=False):
        """As a kill leaves it: a part of a batch, an unborn segment."""
        path = self.active()
        batch = kafkalog.read_log(path).batches[-1]
        with open(path, "r+b") as f:
            f.seek(batch.position)
            data = bytearray(f.read(batch.size))
            struct.pack_into(">q", data, 0, batch.last + 1)
            if whole:
                data[-5] ^= 1
            f.write(data if whole else data[:len(data) * 2 // 3])
        unborn = os.path.join(self.part, "%020d" % (batch.last + 1))
        for suffix in (".log", ".index"):
            with open(unborn + suffix, "xb"):
                pass

    def make_adopt(self):
        """The same boot: a writer was killed."""
        self.tear()

    def make_damage(self):
        """The same, with a batch that is whole and has wrong bytes."""
        self.tear(whole=True)

    def make_reboot(self):
        """The machine was restarted, so the state page counts no more."""
        self.tear()
        os.unlink(os.path.join(self.part, "state"))
        path = os.path.join(self.part, "recovery-point")
        with open(path, encoding="ascii") as f:
            offset = f.read().split()[1]
        with open(path, "w", encoding="ascii") as f:
            f.write("00000000-0000-0000-0000-000000000000 %s\n" % offset)

    def remove(self):
        """All of it."""
        shutil.rmtree(self.path)


class Run:
    """One run of klog-produce, perhaps under a tracer."""

    def __init__(self, place, tracer=()):
        self.place = place
        self.sent = 0
        self.reported = []
        self.stderr = b""
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("KLOG_")}
        args = ["-p", "0", "--report=%o\\n", "--linger", "0ms", "-z", "none"]
        if place.kind == "create":
            args.append("--create")
        with open(os.path.join(place.path, "err"), "w+b") as err:
            self.proc = subprocess.Popen(
                list(tracer) + [program("klog-produce")] + args
                + [place.topic], env=env, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=err, bufsize=0,
                start_new_session=True)
            try:
                self._talk()
            finally:
                if self.proc.poll() is None:
                    os.killpg(self.proc.pid, signal.SIGKILL)
                    self.proc.wait()
                self.proc.stdout.close()
            err.seek(0)
            self.stderr = err.read()
        self.status = self.proc.returncode

    def _talk(self):
        end = time.monotonic() + LIMIT
        out = b""
        while True:
            if not self.proc.stdin.closed:
                self._send(out.count(b"\n"))
            ready, _, _ = select.select([self.proc.stdout], [], [],
                                        max(0, end - time.monotonic()))
            if not ready:
                raise Failed("no end within %d s, %d lines sent, out %r" % (
                    LIMIT, self.sent, out))
            data = self.proc.stdout.read(65536)
            if not data:
                break
            out += data
        self.proc.wait(max(0.1, end - time.monotonic()))
        if not self.proc.stdin.closed:
            self.proc.stdin.close()
        if out and not out.endswith(b"\n"):
            out = out[:out.rindex(b"\n") + 1] if b"\n" in out else b""
        self.reported = [int(x) for x in out.split()]

    def _send(self, done):
        """The next line when the one before is reported."""
        if done < self.sent:
            return
        if self.sent == LINES:
            self.proc.stdin.close()
            return
        self.sent += 1
        try:
            self.proc.stdin.write(line(100 + self.sent) + b"\n")
        except BrokenPipeError:
            self.proc.stdin.close()


def check_reader(place, r):
    """A reader that comes before the next writer gets all that is safe,
    and only what was sent."""
    if place.kind == "create" and not os.path.exists(place.topic):
        if r.reported:
            raise Failed("reports, but no topic")
        return
    out = run("klog-consume", place.topic)
    same_start(place, r, out.split(b"\n")[:-1])


def same_start(place, r, values):
    """values are what was there, then some of the lines that were sent, at
    least those reported, in order."""
    sent = [line(100 + n) for n in range(1, r.sent + 1)]
    want = (place.before + sent)[:len(values)]
    streams.same(values, want, "values")
    first = len(place.before)
    if len(values) < first + len(r.reported):
        raise Failed("%d values, but %d were there and %d reported"
                     % (len(values), first, len(r.reported)))
    if r.reported != list(range(first, first + len(r.reported))):
        raise Failed("reports %s" % r.reported)


def loose_indexes(segments, part):
    """Entries may lack after a fault; those that are there must be true."""
    for s in segments:
        ends = {b.position: b.last - s.base for b in s.batches}
        for entry, layout in ((".index", ">ii"), (".timeindex", ">qi")):
            with open(os.path.join(part, "%020d%s" % (s.base, entry)),
                      "rb") as f:
                data = f.read()
            have = list(struct.iter_unpack(
                layout, data[:len(data) - len(data)
                             % struct.calcsize(layout)]))
            if have != sorted(set(have)):
                raise Failed("%d%s: %s" % (s.base, entry, have))
            for one in have:
                if entry == ".index" and ends.get(one[1]) != one[0]:
                    raise Failed("%d.index: %s" % (s.base, one))


def check_after(place, r, strict=True):
    """The next producer is served and puts everything right."""
    create = ["--create"] if place.kind == "create" else []
    run("klog-produce", "--timeout", "10s", *create, place.topic,
        data=b"next\n")
    try:
        segments = kafkalog.read_topic(place.topic, indexes=strict)[0]
    except kafkalog.Bad as e:
        if strict or not re.search(r"\.(time)?index: ", str(e)):
            raise
        segments = [kafkalog.read_log(os.path.join(place.part, n))
                    for n in sorted(os.listdir(place.part))
                    if n.endswith(".log")]
        loose_indexes(segments, place.part)
    found = kafkalog.data_of(segments)
    streams.same([x.offset for x in found], list(range(len(found))),
                 "offsets")
    if not found or found[-1].value != b"next":
        raise Failed("the last record is not the last one stored")
    same_start(place, r, [x.value for x in found[:-1]])
    if not all(s.batches for s in segments):
        raise Failed("an empty segment is left")


def check_leftovers(place):
    """No temporary file anywhere."""
    odd = [n for n in os.listdir(place.part)
           if not storm.AT_REST.fullmatch(n)]
    for where in (place.path, place.topic):
        odd += [n for n in os.listdir(where) if n.startswith(".")]
    if odd:
        raise Failed("left over: %s" % sorted(odd))
