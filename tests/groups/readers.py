"""Readers of a member's output that stop anywhere: what they did not read is
not committed."""

import json
import os
import random
import subprocess
import time

import members
import streams
from streams import Failed, run

LINES = [b"%d %s" % (n, b"z" * (n * 37 % 200)) for n in range(1, 3001)]


def make(topic):
    """One partition, in batches of several sizes."""
    for first in range(0, len(LINES), 500):
        run("klog-produce", "--create", topic,
            data=b"".join(x + b"\n" for x in LINES[first:first + 500]))


def committed(topic, group):
    """What klog-group says; 0 if nothing is."""
    out = run("klog-group", "describe", "--json", "-g", group, topic)
    return json.loads(out)["committed"] or 0


def check_filter(topic, group, program):
    """A program that exits after N lines: the next run begins behind them;
    over N = 1 to 50, in one group."""
    at = 0
    for n in range(1, 51):
        done = subprocess.run(
            ["bash", "-c", '"$0" -g "$1" "$2" | ' + program % n,
             streams.program("klog-consume"), group, topic],
            env=members.environment(), check=False, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        streams.same(done.stdout.splitlines(), LINES[at:at + n],
                     "N = %d" % n)
        if done.stderr:
            raise Failed("N = %d: %r" % (n, done.stderr))
        at += n
    if committed(topic, group) != at:
        raise Failed("committed %d of %d" % (committed(topic, group), at))


def check_count(topic):
    """-n 100 is exactly 100."""
    for n in range(5):
        out = run("klog-consume", "-g", "count", "-n", 100, topic)
        streams.same(out.splitlines(), LINES[n * 100:n * 100 + 100], "-n 100")
        if committed(topic, "count") != n * 100 + 100:
            raise Failed("committed %d" % committed(topic, "count"))


def check_killed(topic, seed, times):
    """A reader whose end comes at any moment, between reads of any size."""
    rng = random.Random(seed)
    for n in range(times):
        group = "killed%d" % n
        with subprocess.Popen(
                [streams.program("klog-consume"), "-g", group, topic],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=members.environment(), bufsize=0) as proc:
            have = b""
            end = time.monotonic() + rng.uniform(0, 0.04)
            most = rng.choice([7, 300, 4096, 65536])
            while time.monotonic() < end:
                data = os.read(proc.stdout.fileno(), rng.randrange(1, most))
                if not data:
                    break
                have += data
            proc.stdout.close()
            said = proc.stderr.read()
            proc.wait(60)
        if said or proc.returncode not in (0, -13):
            raise Failed("exit %s: %r" % (proc.returncode, said))
        whole = have.count(b"\n")
        got = committed(topic, group)
        if got > whole:
            raise Failed("seed %d, reader %d: read %d records, committed %d"
                         % (seed, n, whole, got))
        rest = run("klog-consume", "-g", group, topic)
        streams.same(rest.splitlines(), LINES[got:], "the rest")
