/*
 * ways: the ways to go through the streams.
 */
#ifndef KLOG_WAYS_H
#define KLOG_WAYS_H

#include <poll.h>

#include "consume.h"

/* Partitions interleaved batch by batch; waits with -f.  0, or -1. */
int plain_run(struct consumer *c, struct err *e);

/* One stream in time order; backwards if reverse.  0, or -1. */
int merge_run(struct consumer *c, bool reverse, struct err *e);

/* As a member of a group; waits with -f.  0, or -1. */
int group_run(struct consumer *c, struct err *e);

/* Watch the topics and partitions from now on. */
void follow_open(struct consumer *c);

/*
 * Wait until a stream may have more: 1 look again, 0 --timeout or --until
 * passed, -1.  Dies of SIGPIPE if the reader of stdout leaves.
 */
int follow_wait(struct consumer *c, struct err *e);

enum { FOLLOW_MORE = 4 };	/* descriptors that follow_wait_for takes */

/*
 * The same, but it also comes back when one of the n descriptors of more is
 * ready (revents is set then, else 0), limit_ms passed (-1: never) or a topic
 * has more partitions: 2; and when the reader of stdout left: 3.
 */
int follow_wait_for(struct consumer *c, struct pollfd *more, nfds_t n,
    int64_t limit_ms, struct err *e);

/*
 * Without waiting: mark the streams that something happened to as not idle,
 * look at the topics again.  0, or -1.
 */
int follow_take(struct consumer *c, struct err *e);

#endif
