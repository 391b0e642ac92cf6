/*
 * history: how far two copies of a log agree, from their leader epochs alone
 * (Kafka 4.x, KIP-101 and KIP-279, done in one step on whole lists).
 *
 * Records of one epoch of one origin come from one writer, so where both logs
 * have such an epoch they have the same records, as far as both go.  Pure.
 */
#ifndef KLOG_HISTORY_H
#define KLOG_HISTORY_H

#include "epochs.h"

struct history {
	const struct epochs *epochs; /* with origins (origins_read); borrowed */
	int64_t start; /* log start offset */
	int64_t end; /* log end offset, >= start */
};

enum history_relation {
	HISTORY_SAME, /* both know the same epochs */
	HISTORY_BEHIND, /* b knows newer ones: a may follow b */
	HISTORY_AHEAD, /* a knows newer ones: b is stale */
	HISTORY_SPLIT /* each has one that the other lacks: two led apart */
};

/*
 * How a stands to b.  *common gets the offset below which both hold the same
 * records: who follows cuts its log back to there, if it is longer.  It is at
 * most the smaller end.  Where one log starts behind the end of the other,
 * nothing can be compared, and it is the smaller end if the newer epochs are
 * those of the log that starts later.  Epochs that end before both logs start
 * do not count: so who follows never starts below the other.
 *
 * HISTORY_SAME and *common below a's end: b lost what a still has, or is not
 * as far yet.
 */
enum history_relation history_compare(
    const struct history *a, const struct history *b, int64_t *common);

#endif
