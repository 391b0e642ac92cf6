/*
 * check: what the files of klog-check share.
 */
#ifndef KLOG_CHECK_H
#define KLOG_CHECK_H

#include "err.h"
#include "opt.h"
#include "progress.h"
#include "range.h"
#include "topic.h"
#include "trouble.h"

struct check {
	struct opt_common common;
	bool deep;
	bool json;
	bool dry_run;
	int64_t since;		/* ms */
	struct partitions which;
	unsigned kinds;		/* enum mend: what may be mended; 0: nothing */
	const char *save;
	int64_t timeout;	/* ms; -1 not given */
	const char *against;	/* the other copy, as it was written */
	const char *shell, *program; /* to get there */
	bool several;		/* topics were named */

	/* While it runs: */
	const struct topic *topic;
	struct progress progress;
	int64_t mendable[2];	/* problems that kinds mends, and that it
				 * does not */
	unsigned needed;	/* enum mend: what would mend all the rest */
	bool by_hand;		/* there is something that none does */
};

/*
 * Verify one topic, print what is wrong, mend it if asked for.  0, 4 if
 * something is wrong still, or -1.
 */
int check_topic(struct check *c, const struct topic *t, struct err *e);

/*
 * Compare one topic with its copy, print where they differ.  0, 1 if they do,
 * or -1.
 */
int check_against(struct check *c, const struct topic *t, struct err *e);

/* Whether that partition is wanted; that t has all that are: 0, or -1. */
bool check_wants(const struct check *c, int32_t number);
int check_has(const struct check *c, const struct topic *t, struct err *e);

/* "index", "tail", "salvage", "poison"; NULL for MEND_NONE. */
const char *check_mend_name(enum mend mend);

#endif
