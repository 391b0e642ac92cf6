"""A row of the table, and what figures are measured with."""
import os
import shutil

import inputs
from measure import output, run

MB = 1e6
NULL = os.devnull


class Row:
    """reach: (sign, bound) of the ratio, or None where none is asked."""

    def __init__(self, figure, what, ours, theirs, ratio, reach=None,
                 cpu=('', '')):
        self.figure, self.what = figure, what
        self.ours, self.theirs = ours, theirs
        self.ratio, self.reach, self.cpu = ratio, reach, cpu

    def verdict(self):
        if self.reach is None or self.ratio is None:
            return ''
        sign, bound = self.reach
        good = self.ratio <= bound if sign == '<=' else self.ratio >= bound
        return 'yes' if good else 'NO'


class Bench:
    def __init__(self, work, programs, quick):
        self.work, self.programs, self.quick = work, programs, quick
        self.runs = 5
        self.lines = 1000000 if quick else 5000000
        self.size = {}
        self.probe = self.path('probe')
        output(os.environ.get('CC', 'cc'), '-std=c11', '-D_GNU_SOURCE', '-O2',
               '-o', self.probe,
               os.path.join(os.path.dirname(__file__), 'probe.c'))

    def path(self, name):
        return os.path.join(self.work, name)

    def klog(self, name, *args):
        return [os.path.join(self.programs, 'klog-' + name), *args]

    def fresh(self, topic, *args):
        path = self.path(topic)
        shutil.rmtree(path, ignore_errors=True)
        output(*self.klog('topic', 'create', *args, path))
        return path

    def make_inputs(self):
        n = self.lines
        inputs.json_lines(self.path('json'), n)
        inputs.fixed_lines(self.path('short'), n, 10)
        inputs.fixed_lines(self.path('long'), n // 100, 10000)
        inputs.real_files(self.path('real'), n * 20)
        for name in ('json', 'short', 'long', 'real'):
            self.size[name] = os.path.getsize(self.path(name))

    def rate(self, name, sample):
        return '%.0f MB/s' % (self.size[name] / MB / sample.wall)

    def produce(self, name, topic, *args, create=()):
        """A run of klog-produce into a topic that is new each time."""
        def once():
            path = self.fresh(topic, *create)
            return run([self.klog('produce', '-q', *args, path,
                                  self.path(name))])
        return once

    def start(self, source, *argv, runs=100):
        return float(output(self.probe, 'start', str(runs), source, *argv))


def seconds(*samples):
    return tuple('%.2f s' % s.cpu for s in samples)


def size_of(topic):
    return sum(os.path.getsize(os.path.join(where, name))
               for where, _, names in os.walk(topic) for name in names
               if name.endswith('.log'))
