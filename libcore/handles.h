/*
 * handles: the partitions of a topic, opened for appending when first needed
 * and kept open as far as the process's file descriptors allow.
 */
#ifndef KLOG_HANDLES_H
#define KLOG_HANDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "insync.h"
#include "topic.h"

struct handles; /* opaque; one thread at a time */

enum handles_care {	/* of what was appended, before it counts */
	HANDLES_NONE,
	HANDLES_DURABLE,	/* it is on disk */
	HANDLES_COPIED	/* and on all replicas in sync, and on enough */
};

/*
 * care is taken before a handle is closed for room.  topic is borrowed.
 * NULL: out of memory.
 */
struct handles *handles_new(
    const struct topic *topic, enum handles_care care);
/* Who is told what is waited for, from here on (insync.h). */
void handles_watch(struct handles *h, const struct insync_watcher *w);
void handles_free(struct handles *h);

/*
 * append_batch() on partition number, opening it if needed; where copies are
 * wanted, not if they could not be had now (ERR_BUSY).  0, or -1.
 */
int handles_append(struct handles *h, int32_t number, uint8_t *bytes,
    size_t size, int64_t deadline, int64_t *base, struct err *e);

/*
 * Bytes that recovery cut off partition number's log (and kept in its cut/)
 * when it was opened here, at *offset; 0 none.
 */
int64_t handles_cut(const struct handles *h, int32_t number, int64_t *offset);

/* Make all that was appended durable (durable_wait).  0, or -1. */
int handles_sync(struct handles *h, int64_t deadline, struct err *e);

/*
 * After that, wait for the copies that are wanted (insync_wait).  0, or -1;
 * once it failed it fails again at once, and what is copied is not known.
 */
int handles_wait_copied(struct handles *h, int64_t deadline, struct err *e);

#endif
