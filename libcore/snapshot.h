/*
 * snapshot: a second topic with the records of a first one, at once and
 * without their bytes: the sealed segments are linked, not copied.
 *
 * Of each partition it has what was there at one moment.  From then on the
 * two have nothing to do with each other: what is appended goes into segments
 * of their own, and nobody writes into a file with several names (segment.h).
 */
#ifndef KLOG_SNAPSHOT_H
#define KLOG_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "topic.h"

/*
 * Make the topic at path a snapshot of from: its settings, records, what
 * its groups have committed; with an id of its own, and a leader.  Cleaners
 * are kept out meanwhile, and waited for until deadline (clock.h); producers
 * only wait while their segment is sealed.  It appears whole or not at all.
 *
 * 0, or -1: ERR_BUSY, ERR_SYSTEM (e->sys EEXIST: something is at path;
 * another file system; files that may not be linked), ERR_CORRUPT.
 */
int snapshot_take(const struct topic *from, const char *path, bool unsafe,
    int64_t deadline, struct err *e);

#endif
