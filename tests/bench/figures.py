"""The figures.  Each yields rows of the table (class Row)."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import inputs
from bench import MB, NULL, Row, seconds, size_of
from copies import replicate
from measure import Failed, in_turn, output, run


def produce_plain(b):
    def cat(name):
        def once():
            copy = b.path('copy')
            if os.path.exists(copy):
                os.unlink(copy)
            return run([['cat', b.path(name)]], stdout=copy)
        return once

    for name in ('json', 'short', 'long', 'real'):
        judged = name == 'json'
        ours, theirs = in_turn(b.runs, b.produce(
            name, 'plain', '-a', '0', create=('-c', 'compression.type=none')),
            cat(name))
        yield Row('1', name + ': none, acks 0 / cat: wall',
                  b.rate(name, ours), b.rate(name, theirs),
                  ours.wall / theirs.wall, ('<=', 1.3) if judged else None,
                  seconds(ours, theirs))
        yield Row('1', name + ': the same: CPU', *seconds(ours, theirs),
                  ours.cpu / max(theirs.cpu, 1e-3),
                  ('<=', 2) if judged else None)
        if judged:
            json = ours
    if shutil.which('kcat'):
        theirs, = in_turn(1 if b.quick else 3, lambda: run([[
            'kcat', '-q', '-P', '-X', 'test.mock.num.brokers=3', '-b', 'mock',
            '-t', 't']], stdin=b.path('json')))
        yield Row('1', 'json: none, acks 0 / kcat into its mock',
                  *('%.2f M/s' % (b.lines / s.wall / 1e6)
                    for s in (json, theirs)),
                  theirs.wall / json.wall, ('>=', 5), seconds(json, theirs))
    yield from redis(b, json)


def redis(b, ours):
    if not shutil.which('redis-server') or not shutil.which('redis-benchmark'):
        return
    socket, count = b.path('redis.sock'), b.lines // 10
    server = subprocess.Popen(
        ['redis-server', '--port', '0', '--unixsocket', socket, '--save', '',
         '--dir', b.work], stdout=subprocess.DEVNULL)
    try:
        while not os.path.exists(socket) and server.poll() is None:
            time.sleep(0.01)
        theirs, = in_turn(1 if b.quick else 3, lambda: run([[
            'redis-benchmark', '-q', '-s', socket, '-n', str(count), '-P',
            '100', '-c', '4', 'XADD', 's', '*', 'f', 'x' * 97]]))
    finally:
        server.terminate()
        server.wait()
    mine, other = b.lines / ours.wall, count / theirs.wall
    yield Row('1', 'json: none, acks 0 / redis XADD, pipelined',
              '%.2f M/s' % (mine / 1e6), '%.2f M/s' % (other / 1e6),
              mine / other)


def produce_zstd(b):
    packed = b.path('packed.zst')
    for name in ('json', 'real'):
        judged = name == 'json'
        ours, theirs = in_turn(
            b.runs, b.produce(name, 'zstd'),
            lambda n=name: run([['zstd', '-q', '-1', '-T1', '-c',
                                 b.path(n)]], stdout=packed))
        yield Row('2', name + ': zstd, acks 1 / zstd -1 -T1: speed',
                  b.rate(name, ours), b.rate(name, theirs),
                  theirs.wall / ours.wall, ('>=', 1.6) if judged else None,
                  seconds(ours, theirs))
        sizes = size_of(b.path('zstd')), os.path.getsize(packed)
        yield Row('2', name + ': the same: size on disk',
                  *('%.1f MB' % (s / MB) for s in sizes),
                  sizes[0] / sizes[1], ('<=', 1.25) if judged else None)


def consume(b):
    for codec, reach in (('none', 0.7), ('zstd', 0.9)):
        topic = b.fresh('all', '-c', 'compression.type=' + codec)
        run([b.klog('produce', '-q', '-a', '0', topic, b.path('json'))])
        if codec == 'none':
            peer = ['cat', b.path('json')]
        else:
            packed = b.path('packed.zst')
            run([['zstd', '-q', '-1', '-T1', '-c', b.path('json')]],
                stdout=packed)
            peer = ['zstd', '-dc', packed]
        same = output('sh', '-c', '"$@" | cmp - "$FILE" && echo same'.replace(
            '$FILE', b.path('json')), 'sh', *b.klog('consume', '-q', topic))
        if same != 'same\n':
            raise Failed('what was consumed is not what was produced')
        ours, theirs = in_turn(
            b.runs, lambda: run([b.klog('consume', '-q', topic), ['cat']]),
            lambda: run([peer, ['cat']]))
        yield Row('3', 'json: consume, %s | cat / %s | cat' % (
            codec, ' '.join(peer[:-1])), b.rate('json', ours),
            b.rate('json', theirs), theirs.wall / ours.wall, ('>=', reach),
            seconds(ours, theirs))


def start(b):
    topic, one = b.fresh('one'), b.path('one-line')
    with open(one, 'wb') as f:
        f.write(b'x\n')
    produce = b.klog('produce', '-q', '-a', '0', topic)
    read = b.klog('consume', '-q', '-n', '1', topic)
    output('sh', '-c', 'echo x | "$@"', 'sh', *produce)
    took = [[], [], []]
    for _ in range(b.runs):
        took[0].append(b.start(one, *produce))
        took[1].append(b.start(NULL, 'cat', NULL))
        took[2].append(b.start(NULL, *read))
    a, cat, c = (sorted(t)[b.runs // 2] for t in took)
    for what, mine in (('one record in', a), ('one record out', c)):
        yield Row('4', what + ', acks 0 / cat /dev/null', '%.0f us' % mine,
                  '%.0f us' % cat, mine / cat, ('<=', 3))
    for name in ('produce', 'consume'):
        libs = output('ldd', b.klog(name)[0])
        heavy = len(re.findall(r'libarchive|librdkafka', libs))
        yield Row('4', 'klog-%s: heavy libraries linked' % name, str(heavy),
                  '', float(heavy), ('<=', 0))


def count_reads(command):
    """read calls on .log and .index files before the first write."""
    with tempfile.NamedTemporaryFile('r') as trace:
        output('strace', '-y', '-f', '-e',
               'trace=read,pread64,readv,preadv,write,writev', '-o',
               trace.name, *command)
        reads = 0
        for line in trace:
            if re.search(r'\bwritev?\(1<', line):
                break
            reads += bool(re.search(
                r'read(v|64)?\(\d+<[^>]*\.(log|index|timeindex)>', line))
    return reads


def seek(b):
    big = (1 if b.quick else 10) * 1000 * MB
    if shutil.disk_usage(b.work).free < 2 * big:
        print('5: no room for the large topic: left out')
        return
    times = {}
    for label, size in (('10 MB', 10 * MB), ('%d GB' % (big / 1e9), big)):
        topic = b.fresh('large', '-c', 'compression.type=none')
        whole = max(1, round(size / b.size['json']))
        files = [b.path('json')] * whole
        limit = [] if size > b.size['json'] else [
            '-n', str(int(b.lines * size / b.size['json']))]
        produce = b.klog('produce', '-q', '-a', '0', *limit, topic)
        run([produce + files[:len(files) // 2]] if whole > 1 else
            [produce + files])
        time.sleep(0.01)
        middle = time.time()
        if whole > 1:
            run([produce + files[len(files) // 2:]])
        end = int(output(*b.klog('topic', 'offsets', topic)).split()[-1])
        if whole == 1:
            middle -= 0.03
        for spec in ('%d' % (end // 2), '@%d' % (middle * 1000)):
            command = b.klog('consume', '-q', '-n', '1', '-o', spec, topic)
            kind = 'a time' if spec[0] == '@' else 'an offset'
            took = b.start(NULL, *command) / 1000
            times[kind, label] = took
            yield Row('5', 'to %s in %s, ms' % (kind, label),
                      '%.2f ms' % took, '', took, ('<=', 5))
            if shutil.which('strace'):
                reads = count_reads(command)
                yield Row('5', 'the same: reads before the first record',
                          str(reads), '', float(reads), ('<=', 3))
    for kind in ('an offset', 'a time'):
        small, large = (t for (k, _), t in times.items() if k == kind)
        yield Row('5', 'to %s: %d GB / 10 MB' % (kind, big / 1e9),
                  '%.2f ms' % large, '%.2f ms' % small, large / small)
    shutil.rmtree(b.path('large'))


def latency(b):
    b.fresh('latency')
    p50, p99, idle = (float(word) for word in output(
        b.probe, 'latency', '1000', b.klog('produce')[0],
        b.klog('consume')[0], b.work, 'latency').split())
    yield Row('6', "producer's write to follower's line, p50, us",
              '%.0f us' % p50, '', p50, ('<=', 100))
    yield Row('6', 'the same, p99', '%.0f us' % p99, '', p99, ('<=', 1000))
    yield Row('6', 'idle follower, CPU ms in 1 s', '%.2f ms' % idle, '', idle,
              ('<=', 0.1))


def check_order(b, topic, partitions, count):
    """Every producer's lines are there once, in its order."""
    seen = {}
    for p in range(partitions):
        with subprocess.Popen(b.klog('consume', '-q', '-p', str(p), topic),
                              stdout=subprocess.PIPE) as reader:
            for line in reader.stdout:
                who, number = line[0], int(line[2:10])
                if seen.get(who, 0) != number:
                    raise Failed('%s: %r is out of order' % (topic, line))
                seen[who] = number + 1
    if sorted(seen.values()) != [count] * 8:
        raise Failed('%s: %r, expected 8 times %d' % (topic, seen, count))


def many(b):
    count = b.lines // 8
    files = [b.path('part%d' % i) for i in range(8)]
    for i, path in enumerate(files):
        inputs.numbered_lines(path, i, count)
    b.size['parts'] = sum(os.path.getsize(f) for f in files)

    def produce(partitions, together):
        topic = b.fresh('many', '-p', str(partitions), '-c',
                        'compression.type=none')
        base = b.klog('produce', '-q', '-a', '0', topic, '-p')
        if not together:
            return run([base + ['0'] + files])
        return run(*([base + [str(i % partitions), f]]
                     for i, f in enumerate(files)))

    one, same, apart = in_turn(
        b.runs, lambda: produce(1, False), lambda: produce(1, True),
        lambda: produce(8, True))
    for partitions, sample, reach in ((1, same, 0.8), (8, apart, 1.0)):
        produce(partitions, True)
        check_order(b, b.path('many'), partitions, count)
        yield Row('7', '8 producers on %d partition%s / one producer' % (
            partitions, '' if partitions == 1 else 's'),
            b.rate('parts', sample), b.rate('parts', one),
            one.wall / sample.wall, ('>=', reach), seconds(sample, one))
    for path in files:
        os.unlink(path)


def memory(b):
    for codec in ('none', 'zstd'):
        topic = b.fresh('memory', '-c', 'compression.type=' + codec)
        json = b.path('json')
        kinds = (
            ('produce', b.klog('produce', '-q', topic, json)),
            ('consume', b.klog('consume', '-q', topic)),
            ('follow', b.klog('consume', '-q', '-f', '-n', str(b.lines),
                              topic)),
        )
        for name, command in kinds:
            rss = int(output(b.probe, 'memory', *command)) / 1024
            yield Row('10', '%s, %s: resident, MiB' % (name, codec),
                      '%.1f MiB' % rss, '', rss, ('<=', 32))


def compact(b):
    """Bytes of lines a second; each run on a copy of the same topic."""
    count = b.lines if b.quick else 4 * b.lines
    little = '8M' if b.quick else '64M'
    cases = (('100,000 keys', 100000, '64M'),
             ('keys beyond %s' % little, count * 2 // 5, little))
    for name, keys, room in cases:
        lines, copy = b.path('keyed'), b.path('compacted')
        inputs.keyed_lines(lines, count, keys)
        size = os.path.getsize(lines)
        topic = b.fresh('keyed-topic', '-c', 'cleanup.policy=compact', '-c',
                        'segment.bytes=%d' % (16 << 20))
        run([b.klog('produce', '-q', '-a', '0', '-K', '\t', topic, lines)])
        os.unlink(lines)
        clean = b.klog('clean', '-q', '-f', '--compact-only', '--memory',
                       room, copy)

        def renew():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(topic, copy)
            os.unlink(os.path.join(copy, '0', 'state'))

        def once():
            renew()
            return run([clean])
        ours, = in_turn(3, once)
        rate = size / MB / ours.wall
        yield Row('11', 'compact, zstd, %s: MB/s of lines' % name,
                  '%.0f MB/s' % rate, '', rate, ('>=', 150),
                  (*seconds(ours), ''))
        renew()
        rss = int(output(b.probe, 'memory', *clean)) / 1024
        yield Row('11', 'the same: resident, MiB', '%.1f MiB' % rss, '', rss,
                  ('<=', 64))
        shutil.rmtree(copy)


def verify(b):
    """From the page cache; the peer only reads."""
    topic = b.fresh('verify', '-c', 'compression.type=none')
    run([b.klog('produce', '-q', '-a', '0', topic, b.path('json'))])
    log = os.path.join(topic, '0', '%020d.log' % 0)
    ours, theirs = in_turn(b.runs, lambda: run([b.klog('check', '-q', topic)]),
                           lambda: run([['cat', log]], stdout='/dev/null'))
    rates = [os.path.getsize(log) / s.wall / 1e9 for s in (ours, theirs)]
    yield Row('12', 'json, none: verify, GB/s / cat > /dev/null',
              *('%.2f GB/s' % rate for rate in rates), rates[0], ('>=', 2),
              seconds(ours, theirs))


def durable(b):
    done = subprocess.run(
        [sys.executable, os.path.join(os.path.dirname(__file__), 'durable.py'),
         str(b.runs), '1' if b.quick else '3'], capture_output=True,
        check=False, env=dict(os.environ, KLOG_BIN=b.programs))
    if done.returncode == 1 and not done.stderr:
        print('8: %s: left out' % done.stdout.decode().strip())
        return
    if done.returncode != 0:
        raise Failed('durable.py: ' + done.stderr.decode()[-500:])
    plain, one, together = (float(word) for word in done.stdout.split())
    yield Row('8', '2 ms a flush: one producer / append, fdatasync',
              '%.0f/s' % one, '%.0f/s' % plain, one / plain, ('>=', 0.9))
    yield Row('8', 'the same: 32 producers / one', '%.0f/s' % together,
              '%.0f/s' % one, together / one, ('>=', 10))


def group(b):
    """Bytes a second of so many that what joining and leaving cost does not
    count (closing an inotify descriptor alone takes 10 ms on some kernels);
    that has a row of its own.
    """
    copies = {'short-group': 1, 'group': 40 if b.quick else 10}

    def member(name, *args, into=(), stdout=os.devnull):
        def once():
            output(*b.klog('group', 'reset', '-g', 'g', '--to', 'start',
                           b.path(name)))
            return run([[*b.klog('consume', '-q', '-g', 'g'), *args,
                         b.path(name)], *into], stdout=stdout)
        return once

    for name, count in copies.items():
        topic = b.fresh(name, '-c', 'compression.type=none')
        run([b.klog('produce', '-q', '-a', '0', topic,
                    *[b.path('json')] * count)])
        b.size[name] = size_of(topic)
        run([b.klog('consume', '-q', '-g', 'g', topic)])
    for sink, to, name in (('/dev/null', os.devnull, 'group'),
                           ('file', b.path('copy'), 'short-group')):
        ours, theirs = in_turn(
            b.runs, member(name, stdout=to),
            lambda: run([b.klog('consume', '-q', b.path(name))], stdout=to))
        yield Row('14', 'json, none: consume -g > %s / without -g' % sink,
                  b.rate(name, ours), b.rate(name, theirs),
                  theirs.wall / ours.wall, ('>=', 0.9), seconds(ours, theirs))
    # The first 10,000 records of a run go out one by one.
    runs = 10 if b.quick else 100
    many, one, alone, bare = in_turn(
        runs, member('short-group', '-n', '10000', into=[['cat']]),
        member('short-group', '-n', '1', into=[['cat']]),
        lambda: run([b.klog('consume', '-q', '-n', '1',
                            b.path('short-group')), ['cat']]),
        lambda: run([[b.probe, 'handover', '9999']]))
    yield Row('14', 'one record: consume -g / without -g',
              '%.1f ms' % (one.wall * 1000), '%.1f ms' % (alone.wall * 1000),
              one.wall / alone.wall, None)
    ours = (many.wall - one.wall) / 9999
    theirs = bare.wall / 9999
    yield Row('14', '%d commits, one by one | cat / a bare pipe' % (
        runs * 10000), '%.0f/s' % (1 / ours), '%.0f/s' % (1 / theirs),
        theirs / ours, ('>=', 0.6))


ALL = (produce_plain, produce_zstd, consume, start, seek, latency, many,
       durable, replicate, memory, compact, verify, group)
