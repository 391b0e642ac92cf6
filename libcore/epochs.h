/*
 * epochs: leader-epoch-checkpoint, Kafka's text file of which leader epoch
 * covers which offsets: epoch e covers [its start, the next one's start).
 */
#ifndef KLOG_EPOCHS_H
#define KLOG_EPOCHS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct epoch {
	int32_t epoch; /* >= 0, ascending */
	int64_t start; /* offset >= 0, ascending */
};

struct epochs { /* zero it to start */
	struct epoch *list;
	size_t count;
};

/* Read it; a missing or empty file is an empty list.  0, or -1. */
int epochs_read(struct epochs *es, int dirfd, const char *where, struct err *e);

/* Replace it, durably.  0, or -1. */
int epochs_write(
    const struct epochs *es, int dirfd, const char *where, struct err *e);

/*
 * Note that epoch starts at start: entries that start there or later, or
 * that are not older, go (Kafka 4.x, LeaderEpochFileCache).  0, or -1 out of
 * memory.
 */
int epochs_assign(struct epochs *es, int32_t epoch, int64_t start);

void epochs_release(struct epochs *es);

#endif
