/*
 * packer: finished batches go in, in order, and come out appended, in the
 * same order; compressing and summing happens on worker threads meanwhile.
 *
 * Without workers, or before there is enough to do for them, packer_submit
 * does the work itself: one record must not pay for threads.
 */
#ifndef KLOG_PACKER_H
#define KLOG_PACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "buf.h"
#include "err.h"

enum { PACKER_WORKERS_MAX = 16, PACKER_GRACE_MS = 2000 };

struct packer_job {
	struct batch_builder builder; /* the records; kept until taken back */
	int32_t partition;
	uint64_t first_number; /* lowest input number of its records */
	int64_t base_offset; /* set by append */
	int64_t append_time; /* stamped on the batch; -1: none */
	/* private */
	struct buf scratch;
	bool claimed, done;
	uint64_t ticket;
	struct packer_job *next;
};

struct packer_options {
	int workers; /* threads at most; 0: none */
	enum codec_id codec;
	int level;
	bool append_time; /* stamp batches as they are packed */
	/*
	 * Append a packed batch and set job->base_offset; called for one job
	 * at a time, in the order of submission, on any thread.  After it has
	 * failed once it is not called again.  0, or -1.
	 */
	int (*append)(void *ctx, struct packer_job *job, uint8_t *bytes,
	    size_t size, struct err *e);
	/*
	 * Whether a signal asked to stop (NULL: never asked).  A worker that
	 * then waits for a lock for longer than PACKER_GRACE_MS is sent
	 * SIGTERM, whose handler must return, so that the wait ends.
	 */
	bool (*stopped)(void);
	void *ctx;
};

struct packer; /* opaque */

struct packer *packer_new(const struct packer_options *o, struct err *e);
void packer_free(struct packer *p);

/*
 * A job that is free, to fill and submit; waits for one.  NULL: appending
 * failed, or every job is done and waits to be taken by packer_done.
 */
struct packer_job *packer_get(struct packer *p, struct err *e);

/* 0, or -1: appending has failed (this job or one before). */
int packer_submit(struct packer *p, struct packer_job *job, struct err *e);

/* Wait until all that was submitted is appended.  0, or -1. */
int packer_drain(struct packer *p, struct err *e);

/*
 * The oldest job that is appended and was not taken yet, or NULL.  It is the
 * caller's until packer_put gives it back.
 */
struct packer_job *packer_done(struct packer *p);
void packer_put(struct packer *p, struct packer_job *job);

/* The lowest first_number among jobs that are not appended; UINT64_MAX. */
uint64_t packer_lowest(struct packer *p);

#endif
