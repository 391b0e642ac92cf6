/*
 * epochs: leader-epoch-checkpoint, Kafka's text file of which leader epoch
 * covers which offsets: epoch e covers [its start, the next one's start).
 */
#ifndef KLOG_EPOCHS_H
#define KLOG_EPOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct epoch {
	int32_t epoch; /* >= 0, ascending */
	int64_t start; /* offset >= 0, ascending */
	uint64_t origin; /* drawn by who began it; 0: not known (origins.h) */
};

struct epochs { /* zero it to start */
	struct epoch *list;
	size_t count;
};

/* Read it; a missing or empty file is an empty list.  The origins are 0:
 * origins_read has them.  0, or -1. */
int epochs_read(struct epochs *es, int dirfd, const char *where, struct err *e);

/* Replace it, durably; origins_save is what others call.  0, or -1. */
int epochs_write(
    const struct epochs *es, int dirfd, const char *where, struct err *e);

/*
 * Note that epoch starts at start: entries that start there or later, or
 * that are not older, go (Kafka 4.x, LeaderEpochFileCache).  0, or -1 out of
 * memory.
 */
int epochs_assign(
    struct epochs *es, int32_t epoch, int64_t start, uint64_t origin);

/* The log ends at end now: entries that start there or later go (Kafka 4.x,
 * LeaderEpochFileCache.truncateFromEnd).  Whether any went. */
bool epochs_cut(struct epochs *es, int64_t end);

/* The newest epoch, or -1. */
int32_t epochs_newest(const struct epochs *es);

void epochs_release(struct epochs *es);

#endif
