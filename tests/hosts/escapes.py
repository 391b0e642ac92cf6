"""Names that lead out of the folder that is served: none does, with Landlock
and without it."""

import concurrent.futures
import os
import shutil

import frames
from places import Failed
from talk import honest, said
from world import SECRET, same, snapshot
from wrong import LONG

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


def tried(w, step):
    """Every so manieth name."""
    return (ESCAPES + [w.outside.encode(),
                       w.outside.encode() + b"/secret"])[::step]


def _conversations(w, names, end):
    """Each of them as what is copied from here, as the follower's, as what is
    copied to here, and as a group's."""
    start = dict(w.start, **{"from": end})
    del start["kind"]
    for name in names:
        for hello in (w.hello(name), w.hello(b"t", name=name)):
            pieces = w.pull()
            pieces[1] = hello
            yield pieces
        yield w.push(name)
        yield [frames.GREETING,
               w.hello(direction=frames.PUSH, flags=frames.GROUPS),
               w.offer(), said("ready"), frames.encode("start", **start),
               frames.encode("group", topic=0, partition=0, name=name,
                             epoch=0, time=1, **{"from": 5}),
               frames.encode("bye"), said("bye")]


def check(w, step, prefix=()):
    """All conversations with every so manieth name."""
    before, there = snapshot(w.outside), set(os.listdir(w.root))
    w.renew()
    status, heard = honest(w.root, w.push())
    if status != 0:
        raise Failed("the honest push: %s" % heard)
    names = tried(w, step)
    said_out = list(_conversations(w, names, w.start["end"]))

    def one(pieces):
        status, heard = honest(w.root, pieces, prefix=prefix)
        if any(SECRET.strip() in m.get("bytes", b"") + m.get("text", b"")
               for m in heard):
            raise Failed("heard %s, said %s" % (heard, pieces))
        return status
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(one, said_out))
    same(before, snapshot(w.outside))
    new = set(os.listdir(w.root)) - there
    if new - {"-rf"}:           # a topic may be called that
        raise Failed("made: %s" % new)
    for name in new:
        shutil.rmtree(os.path.join(w.root, name))
    # Followers may be called anything, it names a file in replicas/.
    good = statuses.count(0)
    if good < len(names) // 2:
        raise Failed("too many were refused: %s" % statuses)
    print("# %d names in %d conversations, %d refused" % (
        len(names), len(said_out), len(said_out) - good))
