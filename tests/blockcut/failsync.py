"""A sync that fails, with three producers: a flush, or the write of a mark
that every record holds, is answered with EIO, and the leader of the sync may
be killed before it learns of that.

After the failure nobody acknowledges anything, those who come later neither,
and what was acknowledged is on the disk, whatever the page cache shows.
"""

import os
import re
import select
import shutil
import subprocess

import check
import device
from streams import Failed, program

PRODUCERS, LINES, LIMIT = 3, 30, 60
MARK = b"<kept or lost>"
VALUE = MARK + b"0123456789abcde" * 300     # a page is never written twice
# The leader goes on; it dies before its sync; in it, alone or among others.
FAULTS, KILLS = ("write", "flush"), ("none", "entry", "alone", "exit")
# The first is the disk's; the others come from the file system after it.
ERRORS = "Input/output error|Read-only file system|Structure needs cleaning"
SYNC_FAILED = re.compile(
    r"klog-produce: \S+: (sync failed, what was not acknowledged may be lost"
    r": (?:%s)|an earlier sync failed \((?:%s)\): what lies from offset (\d+) "
    r"on may not be on disk, and no more is taken until klog-check --repair=poison has saved it)(; .*)?" % (ERRORS, ERRORS))
# The file system itself has given up: other calls than the sync fail too.
GIVEN_UP = re.compile(
    r"klog-produce: \S+: (.*: )?(%s)(; .*)?" % ERRORS)
# (file system, fault, kill, largest number)
TRIALS = {
    "quick": [("ext4", "flush", "none", 8), ("ext4", "flush", "exit", 2),
              ("ext4", "write", "none", 4), ("ext4", "write", "alone", 4),
              ("xfs", "write", "none", 4), ("xfs", "write", "alone", 3),
              ("btrfs", "write", "none", 3), ("btrfs", "write", "entry", 2),
              ("btrfs", "write", "exit", 2)],
    "long": [(kind, fault, kill, most)
             for kind in ("xfs", "btrfs", "ext4") for fault in FAULTS
             for kill, most in (("none", 60), ("entry", 20), ("alone", 20),
                                ("exit", 60))]}


class Sender:
    """A klog-produce whose lines go in one at a time."""

    def __init__(self, number, topic, lines=LINES, tracer=()):
        self.values = [b"%d.%d " % (number, n) + VALUE for n in range(lines)]
        self.sent, self.acks, self.rest = 0, [], b""
        self.proc = subprocess.Popen(
            list(tracer) + [program("klog-produce"), "-q", "-p", "0",
                            "--report=%o %s\\n", "--linger", "0ms", "-z",
                            "none", "--timeout", "20s", topic],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            stderr=subprocess.PIPE, preexec_fn=device.die_with_parent)
        self.feed()

    def feed(self):
        """The next line, or the end."""
        try:
            if self.sent < len(self.values):
                self.sent += 1
                self.proc.stdin.write(self.values[self.sent - 1] + b"\n")
            else:
                self.proc.stdin.close()
        except BrokenPipeError:
            pass

    def collect(self):
        """Take a report; False at the end."""
        data = os.read(self.proc.stdout.fileno(), 1 << 16)
        self.rest += data
        while b"\n" in self.rest:
            line, self.rest = self.rest.split(b"\n", 1)
            offset, value = line.split(b" ", 1)
            self.acks.append((int(offset), value))
            self.feed()
        return bool(data)

    def end(self):
        """(exit status, what it said)."""
        if not self.proc.stdin.closed:
            self.proc.stdin.close()
        said = self.proc.stderr.read().decode("utf-8", "replace")
        self.proc.stderr.close()
        self.proc.stdout.close()
        return self.proc.wait(LIMIT), said


def holder(path, pids):
    """Which of pids holds the lock file path."""
    number = str(os.stat(path).st_ino)
    with open("/proc/locks", encoding="ascii") as f:
        for line in f:
            words = line.split()
            if words[1] == "FLOCK" and words[5].split(":")[2] == number \
                    and int(words[4]) in pids:
                return int(words[4])
    return None


class Trial:
    """One failure: the number-th of its kind."""

    def __init__(self, work, kind, fault, kill, number):
        self.work, self.kind = work, kind
        self.fault, self.kill, self.number = fault, kill, number
        self.root = os.path.join(work, "mnt")
        self.topic = os.path.join(self.root, "t")
        self.disk = None
        self.senders, self.killed = [], None
        self.poisoned = False
        self.saved = []         # what a repair kept

    def go(self, fresh):
        """Do it on a copy of the image fresh; True if something failed."""
        image = os.path.join(self.work, "image")
        subprocess.run(["cp", "--sparse=always", fresh, image], check=True)
        self.disk = device.Disk(self.work, image)
        try:
            device.mount_image(self.disk.file, self.root, self.kind)
            try:
                self.play()
                failed = self.disk.failures > 0
                if failed:
                    self.judge()
            finally:
                for one in self.senders:
                    one.proc.kill()
                # Nobody is there to see what is held from here on.
                self.disk.hold = 0
                self.disk.release()
                for one in self.senders:
                    one.proc.wait()
                device.umount(self.root)
        finally:
            self.disk.close()
        device.mount_image(image, self.root, self.kind)
        try:
            self.all_there(self.read())
        finally:
            device.umount(self.root)
        self.after_restart(image)
        return failed

    def play(self):
        """Create, let one producer store something, then arm the fault."""
        check.run("klog-topic", "create", "-p", check.PARTITIONS, "-c",
                  "segment.bytes=64k", self.topic)
        self.disk.mark(MARK)
        self.race([Sender(9, self.topic, 3)])
        tracer = ()
        if self.kill == "entry":
            tracer = ("strace", "-qq", "-o", "/dev/null", "-e",
                      "inject=fdatasync:signal=KILL:when=%d" % self.number)
        else:
            self.arm(self.number)
        self.disk.hold = 1 if self.kill in ("alone", "exit") else 0
        if self.kill == "alone":
            self.race([Sender(0, self.topic)])
            self.race([Sender(n, self.topic) for n in range(1, PRODUCERS)])
        else:
            # Who is traced is slow: the others must not be done before.
            most = LINES * 10 if self.kill == "entry" else LINES
            self.race([Sender(0, self.topic, LINES, tracer)] + [
                Sender(n, self.topic, most) for n in range(1, PRODUCERS)])

    def arm(self, number):
        """Fail the number-th request from here on."""
        if self.fault == "flush":
            self.disk.fail_flush = self.disk.flushes + number
        else:
            self.disk.fail_marked = self.disk.marked + number

    def race(self, senders):
        """Run them to their end."""
        self.senders += senders
        running = {one.proc.stdout.fileno(): one for one in senders}
        disk = self.disk.proc.stdout.fileno()
        while running:
            ready, _, _ = select.select([disk] + list(running), [], [], LIMIT)
            if not ready:
                raise Failed("no end within %d s" % LIMIT)
            for fd in ready:
                if fd == disk:
                    os.read(disk, 64)
                    self.on_failure()
                elif not running[fd].collect():
                    del running[fd]
                    if self.kill == "entry" and self.killed is None and \
                            fd == senders[0].proc.stdout.fileno() and running:
                        self.killed = senders[0].proc.pid
                        self.arm(1)

    def on_failure(self):
        """The leader dies in its sync, and then the disk answers."""
        if not self.disk.hold:
            return
        pids = [one.proc.pid for one in self.senders]
        self.killed = holder(os.path.join(self.topic, "0", "sync.lock"), pids)
        for one in self.senders:
            if one.proc.pid == self.killed:
                one.proc.kill()
        self.disk.hold = 0
        self.disk.release()

    def judge(self):
        """What they said, and what a later one says."""
        for one in self.senders[1:]:
            if one.proc.pid != self.killed:
                self.told(one)
        if (self.fault, self.kill) == ("write", "none") and not self.poisoned:
            raise Failed("the sync failed, and nobody said so")
        # Who was killed may have taken the error with him: then what he was
        # about to sync was written again, and all goes on.
        poisoned = self.poisoned
        later = Sender(8, self.topic, 1)
        self.race([later])
        if not self.told(later) and poisoned:
            raise Failed("a later one is served after a sync that failed")
        try:
            os.close(os.open(os.path.join(self.topic, "0", "lock"),
                             os.O_RDWR))
        except OSError:
            return      # the file system has given up; a mount will tell
        if self.poisoned:
            self.repair()
        self.all_there(self.read())

    def told(self, one):
        """Whether it was refused, rightly told."""
        status, said = one.end()
        if status == 0 and not said:
            return False
        match = SYNC_FAILED.fullmatch(said.rstrip("\n"))
        if status != 3 or not (match or
                               GIVEN_UP.fullmatch(said.rstrip("\n"))):
            raise Failed("exit %d: %s" % (status, said))
        self.poisoned = self.poisoned or match is not None
        if match and match[2] and any(offset >= int(match[2])
                                      for offset, _ in one.acks):
            raise Failed("said %s, but acknowledged %d" % (
                said, one.acks[-1][0]))
        return True

    def repair(self):
        """The disk is well again: what was not synced can be saved."""
        if not os.path.exists(program("klog-check")):
            return
        found = check.consume(self.topic)[0]
        try:
            check.run("klog-check", "-q", "--repair=poison", self.topic)
        except Failed as e:
            if "Read-only file system" in str(e):
                return      # it has given up only now
            raise
        self.saved = found
        self.all_there(self.read())
        again = Sender(7, self.topic, 3)
        self.race([again])
        if again.end() != (0, "") or len(again.acks) != 3:
            raise Failed("repaired, but not appended to")

    def read(self):
        """What a reader prints who has only the disk: a damaged rest may
        follow."""
        drop_caches(self.topic)
        done = subprocess.run(
            [program("klog-consume"), "-p", "0", "-F", check.FORM,
             self.topic], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            check=False, stdin=subprocess.DEVNULL)
        if done.returncode not in (0, 4):
            raise Failed("klog-consume: exit %d: %s" % (
                done.returncode, done.stderr.decode()))
        return check.values_of(done.stdout)[0]

    def all_there(self, found):
        """Each acknowledged record is found at its offset, and all that a
        repair said it had saved."""
        if found[:len(self.saved)] != self.saved:
            raise Failed("repaired, but not what was there before")
        for one in self.senders:
            for offset, value in one.acks:
                if offset >= len(found) or found[offset] != value:
                    raise Failed("acknowledged %.10r at %d, found %.10r of %d"
                                 % (value, offset, found[offset] if offset <
                                    len(found) else None, len(found)))

    def after_restart(self, image):
        """The machine was restarted: the next producer is served."""
        child = os.fork()
        if child:
            if os.waitpid(child, 0)[1] != 0:
                raise Failed("after a restart: see above")
            return
        status = 1
        try:
            device.own_namespace()
            device.other_boot(os.path.join(self.work, "boot"))
            device.mount_image(image, self.root, self.kind)
            try:
                check.append(self.topic)
                self.all_there(check.consume(self.topic)[0])
                check.tidy(self.root)
            finally:
                device.umount(self.root)
            status = 0
        except Exception as e:      # pylint: disable=broad-except
            print("# %s" % e, flush=True)
        finally:
            os._exit(status)


def drop_caches(topic):
    """From here on its records are read from the disk.  Only the pages of
    its own files go: others may need what they have in the cache."""
    for where, _, names in os.walk(topic):
        for name in names:
            if name.endswith((".log", "index")):
                fd = os.open(os.path.join(where, name), os.O_RDONLY)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)


def trials(work, kind, fault, kill, numbers):
    """A trial for each number, until one is beyond the last request."""
    fresh = os.path.join(work, "fresh")
    device.make_image(fresh, kind)
    done = 0
    for number in numbers:
        try:
            if not Trial(work, kind, fault, kill, number).go(fresh):
                break
        except Failed as e:
            raise Failed("number %d: %s\nagain: tests/blockcut/run sync %s %s "
                         "%s %d" % (number, e, kind, fault, kill, number)
                         ) from e
        done += 1
    if done == 0:
        raise Failed("nothing failed")
    print("# %s, %s, leader killed: %s: %d failures" % (
        kind, fault, kill, done), flush=True)


def run(tap, mode, work):
    """All of them."""
    for kind, fault, kill, most in TRIALS[mode]:
        name = "failed %s, %s, leader killed: %s" % (fault, kind, kill)
        if not device.has_fs(kind):
            tap.skip(name, "no %s" % kind)
        elif kill == "entry" and shutil.which("strace") is None:
            tap.skip(name, "no strace")
        else:
            tap.test(name, trials, work, kind, fault, kill,
                     range(1, most + 1))
    if not os.path.exists(program("klog-check")):
        tap.skip("repair after a failed sync", "klog-check is not built")
