/*
 * filter: what compaction leaves of one batch (Kafka 4.x, MemoryRecords.
 * filterTo and Cleaner; klog-format(5), COMPACTION).  Pure: bytes -> bytes.
 *
 * A batch of which all stays is left as it is.  Of another the records that
 * stay keep their offsets, and the batch its offsets, producer, epoch and
 * codec.  A tombstone that is met for the first time gives its batch a delete
 * horizon: it goes in a later pass, once that has passed.
 */
#ifndef KLOG_FILTER_H
#define KLOG_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "buf.h"
#include "codec.h"
#include "err.h"

enum { FILTER_AHEAD = 64 };

enum filter_verdict { FILTER_DROP, FILTER_KEEP, FILTER_REPLACE };

enum filter_batch {
	FILTER_RECORDS, /* ask about each record */
	FILTER_WHOLE, /* nothing may go: a marker whose transaction is there */
	FILTER_MARKER, /* a marker whose transaction is gone: horizon, then
			* it goes too */
	FILTER_NONE /* an aborted transaction's: all of it goes */
};

struct filter { /* zero it, then fill the first part */
	int64_t now_ms;
	int64_t delete_retention_ms;
	int zstd_level, gzip_level;
	int64_t batch_max; /* settings_batch_limit */
	struct codec *codec; /* borrowed */
	/*
	 * An enum filter_verdict: whether r, which has a key, is the last one
	 * of it; REPLACE: it is, and gets *value, which lives until the next
	 * call.  -1.
	 */
	int (*verdict)(void *context, const struct record *r,
	    struct slice *value, struct err *e);
	/* verdict will be called for r soon: first those that were expected
	 * first, at most FILTER_AHEAD of them.  May be NULL. */
	void (*expect)(void *context, const struct record *r);
	void *context;

	int64_t records_read, records_kept; /* not of control batches */
	/* private */
	struct buf records, verdicts, values, out, packed;
};

/*
 * What is left of batch b at bytes; records: a walk at its first record, or
 * NULL, then they are unpacked here.  *left is one that is to be written in
 * its place, at *out (bytes itself if all stays; else until the next call).
 * 1, 0 nothing is left, or -1.
 */
int filter_batch(struct filter *f, const struct batch *b, const uint8_t *bytes,
    const struct batch_records *records, enum filter_batch how,
    struct batch *left, const uint8_t **out, struct err *e);

void filter_release(struct filter *f);

#endif
