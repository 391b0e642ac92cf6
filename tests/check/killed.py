"""A repair that is killed at one of its system calls and run again."""

import os
import subprocess

import streams
import topics

CALLS = ("openat2,openat,pwrite64,fdatasync,fsync,rename,renameat,renameat2,"
         "unlinkat,ftruncate,fallocate,flock,mkdirat,fchmod,close")


class Wrong(Exception):
    """A repair that was not as good as one in one go."""


def damaged(path):
    """A topic with all kinds of damage; the offsets that must be left."""
    topics.make_live(path)
    logs = [f for f in topics.files(path) if f.endswith(".log")]
    data = bytearray(topics.read(logs[0]))
    data[70] ^= 1
    topics.write(logs[0], bytes(data))
    data = bytearray(topics.read(logs[2]))
    data[1016 + 70] ^= 1
    topics.write(logs[2], bytes(data) + b"torn")
    os.unlink(logs[1][:-3] + "index")
    return set(range(5, 45)) | set(range(50, 60))


def repair(path, call, when):
    """Kill it at the call of that name and number; whether it came so far."""
    p = subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "-e", "trace=" + CALLS, "-e",
         "inject=%s:signal=KILL:when=%d" % (call, when),
         streams.program("klog-check"), "--repair=salvage", path],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60,
        check=False)
    if p.returncode not in (0, 4, -9, 137):
        raise Wrong("%s %d: status %d: %s"
                    % (call, when, p.returncode, p.stderr.decode()))
    return p.returncode in (-9, 137)


def calls(path):
    """Each call it makes: (name, how many of that name, it included)."""
    damaged(path)
    trace = path + ".trace"
    subprocess.run(["strace", "-qq", "-o", trace, "-e", "trace=" + CALLS,
                    streams.program("klog-check"), "--repair=salvage", path],
                   stdout=subprocess.DEVNULL, check=True, timeout=60)
    with open(trace, encoding="ascii", errors="replace") as f:
        names = [line.split("(")[0] for line in f if "(" in line]
    return [(name, names[:n + 1].count(name))
            for n, name in enumerate(names)]


def check_point(path, call, when):
    want = damaged(path)
    if not repair(path, call, when):
        return False
    status, out, err = topics.run("klog-check", "--repair=salvage", path)
    if status != 0 or err:
        raise Wrong("after %s %d: status %d: %s%s"
                    % (call, when, status, out.decode(), err))
    status, left, err = topics.consume(path)
    if status != 0 or set(left) != want:
        raise Wrong("after %s %d: klog-consume: status %d, %s, %s"
                    % (call, when, status, sorted(want ^ set(left)), err))
    topics.produce(path, [b"one more"])
    if set(topics.consume(path)[1]) != want | {60}:
        raise Wrong("after %s %d: the next record is not 60"
                    % (call, when))
    return True


def run(tap, folder, points):
    path = os.path.join(folder, "k")

    def loop():
        made = calls(path)
        step = max(1, len(made) // points)
        done = sum(check_point(path, *call) for call in made[::step])
        if done < min(points, len(made)) // 2:
            raise Wrong("only %d of %d were killed" % (done, len(made)))
        print("# %d of %d calls" % (done, len(made)))
    tap.test("a repair killed at its system calls is run again", loop)
