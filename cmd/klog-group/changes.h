/*
 * changes: commit offsets for a group from outside, as reset and import do.
 */
#ifndef KLOG_GROUP_CHANGES_H
#define KLOG_GROUP_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "topic.h"
#include "view.h"

struct change {
	int32_t partition;
	int64_t offset;		/* of the next record to read */
	int32_t epoch;		/* leader epoch of the one before; -1 */
};

/*
 * Commit all n of them, durably, making the group if it is missing.  Unless
 * force, a group with live members is refused, and until all is committed
 * nobody can begin to read these partitions.  0, or -1: ERR_BUSY, nothing was
 * changed; else what was changed before is said.
 */
int changes_commit(const struct topic *t, const char *name,
    const struct change *list, size_t n, bool force, struct err *e);

/* The leader epoch of the record before offset, -1 unknown.  0, or -1. */
int changes_epoch(const struct view *v, int64_t offset, int32_t *epoch,
    struct err *e);

#endif
