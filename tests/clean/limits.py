"""Many keys in little memory, and many segments."""

import array
import json
import os
import re
import shutil
import subprocess
import sys

import histories
import kafkawrite
import made
import points
import streams
from kafkalog import Record
from streams import Failed

MEMORY = 64 << 20
CHUNK = 100000
TOMBSTONE = 97          # every so many records
LATER = str(4 * 10 ** 12)

# Runs a program and prints the most memory that it had, in KiB.
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=False)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
      file=sys.stderr)
sys.exit(done.returncode)
"""


def key_of(n, keys):
    """The key of record n, spread over all."""
    return (n * 0x9E3779B1 ^ n >> 7) % keys


def fill(topic, records, keys, segment):
    """Records 0 to records - 1, in offset order."""
    streams.run("klog-topic", "create", "-c", "cleanup.policy=compact", "-c",
                "segment.bytes=%d" % segment, "-c",
                "delete.retention.ms=1000", topic)
    with subprocess.Popen([streams.program("klog-produce"), "-q", "-K:",
                           "-Z", "-a", "0", topic],
                          stdin=subprocess.PIPE) as proc:
        for at in range(0, records, CHUNK):
            proc.stdin.write("".join(
                "%d:\n" % key_of(n, keys) if n % TOMBSTONE == 0
                else "%d:%d\n" % (key_of(n, keys), n)
                for n in range(at, min(at + CHUNK, records))).encode())
    if proc.returncode:
        raise Failed("klog-produce: exit %d" % proc.returncode)


def sealed_end(topic):
    return max(int(n[:20]) for n in os.listdir(os.path.join(topic, "0"))
               if n.endswith(".log"))


def clean(topic, memory, *args):
    """(what --json says of the partition, most bytes of memory)."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURE, streams.program("klog-clean"),
         "--json", "--force", "--memory", str(memory), *args, topic],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Failed("klog-clean: exit %d: %s" % (
            done.returncode, done.stderr.decode()))
    said = [json.loads(x) for x in done.stdout.splitlines()]
    return ([x for x in said if "records_after" in x][0],
            int(done.stderr.split()[-1]) << 10)


def check_offsets(topic, records, keys, end, tombstones):
    """Those of the last records of all keys, no other."""
    last = array.array("q", [-1]) * keys
    for n in range(end):
        last[(n * 0x9E3779B1 ^ n >> 7) % keys] = n      # key_of()
    with subprocess.Popen([streams.program("klog-consume"), "-F",
                           "%o %k %s\\n", topic], stdout=subprocess.PIPE,
                          bufsize=1 << 20) as proc:
        before, got = -1, 0
        for line in proc.stdout:
            offset, key, value = line[:-1].split(b" ")
            n, key = int(offset), int(key)
            dead = n < end and (last[key] != n or n % TOMBSTONE == 0
                                and not tombstones)
            if dead or n <= before or key != key_of(n, keys) \
                    or value != (b"%d" % n if n % TOMBSTONE else b""):
                raise Failed("%r should not be there" % line)
            before, got = n, got + 1
    want = sum(n >= 0 and (tombstones or n % TOMBSTONE != 0)
               for n in last) + records - end
    if proc.returncode or got != want:
        raise Failed("%d records, not %d" % (got, want))


def many_keys(folder, records, keys, memory, segment):
    """Compacted twice: the second time tombstones go."""
    topic = os.path.join(folder, "keys")
    fill(topic, records, keys, segment)
    end = sealed_end(topic)
    if records < 10 ** 6:
        # In so little memory that parts of the keys are split again.
        copy = os.path.join(folder, "copy")
        shutil.copytree(topic, copy)
        histories.clean_small(copy, made.T0, "--force", memory=1 << 15)
        check_offsets(copy, records, keys, end, True)
        shutil.rmtree(copy)
    said, most = clean(topic, memory)
    print("# %d of %d records, %d MiB resident, %d MiB spilled, %d passes"
          % (said["records_after"], said["records_before"], most >> 20,
             said["spilled"] >> 20, said["passes"]))
    if not said["spilled"]:
        raise Failed("all keys fit")
    if most > memory and memory >= MEMORY:
        raise Failed("%d bytes resident, of %d" % (most, memory))
    check_offsets(topic, records, keys, end, True)
    clean(topic, memory, "--now", LATER)
    check_offsets(topic, records, keys, end, False)
    points.check_log(topic, "in the end")
    shutil.rmtree(topic)


def make_segments(topic, count, gone):
    """A second each; --now lets so many go."""
    log = kafkawrite.Log()
    for n in range(count):
        log.add(kafkawrite.encode_batch([Record(
            n, made.T0 + n * 1000, b"k", b"v", [])]))
        if n + 1 < count:
            log.roll()
    kafkawrite.write_topic(topic, [log], retention_ms=10 ** 6)
    return made.T0 + 10 ** 6 + gone * 1000 - 500


def calls(topic, now, gone):
    """How often a clean opens and looks, in all."""
    trace = topic + ".trace"
    done = subprocess.run(
        ["strace", "-f", "-c", "-o", trace, streams.program("klog-clean"),
         "--json", "--now", str(now), topic], stdout=subprocess.PIPE,
        check=False)
    said = [json.loads(x) for x in done.stdout.splitlines()]
    if done.returncode or said[-1]["segments"] != gone:
        raise Failed("exit %d: %s" % (done.returncode, said[-1:]))
    with open(trace, encoding="ascii") as f:
        found = re.findall(r"(\d+)(?: +\d+)? "
                           r"(openat2?|newfstatat|fstat|statx)$", f.read(),
                           re.M)
    return sum(int(n) for n, _ in found)


def many_segments(folder, few, many):
    """What a clean opens depends on what goes, not on what stays."""
    count = {}
    for total, gone in ((few, 10), (few, 40), (many, 10)):
        topic = os.path.join(folder, "segments")
        now = make_segments(topic, total, gone)
        # A state, so that nothing is recovered.
        streams.run("klog-produce", topic)
        streams.run("klog-clean", "-n", topic)
        count[total, gone] = calls(topic, now, gone)
        shutil.rmtree(topic)
    print("# calls: %s" % count)
    if count[many, 10] > count[few, 10] + 5:
        raise Failed("%d calls, not %d" % (count[many, 10], count[few, 10]))
    if count[few, 40] > count[few, 10] + 30 * 20:
        raise Failed("%d calls for 40" % count[few, 40])


def run(tap, folder, long):
    if long:
        disk = os.environ.get("TMPDIR", "/tmp")
        place = os.path.join(disk, "klog-limits-%d" % os.getpid())
        os.makedirs(place)
        try:
            tap.test("50 million records, 20 million keys in 64 MiB",
                     many_keys, place, 50 * 10 ** 6, 20 * 10 ** 6, MEMORY,
                     64 << 20)
        finally:
            shutil.rmtree(place)
    else:
        tap.test("more keys than fit into memory", many_keys, folder,
                 450000, 600000, 8 << 20, 1 << 20)
    if shutil.which("strace"):
        tap.test("opens what goes, not what stays", many_segments, folder,
                 1000 if long else 100, 10000 if long else 400)
    else:
        tap.skip("opens what goes, not what stays", "there is no strace")
