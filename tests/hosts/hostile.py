"""Peers that say what they should not, written from the manual page: to a far
side that serves a folder, and from one that was called."""

import concurrent.futures
import os
import random
import shutil
import subprocess

import escapes
import places
import streams
from places import Failed, run
from talk import DEADLINE, ENDS, limits, talk
from world import SECRET, World, same, snapshot
from wrong import talks

CANNED = os.path.join(places.HERE, "canned")


class Hostile:
    """Everything that a caller may try."""

    def __init__(self, state, mode, seed):
        self.state, self.seed = state, seed
        self.world = World(state)
        self.extra = 60 if mode == "quick" else 20000
        self.count = 0

    def all_of(self, rng, extra, first=(), mode=()):
        """What is said first, then every message everywhere, and so many
        conversations of chance, several at once: nobody is harmed.  What was
        heard."""
        w = self.world

        def one(conversation):
            _, heard = talk(w.root, conversation, *mode)
            if any(SECRET.strip() in m.get("bytes", b"") for m in heard):
                raise Failed("heard %s; said %s" % (heard[-2:],
                                                    conversation))
            self.count += 1
            return heard
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, [*first, *talks(
                rng, w, extra, (w.pull, w.push))]))

    def any_order(self):
        """Every message everywhere, and random bytes: an end in time, and the
        log is what it was, the copy at most longer."""
        w = self.world
        outside = snapshot(w.outside)
        log = places.log_bytes(os.path.join(w.topic, "0"))
        try:
            self.all_of(random.Random(self.seed), self.extra)
        finally:
            same(outside, snapshot(w.outside))
        if places.log_bytes(os.path.join(w.topic, "0")) != log:
            raise Failed("the log was changed by its readers")
        now = places.log_bytes(os.path.join(w.copy, "0"))
        if log[:len(now)] != now:
            raise Failed("the copy has what the log has not")
        for topic in (w.topic, w.copy):
            run("klog-check", "-q", "--deep", topic)
        print("# %d conversations" % self.count)

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
        for name in escapes.ESCAPES:
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
                [*limits(), streams.program("klog-replicate"), "--timeout", "5s",
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
