/*
 * spill: streams of bytes that do not fit into memory, in one temporary file
 * without a name: each is written a piece at a time, in any order among them,
 * and read back from its start.
 */
#ifndef KLOG_SPILL_H
#define KLOG_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

enum { SPILL_CHUNK_MIN = 4096 };

struct spill_stream {
	int64_t bytes; /* that were put */
	struct buf data; /* those not written yet */
	int64_t *places; /* of its chunks in the file */
	size_t count, cap;
};

struct spill { /* zero it to start */
	int fd;
	const char *where; /* borrowed: the directory, for messages */
	int64_t size; /* bytes of the file */
	size_t chunk; /* bytes that are written at once */
	struct spill_stream *streams;
	int count;
};

/*
 * A file that is gone when its descriptor is closed, in the directory dirfd,
 * clean.lock of which is held.  A descriptor, or -1.
 */
int spill_file(int dirfd, const char *where, struct err *e);

/* Begin count empty streams, with buffers of memory bytes in all.  0, -1. */
int spill_open(struct spill *s, int dirfd, int count, size_t memory,
    const char *where, struct err *e);
void spill_close(struct spill *s);

/* Append n bytes to stream i.  0, or -1 (e->sys ENOSPC: the disk is full). */
int spill_put(
    struct spill *s, int i, const void *data, size_t n, struct err *e);

/* All was put: write what is left and give the buffers back.  0, or -1. */
int spill_end(struct spill *s, struct err *e);

struct spill_reader { /* zero it to start */
	const struct spill *spill;
	const struct spill_stream *stream;
	size_t next; /* chunk to be read */
	size_t at; /* in data: what was not taken yet starts here */
	int64_t left; /* bytes that were not read into data */
	struct buf data;
};

/* Go to the start of stream i. */
void spill_rewind(struct spill_reader *r, const struct spill *s, int i);

/*
 * The next n bytes, which live until the next call: 1, 0 there are none, or
 * -1 (fewer are there than n: ERR_CORRUPT).
 */
int spill_take(struct spill_reader *r, size_t n, const uint8_t **data,
    struct err *e);
void spill_reader_release(struct spill_reader *r);

#endif
