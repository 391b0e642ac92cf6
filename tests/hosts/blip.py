"""A connection that breaks and its far end does not notice: the follower that
comes back is served at once, and the old end counts for nothing."""

import os
import shutil
import signal
import time

import lag
import places
from places import Failed, run, until

BACK = 12                       # seconds to be in sync again; alone it is 4
NAME = "b"


class Blip:
    """A leader, and a follower whose far end can be reached."""

    def __init__(self, state):
        self.state = state
        self.topic = os.path.join(state, "t")
        self.control = os.path.join(state, "control")
        self.links = []
        run("klog-topic", "create", "-c", "min.insync.replicas=2", "-c",
            "replica.lag.time.max.ms=1000", self.topic)

    def start(self, copy, *options):
        """A follower; it has all, and is in sync."""
        self.links.append(places.Process(
            os.path.join(self.state, copy + ".err"), "klog-replicate",
            "--name", NAME, *options, "x:" + self.topic,
            os.path.join(self.state, copy),
            rsh=places.shell(self.control, "--hold")))
        return self.links[-1]

    def far(self):
        """The last one that serves: (its pid, who holds its pipes)."""
        begun = places.sessions(self.control)[-1][0]
        return begun["far"], begun["holder"]

    def in_sync(self):
        """Whether it is, and has all."""
        s = places.status(self.topic)[0]
        return s["in_sync"] == [NAME] and \
            s["followers"][0]["acked"] == s["log_end"]

    def end(self):
        """And all that was started."""
        for link in self.links:
            link.end()
        for session in places.sessions(self.control):
            places.kill(session[0]["far"])
            places.kill(session[0]["holder"])

    @staticmethod
    def rests(pid):
        """Whether it does nothing for a moment."""
        before = lag.used([pid])
        time.sleep(0.2)
        return lag.used([pid]) == before

    def back(self, breaks):
        """break it; how long until it is in sync again."""
        link = self.start("c", "-f", "--timeout", "4s")
        until(self.in_sync, "in sync: " + link.said())
        run("klog-produce", "--acks", "all", self.topic, data=b"before\n")
        far = self.far()[0]
        until(lambda: self.rests(far), "it waits")  # and holds no lock
        breaks(far)
        run("klog-produce", "--acks", "1", self.topic, data=b"meanwhile\n")
        until(lambda: self.far()[0] != far, "it comes back: " + link.said())
        begun = time.monotonic()
        until(self.in_sync, "in sync again: " + link.said())
        took = time.monotonic() - begun
        print("# in sync again %.1f s after it was called" % took)
        if took > BACK:
            raise Failed("back after %.1f s" % took)
        run("klog-produce", "--acks", "all", self.topic, data=b"after\n")
        return far

    def cut(self):
        """What is between them is gone, and the far end hears nothing."""
        def cut(_):
            places.kill(places.sessions(self.control)[-1][0]["s"])
        far = self.back(cut)
        # It sees that another serves its follower.
        until(lambda: not places.lives(far), "the old one ends", 10)

    def stopped(self):
        """The far end stands still; when it goes on it counts for nothing."""
        far = self.back(lambda pid: os.kill(pid, signal.SIGSTOP))
        os.kill(far, signal.SIGCONT)
        until(lambda: not places.lives(far), "the old one ends", 10)
        run("klog-produce", "--acks", "all", self.topic, data=b"still\n")
        if not self.in_sync():
            raise Failed("%s" % places.status(self.topic))

    def twin(self):
        """Another one of the same name is refused while the first lives, idle
        as it is; that is not disturbed."""
        link = self.start("c", "-f")
        until(self.in_sync, "in sync: " + link.said())
        for n in range(2):
            other = self.start("d%d" % n)
            if other.proc.wait(places.LIMIT) != 5 or \
                    "serves the copy b already" not in other.said():
                raise Failed(other.said())
        run("klog-produce", "--acks", "all", self.topic, data=b"one\n")
        until(self.in_sync, "in sync: " + link.said())
        if link.said():
            raise Failed(link.said())


def run_all(tap, state):
    """All of it as TAP."""
    for name in ("cut", "stopped", "twin"):
        path = os.path.join(state, name)
        os.mkdir(path)
        blip = Blip(path)

        def one(blip=blip, name=name):
            try:
                getattr(blip, name)()
            finally:
                blip.end()
        good = tap.test("a follower that comes back: " + name, one)
        if good:
            shutil.rmtree(path)
        else:
            print("# kept: " + path)
    if not os.listdir(state):
        os.rmdir(state)
