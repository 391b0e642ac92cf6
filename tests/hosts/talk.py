"""Talks with a far side that serves a folder, in little memory."""

import functools
import os
import select
import subprocess
import tempfile
import time

import frames
import places
import streams
from places import Failed

MEMORY = 512 << 20              # bytes that a process may map
DEADLINE = 20                   # seconds: it has to end by then
PATIENCE = 0.2                  # seconds, with what does not come
LANDLOCK = "landlock_create_ruleset"
ENDS = (0, 2, 3, 4, 5, 6)       # statuses of who was not harmed


@functools.lru_cache(None)
def limits():
    """The command that sets them; a sanitizer maps more by itself."""
    words = ["prlimit", "--core=0", "--as=%d" % MEMORY]
    done = subprocess.run(
        words + [streams.program("klog-replicate"), "--version"], check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return words if done.returncode == 0 else words[:2]


def talk(root, pieces, *mode, prefix=(), patience=PATIENCE):
    """Serve root to a caller who says pieces; where one is a function he
    waits until it is true of the messages that he heard, but not long: it
    may be his fault that nothing comes.  (status, [messages])."""
    with tempfile.TemporaryFile() as err, subprocess.Popen(
            [*(prefix or limits()), streams.program("klog-replicate"),
             "--serve", "--root", root, *mode], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=err, env=places.environment(),
            bufsize=0) as proc:
        ear = Ear(proc.stdout.fileno())
        try:
            for piece in pieces:
                if callable(piece):
                    ear.hear(piece, time.monotonic() + patience)
                else:
                    _say(proc.stdin.fileno(), piece, ear)
            proc.stdin.close()
            ear.hear(lambda _: False, time.monotonic() + DEADLINE)
            if not ear.ended:
                raise Failed("it hangs; heard %s" % ear.heard[-3:])
            status = proc.wait(DEADLINE)
        finally:
            proc.kill()
        if status not in ENDS:
            err.seek(0)
            raise Failed("status %d, heard %s, said %s: %s" % (
                status, ear.heard[-2:], pieces,
                err.read().decode("utf-8", "replace")[-3000:]))
        return status, ear.heard


def honest(root, pieces, *mode, prefix=()):
    """The same with who says nothing wrong, so that all comes."""
    return talk(root, pieces, *mode, prefix=prefix, patience=DEADLINE)


def without_landlock():
    """The command that runs one as on a kernel that has none."""
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
            "inject=%s:error=ENOSYS" % LANDLOCK, "-e", "trace=" + LANDLOCK]


class Ear:
    """What the other end says."""

    def __init__(self, fd):
        self.fd, self.ended, self.heard = fd, False, []
        self.parser = frames.Parser()

    def hear(self, enough, until):
        """Until that is true of what was heard, or then, or the end."""
        while not self.ended and not enough(self.heard):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return
            data = os.read(self.fd, 1 << 18)
            self.ended = not data
            self.heard += [frames.decode(*m) for m in self.parser.feed(data)]


def _say(fd, data, ear):
    """All of it, while it is taken."""
    os.set_blocking(fd, False)
    until = time.monotonic() + DEADLINE
    while data and not ear.ended:
        if time.monotonic() > until:
            raise Failed("it takes nothing and does not end")
        read, write, _ = select.select([ear.fd], [fd], [], 1)
        try:
            if write:
                data = data[os.write(fd, data):]
        except BrokenPipeError:
            return
        if read:
            ear.hear(lambda _: False, time.monotonic())


def said(kind, count=1):
    """Wait until so many of that kind came, or an error."""
    return lambda heard: sum(m["kind"] == kind for m in heard) >= count or \
        any(m["kind"] == "error" for m in heard)
