"""The record forms of klog's streams, and running its programs.

Own encoders and decoders of the framed and the JSON form, written from the
manual's table, so that nothing here depends on the C code.
"""

import base64
import json
import os
import random
import struct
import subprocess

from kafkalog import Record

T = 1700000000000
BIN = os.environ.get("KLOG_BIN", "build/bin")


class Failed(Exception):
    """A program or a comparison did not give what it should."""


def program(name):
    return os.path.join(BIN, name)


def run(name, *args, data=b"", status=0):
    """Run a program; its stdout.  Another exit status raises Failed."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("KLOG_")}
    done = subprocess.run([program(name)] + [str(a) for a in args],
                          input=data, env=env, timeout=300, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != status:
        raise Failed("%s %s: exit %d, not %d: %s" % (
            name, " ".join(map(str, args)), done.returncode, status,
            done.stderr.decode("utf-8", "replace")[:500]))
    return done.stdout


def push(pipe, data):
    """Write what a pipe that does not block takes; what is left of data."""
    try:
        return data[os.write(pipe.fileno(), data):]
    except BlockingIOError:
        return data


def end(procs):
    """Kill what still runs of them; None is none."""
    for proc in procs:
        if proc is not None and proc.poll() is None:
            proc.kill()
            proc.wait()


def same(got, want, what):
    """Compare two lists; on a difference say where."""
    if got == want:
        return
    n = 0
    while n < len(got) and n < len(want) and got[n] == want[n]:
        n += 1
    raise Failed("%s: %d items, not %d; the first that differs is %d: "
                 "%.300r, not %.300r" % (what, len(got), len(want), n,
                                         got[n:n + 1], want[n:n + 1]))


def _sized(data):
    if data is None:
        return b"\xff\xff\xff\xff"
    return struct.pack(">i", len(data)) + data


def framed(records):
    """Records in the framed form."""
    return b"".join(
        _sized(r.key) + _sized(r.value) + struct.pack(">i", len(r.headers))
        + b"".join(_sized(n) + _sized(v) for n, v in r.headers)
        + struct.pack(">q", r.ts) for r in records)


def unframed(data):
    """The records of a framed stream; offsets are numbered from 0."""
    out, pos = [], 0

    def integer(layout, size):
        nonlocal pos
        if pos + size > len(data):
            raise Failed("framed output is cut short")
        (n,) = struct.unpack_from(layout, data, pos)
        pos += size
        return n

    def text():
        nonlocal pos
        n = integer(">i", 4)
        if n == -1:
            return None
        if n < 0 or pos + n > len(data):
            raise Failed("framed output: length %d" % n)
        pos += n
        return data[pos - n:pos]

    while pos < len(data):
        key, value = text(), text()
        headers = [(text(), text()) for _ in range(integer(">i", 4))]
        out.append(Record(len(out), integer(">q", 8), key, value, headers))
    return out


def _text(data):
    if data is None:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _untext(item):
    if item is None:
        return None
    if isinstance(item, dict):
        return base64.b64decode(item["base64"], validate=True)
    return item.encode("utf-8")


def to_json(records, ascii_only=False):
    """Records in the JSON form, one object a line."""
    return b"".join(json.dumps({
        "ts": r.ts, "key": _text(r.key), "value": _text(r.value),
        "headers": [[_text(n), _text(v)] for n, v in r.headers]},
        ensure_ascii=ascii_only).encode("utf-8") + b"\n" for r in records)


def from_json(data, topic=None):
    """[(partition, tstype, record)] of a JSON stream."""
    out = []
    for line in data.split(b"\n")[:-1]:
        o = json.loads(line)
        if topic is not None and o["topic"] != topic:
            raise Failed("topic %r, not %r" % (o["topic"], topic))
        out.append((o["partition"], o["tstype"], Record(
            o["offset"], o["ts"], _untext(o["key"]), _untext(o["value"]),
            [(_untext(n), _untext(v)) for n, v in o["headers"]])))
    if data and not data.endswith(b"\n"):
        raise Failed("the last JSON line has no newline")
    return out


def _blob(rng, most):
    kind = rng.randrange(4)
    size = rng.randrange(most) if rng.randrange(8) else rng.randrange(4)
    if kind == 0:
        return rng.randbytes(size)
    if kind == 1:
        return bytes(rng.choices(b"\0\n\r\t\"\\\x1f\x7f {}", k=size))
    if kind == 2:
        return "".join(rng.choices("a\u00e9\u20ac\U0001f600\u2028\"", k=size)
                       ).encode("utf-8")
    return (b"the same words again and again " * (size // 30 + 1))[:size]


def records(seed, count, most=400, spread=10 ** 8):
    """Random records: null, empty and binary keys and values, headers with
    nulls and repeated names.  Each timestamp occurs once, out of order, so
    that it can name the record."""
    rng = random.Random(seed)
    out = []
    for n, ts in enumerate(rng.sample(range(T, T + spread), count)):
        key = value = None
        if rng.randrange(4):
            key = rng.choice([b"", b"k%d" % rng.randrange(50),
                              _blob(rng, 40)])
        if rng.randrange(12):
            value = b"" if not rng.randrange(12) else _blob(rng, most)
        headers = []
        if not rng.randrange(3):
            headers = [(rng.choice([b"", b"h", b"name", "\u00fc".encode()]),
                        rng.choice([None, b"", _blob(rng, 30)]))
                       for _ in range(rng.randrange(5))]
        out.append(Record(n, ts, key, value, headers))
    return out


class Tap:
    """Prints TAP; a failing test does not stop the others."""

    def __init__(self):
        self.count = self.failed = 0

    def test(self, name, function, *args):
        """Run one test; True if it passed."""
        self.count += 1
        try:
            function(*args)
        except Exception as e:  # whatever it is, the test has failed
            self.failed += 1
            print("not ok %d - %s" % (self.count, name))
            text = "%s: %s" % (type(e).__name__, e)
            print("# " + text.replace("\n", "\n# "), flush=True)
            return False
        print("ok %d - %s" % (self.count, name), flush=True)
        return True

    def skip(self, name, why):
        """A test that cannot run here."""
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, why), flush=True)

    def end(self):
        """Print the plan; the exit status."""
        print("1..%d" % self.count, flush=True)
        return 1 if self.failed else 0
