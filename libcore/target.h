/*
 * target: the end of a replication that gets a copy (rules R1-R15 of
 * kafka-semantics.md, klog-replicate-protocol(5)).
 *
 * It tells the source where its logs end, cuts off what the source's history
 * does not have, appends what comes byte for byte, syncs it and only then
 * acknowledges it.  Everything that comes is verified before a lock is taken.
 * It owns no connection: messages come in by target_take, go out into a
 * buffer, and the caller moves the bytes.  One thread.
 */
#ifndef KLOG_TARGET_H
#define KLOG_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "target_parts.h"
#include "wire.h"

/* out gets the messages; o is copied, its strings are borrowed.  NULL: out
 * of memory. */
struct target *target_new(const struct target_options *o, struct buf *out);
void target_free(struct target *t);

/*
 * A message of the source's.  0, or -1: ERR_ROLE (no replica here, or the
 * source is stale), ERR_CORRUPT (a batch that does not verify), ERR_DATA (the
 * message can't be, or it is another topic), ...
 */
int target_take(struct target *t, const struct wire *w, struct err *e);

/* Whether so much is not on disk yet that it should be now. */
bool target_is_full(const struct target *t);

/* Whether more was announced, so that it is too early to sync. */
bool target_expects(const struct target *t);

/* Sync what was appended and acknowledge it.  0, or -1. */
int target_settle(struct target *t, struct err *e);

/* The source said WIRE_BYE, all is settled, and it was told so. */
bool target_is_over(const struct target *t);

const struct target_counts *target_counts(const struct target *t);

#endif
