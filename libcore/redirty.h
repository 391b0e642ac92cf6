/*
 * redirty: write bytes of a log again that may have been lost on their way
 * to the disk.
 *
 * After a sync that failed, or whose answer nobody lived to hear, the kernel
 * takes the pages for clean and serves them from its cache, until it drops
 * them.  Writing the same bytes again makes the next sync write them.
 */
#ifndef KLOG_REDIRTY_H
#define KLOG_REDIRTY_H

#include <stdint.h>

/*
 * Write the batches in [from, end) of the log behind fd again, each as it is
 * read and only if it verifies, and does not begin below offset.
 * 0 and *good is where the first begins that does not (end: all did), or -1,
 * errno.
 */
int redirty(
    int fd, int64_t from, int64_t end, int64_t offset, int64_t *good);

#endif
