#!/usr/bin/env python3
"""The golden files: one batch of the same records in each codec.

As a program, golden.py DIR writes them anew, which is only right when the
records themselves are to change.  As a module it tests that they still read
the same, by the Python reader and by klog.
"""

import os
import shutil
import sys

import codecs_c
import kafkalog
import kafkawrite
import streams
from kafkalog import Record
from streams import T, run, same
from vectors import GOLDEN


def golden_records():
    """What every golden file holds."""
    return [
        Record(0, T, None, b"hello", []),
        Record(1, T + 7, b"", b"", []),
        Record(2, T - 1000, b"k1", None, [(b"h", None), (b"h", b""),
                                          ("\u00fc".encode(), b"\xff\0")]),
        Record(3, T + 86400000, b"\x80\xfe", b"line\nline\ttab\0nul", []),
        Record(4, T + 8, b"user-1", b"klog " * 400, [(b"", b"x")]),
        Record(5, T + 9, b"k1", "\u20ac \U0001f600".encode(), [])]


def path(name):
    return os.path.join(GOLDEN, name)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


def write(directory):
    """Write every golden file but the worked examples into directory."""
    recs = golden_records()
    files = {"records.framed": streams.framed(recs)}
    for codec, name in enumerate(codecs_c.NAMES):
        files[name + ".log"] = kafkawrite.encode_batch(recs, codec)
    for name, data in files.items():
        with open(os.path.join(directory, name), "wb") as f:
            f.write(data)


def check_files():
    """Frozen bytes: the reader gives the records, the codecs the payload."""
    recs = golden_records()
    assert kafkawrite.encode_batch(recs) == read("none.log")
    assert streams.framed(recs) == read("records.framed")
    plain = read("none.log")
    for codec, name in enumerate(codecs_c.NAMES):
        data = read(name + ".log")
        batch = kafkalog.parse_batch(data)
        same([r.fields() for r in batch.records],
             [r.fields() for r in recs], name)
        assert batch.codec == codec and batch.size == len(data), name
        assert codecs_c.decompress(codec, data[61:]) == plain[61:], name
        for start, end in ((0, 8), (12, 17), (23, 61)):
            assert data[start:end] == plain[start:end], name


def check_klog(tmp, name):
    """klog prints a golden file's records and encodes them the same."""
    topic, copy = os.path.join(tmp, name), os.path.join(tmp, name + "-copy")
    kafkawrite.write_topic(topic, [kafkawrite.Log()], False)
    log = os.path.join("0", "%020d.log" % 0)
    shutil.copyfile(path(name + ".log"), os.path.join(topic, log))
    out = run("klog-consume", "--framed", topic)
    if out != read("records.framed"):
        raise streams.Failed("klog-consume --framed differs")
    run("klog-topic", "create", "-p", 1, copy)
    run("klog-produce", "--framed", "-z", "none", copy, data=out)
    with open(os.path.join(copy, log), "rb") as f:
        same(list(f.read()), list(read("none.log")), "encoded again")


def tests(tmp):
    """(name, function, arguments...) of the golden tests."""
    yield "golden: the files are as the reader wants them", check_files
    for name in codecs_c.NAMES:
        yield "golden: klog reads and re-encodes " + name, \
            check_klog, tmp, name


if __name__ == "__main__":
    write(sys.argv[1])
