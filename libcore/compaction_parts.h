/*
 * What the files of compaction share: one run over a partition.
 */
#ifndef KLOG_COMPACTION_PARTS_H
#define KLOG_COMPACTION_PARTS_H

#include <sys/stat.h>

#include "keymap.h"
#include "filter.h"
#include "partition.h"
#include "runs.h"
#include "spill.h"
#include "view.h"

struct compaction;

struct compaction_segment {
	int64_t base, end; /* its offsets, end exclusive */
	int64_t bytes, index_bytes, timeindex_bytes;
	struct stat st; /* of its .log */
};

struct compacting { /* a run; zero it to start */
	struct compaction *c;
	struct partition *p;
	struct view view;
	struct codec *codec;
	int64_t memory;
	struct compaction_segment *list; /* in [c->start, c->end) */
	size_t count;
	bool rolled; /* what c->roll asks for was done */
	int64_t done, total, told; /* bytes, for progress */

	/* Which record of each key is the last: by one of two ways. */
	struct keymap map; /* keys of the dirty range; size 0: runs */
	uint64_t hashes[FILTER_AHEAD][2]; /* of records that are expected */
	int expected, asked; /* how many, and of how many it was asked */
	struct runs runs; /* what goes; with reduce also what gets another
			   * value, and its place in values */
	struct runs_item next; /* of runs; offset INT64_MAX: no more */
	bool values_open;
	int values; /* temporary file: int32 length, value, and so on */
	int64_t values_size; /* with what is in value */
	struct buf value; /* to be written to it, then what was read */
};

/* The hash of a key (compaction_walk). */
void compaction_hash(
    const struct compaction *c, struct slice key, uint64_t hash[2]);

/* ---- compaction_plan: what may be compacted, and whether it is ---- */

/* Fill the first block of results and run->list.  0, or -1. */
int compaction_plan(struct compacting *run, struct err *e);

/* A transaction that is open begins at offset: that segment stays. */
void compaction_end_before(struct compacting *run, int64_t offset);

/* ---- compaction_keys, compaction_reduce: the last record of each key ---- */

enum { KEYS_BITS = 6, KEYS_PARTS = 1 << KEYS_BITS }; /* of a spill */

enum { KEYS_DEAD = -1, KEYS_TOMBSTONE = -2 }; /* runs_item.number */

/* The part where a key belongs, at depth (from 0) of splitting. */
static inline int
keys_part(const uint64_t hash[2], int depth)
{
	return (int)(hash[1] >> (64 - KEYS_BITS * (depth + 1)) &
	    (KEYS_PARTS - 1));
}

/* What to do with a record that has a key; 1 ends it.  0, 1, -1. */
typedef int keys_use(void *context, const struct keymap_entry *key,
    const struct record *r, struct err *e);

/* Use each from offset on, but those of aborted transactions; c->end sinks to
 * where one is open.  0, 1 use said so, -1. */
int keys_each(struct compacting *run, int64_t from, keys_use *use,
    void *context, struct err *e);

/* Learn which records are the last ones.  0, or -1; reduce 1: c->end sank,
 * and all is to be learned anew. */
int keys_learn(struct compacting *run, struct err *e);
int reduce_learn(struct compacting *run, struct err *e);

/* compaction_values: append a value to values, at *place; all are put; the
 * value at a place, until the next call.  0, or -1. */
int values_put(struct compacting *run, struct slice value, int64_t *place,
    struct err *e);
int values_end(struct compacting *run, struct err *e);
int values_get(struct compacting *run, int64_t place, struct slice *value,
    struct err *e);

/* struct filter's expect and verdict; context is the run.  Offsets rise. */
void keys_expect(void *context, const struct record *r);
int keys_verdict(void *context, const struct record *r, struct slice *value,
    struct err *e);
void keys_release(struct compacting *run);

/* ---- compaction_write: the new segments ---- */

int compaction_write(struct compacting *run, struct err *e);

/* ---- compaction_producers: who is still active ---- */

struct compaction_producer {
	int64_t id;
	int64_t last_data; /* last offset of its last data batch; -1 none */
	int64_t timestamp; /* ms, of its last batch */
	int16_t epoch;
};

struct compaction_producers { /* zero it to start */
	bool known;
	struct compaction_producer *list; /* by id */
	size_t count, cap;
};

/*
 * Whether batch b must stay, if without records, so that its producer stays
 * known (Kafka 4.x, Cleaner.isBatchLastRecordOfProducer).  1, 0, -1.
 */
int compaction_is_last_of_producer(struct compaction_producers *ps,
    struct compacting *run, const struct batch *b, struct err *e);
void compaction_producers_release(struct compaction_producers *ps);

struct compaction_seen { /* zero it to start; free list */
	int64_t *list; /* producer ids */
	size_t count, cap;
};

/* Note a producer.  0, or -1. */
int compaction_note_seen(
    struct compaction_seen *s, int64_t producer, struct err *e);

/* Whether it was noted; it is forgotten. */
bool compaction_take_seen(struct compaction_seen *s, int64_t producer);

#endif
