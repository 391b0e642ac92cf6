/*
 * each: the same work for every topic that was named, or for every partition
 * of one.  What fails is reported at once and the others go on; the status
 * returned at the end is the worst (highest) of all.
 */
#ifndef KLOG_EACH_H
#define KLOG_EACH_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "opt.h"
#include "range.h"
#include "topic.h"
#include "view.h"

/* An exit status, or -1 with *e, which is then reported. */
typedef int each_topic_fn(void *context, const char *path, struct err *e);
typedef int each_partition_fn(void *context, int32_t number, struct view *v,
    int64_t start, struct err *e);

/*
 * Call fn for the path of each operand, in order.  All names are checked
 * first: a bad one is -1 with *e and fn is never called.
 */
int each_topic(const struct opt_common *common, int argc, char **argv,
    each_topic_fn *fn, void *context, struct err *e);

/*
 * Call fn for those partitions of t that which holds (all, if its list is
 * NULL), ascending.  The view is listed and refreshed: its end is v->end,
 * start the first offset that can be read, never behind the end.  A partition
 * that t has not is -1 with *e, and fn is never called.
 */
int each_partition(const struct topic *t, const struct partitions *which,
    each_partition_fn *fn, void *context, struct err *e);

/* Add what fn returned to the worst status so far; a failure is reported. */
void each_settle(int *worst, int r, const struct err *e);

#endif
