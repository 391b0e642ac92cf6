"""The states that a power cut can leave, built from a disk's log.

All writes before the last flush are there.  Of those after it: all, none, a
random part, all but one, or all up to one that is torn between its sectors.
"""

import json
import os
import pickle
import random
import subprocess
import traceback

import check
import device
from device import FLUSH, WRITE
from streams import Failed

KINDS = ("prefix", "none", "subset", "drop", "torn")
SECTOR = 512
# Disks promise that a block of 4096 bytes is whole, and these rely on it.
WHOLE = {"ext4": (1024,), "xfs": (), "btrfs": (65536, 64 << 20)}


class Image:
    """A copy of the disk that moves forward through the log."""

    def __init__(self, work, name, base, entries):
        self.entries = entries
        self.path = os.path.join(work, name)
        self.size = os.path.getsize(base)
        subprocess.run(["cp", "--sparse=always", base, self.path + ".base"],
                       check=True)
        self.base = os.open(self.path + ".base", os.O_RDWR | os.O_CLOEXEC)
        self.applied = 0

    def forward(self, end):
        """Make all writes before entry number end part of it."""
        for kind, offset, data in self.entries[self.applied:end]:
            if kind == WRITE:
                os.pwrite(self.base, data, offset)
        self.applied = max(self.applied, end)

    def build(self, path, parts):
        """A file of it with parts, (offset, bytes) in order, written on."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC,
                     0o600)
        os.ftruncate(fd, self.size)
        at = 0
        while True:
            try:
                at = os.lseek(self.base, at, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(self.base, at, os.SEEK_HOLE)
            os.lseek(fd, at, os.SEEK_SET)
            while at < end:
                at += os.sendfile(fd, self.base, at, end - at)
        for offset, data in parts:
            os.pwrite(fd, data, offset)
        os.close(fd)

    def close(self):
        """Remove it."""
        os.close(self.base)
        os.unlink(self.path + ".base")


def choose(rng, entries, kind_fs, cut):
    """(entry after the last flush, kind, [(offset, bytes)]) for a cut."""
    flush = cut
    while flush > 0 and entries[flush - 1][0] != FLUSH:
        flush -= 1
    flying = [e[1:] for e in entries[flush:cut] if e[0] == WRITE]
    kind = rng.choice(KINDS) if flying else "prefix"
    if kind == "none":
        flying = []
    elif kind == "subset":
        flying = [w for w in flying if rng.random() < 0.5]
    elif kind == "drop":
        flying.pop(rng.randrange(len(flying)))
    elif kind == "torn":
        flying = flying[:rng.randrange(len(flying)) + 1]
        offset, data = flying.pop()
        if any(offset <= at < offset + len(data) for at in WHOLE[kind_fs]):
            flying.append((offset, data))
        else:
            flying += [(offset + at, data[at:at + SECTOR])
                       for at in range(0, len(data), SECTOR)
                       if rng.random() < 0.5]
    return flush, kind, flying


def try_one(path, root, kind_fs, expect, cut):
    """Mount a state and check it: None, or what is wrong."""
    try:
        device.mount_image(path, root, kind_fs)
    except OSError as e:
        return "mount: %s" % e
    try:
        check.check(root, expect, cut)
    except Failed as e:
        return str(e)
    finally:
        device.umount(root)
    return None


class Walk:
    """One process's share of the states of one recording."""

    def __init__(self, work, number, kind_fs, base, entries, expect, keep):
        self.image = Image(work, "state-%d" % number, base, entries)
        self.root = os.path.join(work, "mnt-%d" % number)
        self.boot = os.path.join(work, "boot-%d" % number)
        self.kind_fs, self.entries = kind_fs, entries
        self.expect, self.keep_dir = expect, keep
        self.wrong = None
        os.makedirs(self.root, exist_ok=True)

    def go(self, seed, count):
        """Try count different states, up to one that fails: (how many,
        what failed or None)."""
        device.own_namespace()
        device.other_boot(self.boot)
        tried = 0
        for cut, flush, kind, parts in self.choices(random.Random(seed),
                                                    count):
            tried += 1
            self.image.forward(flush)
            self.image.build(self.image.path, parts)
            wrong = try_one(self.image.path, self.root, self.kind_fs,
                            self.expect.at(cut), cut)
            if wrong is not None:
                self.wrong = "cut %d (%s): %s\n%s" % (
                    cut, kind, wrong, self.keep(cut, parts))
                break
        self.image.close()
        return tried, self.wrong

    def choices(self, rng, count):
        """Different states, (cut, *choose()), in the order of the log."""
        seen, chosen = set(), []
        for _ in range(count * 10):
            cut = rng.randrange(self.expect.begin, len(self.entries) + 1)
            choice = choose(rng, self.entries, self.kind_fs, cut)
            key = hash((choice[0], tuple(choice[2])))
            if key not in seen:
                seen.add(key)
                chosen.append((cut,) + choice)
            if len(chosen) == count:
                break
        return sorted(chosen, key=lambda c: c[0])

    def keep(self, cut, parts):
        """Keep a failing state; the command that tries it again."""
        kept = os.path.join(self.keep_dir, "%s-%d" % (self.kind_fs, cut))
        os.makedirs(kept, exist_ok=True)
        self.image.build(self.image.path, parts)
        subprocess.run(["cp", "--sparse=always", self.image.path,
                        os.path.join(kept, "image")], check=True)
        with open(os.path.join(kept, "expect"), "wb") as f:
            pickle.dump((self.kind_fs, cut, self.expect.until(cut)), f)
        return "again: tests/blockcut/run again " + kept


def again(kept, work):
    """Try a state that was kept: None, or what is wrong."""
    with open(os.path.join(kept, "expect"), "rb") as f:
        kind_fs, cut, expect = pickle.load(f)
    path, root = os.path.join(work, "again"), os.path.join(work, "mnt")
    subprocess.run(["cp", "--sparse=always", os.path.join(kept, "image"),
                    path], check=True)
    os.makedirs(root, exist_ok=True)
    device.other_boot(os.path.join(work, "boot"))
    return try_one(path, root, kind_fs, expect.at(cut), cut)


def walk_all(walks, seed, count):
    """Run walks at once, count states in all: (how many, [failures])."""
    children = []
    for number, walk in enumerate(walks):
        out, into = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(out)
            with os.fdopen(into, "w", encoding="utf-8") as f:
                status = 1
                try:
                    device.die_with_parent()
                    json.dump(walk.go(seed * 10 + number,
                                      -(-count // len(walks))), f)
                    f.flush()
                    status = 0
                except BaseException:   # nothing may go on as the parent
                    traceback.print_exc()
                finally:
                    os._exit(status)
        os.close(into)
        children.append((pid, out))
    total, failures = 0, []
    for pid, out in children:
        with os.fdopen(out, encoding="utf-8") as f:
            text = f.read()
        os.waitpid(pid, 0)
        if not text:
            raise Failed("a process of ours ended early")
        done, failed = json.loads(text)
        total += done
        failures += [failed] if failed is not None else []
    return total, failures
