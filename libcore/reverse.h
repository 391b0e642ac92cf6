/*
 * reverse: read a log's batches backwards, newest first.
 *
 * Batches carry no link to the one before, so the headers between two index
 * entries are walked forwards and then handed out from the last to the first.
 */
#ifndef KLOG_REVERSE_H
#define KLOG_REVERSE_H

#include "batch.h"
#include "buf.h"
#include "err.h"
#include "view.h"

struct reverse_place {
	int64_t position;
	struct batch batch;
};

struct reverse {
	struct view *view; /* borrowed; listed and refreshed */
	int64_t after;	/* where the batch given last begins; -1 none */
	int64_t end; /* batches that begin below it */
	ptrdiff_t segment; /* place in view->segments */
	int fd; /* of that segment, or -1 */
	int64_t *blocks; /* positions of its index entries */
	int32_t block; /* which is handed out now */
	int64_t block_end;
	struct reverse_place *places; /* its batches */
	size_t count, cap;
};

/* Start with the last batch that begins below offset end. */
void reverse_init(struct reverse *r, struct view *v, int64_t end);
void reverse_release(struct reverse *r);

/*
 * The batch before: 1 and b; its bytes too, verified, if bytes is not NULL.
 * 0 at the start of the log, -1.
 */
int reverse_next(
    struct reverse *r, struct batch *b, struct buf *bytes, struct err *e);

#endif
