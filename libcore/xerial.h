/*
 * xerial: snappy as Kafka's batches carry it (klog-format(5)): written in
 * the framing of the xerial library, chunks of 32 KiB; read in that framing
 * and as one raw block, which is what librdkafka writes.
 *
 * libsnappy is a C++ library whose start-up costs more than a one-record
 * produce: it is loaded by the first call that needs it.  Used by codec only.
 */
#ifndef KLOG_XERIAL_H
#define KLOG_XERIAL_H

#include <snappy-c.h>

#include "buf.h"
#include "err.h"

struct xerial {			/* zero it to start; one a thread */
	void *library;		/* dlopen's handle, or NULL: not yet loaded */
	__typeof__(snappy_compress) *compress;
	__typeof__(snappy_uncompress) *uncompress;
	__typeof__(snappy_max_compressed_length) *bound;
	__typeof__(snappy_uncompressed_length) *claim;
};

/*
 * Append n bytes of src compressed to dst.  0, or -1: ERR_SYSTEM (out of
 * memory, library missing); dst->len is then undefined.
 */
int xerial_compress(struct xerial *x, const uint8_t *src, size_t n,
    struct buf *dst, struct err *e);

/*
 * Append n bytes of src decompressed to dst, at most limit bytes.
 * 0, or -1: ERR_CORRUPT, ERR_SYSTEM; dst->len is then undefined.
 */
int xerial_decompress(struct xerial *x, const uint8_t *src, size_t n,
    struct buf *dst, size_t limit, struct err *e);

void xerial_release(struct xerial *x);

#endif
