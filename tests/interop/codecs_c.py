"""The payload codecs, through the system's own libraries.

compress(name, data) writes what Kafka writes; variants (raw snappy, several
gzip members, ...) are functions of their own.  decompress(id, data) takes
what Kafka's reader takes and raises Bad for the rest.
"""

import ctypes
import struct
import zlib

from prim import Bad

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
NAMES = ["none", "gzip", "snappy", "lz4", "zstd"]
XERIAL = b"\x82SNAPPY\0"
BOMB = 1 << 30

_size = ctypes.c_size_t


def _lib(name):
    lib = ctypes.CDLL(name)
    return lib


_zstd = _lib("libzstd.so.1")
_lz4 = _lib("liblz4.so.1")
_snappy = _lib("libsnappy.so.1")
for _f in ("ZSTD_compressStream2", "ZSTD_decompressStream",
           "ZSTD_CStreamOutSize", "ZSTD_compressBound", "ZSTD_compress",
           "ZSTD_freeCCtx", "ZSTD_freeDStream"):
    getattr(_zstd, _f).restype = _size
_zstd.ZSTD_createCCtx.restype = ctypes.c_void_p
_zstd.ZSTD_createDStream.restype = ctypes.c_void_p
for _f in ("LZ4F_compressFrame", "LZ4F_compressFrameBound",
           "LZ4F_decompress", "LZ4F_createDecompressionContext",
           "LZ4F_freeDecompressionContext"):
    getattr(_lz4, _f).restype = _size
_snappy.snappy_max_compressed_length.restype = _size


class _Buffer(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", _size), ("pos", _size)]


class _Prefs(ctypes.Structure):
    _fields_ = [("block_size", ctypes.c_int), ("independent", ctypes.c_int),
                ("content_sum", ctypes.c_int), ("frame_type", ctypes.c_int),
                ("content_size", ctypes.c_ulonglong),
                ("dict_id", ctypes.c_uint), ("block_sum", ctypes.c_int),
                ("level", ctypes.c_int), ("auto_flush", ctypes.c_uint),
                ("favor_speed", ctypes.c_uint),
                ("reserved", ctypes.c_uint * 3)]


def gzip(data, members=1):
    """RFC 1952, cut into so many concatenated members."""
    out = b""
    step = -(-len(data) // members) or 1
    for at in range(0, len(data) or 1, step):
        z = zlib.compressobj(6, zlib.DEFLATED, 31)
        out += z.compress(data[at:at + step]) + z.flush()
    return out


def snappy_raw(data):
    """One snappy block without framing, as librdkafka writes."""
    room = _size(_snappy.snappy_max_compressed_length(_size(len(data))))
    out = ctypes.create_string_buffer(room.value)
    if _snappy.snappy_compress(data, _size(len(data)), out,
                               ctypes.byref(room)):
        raise RuntimeError("snappy_compress failed")
    return out.raw[:room.value]


def snappy(data, chunk=32768):
    """The framing of snappy-java: magic, versions, chunks."""
    out = XERIAL + struct.pack(">ii", 1, 1)
    for at in range(0, len(data), chunk):
        block = snappy_raw(data[at:at + chunk])
        out += struct.pack(">i", len(block)) + block
    return out


def lz4(data, content_sum=0, content_size=0, linked=False):
    """One LZ4 frame of 64 KiB blocks, independent unless linked."""
    prefs = _Prefs(block_size=4, independent=0 if linked else 1,
                   content_sum=content_sum,
                   content_size=len(data) if content_size else 0)
    room = _lz4.LZ4F_compressFrameBound(_size(len(data)), ctypes.byref(prefs))
    out = ctypes.create_string_buffer(room)
    n = _lz4.LZ4F_compressFrame(out, _size(room), data, _size(len(data)),
                                ctypes.byref(prefs))
    if n > room:
        raise RuntimeError("LZ4F_compressFrame failed")
    return out.raw[:n]


def zstd_sized(data):
    """One zstd frame that states its content size."""
    room = _zstd.ZSTD_compressBound(_size(len(data)))
    out = ctypes.create_string_buffer(room)
    n = _zstd.ZSTD_compress(out, _size(room), data, _size(len(data)), 3)
    if n > room:
        raise RuntimeError("ZSTD_compress failed")
    return out.raw[:n]


def zstd(data):
    """One zstd frame written as a stream: without the content size."""
    ctx = ctypes.c_void_p(_zstd.ZSTD_createCCtx())
    hold = ctypes.create_string_buffer(data, len(data) or 1)
    room = _zstd.ZSTD_compressBound(_size(len(data))) + 64
    space = ctypes.create_string_buffer(room)
    source = _Buffer(ctypes.addressof(hold), len(data), 0)
    target = _Buffer(ctypes.addressof(space), room, 0)
    for mode in (0, 2):             # ZSTD_e_continue, then ZSTD_e_end
        left = _zstd.ZSTD_compressStream2(
            ctx, ctypes.byref(target), ctypes.byref(source), mode)
    _zstd.ZSTD_freeCCtx(ctx)
    if left:
        raise RuntimeError("ZSTD_compressStream2 failed")
    return space.raw[:target.pos]


def compress(codec, data):
    """The payload of a batch with codec 1..4, as Kafka writes it."""
    return (None, gzip, snappy, lz4, zstd)[codec](data)


def _gunzip(data):
    out = b""
    while data:
        z = zlib.decompressobj(31)
        try:
            out += z.decompress(data, BOMB)
        except zlib.error as e:
            raise Bad("gzip: %s" % e) from e
        if not z.eof:
            raise Bad("gzip: cut short")
        data = z.unused_data
    return out


def _unsnappy_block(data):
    size = _size()
    if _snappy.snappy_uncompressed_length(data, _size(len(data)),
                                          ctypes.byref(size)):
        raise Bad("snappy: bad length")
    if size.value > BOMB:
        raise Bad("snappy: too large")
    out = ctypes.create_string_buffer(size.value or 1)
    if _snappy.snappy_uncompress(data, _size(len(data)), out,
                                 ctypes.byref(size)):
        raise Bad("snappy: bad block")
    return out.raw[:size.value]


def _unsnappy(data):
    if not data.startswith(XERIAL):
        return _unsnappy_block(data)
    out, pos = [], 16
    while pos < len(data):
        if pos + 4 > len(data):
            raise Bad("snappy: chunk cut short")
        (n,) = struct.unpack_from(">i", data, pos)
        if n < 0 or pos + 4 + n > len(data):
            raise Bad("snappy: chunk length")
        out.append(_unsnappy_block(data[pos + 4:pos + 4 + n]))
        pos += 4 + n
    return b"".join(out)


def _unlz4(data):
    if data[:4] != b"\x04\x22\x4d\x18" or len(data) < 7:
        raise Bad("lz4: no frame")
    if not data[4] & 0x20:
        raise Bad("lz4: linked blocks, which Kafka refuses")
    ctx = ctypes.c_void_p()
    _lz4.LZ4F_createDecompressionContext(ctypes.byref(ctx), 100)
    space = ctypes.create_string_buffer(1 << 18)
    hold = ctypes.create_string_buffer(data, len(data))
    out, pos, hint = [], 0, _size(1)
    try:
        while hint.value:
            got, used = _size(1 << 18), _size(len(data) - pos)
            hint = _size(_lz4.LZ4F_decompress(
                ctx, space, ctypes.byref(got),
                ctypes.c_void_p(ctypes.addressof(hold) + pos),
                ctypes.byref(used), None))
            if hint.value > 1 << 40:
                raise Bad("lz4: bad frame")
            out.append(space.raw[:got.value])
            pos += used.value
            if hint.value and not got.value and not used.value:
                raise Bad("lz4: cut short")
    finally:
        _lz4.LZ4F_freeDecompressionContext(ctx)
    if pos != len(data):
        raise Bad("lz4: bytes after the frame, lost to Kafka")
    return b"".join(out)


def _unzstd(data):
    ctx = ctypes.c_void_p(_zstd.ZSTD_createDStream())
    hold = ctypes.create_string_buffer(data, len(data) or 1)
    space = ctypes.create_string_buffer(1 << 18)
    source = _Buffer(ctypes.addressof(hold), len(data), 0)
    out, left = [], 1
    try:
        while True:
            target = _Buffer(ctypes.addressof(space), 1 << 18, 0)
            before = source.pos
            left = _zstd.ZSTD_decompressStream(
                ctx, ctypes.byref(target), ctypes.byref(source))
            if left > 1 << 40:
                raise Bad("zstd: bad frame")
            out.append(space.raw[:target.pos])
            if source.pos == len(data) and target.pos < 1 << 18:
                break
            if source.pos == before and not target.pos:
                raise Bad("zstd: no progress")
    finally:
        _zstd.ZSTD_freeDStream(ctx)
    if left:
        raise Bad("zstd: cut short")
    return b"".join(out)


def decompress(codec, data):
    """The plain record stream of a payload; Bad if it is not whole."""
    if codec == NONE:
        return data
    if codec > ZSTD:
        raise Bad("codec %d" % codec)
    return (None, _gunzip, _unsnappy, _unlz4, _unzstd)[codec](bytes(data))
