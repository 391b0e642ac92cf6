"""What --read-only and --append-only allow, whatever is said."""

import os
import random

import frames
import kafkalog
import places
import streams
from places import Failed
from talk import honest, said, without_landlock
from world import same, snapshot


def read_only(h):
    """Nothing changes."""
    w = h.world
    w.renew()
    before = snapshot(h.state)
    h.all_of(random.Random(h.seed + 1), h.extra // 2, mode=["--read-only"])
    same(before, snapshot(h.state))
    # Not by Landlock alone.
    for prefix in (), without_landlock():
        status, heard = honest(w.root, w.pull(), "--read-only", prefix=prefix)
        if status != 0 or not any(m["kind"] == "batches" for m in heard):
            raise Failed("status %d, %s" % (status, heard))
        honest(w.root, w.push(), "--read-only", prefix=prefix)
    same(before, snapshot(h.state))


def append_only(h):
    """Nothing is read, nothing taken away: logs, settings, role, start stay,
    but that copies grow by what verifies, and by
    partitions."""
    w = h.world
    w.renew()
    before = snapshot(h.state)
    log = places.log_bytes(os.path.join(w.topic, "0"))
    heard = h.all_of(random.Random(h.seed + 2), h.extra // 2,
                     w.takes_away(), ["--append-only"])
    if any(m["kind"] in ("batches", "start") for h in heard for m in h):
        raise Failed("something was read")
    _nothing_gone(w, before, snapshot(h.state))
    now = places.log_bytes(os.path.join(w.copy, "0"))
    if len(now) < w.copy_bytes or log[:len(now)] != now:
        raise Failed("the copy was changed")
    _honest(w, log)


def _honest(w, log):
    """They may still do what they came for: a copy, more partitions."""
    path = os.path.join(w.root, "new")
    more = [frames.GREETING, w.hello(direction=frames.PUSH),
            w.offer(b"new", partitions=3), said("ready"),
            frames.encode("bye")]
    for pieces in (w.push(b"new"), more):
        status, heard = honest(w.root, pieces, "--append-only")
        if status != 0 or places.log_bytes(os.path.join(path, "0")) != log:
            raise Failed("status %d, %s" % (status, heard))
    streams.same(kafkalog.read_conf(path)["partitions"], "3", "partitions")


def _nothing_gone(w, before, after):
    grown = os.path.join(w.copy, "topic.conf")
    for path, what in before.items():
        kept = path.endswith((".conf", "/role", "/log-start-offset")) or \
            not (path + os.sep).startswith(w.copy + os.sep)
        if path not in after or (kept and path != grown and
                                 after[path] != what):
            raise Failed("%s: %s became %s" % (path, what, after.get(path)))
    was, now = kafkalog.read_conf(w.kept), kafkalog.read_conf(w.copy)
    if int(now.pop("partitions")) < int(was.pop("partitions")) or now != was:
        raise Failed("%s: %s became %s" % (grown, was, now))
    if os.path.exists(os.path.join(w.copy, "0", "cut")):
        raise Failed("something was cut off")
