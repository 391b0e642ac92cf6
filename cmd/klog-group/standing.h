/*
 * standing: where a group stands in a partition: what it committed, where the
 * log ends, and how far behind that is.  Reads only.
 */
#ifndef KLOG_GROUP_STANDING_H
#define KLOG_GROUP_STANDING_H

#include <stdbool.h>
#include <stdint.h>

#include "codec.h"
#include "err.h"
#include "group.h"
#include "view.h"

struct standing {
	int32_t partition;
	int64_t start, end;	/* of the log; end is exclusive */
	bool any;		/* something is committed: the next counts */
	struct committed committed;
	int64_t lag;		/* offsets from what is read next to end: from
				 * start if nothing is committed or what was
				 * is below it; never negative */
	int64_t age;		/* ms since the timestamp of the record that
				 * is read next, by standing_read_age; 0 there
				 * is none, or it is of the future */
};

/*
 * Fill s, but for age.  The end is looked up after what is committed, so that
 * a lag of 0 was true at that moment.  0, or -1.
 */
int standing_read(struct standing *s, const struct group *g,
    int32_t partition, struct err *e);

/* Fill s with age; decompresses a batch.  0, or -1. */
int standing_read_age(struct standing *s, const struct group *g,
    int32_t partition, struct codec *codec, int64_t now_ms, struct err *e);

#endif
