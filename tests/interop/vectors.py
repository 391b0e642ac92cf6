"""Self-test of the Python tools against the published vectors."""

import glob
import os
import random
import tempfile

import codecs_c
import kafkalog
import kafkawrite
from kafkalog import Record
from prim import Bad, crc32c, murmur2, partition_of, unzigzag, zigzag

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      os.pardir, "golden")
T = 1700000000000

ZIGZAG = {0: "00", -1: "01", 1: "02", -2: "03", 63: "7e", -64: "7f",
          64: "8001", -65: "8101", 300: "d804", -300: "d704", 1000: "d00f",
          2147483647: "feffffff0f", -2147483648: "ffffffff0f",
          2 ** 63 - 1: "feffffffffffffffff01",
          -2 ** 63: "ffffffffffffffffff01"}

MURMUR = {"": 0x106e08d9, "a": 0xa2d0b27c, "b": 0x918c0ff4,
          "21": 0xc5f2f8ec, "abc": 0x1c94221b, "key1": 0x01b38bc4,
          "key2": 0x63d2aceb, "hello": 0x7f1ddbbd, "h\u00e4\u00df": 0x14245ee4,
          "kafka": 0xd067cf64, "foobar": 0xd0e47bbe, "user-1": 0x53b136cc,
          "order-1234567890": 0xde5636cf}


def example(letter):
    """The bytes of the worked example A..F."""
    with open(os.path.join(GOLDEN, letter + ".hex"), encoding="ascii") as f:
        return bytes.fromhex(f.read())


def built():
    """The worked examples as the writer makes them."""
    one, marker = Record, kafkawrite.encode_marker
    batch = kafkawrite.encode_batch
    yield "A", batch([one(0, T, None, b"hello", [])])
    yield "B", batch([one(1, T + 5, b"k1", b"v1", []),
                      one(2, T + 1005, b"k2", b"v2",
                          [(b"h1", b"x"), (b"h2", None)])], epoch=3)
    yield "C", marker(3, False, 4000, 1, T + 2000, epoch=3, coordinator=7)
    yield "D", batch([one(4, T + 3000, b"a", None, [])], epoch=3)
    was = {"pid": 77, "pepoch": 2, "sequence": 5, "epoch": 9}
    yield "E", batch([one(10, T, b"a", b"1", []), one(11, T + 1, b"b", None,
                      [])], last=12, horizon=T + 86500000, **was)
    yield "F", batch([], base=10, last=12, max_ts=T + 2, **was)


def check_primitives():
    assert crc32c(b"123456789") == 0xE3069283
    slow = 0xFFFFFFFF
    data = bytes(range(256)) * 3 + b"xyz"
    for byte in data:
        slow ^= byte
        for _ in range(8):
            slow = (slow >> 1) ^ (0x82F63B78 if slow & 1 else 0)
    assert crc32c(data) == slow ^ 0xFFFFFFFF
    for value, text in ZIGZAG.items():
        limit = 5 if len(text) <= 10 else 10
        assert zigzag(value, limit).hex() == text, value
        assert unzigzag(bytes.fromhex(text), 0, limit) == (
            value, len(text) // 2), value
    for text, value in MURMUR.items():
        assert murmur2(text.encode()) == value, text
    assert [partition_of(b"hello", n) for n in (3, 10, 12)] == [0, 9, 9]


def check_examples():
    for letter, data in built():
        assert data == example(letter), letter
        batch = kafkalog.parse_batch(data)
        for at in range(21, len(data)):
            bent = bytearray(data)
            bent[at] ^= 0x40
            try:
                kafkalog.parse_batch(bytes(bent))
            except Bad:
                continue
            raise AssertionError("%s: byte %d bent unseen" % (letter, at))
        assert kafkalog.parse_batch(data[:-1]) is None
        assert batch.size == len(data)
    e = kafkalog.parse_batch(example("E"))
    assert [r.ts for r in e.records] == [T, T + 1] and e.horizon


def variants():
    """(codec, name, pack) of everything Kafka's reader takes."""
    c = codecs_c
    return [(1, "gzip", c.gzip), (1, "gzip2", lambda x: c.gzip(x, 2)),
            (2, "snappy", c.snappy), (2, "snappy-raw", c.snappy_raw),
            (3, "lz4", c.lz4), (3, "lz4-size", lambda x: c.lz4(x, 1, 1)),
            (4, "zstd", c.zstd), (4, "zstd-size", c.zstd_sized)]


def check_codecs():
    rng = random.Random(1)
    samples = [b"a", b"abc" * 50000, rng.randbytes(200000)]
    for codec, name, pack in variants():
        for data in samples:
            packed = pack(data)
            assert codecs_c.decompress(codec, packed) == data, name
            for cut in (1, len(packed) // 2):
                try:
                    short = codecs_c.decompress(codec, packed[:-cut])
                except Bad:
                    continue
                assert short != data, name
    assert codecs_c.zstd(b"abc" * 100)[4] & 0xE0 == 0
    assert codecs_c.lz4(b"abc" * 100)[4:6] == b"\x60\x40"
    for bad in (codecs_c.lz4(samples[2], linked=True),
                codecs_c.lz4(b"a") + codecs_c.lz4(b"b")):
        try:
            codecs_c.decompress(3, bad)
        except Bad:
            continue
        raise AssertionError("lz4 frame that Kafka refuses was taken")


def _sample(directory):
    rng = random.Random(2)
    log = kafkawrite.Log(5)
    for n in range(300):
        if n in (100, 200):
            log.roll()
        first = log.next
        log.add(kafkawrite.encode_batch(
            [Record(first + i, T + rng.randrange(10 ** 6), None,
                    rng.randbytes(200), []) for i in range(1 + n % 4)]))
    kafkawrite.write_topic(directory, [log])
    return os.path.join(directory, "0")


def check_reader_refuses():
    """Every kind of damage to any file of a partition is noticed."""
    with tempfile.TemporaryDirectory() as tmp:
        part = _sample(os.path.join(tmp, "t"))
        assert len(kafkalog.read_partition(part)) == 3
        for path in sorted(glob.glob(part + "/*")):
            with open(path, "rb") as f:
                whole = f.read()
            for bent in (whole[:-1], whole[:len(whole) // 2] + b"\x7f"
                         + whole[len(whole) // 2 + 1:], whole + b"\1"):
                if bent == whole:
                    continue
                with open(path, "wb") as f:
                    f.write(bent)
                try:
                    kafkalog.read_partition(part)
                except (Bad, ValueError):
                    continue
                raise AssertionError("damage unseen: " + path)
            with open(path, "wb") as f:
                f.write(whole)


def tests():
    """(name, function) of every self-test."""
    return [("self: checksums, varints, murmur2", check_primitives),
            ("self: worked examples A-F, both ways", check_examples),
            ("self: codecs and their variants", check_codecs),
            ("self: damage to any file is noticed", check_reader_refuses)]
