/*
 * codec: the five compressions of Kafka's batches (klog-format(5)): none,
 * gzip, snappy (xerial framing written, raw taken too), lz4 (frame with
 * independent 64 KiB blocks), zstd.
 *
 * Pure: memory to memory, no descriptor, no clock.  One struct codec a thread:
 * it keeps the libraries' contexts, so that a second batch costs no set-up.
 * snappy is a C++ library whose start-up costs more than a one-record
 * produce: it is loaded when first needed.
 */
#ifndef KLOG_CODEC_H
#define KLOG_CODEC_H

#include "buf.h"
#include "err.h"

enum codec_id {			/* the numbers of the attribute bits 0-2 */
	CODEC_NONE,
	CODEC_GZIP,
	CODEC_SNAPPY,
	CODEC_LZ4,
	CODEC_ZSTD
};

enum {
	CODEC_LEVEL_DEFAULT = INT32_MIN	/* the codec's own; zstd: 1 */
};

struct codec;			/* opaque; contexts are made when first used */

struct codec *codec_new(void);	/* NULL: out of memory */
void codec_free(struct codec *c);

/* "none" "gzip" "snappy" "lz4" "zstd"; NULL for a number that is no codec. */
const char *codec_name(int id);

/* The codec of that name ("uncompressed" is none too), or -1. */
int codec_parse(const char *name);

/*
 * Append src compressed to dst, whose other bytes stay.
 * level: zstd -131072..22, gzip 0..9, others ignore it.
 * 0, or -1 (out of memory, the library refused; dst->len unchanged).
 */
int codec_compress(struct codec *c, enum codec_id id, int level,
    const void *src, size_t n, struct buf *dst, struct err *e);

/*
 * Append src decompressed to dst; at most limit bytes are ever produced, and
 * memory grows with what really comes out, not with what a header claims.
 * 0, or -1: ERR_CORRUPT (not that codec's data, cut off, more than limit) or
 * ERR_SYSTEM (out of memory, library missing); dst->len is then unchanged.
 */
int codec_decompress(struct codec *c, enum codec_id id, const void *src,
    size_t n, struct buf *dst, size_t limit, struct err *e);

#endif
