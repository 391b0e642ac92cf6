/*
 * position: the committed offset of a consumer group in one partition, as
 * its owner holds it: the file groups/NAME/offsets/N (committed.h).
 *
 * A commit is one write in place: it costs no rename, and whatever happens
 * in between, the old or the new offset counts.  The file has all its room
 * from the beginning, so that a full disk can't refuse a commit.
 */
#ifndef KLOG_POSITION_H
#define KLOG_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "committed.h"
#include "err.h"
#include "group.h"

struct position {		/* the file of one partition, held open by
				 * who owns it (its lock in owners/) */
	int fd;			/* -1: not open */
	struct committed last;	/* what counts; offset -1: nothing yet */
	int slot;		/* where that stands; -1 nowhere */
	bool dirty;		/* committed since the last sync */
	char where[512];	/* for messages */
};

/*
 * Open it, making it (durably) where it is missing; the group was opened
 * with create.  0, or -1 (not open): ERR_CORRUPT if something was committed
 * but neither line is good.
 */
int position_open(struct position *p, const struct group *g,
    int32_t partition, struct err *e);

/*
 * Commit: one write over the older line.  Visible to others at once, on disk
 * after position_sync.  offset >= 0.  0, or -1 and the old one counts.
 */
int position_commit(struct position *p, int64_t offset, int32_t epoch,
    int64_t now_ms, struct err *e);

/*
 * 0 (nothing to do if nothing was committed), or -1: an older commit may
 * count after a power cut, and a second call need not find the error again.
 */
int position_sync(struct position *p, struct err *e);

/* Without a sync. */
void position_close(struct position *p);

#endif
