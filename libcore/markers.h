/*
 * markers: how transactions ended, read ahead from their control batches
 * (klog-format(5), TRANSACTIONS), so that a reader of committed records knows
 * what to leave out.
 */
#ifndef KLOG_MARKERS_H
#define KLOG_MARKERS_H

#include <stdbool.h>

#include "codec.h"
#include "cursor.h"
#include "err.h"
#include "view.h"

struct marker {
	int64_t producer_id;
	int64_t offset;
	bool aborted;
};

struct markers {
	struct view *view; /* borrowed, not shared with another thread */
	struct cursor cursor; /* how far ahead was read */
	struct codec *codec; /* borrowed; markers are never compressed */
	bool skip_damage; /* set after init: read on behind damage */
	struct marker *list; /* ascending by offset */
	size_t count, cap;
	struct buf bytes, scratch;
};

/* What a control batch says; OTHER: nothing of transactions. */
enum markers_kind { MARKERS_OTHER, MARKERS_ABORT, MARKERS_COMMIT };

/* Of the control batch b at bytes, which holds a record.  0, or -1. */
int markers_kind(const struct batch *b, const uint8_t *bytes,
    enum markers_kind *kind, struct err *e);

/* Start reading ahead at offset. */
void markers_init(
    struct markers *m, struct view *v, struct codec *codec, int64_t offset);
void markers_release(struct markers *m);

enum markers_fate { MARKERS_OPEN, MARKERS_COMMITTED, MARKERS_ABORTED };

/*
 * What became of the transaction that batch b is part of.  Batches are asked
 * for in rising order.  An enum markers_fate, OPEN if the log ends before it
 * is known; or -1.
 */
int markers_fate(struct markers *m, const struct batch *b, struct err *e);

#endif
