/*
 * batch: Kafka's record batch v2, the unit that is checksummed, appended and
 * read whole (klog-format(5)).  Pure: records <-> bytes.
 *
 * Base offset and leader epoch are outside the checksum, so a batch is built,
 * compressed and summed before its place in the log is known, and
 * batch_place() patches both under the lock for nothing.
 */
#ifndef KLOG_BATCH_H
#define KLOG_BATCH_H

#include <stdbool.h>

#include "buf.h"
#include "bytes.h"
#include "codec.h"
#include "err.h"
#include "record.h"

enum {				/* positions in a batch, written once */
	BATCH_BASE_OFFSET = 0,
	BATCH_LENGTH = 8,	/* bytes after this field */
	BATCH_EPOCH = 12,
	BATCH_MAGIC = 16,
	BATCH_CRC = 17,		/* of everything from BATCH_ATTRIBUTES on */
	BATCH_ATTRIBUTES = 21,
	BATCH_LAST_DELTA = 23,
	BATCH_BASE_TIMESTAMP = 27,
	BATCH_MAX_TIMESTAMP = 35,
	BATCH_PRODUCER_ID = 43,
	BATCH_PRODUCER_EPOCH = 51,
	BATCH_SEQUENCE = 53,
	BATCH_COUNT = 57,
	BATCH_HEADER = 61,	/* the records start here */
	BATCH_LENGTH_MIN = 49,	/* of the length field */
	BATCH_OVERHEAD = 12	/* size = length field + this */
};

enum {				/* attribute bits */
	BATCH_CODEC_MASK = 0x07,
	BATCH_APPEND_TIME = 0x08,
	BATCH_TRANSACTIONAL = 0x10,
	BATCH_CONTROL = 0x20,
	BATCH_HORIZON = 0x40
};

struct batch {			/* a decoded header */
	int64_t base_offset;
	int64_t last_offset;	/* base + last delta; kept by compaction */
	int32_t size;		/* whole batch in bytes, header included */
	int32_t epoch;		/* leader epoch; -1 unknown */
	uint32_t crc;
	int16_t attributes;
	int64_t base_timestamp;	/* ms; the delete horizon if BATCH_HORIZON */
	int64_t max_timestamp;	/* ms */
	int64_t producer_id;	/* -1 none */
	int16_t producer_epoch;
	int32_t base_sequence;
	int32_t count;		/* records present; 0 is legal */
};

enum batch_state {
	BATCH_WHOLE,		/* all there and well formed */
	BATCH_SHORT,		/* cut off: a live writer or a crash */
	BATCH_BAD		/* damage */
};

/*
 * Decode the header at p, of which n bytes are there.  WHOLE: b is filled and
 * b->size bytes are there.  SHORT: fewer than a header, or fewer than b->size
 * (b is filled if the header is there, else b->size is 0).  BAD: magic,
 * length, attributes, codec, count or last delta are impossible.
 * The checksum is not looked at.
 */
enum batch_state batch_decode(const uint8_t *p, size_t n, struct batch *b);

/* Whether the checksum of a whole batch at p is right. */
bool batch_verify(const uint8_t *p, const struct batch *b);

/* Patch base offset and leader epoch of the batch at p. */
void batch_place(uint8_t *p, int64_t base_offset, int32_t epoch);

/*
 * Turn the batch at p into log-append time: attribute bit, max timestamp,
 * checksum (Kafka 4.x, LogValidator).  The records' deltas stay.
 */
void batch_stamp(uint8_t *p, int64_t now_ms);

/*
 * Write at p a batch of BATCH_HEADER bytes without records that stands for
 * offsets [base, last], as compaction leaves them; last - base < 2^31.
 */
void batch_empty(uint8_t *p, int64_t base, int64_t last, int32_t epoch);

/* The same for a batch whose producer is still active: it stays known. */
void batch_husk(uint8_t *p, const struct batch *of);

/*
 * Write the header of the batch of b->size bytes at p, whose records are
 * there already, and its checksum (b->crc does not count).
 */
void batch_encode(uint8_t *p, const struct batch *b);

/* ---- building ---- */

struct batch_builder {		/* zero it, or batch_builder_clear, to start */
	struct buf bytes;	/* BATCH_HEADER bytes of room, then records */
	int32_t count;
	int64_t base_timestamp;	/* of the first record */
	int64_t max_timestamp;
};

/* Size in bytes the uncompressed batch would have with r added to it. */
int64_t batch_builder_size_with(const struct batch_builder *bb,
    const struct record *r);

/* Add a copy of r.  0, or -1 out of memory (bb unchanged). */
int batch_builder_add(struct batch_builder *bb, const struct record *r);

/*
 * Finish the batch (at least one record): compress by c, fill the header, sum.
 * Base offset 0 and epoch -1 until batch_place.  On return *out points to the
 * whole batch, *size bytes: into bb->bytes, or into scratch if compressed (its
 * old content is lost).  If compressing does not make it smaller, codec none
 * is used.  Valid until bb or scratch changes.  0, or -1.
 */
int batch_builder_finish(struct batch_builder *bb, struct codec *c,
    enum codec_id id, int level, struct buf *scratch, uint8_t **out,
    size_t *size, struct err *e);

void batch_builder_clear(struct batch_builder *bb);	/* keeps memory */
void batch_builder_release(struct batch_builder *bb);

/* ---- reading records ---- */

struct batch_records {		/* a walk over one batch's records */
	const struct batch *batch;
	const uint8_t *next, *end;
	int32_t left;
	int64_t last_offset;	/* of the record before; offsets must rise */
};

/*
 * Start at the first record of the whole batch at p.  Compressed records are
 * decompressed into scratch (old content lost), at most limit bytes; others
 * are read in place.  b, p and scratch must outlive the walk.
 * 0, or -1: ERR_CORRUPT, ERR_SYSTEM; the text names the batch, the caller
 * says whose it is.
 */
int batch_records_init(struct batch_records *br, const struct batch *b,
    const uint8_t *p, struct codec *c, struct buf *scratch, size_t limit,
    struct err *e);

/*
 * The next record: 1 got one (its slices live as long as p and scratch), 0
 * end (exactly count records, no byte left), -1 ERR_CORRUPT.  Log-append time
 * is applied: every record then has max_timestamp.  A record whose offset is
 * outside the batch or not above the one before is corrupt.  Control batches
 * are walked too: skipping them is the caller's affair.
 */
int batch_records_next(struct batch_records *br, struct record *r,
    struct err *e);

#endif
