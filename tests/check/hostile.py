"""Files that are made to hurt, and a log that is being written to."""

import os
import random
import resource
import shutil
import struct
import subprocess

import streams
import topics

LIMIT = 64 << 20        # bytes of memory


class Wrong(Exception):
    """klog-check crashed, hung, took too much, or said something else."""


def limited(path, *args):
    """klog-check with little memory; 0, 3 or 4, and nothing else."""
    p = subprocess.Popen([streams.program("klog-check"), *args, path],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode not in (3, 4):
        raise Wrong("status %d: %s" % (p.returncode, out[:500]))
    if usage.ru_maxrss * 1024 > LIMIT:
        raise Wrong("%d KiB of memory" % usage.ru_maxrss)
    return p.returncode, out.decode()


def sparse_log(path):
    topics.make_still(path)
    log = topics.files(path)[1]
    head = bytearray(topics.read(log)[:61])
    struct.pack_into(">i", head, 8, 2 ** 31 - 100)
    topics.write(log, bytes(head))
    os.truncate(log, 3 << 30)
    limited(path)


def huge_small_files(path):
    topics.make_live(path)
    for name in ("0/leader-epoch-checkpoint", "0/recovery-point",
                 "0/log-start-offset", "0/%020d.index" % 0):
        file = os.path.join(path, name)
        with open(file, "ab"):
            pass
        size = os.path.getsize(file)
        os.truncate(file, 1 << 30)
        status, out = limited(path)
        if status != 4:
            raise Wrong("%s: status %d: %s" % (name, status, out))
        os.truncate(file, size)
        if size == 0:
            os.unlink(file)


def bomb(path):
    """A batch of 256 MiB of zeros in 8 kB of zstd."""
    # A window of 2 MiB, then blocks that repeat one byte 128 KiB times.
    block = (128 << 10 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (128 << 10 << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    zeros = b"\x28\xb5\x2f\xfd\x00\x58" + 2047 * block + last
    log = topics.kafkawrite.Log()
    data = topics.kafkawrite.encode_batch(
        [topics.kafkalog.Record(0, topics.T0, None, b"x", [])], codec=4,
        pack=lambda _: zeros)
    topics.kafkawrite.write_topic(path, [log])
    topics.write(os.path.join(path, "0", "%020d.log" % 0), data)
    limited(path, "--deep")


def noise(path, count):
    """Any bytes in any file."""
    for seed in range(count):
        rng = random.Random(seed)
        topics.make_live(path, 2, 2)
        for file in rng.sample(topics.files(path), rng.randrange(1, 4)):
            size = rng.choice((1, 100, 4096, 20000))
            topics.write(file, rng.randbytes(size))
        status, out, _ = topics.run("klog-check", "--deep", path)
        if status == 0 and len(topics.consume(path)[1]) != 20:
            raise Wrong("seed %d: good, but not: %s" % (seed, out))
        if status not in (0, 3, 4):
            raise Wrong("seed %d: status %d: %s" % (seed, status, out))


def while_written(path, rounds):
    """8 producers, segments of 64 KiB; every check must find it good."""
    topics.produce(path, [b"first"], "--create")
    with open(os.path.join(path, "topic.conf"), "a", encoding="ascii") as f:
        f.write("segment.bytes=65536\n")
    env = dict(os.environ)
    line = "while :; do seq 1 400; done | %s -q --batch-bytes 2k %s" % (
        streams.program("klog-produce"), path)
    writers = [subprocess.Popen(["sh", "-c", line], env=env,
                                start_new_session=True,
                                stderr=subprocess.DEVNULL)
               for _ in range(8)]
    try:
        for n in range(rounds):
            status, out, err = topics.run("klog-check", path)
            if status != 0 or err:
                raise Wrong("round %d: status %d: %s%s"
                            % (n, status, out.decode()[:600], err))
    finally:
        for p in writers:
            os.killpg(p.pid, 9)
            p.wait()
    # The dead left something half done at most.
    status, out, err = topics.run("klog-check", "--repair=tail", path)
    if status != 0:
        raise Wrong("at the end: %s%s" % (out.decode(), err))


def repair_while_written(path, rounds):
    """Repairs beside producers: what was acknowledged stays, once."""
    topics.produce(path, [], "--create")
    index = os.path.join(path, "0", "%020d.index" % 0)
    command = ("for i in $(seq 1 %d); do seq $i 1000 100000 | %s -q %s"
               " || exit 1; done" % (rounds, streams.program("klog-produce"),
                                     path))
    with subprocess.Popen(["sh", "-c", command]) as writer:
        done = 0
        while writer.poll() is None:
            if os.path.exists(index):
                os.unlink(index)
            status, out, err = topics.run("klog-check", "--repair=salvage",
                                          path)
            if status != 0:
                raise Wrong("repair: status %d: %s%s"
                            % (status, out.decode(), err))
            done += 1
        if writer.returncode != 0:
            raise Wrong("klog-produce: status %d" % writer.returncode)
    _, out, _ = topics.run("klog-consume", path)
    want = [n for i in range(1, rounds + 1) for n in range(i, 100001, 1000)]
    if [int(x) for x in out.split()] != want:
        raise Wrong("records differ after %d repairs" % done)


def run(tap, folder, long):
    path = os.path.join(folder, "h")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def test(name, work, *args):
        shutil.rmtree(path, ignore_errors=True)
        tap.test(name, lambda: work(path, *args))
    test("3 GB of nothing that claim to be a batch of 2 GB", sparse_log)
    test("small files of 1 GB", huge_small_files)
    test("a batch that decompresses to 256 MiB", bomb)
    test("noise in any file", noise, 2000 if long else 40)
    test("a log that is being written to", while_written,
         500 if long else 50)
    test("repairs beside a producer", repair_while_written,
         300 if long else 20)
