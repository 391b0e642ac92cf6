"""The processes of a storm of groups: members that run the handler, and a
producer that never rests; and the log of what the handlers were given."""

import collections
import os
import signal
import subprocess
import time

import streams

FORM = "%p %o %s\\n"
RETRY = ["--retries", "1000", "--backoff", "1ms"]
WAYS = [["--exec"], ["--exec"], ["--exec"], ["--jobs", "3", "--exec"],
        ["--jobs", "3", "--exec"], ["--exec-each"],
        ["--jobs", "3", "--exec-each"], ["--jobs", "8", "--exec-each"]]

# One run of the handler; last is the offset behind its records, times in ns.
Run = collections.namedtuple(
    "Run", "begin member pid partition first after end crc how")


def environment(**more):
    """Ours without what klog heeds."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KLOG_")}
    return dict(kept, **more)


class Member:
    """One klog-consume -g after another, each under a name of its own."""

    def __init__(self, number, state, topic, command, options=()):
        self.number, self.state, self.topic = number, state, topic
        self.command = command
        self.options = list(options)
        self.runs = 0
        self.name, self.proc = None, None
        self.stopped_until = None
        self.killed = {}        # name -> ns

    def start(self):
        """Join under the next name."""
        self.name = "m%d.%d" % (self.number, self.runs)
        self.runs += 1
        self.stopped_until = None
        with open(self.path("err"), "wb") as err:
            self.proc = subprocess.Popen(
                [streams.program("klog-consume"), "-f", "-g", "g", "-F", FORM]
                + RETRY + self.options + WAYS[self.number % len(WAYS)]
                + [self.command, self.topic], stdin=subprocess.DEVNULL,
                stdout=err, stderr=err, env=environment(MEMBER=self.name))

    def path(self, kind):
        """The file of that kind of the present run."""
        return os.path.join(self.state, kind, self.name)

    def lives(self):
        """Whether it runs, perhaps stopped; one that ended by itself has
        failed."""
        if self.proc is None:
            return False
        if self.proc.poll() is not None:
            raise self.failure()
        return True

    def kill(self):
        """kill -9; what it runs goes on."""
        self.killed[self.name] = time.monotonic_ns()
        self.proc.kill()
        if self.proc.wait() != -signal.SIGKILL:
            raise self.failure()
        self.proc = None

    def stop(self, seconds):
        """SIGSTOP, for so long."""
        self.proc.send_signal(signal.SIGSTOP)
        self.stopped_until = time.monotonic() + seconds

    def go_on(self):
        """SIGCONT."""
        self.proc.send_signal(signal.SIGCONT)
        self.stopped_until = None

    def terminate(self):
        """SIGTERM; wait() tells when it is over."""
        if self.stopped_until is not None:
            self.go_on()
        self.proc.terminate()

    def wait(self):
        """It ends as SIGTERM has it, and said nothing.  One that has run
        nothing may not have come to heed signals."""
        status = self.proc.wait(60)
        if status == -signal.SIGTERM and not os.path.exists(
                self.path("log")):
            status = 128 + signal.SIGTERM
        if status != 128 + signal.SIGTERM \
                or os.path.getsize(self.path("err")):
            raise self.failure()
        self.proc = None

    def failure(self):
        """What to raise when it ended, or talked, by itself."""
        with open(self.path("err"), "rb") as f:
            text = f.read()[-600:].decode("utf-8", "replace")
        return streams.Failed("%s: status %s: %s" % (
            self.name, self.proc.returncode, text))


class Producer:
    """Numbered records with keys, as many as are asked for."""

    def __init__(self, name, topic, *options):
        self.name = name
        self.sent = 0
        self.out = b""
        self.proc = subprocess.Popen(
            [streams.program("klog-produce"), "-q", "-K", "="] + list(options)
            + [topic], stdin=subprocess.PIPE, env=environment(), bufsize=0)
        os.set_blocking(self.proc.stdin.fileno(), False)

    def feed(self, upto, large=False):
        """Send records below number upto, as far as the pipe takes them;
        large: of 30 kB, of one key."""
        while self.sent < upto and len(self.out) < 1 << 20:
            key = 1 if large else self.sent * 7919 % 300
            self.out += b"k%d=%s %d %s\n" % (
                key, self.name, self.sent, b"y" * (30000 if large else 20))
            self.sent += 1
        if self.out:
            self.out = streams.push(self.proc.stdin, self.out)

    def finish(self):
        """The rest, and the end."""
        os.set_blocking(self.proc.stdin.fileno(), True)
        self.proc.stdin.write(self.out)
        self.proc.stdin.close()
        if self.proc.wait(60):
            raise streams.Failed("producer: exit %d" % self.proc.returncode)


def age(folder):
    """Members that died before they were born are removed after a minute:
    let that have passed."""
    for name in os.listdir(folder):
        if name.startswith("."):
            os.utime(os.path.join(folder, name), (1700000000, 1700000000))


def read_runs(folder):
    """The runs that the handlers in a folder noted, by partition, in the
    order in which they began; ones that never ended raise Failed."""
    out = collections.defaultdict(list)
    for name in sorted(os.listdir(folder)):
        begun = {}
        with open(os.path.join(folder, name), encoding="ascii") as f:
            for line in f:
                kind, pid, partition, first, begin, *rest = line.split()
                if kind == "S":
                    begun[pid, begin] = line
                    continue
                del begun[pid, begin]
                end, count, crc, how = rest
                out[int(partition)].append(Run(
                    int(begin), name, int(pid), int(partition), int(first),
                    int(first) + int(count), int(end), int(crc), how))
        if begun:
            raise streams.Failed("%s: never ended: %s" % (name, begun))
    for runs in out.values():
        runs.sort()
    return out
