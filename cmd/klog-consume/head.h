/*
 * head: one stream of those that heads puts in order.
 */
#ifndef KLOG_HEAD_H
#define KLOG_HEAD_H

#include "consume.h"
#include "reverse.h"

struct head {
	struct stream *stream;
	size_t number;		/* of the stream */
	struct reverse reverse;	/* backwards only */
	/* the batch in which the next record is */
	struct batch batch;
	int64_t segment, position;
	bool started, ended;	/* a batch was read; there are no more */
	bool used_up;		/* all of it is in the piece, or given out */
	int64_t resume;		/* forwards: no record below it comes next;
				 * backwards: none at or above it */
	/* a piece of its records */
	struct buf piece;
	struct batch_records walk;	/* forwards */
	uint32_t *places;	/* backwards: where they begin in the piece */
	size_t left, cap;	/* places not given out; room */
	/* the record that comes next */
	struct record record;
	bool large;		/* it is not in the piece, but in the batch */
};

struct heads_memory {		/* what all heads share */
	struct consumer *c;
	bool backwards;
	size_t piece_max;	/* bytes */
	/* the batch read last, unpacked */
	struct buf bytes, plain;
	struct batch_records records;
	struct head *owner;	/* whose it is, or NULL */
};

/* ---- head.c ---- */

/* Start before the first record of s, number of them all. */
void head_init(struct head *head, const struct heads_memory *m,
    struct stream *s, size_t number);
void head_release(struct head *head, const struct heads_memory *m);

/* The record after the present one, in range: 1, 0 no more, -1. */
int head_advance(struct head *head, struct heads_memory *m, struct err *e);

/*
 * Make the bytes of head->record good again, which head_advance of others may
 * have changed: 1, 0 the record is gone, -1.
 */
int head_refresh(struct head *head, struct heads_memory *m, struct err *e);

/* ---- head_read.c ---- */

/* Read and unpack the next batch of head: 1, 0 there is none, -1. */
int head_read(struct head *head, struct heads_memory *m, struct err *e);

/* Have the batch of head in memory again: 1, 0 it is gone, -1. */
int head_read_again(struct head *head, struct heads_memory *m,
    struct err *e);

/*
 * The records of the batch read last cannot be read, e says why.
 * 1: the rest of them is left out, and that was said; -1.
 */
int head_leave_out(struct head *head, struct err *e);

#endif
