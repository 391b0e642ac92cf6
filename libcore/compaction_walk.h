/*
 * compaction_walk: read what is to be compacted, batch by batch, with the fate
 * of its transactions.  Reading, summing and unpacking happens ahead of who
 * takes the batches, on another thread (prefetch.h).
 */
#ifndef KLOG_COMPACTION_WALK_H
#define KLOG_COMPACTION_WALK_H

#include "compaction_parts.h"
#include "cursor.h"
#include "markers.h"
#include "prefetch.h"
#include "view.h"

enum walk_fate {
	WALK_DATA, /* ask about each record */
	WALK_CONTROL,
	WALK_ABORTED, /* data of an aborted transaction */
	WALK_OPEN /* of one that has not ended */
};

struct walk {
	struct compacting *run;
	int64_t end; /* offset where it pauses; the caller raises it */
	/* The batch at hand; it lives until the next call. */
	enum walk_fate fate;
	const struct batch *batch;
	const uint8_t *bytes;
	const struct batch_records *records; /* unpacked if DATA, else NULL */

	/* private: what reads ahead, on another thread */
	struct prefetch *ahead;
	struct prefetch_item *item;
	bool paused; /* at end: item comes again */
	bool opened, ended;
	struct view view;
	struct cursor cursor;
	struct codec *codec;
	int64_t limit; /* offset, at or behind end */
	struct markers markers; /* view NULL: no transaction was met */
};

/* Walk [from, end).  0, or -1 (walk_release is safe). */
int walk_open(struct walk *w, struct compacting *run, int64_t from,
    int64_t end, struct err *e);

/* The next batch: 1, 0 the end, or -1 (ERR_STOPPED: progress said so). */
int walk_next(struct walk *w, struct err *e);
void walk_release(struct walk *w);

#endif
