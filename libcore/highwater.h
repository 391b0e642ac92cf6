/*
 * highwater: the high watermark of a partition, which readers do not pass:
 * below it everything is on enough copies (Kafka 4.x, Partition).
 *
 * A partition has one where its topic wants more than one copy in sync
 * (min.insync.replicas) or is a replica.  It is in the state page, for those
 * who read, and in the file high-watermark, for those who have no page and
 * for the next boot; that one is not synced, so a power cut may bring back an
 * older one, which is still true.  All here is called with the append lock
 * held, after append_begin.
 */
#ifndef KLOG_HIGHWATER_H
#define KLOG_HIGHWATER_H

#include "partition.h"

#define INSYNC_NAME "in-sync"	/* insync.h */

/*
 * Bring the state page in line with topic.conf and the role: a watermark that
 * is wanted begins at the end of the log, which is made durable first (what
 * was readable stays so), in a replica at the start; one that is not wanted
 * any more goes.  One that leads no longer has nobody in sync: what its
 * followers acknowledged may not be what it holds when it leads again.
 * append_begin calls it when the page does not know.  0, or -1.
 */
int highwater_settle(struct partition *p, struct err *e);

/* Make others settle again: the conf or the role was changed. */
void highwater_unsettle(struct partition *p);

/*
 * All copies that count have everything below offset: raise copied_offset and
 * the watermark, if there is one, and wake who waits.  Neither falls.
 */
void highwater_raise(struct partition *p, int64_t offset);

#endif
