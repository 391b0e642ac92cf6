/*
 * prefetch: batches read and unpacked ahead of who consumes them.
 *
 * Reading stays serial, in the order that the caller's read function gives;
 * decompressing happens on worker threads meanwhile.  Without workers, or
 * before there is enough to do for them, prefetch_next does the work itself.
 * Memory stays bounded: what is unusually large is unpacked one at a time, and
 * nothing more is read while much is held.
 */
#ifndef KLOG_PREFETCH_H
#define KLOG_PREFETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "buf.h"
#include "err.h"

struct prefetch_item {
	struct batch batch;
	struct buf bytes; /* the whole batch, as stored */
	void *source; /* of whom it is; set by read */
	int64_t skipped; /* offsets passed over before it; set by read */
	int64_t segment, position; /* where it lies; set by read */
	size_t raw_limit; /* bytes it may unpack to; set by read */
	int kind; /* whatever read says of it */
	bool sealed; /* set by read: do not unpack */
	int status; /* 1 a batch, 0 nothing more now, -1 error, -2 a
		     * batch that cannot be unpacked */
	struct err error; /* why, if status is below 0 */
	struct batch_records records; /* at the first; if not sealed */
	/* private */
	struct buf plain;
	bool ready;
	bool large; /* is unpacked by who takes it */
	struct prefetch_item *next;
};

struct prefetch_options {
	int workers; /* threads at most; 0: none */
	/*
	 * Read the next batch into item: 1, 0 there is nothing more now, -1
	 * with item->error.  Called by one thread at a time, and not at all
	 * from when it returned 0 or -1 until prefetch_resume.
	 */
	int (*read)(void *ctx, struct prefetch_item *item);
	void *ctx;
};

struct prefetch; /* opaque */

struct prefetch *prefetch_new(const struct prefetch_options *o, struct err *e);
void prefetch_free(struct prefetch *p);

/*
 * The next item, in reading order; its status says what it is.  After 0 or
 * -1 no thread touches what read works on.  It is the caller's until
 * prefetch_put.
 */
struct prefetch_item *prefetch_next(struct prefetch *p);
void prefetch_put(struct prefetch *p, struct prefetch_item *item);

/* After status 0 or -1: look again. */
void prefetch_resume(struct prefetch *p);

#endif
