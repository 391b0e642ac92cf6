"""What is measured on: made from a fixed seed, or the machine's own files."""
import os
import random

SEED = 20240229
METHODS = ('GET', 'POST', 'PUT', 'DELETE')
PATHS = ('/', '/login', '/api/orders', '/api/users', '/static/app.js')
LEVELS = ('info',) * 9 + ('warn',)
CHUNK = 50000


def json_lines(path, count):
    """Log lines of about 100 bytes."""
    rnd = random.Random(SEED)
    below = rnd.random
    now = 1700000000000
    with open(path, 'wb') as f:
        for begin in range(0, count, CHUNK):
            lines = []
            for _ in range(min(CHUNK, count - begin)):
                now += int(below() * 20)
                lines.append(
                    '{"ts":%d,"level":"%s","method":"%s","path":"%s",'
                    '"ms":%d,"user":"u%06d"}\n' % (
                        now, LEVELS[int(below() * 10)],
                        METHODS[int(below() * 4)], PATHS[int(below() * 5)],
                        int(below() * 2000), int(below() * 1000000)))
            f.write(''.join(lines).encode())


def fixed_lines(path, count, size):
    """Lines of size bytes, newline counted, that hardly compress."""
    rnd = random.Random(SEED)
    pool = bytearray(rnd.randbytes(1 << 20))
    pool = bytes(b % 64 + 48 for b in pool)
    with open(path, 'wb') as f:
        for _ in range(count):
            at = int(rnd.random() * (len(pool) - size))
            f.write(pool[at:at + size - 1] + b'\n')


def numbered_lines(path, producer, count):
    """Lines that say who wrote them and in which order."""
    with open(path, 'wb') as f:
        for begin in range(0, count, CHUNK):
            f.write(''.join(
                '%d %08d the rest of the line makes it about as long as a '
                'line of a log, near a hundred bytes\n' % (producer, n)
                for n in range(begin, min(begin + CHUNK, count))).encode())


def keyed_lines(path, count, keys):
    """Lines of about 100 bytes: one of keys, a tab, JSON that compresses."""
    below = random.Random(SEED).random
    with open(path, 'wb') as f:
        for begin in range(0, count, CHUNK):
            f.write(''.join(
                'user-%08d\t{"seq":%d,"plan":"%s","city":"%s","quota":%d,'
                '"spent":%.6f,"active":true}\n' % (
                    int(below() * keys), n, LEVELS[int(below() * 10)],
                    PATHS[int(below() * 5)], int(below() * 2000),
                    below() * 1000)
                for n in range(begin, min(begin + CHUNK, count))).encode())


def real_files(path, limit):
    """Text of this machine, one after the other, up to limit bytes."""
    with open(path, 'wb') as out:
        for top in ('/var/log', '/usr/share/dict', '/var/lib/dpkg',
                    '/usr/share/doc', '/usr/include'):
            for where, dirs, names in os.walk(top):
                dirs.sort()
                for name in sorted(names):
                    try:
                        with open(os.path.join(where, name), 'rb') as f:
                            data = f.read(1 << 20)
                    except OSError:
                        continue
                    if b'\0' in data[:4096] or not data.endswith(b'\n'):
                        continue
                    out.write(data)
                    if out.tell() >= limit:
                        return
