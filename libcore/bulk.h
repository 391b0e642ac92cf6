/*
 * bulk: many whole batches of a log at once, for those who pass them on
 * unread.  As safe as cursor_next, of which it is a faster form: what lies
 * together in a segment is read in one call, to where it is wanted.
 */
#ifndef KLOG_BULK_H
#define KLOG_BULK_H

#include "cursor.h"

struct bulk {
	int64_t from; /* the offset that was asked for */
	int64_t batches, records;
	bool holes; /* offsets are missing, from from on */
};

/*
 * Append to out the batches from c->next on, at most room bytes but one batch
 * at least, none that holds offset limit or goes beyond.  A batch that holds
 * offsets below c->next is given as one without records that begins there, if
 * it has none; else it is ERR_CORRUPT.
 * 1 there are some, 0 none below limit, -1 as cursor_next.
 */
int bulk_read(struct cursor *c, int64_t limit, struct buf *out, size_t room,
    struct bulk *got, struct err *e);

#endif
