/*
 * rewind: set the committed offsets of consumer groups back to where a log
 * was cut (rule R15 of kafka-semantics.md).
 *
 * Groups that read what is cut off would pass over what takes its place: the
 * leader epoch that they committed tells them of a cut only where it is older
 * than those of the new leader, and then it is where that one began to lead,
 * not where the logs parted.  So they are set back before another epoch is
 * noted or a record appended.
 */
#ifndef KLOG_REWIND_H
#define KLOG_REWIND_H

#include <stdint.h>

#include "err.h"
#include "topic.h"

struct rewind {
	int64_t groups;		/* that were set back */
	int64_t records;	/* offsets that they had read, together */
	/* If not NULL: of each that is set back, from there. */
	void (*told)(void *ctx, const char *group, int64_t from);
	void *ctx;
};

/*
 * Let no group of t stand behind offset end in partition number, durably.
 * The counts of r are added to.  A member that is reading there has its offset
 * set back too: it sees the cut itself (cursor.h), and if it is killed before
 * that, the offset counts.  0, or -1; done again it does the rest.
 */
int rewind_groups(const struct topic *t, int32_t number, int64_t end,
    struct rewind *r, struct err *e);

#endif
