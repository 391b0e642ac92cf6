/*
 * plain: batches from the streams in turn, as plain_run and the members of a
 * group read them.
 */
#ifndef KLOG_PLAIN_H
#define KLOG_PLAIN_H

#include "consume.h"

/*
 * Read the streams in turn, a batch each, those left out that are done, idle
 * or held.  While c->hold is set there is nothing more.  NULL, with e.
 */
struct prefetch *plain_prefetch(struct consumer *c, struct err *e);

/* Whether records are printed as value and delimiter, and nothing else. */
bool plain_prints(const struct consumer *c);

/* Tell that offsets were passed over before item, if any were. */
void plain_report_skipped(const struct prefetch_item *item);

/*
 * Records of item from offset first on can't be had, e says why: 1 they are
 * left out (--skip-corrupt), and that was said; -1.
 */
int plain_leave_out(struct consumer *c, struct prefetch_item *item,
    int64_t first, struct err *e);

#endif
