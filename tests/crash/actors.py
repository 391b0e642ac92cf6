"""The processes of a storm: producers fed through pipes, and followers.

A producer's lines are "P<producer>.<incarnation> <seq> <payload>".  After a
kill the next incarnation goes on behind the last acknowledged line, so a
line that was sent and not acknowledged may be stored by one incarnation and
once more, under another name, by the next.
"""

import hashlib
import os
import signal
import subprocess

import streams

WINDOW = 3000


def line_of(seed, producer, incarnation, seq):
    """The line, without newline; its payload follows from its name."""
    name = b"P%d.%d %d " % (producer, incarnation, seq)
    digest = hashlib.blake2b(name, key=b"%d" % seed).hexdigest().encode()
    size = int(digest[:3], 16) % 250
    if digest[3:5] == b"00":
        size = int(digest[5:9], 16) % 20000
    return name + (digest * (size // len(digest) + 1))[:size]


class Producer:
    """One klog-produce after another, each killed but the last."""

    def __init__(self, number, seed, rng, topic, errors):
        self.number, self.seed, self.rng = number, seed, rng
        self.topic, self.errors = topic, errors
        self.incarnation = self.next = 0
        self.sent = []          # per incarnation: [first seq, end seq]
        self.acks = []          # (incarnation, seq, offset)
        self.proc = None
        self.start()

    def start(self):
        """Run the next incarnation from the first unacknowledged line on."""
        self.next = self.acks[-1][1] + 1 if self.acks else 0
        self.sent.append([self.next, self.next])
        self.wanted = self.next
        self.out, self.rest = b"", b""
        pick = self.rng.choice
        args = [streams.program("klog-produce"), "-p", "0",
                "--report=%p %o\\n", "--linger", pick(["1ms", "5ms", "20ms"]),
                "--batch-bytes", pick(["1k", "16k", "256k"]),
                "-z", pick(["none", "none", "zstd", "lz4", "snappy", "gzip"]),
                "-a", pick(["1", "1", "1", "0"]), self.topic]
        with open(self.errors, "ab") as err:
            self.proc = subprocess.Popen(
                args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=err, bufsize=0)
        for pipe in (self.proc.stdin, self.proc.stdout):
            os.set_blocking(pipe.fileno(), False)

    def feed(self, until):
        """Send lines below sequence number until, as far as the pipe and
        the window of unacknowledged lines allow."""
        end = min(until, self.wanted + WINDOW)
        while len(self.out) < 65536 and self.next < end:
            stop = min(end, self.next + 100)
            self.out += b"".join(
                line_of(self.seed, self.number, self.incarnation, n) + b"\n"
                for n in range(self.next, stop))
            self.next = self.sent[-1][1] = stop
        if self.out:
            try:
                self.out = streams.push(self.proc.stdin, self.out)
            except BrokenPipeError:
                self.out = b""

    def collect(self):
        """Take the reports that are there; False at their end."""
        try:
            data = os.read(self.proc.stdout.fileno(), 1 << 20)
        except BlockingIOError:
            return True
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            partition, offset = line.split(b" ")
            if partition != b"0":
                raise streams.Failed("report %r" % line)
            self.acks.append((self.incarnation, self.wanted, int(offset)))
            self.wanted += 1
        return bool(data)

    def _close(self):
        while self.collect():
            pass
        self.proc.stdout.close()
        self.proc.stdin.close()

    def kill(self):
        """kill -9, take what it still reported, start the next one."""
        self.proc.kill()
        if self.proc.wait() != -signal.SIGKILL:
            raise self.failure()
        self._close()
        self.incarnation += 1
        self.start()

    def failure(self):
        """What to raise when a producer ended by itself."""
        with open(self.errors, "rb") as f:
            text = f.read()[-600:].decode("utf-8", "replace")
        return streams.Failed("producer %d ended with %s: %s" % (
            self.number, self.proc.returncode, text))

    def finish(self):
        """The input is closed; take the last reports and the status."""
        self.proc.wait(60)
        self._close()
        if self.proc.returncode or self.rest:
            raise self.failure()
        if self.wanted != self.sent[-1][1]:
            raise streams.Failed(
                "producer %d: exit 0, but %d lines sent and %d reported" % (
                    self.number, self.sent[-1][1] - self.sent[-1][0],
                    self.wanted - self.sent[-1][0]))


class Follower:
    """One klog-consume -f after another; every run's output is kept."""

    def __init__(self, number, rng, topic, state):
        self.number, self.rng, self.topic = number, rng, topic
        self.state = state
        self.runs = []          # (start offset, path)
        self.start(0)

    def start(self, offset):
        """Follow from offset on."""
        path = os.path.join(self.state, "follower-%d.%d" % (
            self.number, len(self.runs)))
        self.runs.append((offset, path))
        with open(path, "wb") as out, open(path + ".err", "wb") as err:
            self.proc = subprocess.Popen(
                [streams.program("klog-consume"), "-f", "-F", "%o %s\\n",
                 "-o", "%d" % offset, self.topic],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def behind(self):
        """The offset behind the last whole line of the present run."""
        start, path = self.runs[-1]
        with open(path, "rb") as f:
            f.seek(max(0, os.path.getsize(path) - 65536))
            lines = f.read().split(b"\n")[:-1]
        return int(lines[-1].split(b" ")[0]) + 1 if lines else start

    def kill(self):
        """kill -9; go on from there, or rarely from an earlier offset."""
        self.proc.kill()
        if self.proc.wait() != -signal.SIGKILL:
            raise self.failure()
        offset = self.behind()
        if not self.rng.randrange(5):
            offset = self.rng.randrange(offset + 1)
        self.start(offset)

    def failure(self):
        """What to raise when a follower ended by itself."""
        path = self.runs[-1][1] + ".err"
        with open(path, "rb") as f:
            text = f.read()[-600:].decode("utf-8", "replace")
        return streams.Failed("follower %d ended with %s: %s" % (
            self.number, self.proc.returncode, text))
