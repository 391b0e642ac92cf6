"""Followers that stop or die, and come back; and a crowd of them."""

import os
import shutil
import signal
import subprocess
import time

import places
from places import Failed, run, until

LAG_MS = 1000
CROWD = 100
IDLE = 3                        # seconds
IDLE_MS = 20                    # of the processor, all together


class Lag:
    """A leader with two followers and min.insync.replicas=2."""

    def __init__(self, state):
        self.state = state
        self.topic = os.path.join(state, "t")
        self.links = {}

    def run(self):
        """One follower stops, then both; each comes back."""
        run("klog-topic", "create", "-c", "min.insync.replicas=2", "-c",
            "replica.lag.time.max.ms=%d" % LAG_MS, self.topic)
        try:
            for name in ("b", "c"):
                self._start(name)
            self._wait({"b", "c"})
            self._produce(b"both\n")
            self._stopped()
            self._dead()
            self._alone()
            self._back()
        finally:
            for link in self.links.values():
                link.end()
        shutil.rmtree(self.state)

    def _start(self, name):
        self.links[name] = places.Process(
            os.path.join(self.state, name + ".err"), "klog-replicate", "-f",
            "--name", name, "x:" + self.topic,
            os.path.join(self.state, name))

    def _in_sync(self):
        return set(places.status(self.topic)[0]["in_sync"])

    def _wait(self, names):
        until(lambda: self._in_sync() == names,
              lambda: "in sync are to be %s, are %s: %s" % (
                  names, self._in_sync(),
                  [x.said() for x in self.links.values()]))

    def _produce(self, data, status=0, timeout="20s"):
        return run("klog-produce", "--acks", "all", "--timeout", timeout,
                   self.topic, data=data, status=status)[1]

    def _stopped(self):
        """One that is stopped is left out after the lag, and not before;
        producers go on.  It comes back by itself."""
        self.links["c"].proc.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        self._produce(b"one of them is slow\n")
        took = time.monotonic() - begun
        if took < LAG_MS / 1000 - 0.1:
            raise Failed("left out after %.3f s" % took)
        if self._in_sync() != {"b"}:
            raise Failed("in sync: %s" % self._in_sync())
        self.links["c"].proc.send_signal(signal.SIGCONT)
        self._wait({"b", "c"})
        self._produce(b"both again\n")

    def _dead(self):
        """One that is killed: the same; connected or not, nobody waits for
        it once it is left out."""
        self.links["c"].end()
        self._produce(b"one of them is dead\n")
        if self._in_sync() != {"b"}:
            raise Failed("in sync: %s" % self._in_sync())
        self._produce(b"nobody waits\n")

    def _alone(self):
        """With too few, nothing is written, and the line says so."""
        self.links["b"].end()
        first = self._produce(b"nobody is there\n", 5, "3s")
        second = self._produce(b"refused\n", 5, "1s")
        if "not enough in-sync replicas: 1 of 2" not in second or \
                second.count("\n") != 1:
            raise Failed("%r, then %r" % (first, second))
        out, _ = run("klog-consume", self.topic)
        if b"refused" in out:
            raise Failed("what was refused can be read")
        run("klog-produce", "--acks", "1", self.topic, data=b"one ack\n")

    def _back(self):
        """Both come back; what was waited for is there, once."""
        for name in ("b", "c"):
            self._start(name)
        self._wait({"b", "c"})
        self._produce(b"all is well\n")
        out, _ = run("klog-consume", self.topic)
        wanted = ["both", "one of them is slow", "both again",
                  "one of them is dead", "nobody waits", "nobody is there",
                  "one ack", "all is well"]
        if out.decode().splitlines() != wanted:
            raise Failed("%r" % out)
        for name in ("b", "c"):
            until(lambda n=name: run("klog-consume", os.path.join(
                self.state, n))[0] == out, name + " has it all")


def used(pids):
    """What they used of the processor, ms, all threads."""
    total = 0
    for pid in pids:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, thread),
                      encoding="ascii") as f:
                total += int(f.read().split()[0])
    return total / 1e6


def working(word):
    """Processes of klog-replicate that speak of word."""
    done = subprocess.run(["pgrep", "-f", "klog-replicate.*" + word],
                          check=False, capture_output=True, text=True)
    return [int(p) for p in done.stdout.split()]


def crowd(state, count=CROWD):
    """So many followers of one topic get every record, all are in sync, and
    waiting costs them and those who serve them nothing."""
    topic = os.path.join(state, "t")
    run("klog-topic", "create", "-c", "min.insync.replicas=2", "-c",
        "replica.lag.time.max.ms=60s", topic)
    links = []
    try:
        for n in range(count):
            links.append(places.Process(
                os.path.join(state, "err"), "klog-replicate", "-f", "--name",
                "f%d" % n, "x:" + topic, os.path.join(state, "f%d" % n)))
        until(lambda: len(places.status(topic)[0]["in_sync"]) == count,
              lambda: "all are in sync: " + links[0].said()[-500:],
              every=0.2)
        run("klog-produce", "--acks", "all", topic, data=b"to all\n")
        idle = _idle(state, count)
        run("klog-produce", "--acks", "all", topic, data=b"again\n")
        for n in range(count):
            until(lambda n=n: run("klog-consume", os.path.join(
                state, "f%d" % n))[0] == b"to all\nagain\n", "f%d" % n)
    finally:
        for link in links:
            link.end(signal.SIGTERM)
    print("# %d followers, %s ms of the processor in %d s" % (
        count, "?" if idle is None else "%.3f" % idle, IDLE))
    if idle is not None and idle >= IDLE_MS:
        raise Failed("waiting took %.3f ms of the processor" % idle)
    until(lambda: not working(state), "all have ended")
    shutil.rmtree(state)


def _idle(state, count):
    """What all of them use while nothing happens; the news of the last
    record have to be through first.  None if others hold so many of the
    user's inotify instances (128) that some have to look now and then."""
    pids = working(state)
    if len(pids) < 2 * count or used(pids) <= 0:
        raise Failed("%d processes, not two a follower" % len(pids))
    if sum(map(_watches, pids)) < count:
        return None
    try:
        until(lambda: not _restless(pids), "they come to rest", 20)
    except Failed as e:
        raise Failed("%s, but not %s" % (e, _restless(pids))) from None
    before = used(pids)
    time.sleep(IDLE)            # nothing may happen: nothing to wait for
    return used(pids) - before


def _watches(pid):
    """Whether it has an inotify instance."""
    folder = "/proc/%d/fd" % pid
    return any("inotify" in os.readlink(os.path.join(folder, n))
               for n in os.listdir(folder))


def _restless(pids):
    """{what it is: ms} of those that work though nothing happens."""
    before = {p: used([p]) for p in pids}
    time.sleep(0.3)
    out = {}
    for p in pids:
        spent = used([p]) - before[p]
        if spent > 0:
            with open("/proc/%d/cmdline" % p, "rb") as f:
                out["%d %s" % (p, f.read().replace(b"\0", b" ").decode(
                    "utf-8", "replace"))] = spent
    return out
