"""Damage files at random and see that klog-check finds it and mends it."""

import os
import random
import shutil

import topics

TOPICS = {"live": topics.make_live, "still": topics.make_still}


class Wrong(Exception):
    """What klog-check did not do as it must."""


def flip(rng, data):
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(8)
    return "bit of byte %d" % at


def truncate(rng, data):
    at = rng.randrange(len(data))
    del data[at:]
    return "truncated at %d" % at


def zeros(rng, data):
    at = rng.randrange(len(data))
    n = min(rng.choice((1, 8, 64, 300, 4096)), len(data) - at)
    data[at:at + n] = bytes(n)
    return "%d zeros at %d" % (n, at)


def remove(rng, data):
    at = rng.randrange(len(data))
    n = rng.choice((1, 8, 61, 300))
    del data[at:at + n]
    return "%d bytes taken out at %d" % (n, at)


def insert(rng, data):
    at = rng.randrange(len(data) + 1)
    n = rng.choice((1, 8, 61, 300))
    data[at:at] = rng.randbytes(n)
    return "%d bytes put in at %d" % (n, at)


def repeat(rng, data):
    at, to = rng.randrange(len(data)), rng.randrange(len(data) + 1)
    n = rng.choice((8, 61, 300, 1016, 4096))
    data[to:to] = data[at:at + n]
    return "%d bytes of %d again at %d" % (n, at, to)


def noise(rng, data):
    at = rng.randrange(len(data))
    n = min(rng.choice((2, 16, 100)), len(data) - at)
    data[at:at + n] = rng.randbytes(n)
    return "%d bytes of noise at %d" % (n, at)


WAYS = (flip, flip, truncate, zeros, remove, insert, repeat, noise)


def damage(rng, saved):
    """Change one file, or swap two; returns (what was done, the new bytes)."""
    logs = [f for f in saved if f.endswith(".log")]
    if rng.random() < 0.06:
        kind = rng.choice((".log", ".index", ".timeindex"))
        a, b = rng.sample([f for f in saved if f.endswith(kind)], 2)
        return ("%s and %s swapped" % (os.path.basename(a),
                                       os.path.basename(b)),
                {a: saved[b], b: saved[a]})
    f = rng.choice(logs if rng.random() < 0.6 else sorted(saved))
    data = bytearray(saved[f])
    done = rng.choice(WAYS)(rng, data) if data else "nothing"
    return "%s: %s" % (os.path.basename(f), done), {f: bytes(data)}


def intact(saved, changed):
    """Offsets of the records whose batches are there still, in order: before
    anything that comes after them."""
    offsets, n = set(), 0
    for f in sorted(f for f in saved if f.endswith(".log")):
        now = changed.get(f, saved[f])
        known = topics.batches(saved[f])
        places = [now.find(b) for b in known]
        for i, b in enumerate(known):
            parsed = topics.kafkalog.parse_batch(b)
            count = parsed.last - parsed.base + 1
            later = [x for x in places[i + 1:] if x >= 0]
            if places[i] >= 0 and all(places[i] < x for x in later):
                offsets |= set(range(n, n + count))
            n += count
    return offsets


def check_one(path, kind, seed):
    """One mutation.  Returns whether it was found."""
    rng = random.Random(seed)
    TOPICS[kind](path)
    saved = {f: topics.read(f) for f in topics.files(path)}
    _, good, _ = topics.consume(path)
    what, changed = damage(rng, saved)
    where = "%s topic, seed %d, %s: " % (kind, seed, what)
    for f, data in changed.items():
        topics.write(f, data)
    status, out, err = topics.run("klog-check", path)
    if status not in (0, 4):
        raise Wrong(where + "klog-check: status %d: %s" % (status, err))
    if status == 0:
        got = topics.consume(path)
        if got != (0, good, ""):
            raise Wrong(where + "not found, but klog-consume differs")
        return False
    status, out, err = topics.run("klog-check", "--repair=salvage,poison",
                                  path)
    if status != 0:
        raise Wrong(where + "repair: status %d: %s%s"
                    % (status, out.decode(), err))
    status, out, err = topics.run("klog-check", "--deep", path)
    if status != 0 or err:
        raise Wrong(where + "after repair: status %d: %s%s"
                    % (status, out.decode(), err))
    status, left, err = topics.consume(path)
    if status != 0 or err:
        raise Wrong(where + "klog-consume: status %d: %s" % (status, err))
    if any(good.get(o) != v for o, v in left.items()):
        raise Wrong(where + "a record that never was")
    if "swapped" not in what:
        lost = intact(saved, changed) - set(left)
        if lost:
            raise Wrong(where + "lost good offsets %s\n%s"
                        % (sorted(lost), out.decode()))
    topics.produce(path, [b"one more"])
    _, more, _ = topics.consume(path)
    new = set(more) - set(left)
    if len(new) != 1 or min(new) <= max(left, default=-1):
        raise Wrong(where + "the next record went to %s" % sorted(new))
    return True


def run(tap, folder, count, first=1):
    """Count mutations of each kind of topic."""
    for kind in sorted(TOPICS):
        def loop(name=kind):
            found = 0
            for seed in range(first, first + count):
                path = os.path.join(folder, "t")
                found += check_one(path, name, seed)
                shutil.rmtree(path)
            print("# %s: %d of %d were found, the others are harmless"
                  % (name, found, count))
        tap.test("%d mutations of a %s topic" % (count, kind), loop)
