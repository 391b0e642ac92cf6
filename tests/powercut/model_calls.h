/*
 * model_calls: the system calls of the core, led to a disk of the model
 * (the linker's --wrap, see the file wraps).  What the core does not call, and
 * flags it does not use, end the program: the model is then to be extended.
 */
#ifndef KLOG_MODEL_CALLS_H
#define KLOG_MODEL_CALLS_H

#include "model_disk.h"

enum point_kind {
	POINT_WRITE, /* before data is written; a kill leaves a prefix */
	POINT_CHANGE, /* before another change of files or directories */
	POINT_SYNC, /* within a sync: nothing of it is promised yet */
	POINT_CALL, /* before a call that changes nothing on the disk */
	POINT_WAIT /* nothing can be done before somebody else acts */
};

struct point {
	enum point_kind kind;
	int16_t node;
	const void *data; /* WRITE */
	int32_t n, pos;
};

/* Where calls go. */
extern struct disk *calls_disk;
/* Who makes them: handles are marked with it. */
extern int calls_actor;
/* Told of each point that could be the last one; NULL: nobody. */
extern void (*calls_point)(const struct point *at);

/*
 * The write of a process that is killed in it: a prefix, of what is appended
 * to a file; within a page that is there it is done, or not.
 */
void calls_cut_short(struct disk *d, const struct point *at, uint64_t *random);

/* How many descriptors are open and locks are held. */
int calls_held(const struct disk *d);

#endif
