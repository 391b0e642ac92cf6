/*
 * ways: the ways to go through the streams.
 */
#ifndef KLOG_WAYS_H
#define KLOG_WAYS_H

#include "consume.h"

/* Partitions interleaved batch by batch; waits with -f.  0, or -1. */
int plain_run(struct consumer *c, struct err *e);

/* One stream in time order; backwards if reverse.  0, or -1. */
int merge_run(struct consumer *c, bool reverse, struct err *e);

/* Watch the topics and partitions from now on. */
void follow_open(struct consumer *c);

/*
 * Wait until a stream may have more: 1 look again, 0 --timeout or --until
 * passed, -1.  Dies of SIGPIPE if the reader of stdout leaves.
 */
int follow_wait(struct consumer *c, struct err *e);

#endif
