/*
 * recovery: find the true end of a log whose last writer did not end well.
 *
 * Run by whoever takes the append lock next.  Nothing acknowledged is ever
 * cut: only what follows the last good batch of the last segment, above the
 * recovery point.  Damage elsewhere is refused with ERR_CORRUPT and left for
 * klog-check.  May be killed anywhere and run again.
 */
#ifndef KLOG_RECOVERY_H
#define KLOG_RECOVERY_H

#include "partition.h"

/*
 * Same boot: p->slot is what was published, and something follows it or may
 * follow.  Whole batches that continue it are adopted, the rest is cut off;
 * an empty segment that an interrupted roll left is removed.  0, or -1.
 */
int recovery_adopt(struct partition *p, struct err *e);

/*
 * Another boot, or the state is gone: verify from the recovery point on,
 * rebuild the indexes of what was read, sync it, fill p->slot and the state.
 * In the boot that wrote it, what lies above the recovery point is written
 * again first: its sync may have failed (redirty.h).
 * Bytes that are cut are kept in cut/.  If anything was cut, or the machine
 * was restarted since the recovery point was written, a new leader epoch
 * begins, because readers may have seen records that are gone now; but not in
 * a replica, or what was fenced.
 * 0, or -1.
 */
int recovery_rebuild(struct partition *p, struct err *e);

/*
 * The same after a sync that failed in this boot, which p->state (valid)
 * tells: it knows better what is durable.  0 and producers may go on, or -1
 * and nothing changed for them.
 */
int recovery_poisoned(struct partition *p, struct err *e);

/*
 * Write the indexes of a segment anew, append lock held; p->slot is undefined
 * after a sealed one, and must be the end (append_begin) before the active
 * one.  0, or -1: ERR_CORRUPT if the segment is damaged.
 */
int recovery_reindex_sealed(struct partition *p, int64_t base, struct err *e);
int recovery_reindex_active(struct partition *p, struct err *e);

#endif
