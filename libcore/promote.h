/*
 * promote: make a replica's logs ready to lead: each begins a leader epoch of
 * its own, durably, before anything is appended (Kafka 4.x, KIP-101).
 *
 * The file N/behind ("N\n", an offset) is there while a copy lacks records
 * that its source had when it was last asked, or was last heard before they
 * parted: whoever promotes it loses them.
 */
#ifndef KLOG_PROMOTE_H
#define KLOG_PROMOTE_H

#include "partition.h"

#define PROMOTE_BEHIND "behind"

/*
 * Begin the epoch after the largest that is known at the log's end, and
 * forget who was in sync with the old leader.  p->use is PARTITION_REPLICA:
 * what leads already is refused; deadline as clock.h.  *epoch and *start get
 * it.  Killed and run again it begins another one.  From the first partition
 * on, the topic has to become a leader: what copies from the old one is
 * refused.  0, or -1.
 */
int promote_partition(struct partition *p, int64_t deadline, int32_t *epoch,
    int64_t *start, struct err *e);

/* The offset up to which the source had records; 0: we have them all.  1, 0
 * there is no file, -1. */
int promote_behind(
    int dirfd, int64_t *offset, const char *where, struct err *e);

/* Note it, durably; or that all is here.  0, or -1. */
int promote_note_behind(
    int dirfd, int64_t offset, const char *where, struct err *e);
int promote_note_caught_up(int dirfd, const char *where, struct err *e);

#endif
