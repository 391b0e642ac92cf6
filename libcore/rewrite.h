/*
 * rewrite: write a segment anew beside the old one, "BASE.log.cleaned" with
 * its indexes, from batches that are given in order (swap.h puts it in place).
 */
#ifndef KLOG_REWRITE_H
#define KLOG_REWRITE_H

#include <stdint.h>
#include <sys/stat.h>

#include "batch.h"
#include "buf.h"
#include "partition.h"

struct rewrite { /* zero it to start */
	const struct partition *p; /* borrowed; NULL: not begun */
	int64_t base;
	int fd[3]; /* by enum segment_file */
	struct buf out[3]; /* what is not written yet */
	int64_t written[3]; /* bytes before it */
	int64_t max_timestamp, max_offset; /* as state_slot's */
	int64_t indexed_timestamp;
	int64_t since_index;
};

/* Begin the files.  0, or -1 (rewrite_release follows). */
int rewrite_begin(struct rewrite *w, const struct partition *p, int64_t base,
    struct err *e);

/* Bytes of the new .log so far. */
int64_t rewrite_size(const struct rewrite *w);

/* Append batch b, whose bytes are at p, as it is.  Kafka 4.x,
 * LogSegment.append.  0, or -1. */
int rewrite_put(struct rewrite *w, const struct batch *b, const uint8_t *bytes,
    struct err *e);

/* All was put: the files are on disk, their names not yet.  The .log has the
 * mode and the time of like.  0, or -1. */
int rewrite_end(struct rewrite *w, const struct stat *like, struct err *e);

/* Remove what was begun and not ended. */
void rewrite_release(struct rewrite *w);

#endif
