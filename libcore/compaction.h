/*
 * compaction: keep the last record of each key in a partition's sealed
 * segments (Kafka 4.x, LogCleaner; klog-format(5), COMPACTION).
 *
 * Offsets of what stays do not change, and no offset gets lost: a batch
 * without records stands for those that were removed.  May be killed anywhere:
 * nothing is lost, and the next run ends what this one began.
 */
#ifndef KLOG_COMPACTION_H
#define KLOG_COMPACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "err.h"
#include "partition.h"

#define COMPACTION_MEMORY ((int64_t)64 << 20) /* the default, bytes */
#define COMPACTION_MEMORY_MIN ((int64_t)8 << 20) /* with less it is slow */

/*
 * Reduce the values of a key to one.  Keys come in no order, each once and
 * only if it has two records or more; its values in rising order of offset,
 * a null among them is a tombstone.  Slices live until the function returns;
 * what end sets *value to must live until the next call, null is a tombstone.
 * Each returns 0, or -1 with e: then nothing is changed.
 */
struct compaction_reduce {
	int (*begin)(void *context, struct slice key, struct err *e);
	int (*value)(void *context, struct slice value, struct err *e);
	int (*end)(void *context, struct slice *value, struct err *e);
	void *context;
};

enum compaction_why { /* why a partition is compacted, or is not */
	COMPACTION_NOTHING, /* no: no sealed segment may be cleaned */
	COMPACTION_CLEAN, /* no: all that may be is clean already */
	COMPACTION_BELOW_RATIO, /* no: too little of it is dirty */
	COMPACTION_RATIO, /* yes: more than min.cleanable.dirty.ratio is */
	COMPACTION_LAG, /* yes: older than max.compaction.lag.ms */
	COMPACTION_FORCED /* yes: the caller asked for it */
};

struct compaction { /* zero it, then fill the first part */
	struct partition *partition; /* no lock of it held, but perhaps clean */
	int64_t now_ms; /* wall clock; decides what is old enough */
	int64_t memory; /* bytes for keys and buffers; 0: COMPACTION_MEMORY.
			 * Buffers are never smaller than makes sense. */
	uint8_t hash_key[16]; /* random, anew for each run: no collision of
			       * two keys can be planned */
	int workers; /* threads to read ahead on; 0: none */
	bool bounded; /* nothing that ends behind this offset is cleaned: the */
	int64_t bound; /* high watermark, where there is one */
	bool force; /* clean whatever the dirty ratio is */
	bool roll; /* what the active segment holds may be compacted too: it
		    * is closed first, if that makes it so */
	int64_t timeout; /* ms: so long a producer is waited for, for that */
	bool dry_run; /* only decide: the first block of results */
	const struct compaction_reduce *reduce; /* NULL: the last value stays */
	/* About every MiB: bytes of .log read so far, and in all as far as is
	 * known.  Not 0 stops the run: ERR_STOPPED.  May be NULL. */
	int (*progress)(void *context, int64_t done, int64_t total);
	void *context;

	/* Decided; always filled. */
	enum compaction_why why;
	bool picked; /* why says yes */
	int64_t start; /* offset of the first segment */
	int64_t dirty; /* offset from which the log is not clean */
	int64_t end; /* offset where the first segment begins that may not be
		      * cleaned */
	int64_t clean_bytes, dirty_bytes; /* of .log in [start, dirty), [dirty,
					   * end) */
	int64_t segments_before; /* in [start, end) */

	/* Done: of what lies in [start, end). */
	int64_t records_read, records_kept;
	int64_t bytes_before, bytes_after; /* of .log */
	int64_t segments_after;
	int64_t segments_written; /* anew; the others stayed as they were */
	int passes; /* how often the log was read */
	int64_t spilled; /* bytes of temporary files */
};

/*
 * Take clean.lock, if the caller has not (partition_begin_clean), end what a
 * killed run left, decide, and compact.
 * 0 (also if nothing is to be done: see why), or -1: ERR_BUSY (another holds
 * clean.lock, or a producer the log), ERR_CORRUPT (damage; the segments before
 * it may be compacted), ERR_SYSTEM (e->sys ENOSPC: what was begun is removed),
 * ERR_STOPPED, or what reduce said.
 */
int compaction_run(struct compaction *c, struct err *e);

#endif
