"""The protocol of klog-replicate, written from its manual page
klog-replicate-protocol(5) alone: messages as dicts, both ways."""

import struct

GREETING = b"klog-replicate 1\n"
PULL, PUSH = 1, 2
FOLLOW, GROUPS = 1, 2
HOLES = 1
TYPES = {"hello": 1, "topic": 2, "position": 3, "start": 4, "batches": 5,
         "ack": 6, "news": 7, "settings": 8, "group": 9,
         "ping": 11, "pong": 12, "error": 13, "bye": 14, "ready": 15}
NAMES = {number: name for name, number in TYPES.items()}

_WHOSE = [("topic", "i"), ("partition", "i")]
_LOG = [("end", "q"), ("start", "q"), ("high", "q"), ("epochs", "epochs")]
LAYOUT = {
    "hello": [("direction", "B"), ("flags", "B"), ("name", "name"),
              ("names", "names")],
    "topic": [("topic", "i"), ("id", "id"), ("name", "name"),
              ("origin", "name"), ("partitions", "i"), ("text", "text")],
    "position": _WHOSE + _LOG,
    "start": _WHOSE + [("from", "q"), ("cut", "q")] + _LOG,
    "batches": _WHOSE + [("flags", "B"), ("from", "q"), ("start", "q"),
                         ("high", "q"), ("bytes", "rest")],
    "ack": _WHOSE + [("end", "q")],
    "news": _WHOSE + _LOG,
    "settings": [("topic", "i"), ("partitions", "i"), ("text", "text")],
    "group": _WHOSE + [("name", "name"), ("from", "q"), ("epoch", "i"),
                       ("time", "q")],
    "ping": [], "pong": [], "bye": [],
    "error": [("status", "B"), ("text", "text")],
    "ready": [("topic", "i")],
}


def _names(names):
    return b"".join(struct.pack(">H", len(n)) + n for n in names)


def _epochs(epochs):
    return b"".join(struct.pack(">iqQ", *e) for e in epochs)


def _field(kind, value):
    if kind in "Biq":
        return struct.pack(">" + kind, value)
    if kind in ("id", "rest"):
        return value
    if kind == "name":
        return struct.pack(">H", len(value)) + value
    if kind == "names":
        value = _names(value)
    elif kind == "epochs":
        value = _epochs(value)
    return struct.pack(">I", len(value)) + value


def frame(number, payload):
    """Any payload as a message of any type."""
    return struct.pack(">BI", number, len(payload)) + payload


def encode(kind, **fields):
    """A message."""
    return frame(TYPES[kind], b"".join(
        _field(k, fields[name]) for name, k in LAYOUT[kind]))


class Short(Exception):
    """A message's fields go beyond its end."""


def _take(data, pos, size):
    if pos + size > len(data):
        raise Short
    return data[pos:pos + size], pos + size


def _list(kind, data):
    out, pos = [], 0
    while pos < len(data):
        if kind == "epochs":
            piece, pos = _take(data, pos, 20)
            out.append(struct.unpack(">iqQ", piece))
        else:
            piece, pos = _take(data, pos, 2)
            piece, pos = _take(data, pos, struct.unpack(">H", piece)[0])
            out.append(piece)
    return out


def decode(number, payload):
    """A message as a dict; its kind is in "kind"."""
    out, pos = {"kind": NAMES[number]}, 0
    for name, kind in LAYOUT[out["kind"]]:
        if kind in "Biq":
            piece, pos = _take(payload, pos, struct.calcsize(">" + kind))
            out[name] = struct.unpack(">" + kind, piece)[0]
        elif kind == "id":
            out[name], pos = _take(payload, pos, 22)
        elif kind == "rest":
            out[name], pos = payload[pos:], len(payload)
        else:
            size = ">H" if kind == "name" else ">I"
            piece, pos = _take(payload, pos, struct.calcsize(size))
            piece, pos = _take(payload, pos, struct.unpack(size, piece)[0])
            out[name] = _list(kind, piece) if kind in ("names", "epochs") \
                else piece
    if pos != len(payload):
        raise Short
    return out


class Parser:
    """Takes bytes as they come; gives the messages that are whole."""

    def __init__(self):
        self.data, self.greeted = b"", False

    def feed(self, data):
        """[(type, payload)]."""
        self.data += data
        if not self.greeted:
            line, newline, rest = self.data.partition(b"\n")
            if not newline:
                return []
            if line + newline != GREETING:
                raise ValueError("greeting %r" % line)
            self.data, self.greeted = rest, True
        out = []
        while len(self.data) >= 5:
            number, size = struct.unpack_from(">BI", self.data)
            if len(self.data) < 5 + size:
                break
            out.append((number, self.data[5:5 + size]))
            self.data = self.data[5 + size:]
        return out


def span(batches):
    """[first offset, offset behind the last] of whole record batches."""
    pos = after = 0
    first = None
    while pos < len(batches):
        base, length = struct.unpack_from(">qi", batches, pos)
        after = base + struct.unpack_from(">i", batches, pos + 23)[0] + 1
        first = base if first is None else first
        pos += 12 + length
    if pos != len(batches):
        raise ValueError("no whole batches")
    return first, after
