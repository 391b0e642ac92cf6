/*
 * folder: go through what is in a directory.
 *
 * A listing that breaks off is a failure, never a shorter listing.
 */
#ifndef KLOG_FOLDER_H
#define KLOG_FOLDER_H

#include "err.h"

/*
 * Call fn for each entry but "." and ".." of the directory name in dirfd
 * (fsio_open_dir; "." is dirfd itself); where is dirfd's path.  fd is a
 * descriptor of the directory, entry lives during the call.  fn returns 0 to
 * go on; anything else ends it and is returned.
 * 0, or -1 (e->sys is ENOENT if there is none).
 */
int folder_each(int dirfd, const char *name, const char *where,
    int (*fn)(void *context, int fd, const char *entry, struct err *e),
    void *context, struct err *e);

#endif
