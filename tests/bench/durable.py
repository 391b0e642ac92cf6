#!/usr/bin/env python3
"""Rates of durable appends on a disk whose flush takes 2 ms.

usage: durable.py RUNS SECONDS

Prints records a second, medians of runs of some seconds in turn: a plain file
that is appended to and synced, one klog-produce, 32 of them.  Each producer
gets a line when the one before is reported.  If there can be no such disk
here, prints why, and exits with 1.  KLOG_BIN names the programs' directory.
"""
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, 'blockcut'))

import device                   # noqa: E402
from streams import program     # noqa: E402

FLUSH_US = 2000
MANY = 32
LINE = b'x' * 99 + b'\n'


def plain(path, seconds):
    """Appends and fdatasync of one file."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        os.write(fd, LINE)
        os.fdatasync(fd)
        done += 1
    os.close(fd)
    return done / seconds


def produce(topic, processes, seconds):
    """So many producers; the first round, in which they start, is free."""
    running = {}
    for _ in range(processes):
        one = subprocess.Popen(
            [program('klog-produce'), '-q', '--linger', '0ms', '-z', 'none',
             '--report=.', topic], stdin=subprocess.PIPE, bufsize=0,
            stdout=subprocess.PIPE, preexec_fn=device.die_with_parent)
        one.stdin.write(LINE)
        running[one.stdout.fileno()] = one
    for fd in running:
        os.read(fd, 1)
        running[fd].stdin.write(LINE)
    done, begin = 0, time.monotonic()
    while time.monotonic() < begin + seconds:
        for fd in select.select(list(running), [], [])[0]:
            os.read(fd, 1)
            running[fd].stdin.write(LINE)
            done += 1
    rate = done / (time.monotonic() - begin)
    for one in running.values():
        one.communicate()
        if one.returncode != 0:
            sys.exit('klog-produce: status %d' % one.returncode)
    return rate


def measure(work, runs, seconds):
    """The three rates."""
    image, root = os.path.join(work, 'image'), os.path.join(work, 'mnt')
    topic = os.path.join(root, 'topic')
    os.mkdir(root)
    device.make_image(image, 'ext4')
    disk = device.Disk(work, image)
    try:
        device.mount_image(disk.file, root, 'ext4')
        try:
            subprocess.run([program('klog-topic'), 'create', topic],
                           check=True)
            disk.flush_us = FLUSH_US
            rates = [(plain(os.path.join(root, 'plain'), seconds),
                      produce(topic, 1, seconds),
                      produce(topic, MANY, seconds)) for _ in range(runs)]
            disk.flush_us = 0
        finally:
            device.umount(root)
    finally:
        disk.close()
    return [statistics.median(column) for column in zip(*rates)]


def main():
    why = device.why_not()
    if why is None and not device.has_fs('ext4'):
        why = 'no mkfs.ext4'
    if why is not None:
        print(why)
        return 1
    work = tempfile.mkdtemp(prefix='klog-durable-')
    device.own_namespace()
    device.mount('none', work, 'tmpfs', 'mode=700')
    try:
        print(*measure(work, int(sys.argv[1]), float(sys.argv[2])))
    finally:
        device.LIBC.umount2(work.encode(), 2)
        os.rmdir(work)
    return 0


if __name__ == '__main__':
    sys.exit(main())
