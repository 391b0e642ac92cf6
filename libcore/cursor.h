/*
 * cursor: read a log's batches forwards from an offset, following it into
 * new segments and past those that retention removed.
 *
 * Batches are read whole and their checksums verified; a bad one is read
 * again once before it is called damage.  Several cursors may share a view
 * if one thread uses them.
 */
#ifndef KLOG_CURSOR_H
#define KLOG_CURSOR_H

#include "batch.h"
#include "buf.h"
#include "err.h"
#include "scan.h"
#include "view.h"

struct cursor {
	struct view *view; /* borrowed; its end is refreshed when reached */
	int64_t next; /* the offset that comes next */
	int64_t skipped; /* offsets passed over because their segments
				 * are gone; the caller reports and clears */
	int64_t cut; /* the log was cut off at this offset, below what was
		      * given out, and is read again from there; -1 no.  The
		      * caller reports and sets it to -1 */
	bool has_cuts; /* as the view has them; later on: those we know of */
	uint32_t cuts;
	int32_t epoch; /* leader epoch of what was given out last, or -1, */
	int64_t given; /* and where that ended */
	int fd; /* of segment base, or -1 */
	int64_t base;
	int64_t floor; /* no batch from here on may begin below it */
	int64_t got_base, got_last, got_position; /* of the batch given last,
				 * if fd has it; else got_base INT64_MAX */
	int64_t since; /* ms: batches that end before it are passed over
			* unread; INT64_MIN none is */
	struct scan scan;
};

/* Start at offset (the batch that holds it comes first, whole). */
void cursor_init(struct cursor *c, struct view *v, int64_t offset);

/* Go to another offset, forwards or back.  If the batch given last holds it,
 * that one comes again, from memory if it is there. */
void cursor_seek(struct cursor *c, int64_t offset);
void cursor_release(struct cursor *c);

/*
 * The next batch that ends at or after c->next, into bytes: 1 got one, and
 * c->next is behind it; 0 nothing more is committed; -1 ERR_CORRUPT (c stays
 * before the damage), ERR_SYSTEM.
 *
 * An offset never silently gets another record: what was cut off is known by
 * the state page's count of cuts; or where that can't be read or is made anew,
 * if a recovery did it, by the leader epoch that begins at the cut (Kafka 4.x,
 * KIP-320).
 */
int cursor_next(
    struct cursor *c, struct batch *b, struct buf *bytes, struct err *e);

/*
 * Of cursor_next, which got r and b: whether the log was cut off meanwhile;
 * then c stands at the cut, and what it got is not given out.
 */
bool cursor_was_cut(struct cursor *c, int r, const struct batch *b);

/*
 * After ERR_CORRUPT: go on at the next batch that verifies, in this segment
 * or a later one.  from and to get the offsets that were passed over.
 * 1 there is one, 0 there is none (c is at the end), -1.
 */
int cursor_skip_damage(
    struct cursor *c, int64_t *from, int64_t *to, struct err *e);

#endif
