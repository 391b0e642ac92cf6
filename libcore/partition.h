/*
 * partition: one log, as those who change it see it: lock, recover if the
 * last writer did not end well, append at the end, roll to a new segment.
 *
 * Any process may die between any two system calls: what it had published is
 * there, what it had not is adopted if whole and cut off if not, by the next
 * who takes the lock.  A handle belongs to one thread at a time; INT, TERM
 * and HUP are blocked while the lock is held.  Reading is view.h's affair.
 */
#ifndef KLOG_PARTITION_H
#define KLOG_PARTITION_H

#include <signal.h>
#include <stdint.h>

#include "batch.h"
#include "err.h"
#include "lock.h"
#include "settings.h"
#include "state.h"

struct partition {
	int dirfd;
	char *where;		/* path, for messages */
	const struct settings *settings;	/* borrowed from the topic */
	char boot[37];
	struct lock append, sync;
	struct state state;
	struct state_slot slot;	/* while the append lock is held: the end */
	int log_fd;		/* of segment log_base, or -1 */
	int64_t log_base;
	int index_fd, timeindex_fd;	/* of segment index_base, or -1 */
	int64_t index_base;
	sigset_t signals;	/* to restore at partition_unlock */
};

/*
 * Make the folder of a new partition in a topic's: locks and an empty first
 * segment.  0, or -1 (what was made stays).
 */
int partition_create(int topic_dirfd, int32_t number, const char *where,
    struct err *e);

/*
 * Open partition number of the topic at path where for appending; settings
 * must live as long as p.  0, or -1 (nothing stays open).
 */
int partition_open(struct partition *p, int topic_dirfd, int32_t number,
    const char *where, const struct settings *settings, struct err *e);

void partition_close(struct partition *p);

/*
 * Take the append lock, waiting until deadline (clock.h), and make sure that
 * p->slot is the true end of the log: recover where needed.  0, or -1 with
 * the lock dropped: ERR_BUSY, ERR_CORRUPT, ERR_SYSTEM (poisoned too).
 */
int partition_lock(struct partition *p, int64_t deadline, struct err *e);
void partition_unlock(struct partition *p);

/*
 * Append a whole batch (batch_builder_finish): it gets its base offset,
 * which is returned in *base, and the leader epoch.  On return other
 * processes see it; it is durable only after durable_wait.  0, or -1 and
 * nothing of it is in the log.
 */
int partition_append(struct partition *p, uint8_t *bytes, size_t size,
    int64_t deadline, int64_t *base, struct err *e);

/* ---- for recovery and clean, with the append lock held ---- */

/* Open segment base's .log for writing as p->log_fd.  0, or -1. */
int partition_open_log(struct partition *p, int64_t base, struct err *e);

/* Open the indexes of slot->base, making missing ones.  0, or -1. */
int partition_open_indexes(struct partition *p,
    const struct state_slot *slot, struct err *e);

/*
 * Account for batch b at position, which is new in slot's segment: index
 * entries where they are due (a failed index write only costs that entry),
 * timestamps, end.  Kafka 4.x, LogSegment.append.
 */
void partition_note(struct partition *p, struct state_slot *slot,
    const struct batch *b, int64_t position);

/* The time entry that ends a segment's .timeindex. */
void partition_note_end(struct partition *p, struct state_slot *slot);

#endif
