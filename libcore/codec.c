#include "codec.h"

#include <errno.h>
#include <lz4frame.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "bytes.h"
#include "xerial.h"

struct codec {
	ZSTD_CCtx *zstd_out;
	ZSTD_DCtx *zstd_in;
	LZ4F_dctx *lz4_in;
	z_stream gzip_out, gzip_in;
	bool gzip_out_ready, gzip_in_ready;
	struct xerial snappy;
};

enum {
	GZIP_WINDOW = 15 + 16,	/* 32 KiB, with gzip's header and trailer */
	GZIP_MEMORY = 8,	/* zlib's default: 128 KiB */
	ROOM_MIN = 64 * 1024,	/* first allocation for decompressed bytes */
	ZSTD_LEVEL = 1
};

static const char *const names[] = {
	[CODEC_NONE] = "none",
	[CODEC_GZIP] = "gzip",
	[CODEC_SNAPPY] = "snappy",
	[CODEC_LZ4] = "lz4",
	[CODEC_ZSTD] = "zstd"
};

struct codec *
codec_new(void)
{
	return calloc(1, sizeof(struct codec));
}

void
codec_free(struct codec *c)
{
	if (c == NULL)
		return;
	ZSTD_freeCCtx(c->zstd_out);
	ZSTD_freeDCtx(c->zstd_in);
	LZ4F_freeDecompressionContext(c->lz4_in);
	if (c->gzip_out_ready)
		deflateEnd(&c->gzip_out);
	if (c->gzip_in_ready)
		inflateEnd(&c->gzip_in);
	xerial_release(&c->snappy);
	free(c);
}

const char *
codec_name(int id)
{
	return id >= CODEC_NONE && id <= CODEC_ZSTD ? names[id] : NULL;
}

int
codec_parse(const char *name)
{
	int id;

	for (id = CODEC_NONE; id <= CODEC_ZSTD; id++)
		if (strcmp(name, names[id]) == 0)
			return id;
	return strcmp(name, "uncompressed") == 0 ? CODEC_NONE : -1;
}

static int
no_memory(enum codec_id id, struct err *e)
{
	errno = ENOMEM;
	return err_sys(e, "%s", names[id]);
}

static int
refused(enum codec_id id, const char *why, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s: %s", names[id], why);
}

static int
corrupt(enum codec_id id, const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "%s: %s", names[id], why);
}

static int
too_much(enum codec_id id, struct err *e)
{
	return corrupt(id, "unpacks to more than max.message.bytes allows", e);
}

/*
 * Bytes that may be written behind dst->len, at least one, or 0 if there is
 * no memory.  One above limit, so that the stream shows whether it ends
 * there.
 */
static size_t
room(struct buf *dst, size_t start, size_t limit)
{
	size_t left = limit + 1 - (dst->len - start);

	if (dst->cap == dst->len &&
	    buf_reserve(dst, left < ROOM_MIN ? left : ROOM_MIN) < 0)
		return 0;
	return left < dst->cap - dst->len ? left : dst->cap - dst->len;
}

/* ---- zstd ---- */

static int
zstd_compress(struct codec *c, int level, const void *src, size_t n,
    struct buf *dst, struct err *e)
{
	size_t got;

	if (level == CODEC_LEVEL_DEFAULT)
		level = ZSTD_LEVEL;
	if (c->zstd_out == NULL && (c->zstd_out = ZSTD_createCCtx()) == NULL)
		return no_memory(CODEC_ZSTD, e);
	if (buf_reserve(dst, ZSTD_compressBound(n)) < 0)
		return no_memory(CODEC_ZSTD, e);
	/* Without the content size, as Kafka's streams are. */
	ZSTD_CCtx_setParameter(c->zstd_out, ZSTD_c_contentSizeFlag, 0);
	got = ZSTD_CCtx_setParameter(c->zstd_out, ZSTD_c_compressionLevel,
	    level);
	if (!ZSTD_isError(got))
		got = ZSTD_compress2(c->zstd_out, dst->data + dst->len,
		    dst->cap - dst->len, src, n);
	if (ZSTD_isError(got))
		return refused(CODEC_ZSTD, ZSTD_getErrorName(got), e);
	dst->len += got;
	return 0;
}

/*
 * One frame of size bytes, straight into dst: a streaming decoder would first
 * allocate the window that the frame claims, and copy once more.  The price
 * is to start again with twice the room when it was too little; dst is kept
 * from batch to batch, so that is rare.
 */
static int
zstd_frame(struct codec *c, const uint8_t *src, size_t size, struct buf *dst,
    size_t start, size_t limit, struct err *e)
{
	size_t left = limit - (dst->len - start), want = 4 * size, got;

	if (want + 1 < dst->cap - dst->len)
		want = dst->cap - dst->len - 1;
	for (;; want *= 2) {
		if (want > left)
			want = left;
		if (buf_reserve(dst, want + 1) < 0)
			return no_memory(CODEC_ZSTD, e);
		got = ZSTD_decompressDCtx(c->zstd_in, dst->data + dst->len,
		    want, src, size);
		if (ZSTD_getErrorCode(got) != ZSTD_error_dstSize_tooSmall)
			break;
		if (want == left)
			return too_much(CODEC_ZSTD, e);
	}
	if (ZSTD_isError(got))
		return corrupt(CODEC_ZSTD, ZSTD_getErrorName(got), e);
	dst->len += got;
	return 0;
}

static int
zstd_decompress(struct codec *c, const uint8_t *src, size_t n,
    struct buf *dst, size_t limit, struct err *e)
{
	size_t start = dst->len, size;

	if (c->zstd_in == NULL && (c->zstd_in = ZSTD_createDCtx()) == NULL)
		return no_memory(CODEC_ZSTD, e);
	do {
		/* The formats before 1.0, which the library takes, are out. */
		if (n < 4 || (get_be32(src) != 0x28b52ffd &&
		    (get_be32(src) & 0xf0ffffff) != 0x502a4d18))
			return corrupt(CODEC_ZSTD, "not a frame", e);
		size = ZSTD_findFrameCompressedSize(src, n);
		if (ZSTD_isError(size) || size == 0)
			return corrupt(CODEC_ZSTD, "malformed or cut off", e);
		if (zstd_frame(c, src, size, dst, start, limit, e) < 0)
			return -1;
		src += size;
		n -= size;
	} while (n > 0);
	return 0;
}

/* ---- gzip ---- */

static int
gzip_compress(struct codec *c, int level, const void *src, size_t n,
    struct buf *dst, struct err *e)
{
	z_stream *s = &c->gzip_out;
	size_t bound;

	if (level == CODEC_LEVEL_DEFAULT)
		level = Z_DEFAULT_COMPRESSION;
	else if (level < 0 || level > 9)
		return err_set(e, ERR_USAGE, "gzip: no level %d", level);
	if (!c->gzip_out_ready && deflateInit2(s, level, Z_DEFLATED,
	    GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return no_memory(CODEC_GZIP, e);
	c->gzip_out_ready = true;
	deflateReset(s);
	if (deflateParams(s, level, Z_DEFAULT_STRATEGY) != Z_OK)
		return refused(CODEC_GZIP, "level refused", e);
	bound = deflateBound(s, n);
	if (buf_reserve(dst, bound) < 0)
		return no_memory(CODEC_GZIP, e);
	s->next_in = (Bytef *)src;
	s->avail_in = (uInt)n;
	s->next_out = dst->data + dst->len;
	s->avail_out = (uInt)bound;
	if (deflate(s, Z_FINISH) != Z_STREAM_END)
		return refused(CODEC_GZIP, "no room", e);
	dst->len += bound - s->avail_out;
	return 0;
}

static int
gzip_decompress(struct codec *c, const uint8_t *src, size_t n,
    struct buf *dst, size_t limit, struct err *e)
{
	z_stream *s = &c->gzip_in;
	size_t start = dst->len, space;
	int r = Z_OK;

	if (!c->gzip_in_ready && inflateInit2(s, GZIP_WINDOW) != Z_OK)
		return no_memory(CODEC_GZIP, e);
	c->gzip_in_ready = true;
	inflateReset(s);
	s->next_in = (Bytef *)src;
	s->avail_in = (uInt)n;
	while (r == Z_OK) {
		space = room(dst, start, limit);
		if (space == 0)
			return no_memory(CODEC_GZIP, e);
		s->next_out = dst->data + dst->len;
		s->avail_out = (uInt)space;
		r = inflate(s, Z_NO_FLUSH);
		dst->len += space - s->avail_out;
		if (dst->len - start > limit)
			return too_much(CODEC_GZIP, e);
		/* Another member may follow. */
		if (r == Z_STREAM_END && s->avail_in > 0)
			r = inflateReset(s);
	}
	if (r == Z_MEM_ERROR)
		return no_memory(CODEC_GZIP, e);
	return r == Z_STREAM_END ? 0 :
	    corrupt(CODEC_GZIP, "malformed or cut off", e);
}

/* ---- lz4 ---- */

static int
lz4_compress(const void *src, size_t n, struct buf *dst, struct err *e)
{
	LZ4F_preferences_t p = LZ4F_INIT_PREFERENCES;
	size_t got;

	p.frameInfo.blockSizeID = LZ4F_max64KB;
	p.frameInfo.blockMode = LZ4F_blockIndependent;
	if (buf_reserve(dst, LZ4F_compressFrameBound(n, &p)) < 0)
		return no_memory(CODEC_LZ4, e);
	got = LZ4F_compressFrame(dst->data + dst->len, dst->cap - dst->len,
	    src, n, &p);
	if (LZ4F_isError(got))
		return refused(CODEC_LZ4, LZ4F_getErrorName(got), e);
	dst->len += got;
	return 0;
}

/* Linked blocks are refused, and so is a second frame: so does Kafka. */
static int
lz4_decompress(struct codec *c, const uint8_t *src, size_t n,
    struct buf *dst, size_t limit, struct err *e)
{
	LZ4F_frameInfo_t info = LZ4F_INIT_FRAMEINFO;
	size_t start = dst->len, used = n, in, out, r;

	if (c->lz4_in == NULL && LZ4F_isError(
	    LZ4F_createDecompressionContext(&c->lz4_in, LZ4F_VERSION)))
		return no_memory(CODEC_LZ4, e);
	LZ4F_resetDecompressionContext(c->lz4_in);
	if (n < 4 || get_be32(src) != 0x04224d18 || LZ4F_isError(
	    LZ4F_getFrameInfo(c->lz4_in, &info, src, &used)))
		return corrupt(CODEC_LZ4, "not a frame", e);
	if (info.blockMode != LZ4F_blockIndependent)
		return corrupt(CODEC_LZ4, "linked blocks", e);
	do {
		out = room(dst, start, limit);
		if (out == 0)
			return no_memory(CODEC_LZ4, e);
		in = n - used;
		r = LZ4F_decompress(c->lz4_in, dst->data + dst->len, &out,
		    src + used, &in, NULL);
		if (LZ4F_isError(r))
			return corrupt(CODEC_LZ4, LZ4F_getErrorName(r), e);
		used += in;
		dst->len += out;
		if (dst->len - start > limit)
			return too_much(CODEC_LZ4, e);
		if (r != 0 && in == 0 && out == 0)
			return corrupt(CODEC_LZ4, "cut off", e);
	} while (r != 0);
	return used == n ? 0 :
	    corrupt(CODEC_LZ4, "bytes after the frame", e);
}

/* ---- any ---- */

static int
store(const void *src, size_t n, struct buf *dst, size_t limit, struct err *e)
{
	if (n > limit)
		return too_much(CODEC_NONE, e);
	return buf_append(dst, src, n) < 0 ? no_memory(CODEC_NONE, e) : 0;
}

int
codec_compress(struct codec *c, enum codec_id id, int level, const void *src,
    size_t n, struct buf *dst, struct err *e)
{
	size_t start = dst->len;
	int r = -1;

	if (n > INT32_MAX)
		return err_set(e, ERR_DATA, "%s: more than 2 GiB", names[id]);
	switch (id) {
	case CODEC_NONE:
		r = store(src, n, dst, n, e);
		break;
	case CODEC_GZIP:
		r = gzip_compress(c, level, src, n, dst, e);
		break;
	case CODEC_SNAPPY:
		r = xerial_compress(&c->snappy, src, n, dst, e);
		break;
	case CODEC_LZ4:
		r = lz4_compress(src, n, dst, e);
		break;
	case CODEC_ZSTD:
		r = zstd_compress(c, level, src, n, dst, e);
		break;
	}
	if (r < 0)
		dst->len = start;
	return r;
}

int
codec_decompress(struct codec *c, enum codec_id id, const void *src, size_t n,
    struct buf *dst, size_t limit, struct err *e)
{
	size_t start = dst->len;
	int r = -1;

	/* No batch is larger, and the libraries count in 32 bits. */
	if (limit > INT32_MAX)
		limit = INT32_MAX;
	if (n > INT32_MAX)
		return corrupt(id, "more than 2 GiB", e);
	switch (id) {
	case CODEC_NONE:
		r = store(src, n, dst, limit, e);
		break;
	case CODEC_GZIP:
		r = gzip_decompress(c, src, n, dst, limit, e);
		break;
	case CODEC_SNAPPY:
		r = xerial_decompress(&c->snappy, src, n, dst, limit, e);
		break;
	case CODEC_LZ4:
		r = lz4_decompress(c, src, n, dst, limit, e);
		break;
	case CODEC_ZSTD:
		r = zstd_decompress(c, src, n, dst, limit, e);
		break;
	}
	if (r < 0)
		dst->len = start;
	return r;
}
