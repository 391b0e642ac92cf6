/*
 * runs: offsets, each perhaps with a number, written to a temporary file as
 * several rising runs and read back as one.
 */
#ifndef KLOG_RUNS_H
#define KLOG_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct runs_item {
	int64_t offset;
	int64_t number; /* 0 if the runs have none */
};

struct run {
	int64_t from, end; /* bytes of the file that are not read yet */
	struct buf data; /* what is read of it */
	size_t at; /* in data */
	struct runs_item item; /* the next one */
};

struct runs { /* zero it to start */
	int fd;
	const char *where; /* borrowed: the directory, for messages */
	bool numbered;
	int64_t size; /* bytes of the file and the buffer */
	struct buf out; /* not written yet */
	struct run *list;
	size_t count, cap; /* runs that are ended */
	size_t chunk; /* bytes that are read of a run at once */
	size_t *heap; /* places in list, that of the smallest item first */
	size_t live;
};

int runs_open(struct runs *r, int dirfd, bool numbered, const char *where,
    struct err *e);
void runs_close(struct runs *r);

/* Add to the run at hand, whose items rise.  0, or -1. */
int runs_add(struct runs *r, const struct runs_item *item, struct err *e);

/* The run at hand ends; another may begin.  0, or -1. */
int runs_end(struct runs *r, struct err *e);

/* Read from the smallest of all on, with about so much memory.  0, or -1. */
int runs_rewind(struct runs *r, size_t memory, struct err *e);

/* 1 the next one, 0 there is none, -1. */
int runs_next(struct runs *r, struct runs_item *item, struct err *e);

#endif
