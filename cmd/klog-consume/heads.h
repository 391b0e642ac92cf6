/*
 * heads: the records of all streams as one, ordered by timestamp, forwards or
 * backwards; within a partition the order of its offsets is kept.
 *
 * Batches are not kept, for there may be a thousand streams: each stream has
 * a piece of its batch in memory, the larger the fewer there are, and its
 * batch is read again when the piece is used up.
 */
#ifndef KLOG_HEADS_H
#define KLOG_HEADS_H

#include "consume.h"

struct heads;
struct head;

/* Over the streams of c.  NULL: e is filled. */
struct heads *heads_new(struct consumer *c, bool backwards, struct err *e);
void heads_free(struct heads *h);

/*
 * The next record: 1 and *head, which is good until the next call; 0 there
 * is none; -1.
 */
int heads_next(struct heads *h, struct head **head, struct err *e);

const struct record *heads_record(const struct head *head);
const struct batch *heads_batch(const struct head *head);
size_t heads_stream(const struct head *head);	/* place in c->streams */

#endif
