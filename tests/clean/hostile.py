"""A swap, a cleaner's checkpoint, a new segment that somebody else wrote:
nothing is lost, and what is wrong is said."""

import os
import shutil

import points
import rules
import scenes
import streams
from streams import Failed

HUGE = 1 << 40


def swap(*lines):
    return "".join("%020d %020d\n" % x for x in lines).encode()


def texts(end):
    """(what, bytes) of swaps that no clean wrote; end is the log's."""
    return [
        ("empty", b""),
        ("garbage", b"\xff\0\x80 rm -rf\n"),
        ("no newline", swap((0, 48))[:-1]),
        ("negative", b"-0000000000000000001 00000000000000000048\n"),
        ("too large", b"99999999999999999999 99999999999999999999\n"),
        ("backwards", swap((48, 0))),
        ("empty range", swap((48, 48))),
        ("not in order", swap((97, 146), (0, 48))),
        ("overlapping", swap((0, 97), (48, 146))),
        ("the log's end", swap((0, end))),
        ("beyond the end", swap((0, end + 1000))),
        ("far beyond it", swap((0, (1 << 63) - 1))),
        ("a base that is not there", swap((7, 97))),
        ("an end that is none", swap((0, 50))),
        ("segments that were not replaced", swap((0, 146))),
        ("all of them", swap((0, end - 1))),
        ("many lines", b"".join(swap((n, n + 1)) for n in range(20000))),
    ]


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def sparse(path):
    put(path, b"")
    os.truncate(path, HUGE)


def kinds(outside):
    """(what, function of a path) of files that are not ours."""
    def link(path):
        os.symlink(outside, path)

    def hard(path):
        os.link(outside, path)

    return [("a link", link), ("a hard link", hard), ("a FIFO", os.mkfifo),
            ("a folder", os.mkdir), ("a huge file", sparse),
            ("a link to nothing", lambda p: os.symlink(outside + "x", p))]


class Hostile:
    def __init__(self, folder):
        self.state = os.path.join(folder, "hostile")
        os.makedirs(self.state)
        self.scene = [s for s in scenes.all_scenes(self.state)
                      if s.name == "compact"][0]
        part = rules.read(os.path.join(self.scene.base, "0"), True, 300)
        self.end = part.end
        self.outside = os.path.join(self.state, "outside")
        self.number = 0

    def one(self, name, what, make, mend=False):
        """Clean a topic with that file; then without it: a repair takes it
        away if mend."""
        self.number += 1
        topic = os.path.join(self.state, "%d" % self.number, "t")
        self.scene.copy(topic)
        put(self.outside, swap((0, 48)))
        path = os.path.join(topic, "0", name)
        make(path)
        try:
            status, err = points.ended(self.scene.command(topic))
            if status not in (0, 3, 4) or bool(status) != bool(err) \
                    or len(err.splitlines()) > 1:
                raise Failed("exit %d: %s" % (status, err))
            if status and not err.startswith("klog-clean: "):
                raise Failed("exit %d: %s" % (status, err))
            got = points.offsets(topic)
            points.check_reader(self.scene.before, self.scene.want, got,
                                "after it")
            with open(self.outside, "rb") as f:
                if f.read() != swap((0, 48)):
                    raise Failed("what lies outside was changed")
            if mend and os.path.lexists(path):
                status, err = points.ended(
                    [streams.program("klog-check"), "--repair=index",
                     topic])
                if status or os.path.lexists(path):
                    raise Failed("repair: exit %d: %s" % (status, err))
            elif os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif os.path.lexists(path):
                os.unlink(path)
            status, err = points.ended(self.scene.command(topic))
            if status:
                raise Failed("without it: exit %d: %s" % (status, err))
            streams.same(sorted(points.offsets(topic).items()),
                         sorted(self.scene.want.items()), "without it")
            points.check_log(topic, "in the end")
        except Failed as e:
            raise Failed("%s, %s: %s (kept: %s)"
                         % (name, what, e, topic)) from e
        shutil.rmtree(os.path.dirname(topic))

    def swaps(self):
        for what, data in texts(self.end):
            self.one("swap", what, lambda p, d=data: put(p, d), True)
        for what, make in kinds(self.outside):
            self.one("swap", what, make)

    def checkpoints(self):
        for what, data in (("empty", b""), ("garbage", b"\0\xff\n"),
                           ("negative", b"-5\n"),
                           ("too large", b"9" * 30 + b"\n"),
                           ("beyond the end", b"%d\n" % (self.end + 9))):
            self.one("cleaner-checkpoint", what,
                     lambda p, d=data: put(p, d))
        for what, make in kinds(self.outside):
            self.one("cleaner-checkpoint", what, make)

    def cleaned(self):
        """New segments that nobody is writing."""
        name = "%020d.log.cleaned" % 48
        for what, data in (("empty", b""), ("garbage", b"x" * 5000)):
            self.one(name, what, lambda p, d=data: put(p, d))
        for what, make in kinds(self.outside):
            if what != "a folder":
                self.one(name, what, make)


def run(tap, folder):
    h = Hostile(folder)
    tap.test("a swap that no clean wrote", h.swaps)
    tap.test("a cleaner-checkpoint that no clean wrote", h.checkpoints)
    tap.test("a new segment that no clean wrote", h.cleaned)
