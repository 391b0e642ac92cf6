/*
 * retention: which of a log's oldest segments go, and their removal (Kafka
 * 4.x, UnifiedLog.deleteOldSegments).
 *
 * A plan comes first and changes nothing.  Segments are looked at oldest
 * first, by log start, then size, then time, and each rule ends at the first
 * segment that stays.  The active one goes too if it is not empty and a rule
 * says so: it is sealed first.  An empty one stays, so that offsets never
 * start over.  Nothing goes that ends behind the high watermark.  Only what
 * goes, and the one behind it, is opened.
 */
#ifndef KLOG_RETENTION_H
#define KLOG_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "partition.h"
#include "settings.h"
#include "view.h"

enum retention_why {
	RETENTION_START, /* it ends at or below the log start */
	RETENTION_SIZE,	/* without it there is retention.bytes still, also of
			 * what lies above the high watermark */
	RETENTION_TIME /* its newest record is older than retention.ms */
};

struct retention_segment {
	int64_t base, end; /* its offsets, end exclusive */
	int64_t bytes; /* of its .log */
	int64_t newest; /* ms: largest timestamp, or, without one, when the
			 * file was last written; TIME only */
	enum retention_why why;
	bool active;
};

struct retention { /* zero it to start */
	const struct settings *settings; /* borrowed */
	int64_t now_ms;	/* wall clock */
	bool start_only; /* only the log start counts */
	int64_t raise; /* plan as if the log started here; 0: as it does */
	bool bounded; /* size and time take nothing that ends behind */
	int64_t bound; /* this offset */

	struct retention_segment *list; /* what goes, ascending */
	size_t count;
	size_t removed; /* of them, by retention_remove */
	bool held; /* one more would go but for the bound */
	int64_t newest_kept; /* of the first that time let stay; -1 */
	bool put_off; /* no room to seal the active one: the rest goes first */
};

/*
 * Fill list from what v (open, view_expect called) shows.  To remove what it
 * lists partition_begin_clean must come before.  0, or -1.
 */
int retention_plan(struct retention *r, struct view *v, struct err *e);

/*
 * If the last of the list is the active segment, begin another, so that it
 * can go.  If it has grown since the plan it is taken from the list: it is
 * in use.  On a full disk, with others to go first, it is taken from it too,
 * and put back by the next call.  deadline as clock.h.  0, or -1.
 */
int retention_seal(struct retention *r, struct partition *p, int64_t deadline,
    struct err *e);

/*
 * Remove list[removed] to list[upto - 1]: the log start is raised behind them
 * durably, then they go from oldest to newest.  Killed in between, the next
 * run removes the rest.  stopped (or NULL) is asked before each.
 * clean.lock is held and an active one was sealed.  0, or -1.
 */
int retention_remove(struct retention *r, struct partition *p, size_t upto,
    bool (*stopped)(void), struct err *e);

/*
 * Seal, remove all, and where sealing was put off, again.  timeout, ms: how
 * long each waits for a producer.  stopped as above.  0, or -1.
 */
int retention_apply(struct retention *r, struct partition *p, int64_t timeout,
    bool (*stopped)(void), struct err *e);

/*
 * Raise the log start to offset, durably, if it is below: what lies before it
 * is never read again.  A full disk has no room for the new file: then the
 * indexes of segments that end at or below offset make it, oldest first.
 * clean.lock is held.  0, or -1.
 */
int retention_raise(struct partition *p, int64_t offset, struct err *e);

void retention_release(struct retention *r);

#endif
