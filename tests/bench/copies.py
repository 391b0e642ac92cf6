"""Figure 9: copies, here and over ssh."""
import os
import shutil

import sshd
from bench import Row, seconds, size_of
from measure import in_turn, output, run


def replicate(b):
    """A copy is on disk when it is done: so cp and cat are synced too."""
    topic, copy, far = b.fresh('copied', '-c', 'compression.type=none'), \
        b.path('copy-of'), b.path('file')
    run([b.klog('produce', '-q', '-a', '0', topic,
                *[b.path('json')] * (1 if b.quick else 10))])
    b.size['copied'] = size_of(topic)

    def timed(*argv):
        def once():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.rmtree(far, ignore_errors=True)
            os.mkdir(far)
            output('sync')
            return run([list(argv)])
        return once

    def row(what, ours, theirs, reach):
        return Row('9', what, b.rate('copied', ours),
                   b.rate('copied', theirs), theirs.wall / ours.wall,
                   reach and ('>=', reach), seconds(ours, theirs))

    cp = 'cp -r --reflink=never "$0" "$1"'
    ours, synced, plain = in_turn(
        b.runs if b.quick else 3, timed(*b.klog('replicate', '-q', topic,
                                                copy)),
        timed('sh', '-c', cp + ' && sync "$1"/0/*.log', topic, copy),
        timed('sh', '-c', cp, topic, copy))
    yield row('replicate here / cp, sync', ours, synced, 0.6)
    yield row('the same / cp, not on disk when it ends', ours, plain, None)
    yield from over_ssh(b, timed, row, topic, copy, far)
    rss = int(output(b.probe, 'memory', *b.klog(
        'replicate', '-q', topic, b.path('again')))) / 1024
    yield Row('10', 'replicate: resident, MiB', '%.1f MiB' % rss, '', rss,
              ('<=', 32))
    for path in (topic, copy, far, b.path('again')):
        shutil.rmtree(path, ignore_errors=True)


def over_ssh(b, timed, row, topic, copy, far):
    if sshd.programs() is None:
        print('9: sshd, ssh or ssh-keygen is not there: left out')
        return
    state = b.path('sshd')
    os.mkdir(state)
    server = sshd.Sshd(state)
    try:
        server.wait()
        shell = server.rsh('plain')
        ours, theirs = in_turn(
            b.runs if b.quick else 3,
            timed(*b.klog('replicate', '-q', '--rsh', shell,
                          '--path-of-klog',
                          os.path.abspath(b.klog('replicate')[0]),
                          '127.0.0.1:' + topic, copy)),
            timed('sh', '-c', shell + ' 127.0.0.1 "cat $0/0/*.log" '
                  '>"$1/log" && sync "$1/log"', topic, far))
    finally:
        server.stop()
    yield row('replicate over ssh / ssh cat > file, sync', ours, theirs, 0.8)
