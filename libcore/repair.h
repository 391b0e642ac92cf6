/*
 * repair: put right what verify finds, under the partition's locks.
 *
 * Every byte that is taken out of a log is saved first, and told.  Offsets
 * whose records are lost are never given to others: an empty batch stands for
 * them, as compaction leaves one.  May be killed anywhere and run again.
 */
#ifndef KLOG_REPAIR_H
#define KLOG_REPAIR_H

#include <stdint.h>

#include "err.h"
#include "topic.h"
#include "trouble.h"

struct repair {
	const struct topic *topic;
	unsigned kinds;		/* enum mend: what may be done */
	const char *save;	/* directory for what is taken out, there
				 * already; NULL: cut/ beside the log */
	int64_t deadline;	/* for locks; clock.h */
	/* One line on what was done: "0/lock: mode is now 0660". */
	void (*did)(void *context, const char *line);
	void *context;
	int64_t done;		/* how often did was called */
};

/*
 * The topic's own files, and one partition.  0; or -1: ERR_BUSY (producers,
 * klog-clean or another repair hold a lock), ERR_CORRUPT (what is left needs
 * a kind that was not allowed), ERR_SYSTEM.
 */
int repair_topic(struct repair *r, struct err *e);
int repair_partition(struct repair *r, int32_t number, struct err *e);

#endif
