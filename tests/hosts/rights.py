"""What --read-only and --append-only allow, whatever is said."""

import os
import random
import shutil

import shutil

import places
from places import Failed
from talk import honest
from world import same, snapshot


def read_only(h):
    """Nothing changes."""
    w = h.world
    w.renew()
    before = snapshot(h.state)
    h.all_of(random.Random(h.seed + 1), h.extra // 2, mode=["--read-only"])
    same(before, snapshot(h.state))
    status, heard = honest(w.root, w.pull(), "--read-only")
    if status != 0 or not any(m["kind"] == "batches" for m in heard):
        raise Failed("status %d, %s" % (status, heard))


def append_only(h):
    """Nothing is read, nothing taken away: logs, settings, role, start stay,
    but that copies grow by what verifies."""
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
    # The honest may still do what they came for.
    shutil.rmtree(w.copy)
    status, heard = honest(w.root, w.push(b"new"), "--append-only")
    if status != 0 or places.log_bytes(os.path.join(
            w.root, "new", "0")) != log:
        raise Failed("status %d, %s" % (status, heard))


def _nothing_gone(w, before, after):
    for path, what in before.items():
        kept = path.endswith((".conf", "/role", "/log-start-offset")) or \
            not path.startswith(w.copy)
        if path not in after or (kept and after[path] != what):
            raise Failed("%s: %s became %s" % (path, what, after.get(path)))
    if os.path.exists(os.path.join(w.copy, "0", "cut")):
        raise Failed("something was cut off")
