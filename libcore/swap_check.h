/*
 * swap_check: whether what a swap says can be done (swap.h).
 */
#ifndef KLOG_SWAP_CHECK_H
#define KLOG_SWAP_CHECK_H

#include "err.h"

enum swap_state {
	SWAP_NONE, /* there is no such file */
	SWAP_WAITS, /* whoever takes clean.lock ends it (swap_finish) */
	SWAP_STRAY, /* it can't be obeyed, and what it stands for has never
		     * begun, or is done: it may go */
	SWAP_STUCK /* it can't be obeyed, and may have had half its effect */
};

#define SWAP_STUCK_TEXT \
	"can't be obeyed, but there are new segments, or two with the same " \
	"offsets: copy the partition, then take swap and the .cleaned files " \
	"away and check what is left"

/*
 * An enum swap_state, or -1 ERR_SYSTEM.  STRAY is proved: no new segment lies
 * there, so that all have their names, if there were any, and nothing is lost
 * with it; and no two segments hold the same offset, so that those that were
 * to go are gone.  Sure only where clean.lock is held.
 */
int swap_check(int dirfd, const char *where, struct err *e);

#endif
