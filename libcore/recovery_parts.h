/*
 * What the two ways of recovery share (recovery.h): both take what is whole
 * behind a known end and cut off the rest.  The append lock is held.
 */
#ifndef KLOG_RECOVERY_PARTS_H
#define KLOG_RECOVERY_PARTS_H

#include "epochs.h"
#include "partition.h"
#include "segment.h"

struct role;

/* What a rebuild knows and learns. */
struct rebuild {
	int64_t safe; /* below this offset all was on disk */
	bool known; /* there was a recovery point */
	bool strict; /* above it offsets have no holes */
	bool reboot; /* the machine was restarted since it was noted */
	bool copied; /* it is an old copy, perhaps: readers and replicas may
		      * have more than there was when it was made */
	struct epoch epoch; /* the newest seen and where it began; or -1 */
	int64_t unsafe_at; /* the last segment's bytes from here on may lie
			    * in the kernel's cache only */
};

/* Give the indexes the length that slot says and no stale entry after it. */
int recovery_trim_indexes(
    struct partition *p, const struct state_slot *slot, struct err *e);

/* Remove the files of a segment that holds nothing, the .log last. */
int recovery_remove_empty(
    const struct partition *p, int64_t base, struct err *e);

/*
 * Take every good batch from where slot ends: its position moves to the
 * first byte that is none.  seen (or NULL) gets what they show; with it
 * offsets may be missing, as compaction and Kafka leave them, and epochs
 * differ.  0, or -1 reading failed.
 */
int recovery_take_batches(struct partition *p, struct state_slot *slot,
    int64_t limit, struct rebuild *seen, struct err *e);

/*
 * Cut the log off at the slot's end, keeping the bytes up to size first, so
 * that nothing is silently gone.
 */
int recovery_cut_off(struct partition *p, int64_t size, struct err *e);

/* The segments, but those that compaction is just replacing.  0, or -1:
 * ERR_CORRUPT too (there is none). */
int recovery_list(
    const struct partition *p, struct segment_list *l, struct err *e);

/*
 * Let the log start where it can: a start behind the log's end moves to it if
 * records can be lost up to there, else it is damage, and the log starts at
 * its first segment.  0, or -1.
 */
int recovery_settle_start(struct partition *p, const struct rebuild *seen,
    bool leads, struct err *e);

/*
 * Set the epoch of new batches: the last one known, from the file or as seen
 * in the log; a new one where something may be gone that readers have seen.
 * Only who leads begins epochs: what a copy lacks its source still has, and
 * readers of a copy saw nothing that was not on its disk.  0, or -1.
 */
int recovery_settle_epoch(struct partition *p, const struct rebuild *seen,
    const struct role *role, struct err *e);

/* A failed call on the open .log; returns -1. */
int recovery_log_error(const struct partition *p, struct err *e);

#endif
