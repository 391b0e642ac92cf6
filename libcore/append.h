/*
 * append: the order of things when a log grows: lock, recover if the last
 * writer did not end well, roll, write, index, publish, unlock, wake.
 *
 * Any process may die between any two system calls: what it had published is
 * there, what it had not is adopted if whole and cut off if not, by the next
 * who takes the lock.  INT, TERM and HUP are blocked while it is held.
 */
#ifndef KLOG_APPEND_H
#define KLOG_APPEND_H

#include "partition.h"

/*
 * Take the append lock, waiting until deadline (clock.h), and make sure that
 * p->slot is the true end of the log: recover where needed.  0, or -1 with
 * the lock dropped: ERR_BUSY, ERR_CORRUPT, ERR_SYSTEM (poisoned too), ERR_ROLE
 * (p->use does not go with the topic's role).
 */
int append_begin(struct partition *p, int64_t deadline, struct err *e);
void append_end(struct partition *p);

/*
 * Append a whole batch (batch_builder_finish): it gets its base offset,
 * which is returned in *base, and the leader epoch.  On return other
 * processes see it; it is durable only after durable_wait.  0, or -1 and
 * nothing of it is in the log.
 */
int append_batch(struct partition *p, uint8_t *bytes, size_t size,
    int64_t deadline, int64_t *base, struct err *e);

/*
 * Begin a new segment at the log's end, where the active one is not empty, so
 * that it may be removed or linked: append_begin came before, and append_end
 * follows.  0 (p->slot is of the new one), or -1.
 */
int append_roll(struct partition *p, struct err *e);

/* The same at base, which may lie beyond the end: roll_begin. */
int append_roll_to(struct partition *p, int64_t base, struct err *e);

/*
 * Append whole batches that have their offsets and epochs already, in one
 * write to the active segment: append_begin came before.  0, or -1 and none
 * of them is in the log.
 */
int append_placed(
    struct partition *p, const uint8_t *bytes, size_t size, struct err *e);

#endif
