"""A folder that is served, what lies outside of it, and what honest callers
and those who are called say."""

import hashlib
import os
import shutil

import frames
import places
from places import Failed, run
from talk import honest, said

SECRET = b"what lies outside\n"


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
        _, heard = honest(self.root, [
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


def same(before, after):
    """Nothing was changed."""
    for path in sorted(set(before) | set(after)):
        if before.get(path) != after.get(path):
            raise Failed("%s: was %s, is %s" % (
                path, before.get(path), after.get(path)))
