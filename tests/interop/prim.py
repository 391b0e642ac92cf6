"""Primitives of Kafka's formats: CRC-32C, zig-zag varints, murmur2.

Written from the format description alone and independent of the C code.
Everything works on bytes; nothing here reads a file.
"""

import struct
import sys

_POLY = 0x82F63B78


class Bad(Exception):
    """The bytes break a rule of the format; the text says which."""


def _byte_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (_POLY if n & 1 else 0)
        table.append(n)
    return table


def _word_tables():
    """Tables that advance the CRC over 16 bits at once, near and far."""
    one = _byte_table()
    low = [one[(one[n & 255] ^ (n >> 8)) & 255] ^ (one[n & 255] >> 8)
           for n in range(65536)]
    high = []
    for n in low:
        high.append(low[n & 0xFFFF] ^ (n >> 16))
    return one, low, high


_ONE, _LOW, _HIGH = _word_tables()


def crc32c(data):
    """CRC-32C of data: four bytes a step, so that megabytes are bearable."""
    crc = 0xFFFFFFFF
    whole = len(data) & ~3
    words = memoryview(data)[:whole].cast("I")
    if sys.byteorder == "big":
        words = struct.unpack("<%dI" % (whole // 4), data[:whole])
    low, high = _LOW, _HIGH
    for word in words:
        crc ^= word
        crc = high[crc & 0xFFFF] ^ low[crc >> 16]
    for byte in data[whole:]:
        crc = _ONE[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def zigzag(value, limit=10):
    """A signed integer as Kafka's varint (limit 5) or varlong (limit 10)."""
    bits = 32 if limit == 5 else 64
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise ValueError("%d does not fit %d bits" % (value, bits))
    plain = ((value << 1) ^ (value >> (bits - 1))) & ((1 << bits) - 1)
    out = bytearray()
    while plain > 127:
        out.append(plain & 127 | 128)
        plain >>= 7
    out.append(plain)
    return bytes(out)


def unzigzag(data, pos, limit=10):
    """(value, next position) of the varint at pos."""
    plain = shift = 0
    size = len(data)
    for _ in range(limit):
        if pos >= size:
            raise Bad("varint runs past the end")
        byte = data[pos]
        pos += 1
        plain |= (byte & 127) << shift
        if byte < 128:
            if plain >> (32 if limit == 5 else 64):
                raise Bad("varint too large")
            return (plain >> 1) ^ -(plain & 1), pos
        shift += 7
    raise Bad("varint longer than %d bytes" % limit)


def murmur2(key):
    """The hash of Kafka's Java client, unsigned."""
    mask, mul = 0xFFFFFFFF, 0x5BD1E995
    size = len(key)
    whole = size & ~3
    h = 0x9747B28C ^ size
    for (k,) in struct.iter_unpack("<I", key[:whole]):
        k = k * mul & mask
        k = (k ^ k >> 24) * mul & mask
        h = (h * mul & mask) ^ k
    tail = key[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * mul & mask
    h = (h ^ h >> 13) * mul & mask
    return h ^ h >> 15


def partition_of(key, count):
    """The partition Kafka's Java client chooses for a key that is not null."""
    return (murmur2(key) & 0x7FFFFFFF) % count
