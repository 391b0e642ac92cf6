/*
 * work: what a command is run on: one claim's batch (--exec), or its records
 * one after the other (--exec-each).
 */
#ifndef KLOG_CONSUME_GROUP_WORK_H
#define KLOG_CONSUME_GROUP_WORK_H

#include "deadletter.h"
#include "exec.h"
#include "group.h"

enum { WORK_VARIABLES = 5 };

struct work {
	struct exec_job job;
	struct claim *claim;
	struct prefetch_item item;	/* the batch in hand, as it is read */
	struct buf plain;	/* of its records */
	bool open;		/* records of it are left */
	struct buf input;	/* of the run */
	struct buf text;	/* of its environment */
	const char *env[WORK_VARIABLES + 1];
	int64_t first, after;	/* offsets that the run is for, [first,
				 * after) */
	struct record record;	/* of --exec-each */
};

/* NULL out of memory. */
struct work *work_new(struct claim *cl);
void work_free(struct work *w);

/*
 * Make the next run's input from its claim's stream, whose records go to
 * nobody else.  What is left out on the way is done.  1, 0 there was nothing
 * in the batch, or no batch (then the stream is idle), -1.
 */
int work_next(struct grouped *g, struct work *w, struct err *e);

/* What the run was for goes to the dead letters, on disk.  0, or -1. */
int work_bury(struct grouped *g, struct work *w, struct deadletter *d,
    struct err *e);

/* The run failed for good: fill e; returns -1. */
int work_failed(const struct work *w, struct err *e);

#endif
