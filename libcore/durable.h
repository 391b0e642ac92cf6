/*
 * durable: one fdatasync shared by all who wait for it.
 *
 * Whoever gets sync.lock samples the committed end, syncs, publishes the
 * durable end and wakes the others, who sleep on a futex meanwhile.
 *
 * A sync that failed is final: the kernel reports it once and then serves
 * the lost bytes from its cache as if all were well.  So it poisons the
 * partition for this boot, for every producer.  A leader that died inside
 * the call may have swallowed the error: the next one writes the same bytes
 * again before it syncs.
 */
#ifndef KLOG_DURABLE_H
#define KLOG_DURABLE_H

#include "partition.h"

/*
 * Wait until every record below offset is on disk (append lock not held),
 * or until the monotonic time deadline (clock.h, ms) while somebody else
 * holds sync.lock.
 * 0, or -1: ERR_SYSTEM (the sync failed, here or elsewhere), ERR_BUSY.
 */
int durable_wait(
    struct partition *p, int64_t offset, int64_t deadline, struct err *e);

/*
 * Sync the segment of slot now, append lock held (at a roll); takes
 * sync.lock.  Failing poisons.  0, or -1.
 */
int durable_flush(
    struct partition *p, const struct state_slot *slot, struct err *e);

/* The refusal of a poisoned partition; returns -1. */
int durable_refuse(const struct partition *p, uint32_t poison, struct err *e);

#endif
