/*
 * sweep: walk one segment from its first byte to its last, past any damage.
 *
 * Every byte belongs to one piece: a batch that verifies and lies in order,
 * or a stretch that is damaged, and why.  Nothing is written.
 */
#ifndef KLOG_SWEEP_H
#define KLOG_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "scan.h"

enum sweep_kind {
	SWEEP_BATCH, /* whole, verified, in order; its bytes are in s->bytes */
	SWEEP_MOVED, /* the same but for what the checksum does not cover:
		      * where it lies its base offset can only be
		      * piece.offset, its leader epoch piece.epoch */
	SWEEP_AGAIN, /* a batch that verifies, of offsets that were there
		      * before */
	SWEEP_HOLE, /* no bytes: offsets are missing here */
	SWEEP_BAD, /* no batch; good ones follow */
	SWEEP_TAIL /* no batch, and none follows up to the limit */
};

struct sweep_piece {
	enum sweep_kind kind;
	int64_t from, to; /* bytes */
	int64_t offset, end; /* the offsets it holds, or that are lost with
			      * it, end exclusive; AGAIN: those it repeats;
			      * TAIL: end is offset */
	int32_t epoch; /* BATCH, MOVED: its leader epoch; if that of the
			* batch is another, the largest it can have */
	const char *why; /* what is wrong, a few words; NULL for BATCH */
	struct batch batch; /* BATCH, MOVED, AGAIN: its header */
};

struct sweep { /* zero it to start */
	struct scan scan;
	struct buf bytes;
	int64_t base; /* of the segment */
	int64_t expected; /* the offset that comes next */
	int64_t until; /* the offset where the segment must end, or -1 */
	int32_t epoch; /* the largest so far; -1: none */
	bool strict; /* nothing is compacted: offsets have no holes */
	int copies; /* how often a copy was looked for */
	bool ahead; /* found is the next piece */
	struct sweep_piece found;
};

/*
 * Start at the first byte of segment base, which fd is (borrowed).  expected:
 * where the segment before it ended, if that is above base; until: where the
 * next one begins, or -1.  limit: bytes.  s->epoch may be set after it to the
 * largest epoch of the segments before, s->scan.size_max before it or after.
 */
void sweep_init(struct sweep *s, int fd, int64_t base, int64_t expected,
    int64_t until, int64_t limit, bool strict);
void sweep_release(struct sweep *s);

/* The next piece: 1, 0 the limit is reached, -1 errno. */
int sweep_next(struct sweep *s, struct sweep_piece *p);

#endif
