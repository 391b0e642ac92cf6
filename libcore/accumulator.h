/*
 * accumulator: records in, durable batches out (Kafka's RecordAccumulator).
 *
 * Each partition has one open batch; it is packed and appended when it is
 * full, when the caller says so, or when all open ones together take too much
 * memory.  A record counts as acknowledged when it is on disk (or only
 * appended, or on other disks as well: handles.h), and acknowledgements keep
 * the order of the appends.
 */
#ifndef KLOG_ACCUMULATOR_H
#define KLOG_ACCUMULATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "codec.h"
#include "err.h"
#include "lanes.h"
#include "handles.h"
#include "record.h"
#include "topic.h"

struct accumulator_ack { /* one batch that is acknowledged */
	int32_t partition;
	int32_t count; /* records */
	int64_t base_offset; /* of the first */
	int64_t base_timestamp;
	int64_t append_time; /* the time of all, as stored; -1: their own */
	const uint8_t *records; /* encoded (record.h); only with keep */
	size_t size;
};

struct accumulator_options {
	const struct topic *topic; /* borrowed */
	enum codec_id codec;
	int level;
	int64_t batch_bytes; /* a batch is full at this size, uncompressed */
	enum handles_care care; /* what comes before an acknowledgement */
	int workers; /* threads to compress on */
	bool (*stopped)(void);	/* see packer.h; or NULL */
	int64_t timeout_ms; /* for the lock and copies; -1 waits for ever */
	/* Told of each batch, on the caller's thread; 0, or -1 with e. */
	int (*acked)(
	    void *ctx, const struct accumulator_ack *ack, struct err *e);
	void *ctx;
	struct insync_watcher watcher; /* on the caller's thread, too */
	/*
	 * What appended to the topic before with other settings, flushed, or
	 * NULL: the totals go on from there.  It may be freed afterwards.
	 */
	const struct accumulator *before;
};

struct accumulator_totals {
	uint64_t added; /* records */
	uint64_t safe; /* records acknowledged */
	uint64_t durable; /* records on disk, copied or not */
	uint64_t batches;
	uint64_t raw_bytes; /* of appended batches, uncompressed */
	uint64_t stored_bytes; /* the same as stored */
};

struct accumulator; /* opaque */

struct accumulator *accumulator_new(
    const struct accumulator_options *o, struct err *e);
void accumulator_free(struct accumulator *a);

/*
 * Add a copy of r to partition's open batch.  number: its place in the input,
 * rising.  0; 1 it is larger than max.message.bytes and was not added; -1
 * appending failed, nothing more is taken.
 */
int accumulator_add(struct accumulator *a, int32_t partition,
    const struct record *r, uint64_t number, struct err *e);

/*
 * The same for many: a record without key and headers for each delimiter in
 * text, while they fit into the open batch; number is that of the first.
 * Bytes taken; 0: the next is not whole, or one for accumulator_add, which
 * sends a full batch; -1.  accumulator_totals()->added tells how many.
 */
int64_t accumulator_add_lines(struct accumulator *a, int32_t partition,
    struct slice text, uint8_t delimiter, int64_t timestamp, uint64_t number,
    struct err *e);

/* Send all open batches out, without waiting.  0, or -1. */
int accumulator_send(struct accumulator *a, struct err *e);

/* Send, and wait until everything is acknowledged.  0, or -1. */
int accumulator_flush(struct accumulator *a, struct err *e);

/*
 * After a failure: acknowledge what can still be made durable, and tell the
 * lowest number of a record that is not safe (UINT64_MAX: all are).
 */
uint64_t accumulator_salvage(struct accumulator *a);

/* How often the partition's open batch was sent (for sticky partitioning). */
uint64_t accumulator_sent(const struct accumulator *a);

const struct accumulator_totals *accumulator_totals(
    const struct accumulator *a);
const struct accumulator_lane *accumulator_lane(
    const struct accumulator *a, int32_t partition);

#endif
