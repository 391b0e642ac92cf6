/*
 * copies: the rules by which followers' copies count.  Pure.
 *
 * Kafka 4.x: Partition.maybeIncrementLeaderHW, isFollowerInSync,
 * getOutOfSyncReplicas; here without polls, so that lagging is counted from
 * when there was something to acknowledge.
 */
#ifndef KLOG_COPIES_H
#define KLOG_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The high watermark: what the leader (durable) and all n followers in sync
 * (acked; -1 nothing) have on disk, if with the leader they are at least
 * wanted; it never falls below present.
 */
int64_t copies_watermark(int64_t present, int64_t durable,
    const int64_t *acked, size_t n, int64_t wanted);

/*
 * Whether a follower that acknowledged acked has caught up: with the durable
 * end, or with where that was (before; -1 unknown) when it last acknowledged,
 * since more may have come meanwhile.
 */
bool copies_caught_up(int64_t acked, int64_t durable, int64_t before);

/* Whether it may join: it has caught up, and has all that was promised. */
bool copies_may_join(
    int64_t acked, int64_t durable, int64_t before, int64_t watermark);

struct copies_due {	/* what a follower is to acknowledge; zero it first */
	bool any;
	int64_t offset;		/* all below it */
	int64_t since_ms;	/* mono: it is there since */
};

/*
 * Whether it lags: it has not acknowledged within lag_ms what was there.
 * due is kept from look to look; *again becomes the time of the next, if
 * that is earlier.
 */
bool copies_lag(struct copies_due *due, int64_t acked, int64_t durable,
    int64_t now_ms, int64_t lag_ms, int64_t *again);

#endif
