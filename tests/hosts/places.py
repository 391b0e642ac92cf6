"""Hosts that are directories, and the processes that copy between them."""

import json
import os
import signal
import subprocess
import sys
import time

import kafkalog
import streams
from streams import Failed, program

HERE = os.path.dirname(os.path.abspath(__file__))
PLAIN = os.path.join(HERE, "rsh")       # a remote shell that only runs it
LIMIT = 60                              # seconds for what must happen


def environment(**more):
    """Ours without what klog heeds; the far side finds the programs."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KLOG_")}
    kept["PATH"] = os.path.abspath(streams.BIN) + ":" + kept["PATH"]
    return dict(kept, **more)


def shell(control, *options):
    """$KLOG_RSH: the proxy that notes in control what passes."""
    os.makedirs(control, exist_ok=True)
    return " ".join([sys.executable, os.path.join(HERE, "rsh.py"),
                     *map(str, options), control])


def until(what, says, seconds=LIMIT, every=0.02):
    """Look until what() is true; says, or says(), is told otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > deadline:
            raise Failed("not within %d s: %s" % (
                seconds, says() if callable(says) else says))
        time.sleep(every)


def run(*command, data=b"", status=0, rsh=PLAIN, limit=LIMIT):
    """Run one to its end: (stdout, stderr)."""
    done = subprocess.run(
        [program(command[0])] + [str(a) for a in command[1:]], input=data,
        env=environment(KLOG_RSH=rsh), timeout=limit, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wanted = status if isinstance(status, tuple) else (status,)
    if done.returncode not in wanted:
        raise Failed("%s: exit %d, not %s: %s" % (
            " ".join(map(str, command)), done.returncode, status,
            done.stderr.decode("utf-8", "replace")[:800]))
    return done.stdout, done.stderr.decode("utf-8", "replace")


class Process:
    """One that runs in the background; err is its file of messages."""

    def __init__(self, err, *command, rsh=PLAIN, out=subprocess.DEVNULL,
                 stdin=subprocess.DEVNULL):
        self.command, self.err = command, err
        with open(err, "ab") as f:
            self.proc = subprocess.Popen(
                [program(command[0])] + [str(a) for a in command[1:]],
                stdin=stdin, stdout=out, stderr=f,
                env=environment(KLOG_RSH=rsh))

    def lives(self):
        """Whether it runs."""
        return self.proc.poll() is None

    def said(self):
        """Its messages so far, and those of earlier ones."""
        with open(self.err, encoding="utf-8", errors="replace") as f:
            return f.read()

    def end(self, number=signal.SIGKILL):
        """Send it the signal; its status."""
        if self.lives():
            self.proc.send_signal(number)
            if number != signal.SIGKILL:
                self.proc.send_signal(signal.SIGCONT)
        return self.proc.wait(LIMIT)


def kill(pid):
    """If it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def lives(pid):
    """Whether it is there, and no zombie."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Producer:
    """klog-produce, fed by feed(); each value is "NAME.RUN NUMBER"."""

    def __init__(self, state, name, *options):
        self.state, self.name, self.options = state, name, options
        self.runs = self.sent = self.fed = 0
        self.process = self.topic = None
        self.statuses = []

    def path(self, kind, number=None):
        """A file of a run."""
        return os.path.join(self.state, "%s.%d.%s" % (
            self.name, self.runs if number is None else number, kind))

    def start(self, topic):
        """A new run, on that topic."""
        self.runs += 1
        self.topic, self.fed = topic, 0
        with open(self.path("out"), "wb") as out:
            self.process = Process(
                self.path("err"), "klog-produce", *self.options,
                "--report=%p %o %s\\n", topic, out=out,
                stdin=subprocess.PIPE)
        os.set_blocking(self.process.proc.stdin.fileno(), False)

    def feed(self, count):
        """So many records more; whether it took them."""
        text = b"".join(b"%s.%d %d\n" % (self.name.encode(), self.runs,
                                         self.fed + n)
                        for n in range(count))
        try:
            got = os.write(self.process.proc.stdin.fileno(), text)
        except (BlockingIOError, BrokenPipeError):
            return False
        if got != len(text):
            raise Failed("a pipe took half a write")
        self.fed += count
        self.sent += count
        return True

    def end(self, number=None):
        """Let it end: by a signal, or by the end of its input."""
        self.process.proc.stdin.close()
        if number is not None:
            self.process.end(number)
        status = self.process.proc.wait(LIMIT)
        self.statuses.append(status)
        return status

    def acknowledged(self, number=None):
        """[(partition, offset, value)] of a run."""
        with open(self.path("out", number), "rb") as f:
            lines = f.read().split(b"\n")
        return [(int(p), int(o), v) for p, o, v in
                (x.split(b" ", 2) for x in lines[:-1])]


class Reader:
    """klog-consume -f of a topic, printing partition, offset and value."""

    def __init__(self, state, name, topic):
        self.path = os.path.join(state, name + ".read")
        with open(self.path, "wb") as out:
            self.process = Process(
                os.path.join(state, name + ".read-err"), "klog-consume",
                "-f", "-F", "%p %o %s\\n", topic, out=out)

    def seen(self):
        """[(partition, offset, value)]."""
        with open(self.path, "rb") as f:
            lines = f.read().split(b"\n")
        return [(int(p), int(o), v) for p, o, v in
                (x.split(b" ", 2) for x in lines[:-1])]


def passed(control):
    """What the proxies noted: messages in their order; s is whose."""
    try:
        with open(os.path.join(control, "log"), encoding="utf-8") as f:
            return [json.loads(x) for x in f.read().split("\n")[:-1]]
    except FileNotFoundError:
        return []


def sessions(control):
    """The same, a list of messages for each connection."""
    out, current = [], {}
    for m in passed(control):
        if m["t"] == "begin":
            current[m["s"]] = []
            out.append(current[m["s"]])
        current[m["s"]].append(m)
    return out


def status(topic):
    """klog-replicate status --json, one dict a partition."""
    out, _ = run("klog-replicate", "status", "--json", topic)
    return [json.loads(x) for x in out.splitlines()]


def parts(topic):
    """The directories of its partitions."""
    return sorted((os.path.join(topic, n) for n in os.listdir(topic)
                   if n.isdigit()), key=lambda p: int(os.path.basename(p)))


def log_bytes(part):
    """All batches of a partition, as they lie there."""
    out = b""
    for name in sorted(os.listdir(part)):
        if name.endswith(".log") and len(name) == 24:
            with open(os.path.join(part, name), "rb") as f:
                out += f.read()
    return out


def records(topic):
    """[{offset: value}] a partition; everything is verified."""
    return [{r.offset: r.value for r in kafkalog.data_of(segments)}
            for segments in kafkalog.read_topic(topic)]


def same_logs(a, b):
    """Byte for byte the same batches, in all partitions."""
    pa, pb = parts(a), parts(b)
    if len(pa) != len(pb):
        raise Failed("%s has %d partitions, %s %d" % (a, len(pa), b, len(pb)))
    for x, y in zip(pa, pb):
        bx, by = log_bytes(x), log_bytes(y)
        if bx != by:
            n = next((n for n, (p, q) in enumerate(zip(bx, by)) if p != q),
                     min(len(bx), len(by)))
            raise Failed("%s (%d bytes) and %s (%d bytes) differ from %d on"
                         % (x, len(bx), y, len(by), n))
