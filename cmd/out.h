/*
 * out: a buffer in front of a descriptor, mostly stdout.
 *
 * The caller appends to out.bytes (form_write does) and calls out_flush when
 * out_is_full says so, when it is about to wait, and at the end.  The
 * descriptor is not owned.  Nothing is written behind the caller's back.
 */
#ifndef KLOG_OUT_H
#define KLOG_OUT_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"

enum { OUT_SIZE = 256 << 10 };	/* bytes after which to flush */

enum out_state { OUT_DONE = 0, OUT_FAILED = -1, OUT_INTERRUPTED = 1 };

struct out {
	int fd;
	const char *name;	/* "stdout"; for messages, borrowed */
	struct buf bytes;	/* append here */
	size_t sent;		/* of bytes, already accepted by write(2) */
	uint64_t total;		/* accepted since out_init */
};

/* 0, or -1 out of memory. */
int out_init(struct out *o, int fd, const char *name);

/* Forgets what was not flushed. */
void out_release(struct out *o);

static inline bool
out_is_full(const struct out *o)
{
	return o->bytes.len >= OUT_SIZE;
}

/*
 * Write all there is, however short the writes; waits where the descriptor
 * is not ready.  OUT_INTERRUPTED: a signal came, look at the stop flag and
 * call again to go on.  OUT_FAILED: ERR_SYSTEM "stdout: No space left on
 * device" (sys says EPIPE for a reader that left); what was accepted is
 * counted in total and is not sent again.
 */
enum out_state out_flush(struct out *o, struct err *e);

#endif
