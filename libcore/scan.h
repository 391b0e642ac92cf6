/*
 * scan: read the batches of one .log front to back.
 *
 * The file is never mapped: a truncation under a mapping kills the reader.
 * A batch that is not whole yet is read again from its first byte the next
 * time, never continued from what was buffered.
 */
#ifndef KLOG_SCAN_H
#define KLOG_SCAN_H

#include "batch.h"
#include "buf.h"
#include "err.h"

struct scan {
	int fd; /* borrowed */
	int64_t position; /* bytes: where the next batch starts */
	int64_t limit; /* bytes: nothing is read past it */
	struct buf window; /* what was read ahead, from window_at on */
	int64_t window_at;
	size_t ahead; /* how much to read at once */
	int64_t size_max; /* bytes of a batch: a larger one is BATCH_BAD;
			   * 0: SCAN_SIZE_MAX.  scan_init leaves it */
};

enum { SCAN_SIZE_MAX = 32 << 20 };

enum { SCAN_IO = -1 }; /* besides enum batch_state: reading failed, errno */

/* Start at position; zero the struct before the first time. */
void scan_init(struct scan *s, int fd, int64_t position, int64_t limit);
void scan_release(struct scan *s);

/*
 * From the start of a segment with that base, whose .index is open as fd, to
 * the batch that holds offset or to one before it, near.  Returns a lower bound
 * for the base offset of the batch it stands at.  An index is only a hint:
 * where it does not lead to such a batch, the scan stays at the start.
 */
int64_t scan_find(struct scan *s, int fd, int64_t base, int64_t offset);

/*
 * Decode the header of the next batch.  BATCH_WHOLE: b is filled, and that
 * many bytes are below limit.  BATCH_SHORT: fewer are there (none at all:
 * position == limit or end of file).  BATCH_BAD: damage.  SCAN_IO.
 */
int scan_peek(struct scan *s, struct batch *b);

/*
 * Read the batch that scan_peek found WHOLE into bytes (cleared first) and
 * move behind it.  Its checksum is not looked at.  BATCH_WHOLE, BATCH_SHORT
 * (the file became shorter), SCAN_IO.
 */
int scan_take(struct scan *s, const struct batch *b, struct buf *bytes);

/* Move behind the batch that scan_peek found, without reading it. */
void scan_skip(struct scan *s, const struct batch *b);

/* Give back the memory for what was expected, if all of it is used up. */
void scan_trim(struct scan *s);

/* Forget what was read ahead: the file may have changed. */
void scan_forget(struct scan *s);

/*
 * Move to the first batch at or after from that verifies and whose base
 * offset is at least least.  BATCH_WHOLE: position is there and b filled;
 * BATCH_SHORT: there is none; SCAN_IO (also out of memory).
 */
int scan_resync(struct scan *s, int64_t from, int64_t least, struct batch *b);

#endif
