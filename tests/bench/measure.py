"""Commands, timed in turn, with the CPU seconds of all their processes."""
import os
import statistics
import subprocess
import time


class Failed(Exception):
    pass


class Sample:
    """One run: seconds of wall time and of CPU."""

    def __init__(self, wall, cpu):
        self.wall, self.cpu = wall, cpu


def run(*pipelines, stdin=None, stdout=os.devnull):
    """Run pipelines at once, each a list of argument vectors."""
    children = []
    begin = time.monotonic()
    for pipeline in pipelines:
        left = open(stdin or os.devnull, 'rb')
        for i, argv in enumerate(pipeline):
            last = i == len(pipeline) - 1
            right = open(stdout, 'wb') if last else subprocess.PIPE
            child = subprocess.Popen(argv, stdin=left, stdout=right,
                                     stderr=subprocess.PIPE)
            left.close()
            if last:
                right.close()
            left = child.stdout
            children.append(child)
    cpu = 0
    for child in children:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        cpu += used.ru_utime + used.ru_stime
    wall = time.monotonic() - begin
    for child in children:
        text = child.stderr.read().decode(errors='replace')
        child.stderr.close()
        if child.returncode != 0:
            raise Failed('%s: status %d: %s' % (
                ' '.join(child.args), child.returncode, text[-500:]))
    return Sample(wall, cpu)


def output(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    if done.returncode != 0:
        raise Failed('%s: %s' % (' '.join(argv), done.stderr.decode()))
    return done.stdout.decode()


class Median:
    def __init__(self, samples):
        self.wall = statistics.median(s.wall for s in samples)
        self.cpu = statistics.median(s.cpu for s in samples)


def in_turn(runs, *kinds):
    """Call kinds A B A B ..., and give the medians of each."""
    samples = [[] for _ in kinds]
    for _ in range(runs):
        for kind, into in zip(kinds, samples):
            into.append(kind())
    return [Median(s) for s in samples]
