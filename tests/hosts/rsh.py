#!/usr/bin/env python3
"""A remote shell that runs the far side here, and watches what passes.

usage: rsh.py [--cut-after N] [--delay MS] [--hold] DIR HOST COMMAND

DIR/log gets an object a line: who runs, and each message as it passes, before
it does.  Killing it is what a cut connection looks like; --cut-after does so
when N bytes have passed, --delay holds back each piece that long.  With --hold
the far side does not see it: another process has its pipes open as well, until
the far side ends or is killed by who runs this.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import frames       # noqa: E402

SIZE = 1 << 18
SHOWN = ("topic", "partition", "end", "start", "from", "cut", "high",
         "status", "epochs", "direction")


class Side:
    """One direction."""

    def __init__(self, sink, close, name):
        self.sink, self.close, self.name = sink, close, name
        self.parser = frames.Parser()
        self.bytes = 0

    def summary(self, data):
        """What is noted of the messages that are whole with data."""
        for number, payload in self.parser.feed(data):
            m = frames.decode(number, payload)
            out = {k: m[k] for k in SHOWN if k in m}
            out.update(t=m["kind"], way=self.name)
            if m["kind"] == "batches":
                out["from"], out["to"] = frames.span(m["bytes"])
                out["bytes"] = len(m["bytes"])
            if m["kind"] == "error":
                out["text"] = m["text"].decode("utf-8", "replace")
            yield out


def write_all(fd, data):
    """All of it."""
    while data:
        data = data[os.write(fd, data):]


def hold_open(far):
    """A process that keeps both its pipes open; its pid."""
    with open(os.devnull, "r+b") as null:
        return subprocess.Popen(
            ["sleep", "300"], stdin=null, stdout=null, stderr=null,
            start_new_session=True,
            pass_fds=(far.stdin.fileno(), far.stdout.fileno())).pid


def main():
    args, cut, delay, hold = sys.argv[1:], None, 0, False
    while args[0].startswith("--"):
        if args[0] == "--hold":
            hold, args = True, args[1:]
            continue
        if args[0] == "--cut-after":
            cut = int(args[1])
        else:
            delay = int(args[1]) / 1000
        args = args[2:]
    folder, _, command = args
    log = os.open(os.path.join(folder, "log"),
                  os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    me = os.getpid()

    def note(**what):
        os.write(log, json.dumps(dict(what, s=me)).encode() + b"\n")

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with subprocess.Popen(["sh", "-c", "exec " + command],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as far:
        note(t="begin", far=far.pid, near=os.getppid(),
             holder=hold_open(far) if hold else 0)
        sides = {0: Side(far.stdin.fileno(), far.stdin.close, "there"),
                 far.stdout.fileno(): Side(1, lambda: os.close(1), "back")}
        passed = 0
        while sides:
            for fd in select.select(list(sides), [], [])[0]:
                side = sides[fd]
                data = os.read(fd, SIZE)
                last = cut is not None and passed + len(data) >= cut
                data = data[:cut - passed] if last else data
                passed += len(data)
                for m in side.summary(data):
                    note(**m)
                if last:
                    write_all(side.sink, data)
                    note(t="cut")
                    os.kill(me, signal.SIGKILL)
                if not data:
                    side.close()
                    del sides[fd]
                    continue
                time.sleep(delay)
                write_all(side.sink, data)
    note(t="end", status=far.returncode)
    return max(far.returncode, 0)


sys.exit(main())
