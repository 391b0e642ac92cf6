"""Disks that can fail: a file system on a loop device on fusedisk's file, all
of it in a mount namespace of our own, so that nothing stays behind.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import signal
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, os.pardir, "interop"),
                os.path.join(HERE, os.pardir, "crash")]

from streams import BIN, Failed     # noqa: E402

FUSEDISK = os.path.join(BIN, os.pardir, "tests", "blockcut", "fusedisk")
MIB = 1 << 20
BOOT_ID = "/proc/sys/kernel/random/boot_id"
# Journals that are small, and nothing that is written later in passing.
MKFS = {
    "ext4": (32 * MIB, ("mkfs.ext4", "-qF", "-b", "4096", "-N", "512",
                        "-J", "size=4", "-E", "nodiscard,lazy_itable_init=0,"
                        "lazy_journal_init=0")),
    "xfs": (300 * MIB, ("mkfs.xfs", "-qfK", "-l", "size=64m")),
    "btrfs": (128 * MIB, ("mkfs.btrfs", "-qfK", "-m", "single")),
}
OPTIONS = {"ext4": "errors=continue,nodiscard", "xfs": "nodiscard,nouuid",
           "btrfs": "nodiscard,max_inline=0"}
LOOP_CONFIGURE, LOOP_GET_FREE = 0x4C0A, 0x4C82
AUTOCLEAR = 4
NEW_NAMESPACE = 0x20000
READ_ONLY, BIND, RECURSIVE, PRIVATE = 1, 0x1000, 0x4000, 1 << 18
DIE_WITH_PARENT = 1
LIBC = ctypes.CDLL(None, use_errno=True)
# struct entry and struct control of fusedisk.c
ENTRY = struct.Struct("<QQQ")
WRITE, FLUSH, FAILED_WRITE, FAILED_FLUSH = 1, 2, 3, 4
WORDS = ("entries", "flushes", "marked", "failures", "flush_us",
         "fail_flush", "fail_marked", "fail_from", "fail_to", "drop", "hold",
         "mark_size")
MARK = len(WORDS) * 8


def _call(name, *args):
    if getattr(LIBC, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (name, os.strerror(number)))


def mount(source, target, kind, options="", flags=0):
    """mount(2)."""
    _call("mount", source.encode(), target.encode(), kind.encode(), flags,
          options.encode() or None)


def umount(target):
    """umount(2), and no process may still use it."""
    _call("umount2", target.encode(), 0)


def own_namespace():
    """From here on what is mounted is seen by us and our children only."""
    _call("unshare", NEW_NAMESPACE)
    mount("none", "/", "", flags=RECURSIVE | PRIVATE)


def other_boot(path):
    """What follows happens after a restart, as far as programs can tell."""
    with open(path, "w", encoding="ascii") as f:
        f.write("11111111-2222-3333-4444-555555555555\n")
    mount(path, BOOT_ID, "", flags=BIND)


def die_with_parent():
    """For a child that must not outlive us."""
    LIBC.prctl(DIE_WITH_PARENT, signal.SIGKILL)


def why_not():
    """Why none of this can be done here, or None."""
    if os.geteuid() != 0:
        return "not root"
    for path in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(path, os.R_OK | os.W_OK):
            return "no " + path
    if not os.path.exists(FUSEDISK):
        return "fusedisk is not built: no libfuse3-dev"
    child = os.fork()
    if child == 0:
        try:
            own_namespace()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        return "no mount namespaces"
    return None


def has_fs(kind):
    """Whether this kind can be made and mounted."""
    with open("/proc/filesystems", encoding="ascii") as f:
        known = kind in f.read().split()
    paths = os.environ.get("PATH", "").split(":") + ["/sbin", "/usr/sbin"]
    return known and any(os.access(os.path.join(p, MKFS[kind][1][0]), os.X_OK)
                         for p in paths)


def make_image(path, kind):
    """A new file system in a sparse file."""
    size, command = MKFS[kind]
    with open(path, "wb") as f:
        f.truncate(size)
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    for argv in (list(command) + [path], ["fallocate", "-d", path]):
        subprocess.run(argv, check=True, env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)


def _attach(path):
    """A loop device on path, gone when nobody uses it: (fd, its name)."""
    info = bytearray(304)
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    back = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(100):
            name = "/dev/loop%d" % fcntl.ioctl(control, LOOP_GET_FREE)
            fd = os.open(name, os.O_RDWR | os.O_CLOEXEC)
            struct.pack_into("<II", info, 0, back, 0)
            struct.pack_into("<I", info, 8 + 52, AUTOCLEAR)
            try:
                fcntl.ioctl(fd, LOOP_CONFIGURE, bytes(info))
                return fd, name
            except OSError as e:        # somebody was faster
                os.close(fd)
                if e.errno != errno.EBUSY:
                    raise
        raise Failed("no free loop device")
    finally:
        os.close(back)
        os.close(control)


def mount_image(path, target, kind, read_only=False):
    """Mount the file system in the file path."""
    fd, name = _attach(path)
    try:
        mount(name, target, kind, OPTIONS[kind],
              READ_ONLY if read_only else 0)
    finally:
        os.close(fd)


class Disk:
    """A running fusedisk; the words of its control are attributes."""

    def __init__(self, work, image):
        self.dir = os.path.join(work, "fuse")
        self.log = os.path.join(work, "log")
        control = os.path.join(work, "control")
        os.makedirs(self.dir, exist_ok=True)
        with open(control, "w+b") as f:
            f.truncate(4096)
            object.__setattr__(self, "page", mmap.mmap(f.fileno(), 4096))
        self.file = os.path.join(self.dir, "disk")
        self.proc = subprocess.Popen(
            [FUSEDISK, self.dir, image, self.log, control], bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=die_with_parent)
        if self.proc.stdout.readline() != b"ready\n":
            self.proc.wait()
            raise Failed("fusedisk: exit %d" % self.proc.returncode)

    def __getattr__(self, name):
        if name not in WORDS:
            raise AttributeError(name)
        at = WORDS.index(name) * 8
        return int.from_bytes(self.page[at:at + 8], "little")

    def __setattr__(self, name, value):
        if name not in WORDS:
            object.__setattr__(self, name, value)
            return
        at = WORDS.index(name) * 8
        self.page[at:at + 8] = value.to_bytes(8, "little")

    def mark(self, text):
        """Writes that hold text are counted, and may be made to fail."""
        self.page[MARK:MARK + len(text)] = text
        self.mark_size = len(text)

    def release(self):
        """Answer the request that is held."""
        self.proc.stdin.write(b"\n")

    def close(self):
        """Unmount it; its image and its log stay."""
        try:
            umount(self.dir)
        except OSError:
            self.proc.kill()
            LIBC.umount2(self.dir.encode(), 2)
        self.proc.stdin.close()
        self.proc.wait()
        self.proc.stdout.close()
        self.page.close()


def read_log(path):
    """[(kind, offset, data)] of a disk's log."""
    with open(path, "rb") as f:
        data = f.read()
    out, at = [], 0
    while at < len(data):
        kind, offset, length = ENTRY.unpack_from(data, at)
        at += ENTRY.size
        if kind == WRITE:
            out.append((kind, offset, data[at:at + length]))
            at += length
        else:
            out.append((kind, offset, b""))
    return out
