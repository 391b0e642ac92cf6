/*
 * redirty: write bytes of a log again that may have been lost on their way
 * to the disk.
 *
 * After a sync that failed, or whose answer nobody lived to hear, the kernel
 * takes the pages for clean and serves them from its cache, until it drops
 * them.  Writing the same bytes again makes the next sync write them, but for
 * blocks that were new: ext4 keeps those as unwritten, and says nothing.  So
 * it is synced here, and such blocks are given back and written as new ones.
 */
#ifndef KLOG_REDIRTY_H
#define KLOG_REDIRTY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Write the batches in [from, end) of the log behind fd again, each as it is
 * read and only if it verifies, and does not begin below offset.  move: give
 * blocks back that can't be trusted; the append lock is held, and nothing in
 * them was acknowledged.  Without it such blocks are EIO.
 * 0 and *good is where the first begins that does not (end: all did); what
 * precedes it is on disk.  Or -1, errno.
 */
int redirty(int fd, int64_t from, int64_t end, int64_t offset, bool move,
    int64_t *good);

#endif
