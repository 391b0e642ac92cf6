/*
 * roll: when a log goes on in a new segment, and how that begins.
 */
#ifndef KLOG_ROLL_H
#define KLOG_ROLL_H

#include <stdbool.h>

#include "partition.h"

/* Whether batch b does not go into slot's segment any more. */
bool roll_is_due(const struct settings *s, const struct state_slot *slot,
    const struct batch *b, int64_t now_ms);

/*
 * Seal p->slot's segment and begin one at base, which is the log's end or
 * beyond (then what lies between is gone for good); p->slot is published.
 * The append lock is held and the state says busy: who fails leaves it so.
 * 0, or -1.
 */
int roll_begin(
    struct partition *p, int64_t base, int64_t now_ms, struct err *e);

#endif
