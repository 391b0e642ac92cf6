"""Messages that are wrong, and conversations with them at every step."""

import frames

LONG = b"n" * 4096


def value(rng, kind, world):
    """Any value of a field."""
    if kind in "Biq":
        bits = {"B": 8, "i": 32, "q": 64}[kind]
        low = 0 if kind == "B" else -(1 << bits - 1)
        high = (1 << bits) - 1 if kind == "B" else (1 << bits - 1) - 1
        return rng.choice([0, 1, 2, 20, 30, low, high, high - 1, low + 1,
                           rng.randint(low, high)]) if kind != "B" else \
            rng.choice([0, 1, 2, 3, 255, rng.randint(0, 255)])
    if kind == "id":
        return rng.choice([world.id, b"\0" * 22, rng.randbytes(22)])
    if kind in ("name", "text"):
        return rng.choice([b"", b"t", b"c", b"g", b"../t", b"/etc", b"\0",
                           LONG, world.text, b"retention.ms=1\n",
                           b"segment.bytes=-1\n", rng.randbytes(20)])
    if kind == "names":
        return [value(rng, "name", world) for _ in range(rng.randrange(4))]
    if kind == "epochs":
        return rng.choice([[], world.start["epochs"], [(9, 0, 1)],
                           [(0, 0, 0), (0, 0, 0)], [(-1, -1, 0)],
                           [(n, n, n) for n in range(2000)]])
    return rng.choice([b"", world.batches, world.batches[:100],
                       world.batches[:-1], rng.randbytes(200), _flip(
                           rng, world.batches)])


def _flip(rng, data):
    data = bytearray(data)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def wrong(rng, world, kind):
    """A message of that kind, or what looks like one."""
    message = frames.encode(kind, **{
        name: value(rng, k, world) for name, k in frames.LAYOUT[kind]})
    how = rng.randrange(8)
    if how == 0:
        return message[:rng.randrange(len(message))]
    if how == 1:
        return message[:1] + rng.choice(
            [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0",
             rng.randbytes(4)]) + message[5:]
    if how == 2:
        return _flip(rng, message)
    return message


def talks(rng, world, extra, both):
    """Conversations: each message at each step of each honest one of both;
    then random ones."""
    for honest in both:
        steps = [n for n, p in enumerate(honest()) if not callable(p)]
        for step in steps:
            for kind in frames.TYPES:
                pieces = honest()
                pieces[step:step + rng.randrange(2)] = [
                    wrong(rng, world, kind)]
                yield pieces
    for _ in range(extra):
        pieces = rng.choice(both)()
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(pieces))
            how = rng.randrange(4)
            if how == 0:
                del pieces[at]
            elif how == 1:
                pieces.insert(at, pieces[rng.randrange(len(pieces))])
            elif how == 2:
                pieces.insert(at, rng.randbytes(rng.randrange(300)))
            else:
                pieces.insert(at, wrong(rng, world,
                                        rng.choice(list(frames.TYPES))))
        yield pieces
