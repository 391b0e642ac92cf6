/*
 * textfile: replace a file that others read at any time, and that several
 * programs may write at once: the last one wins, and no one sees a part.
 */
#ifndef KLOG_GROUP_TEXTFILE_H
#define KLOG_GROUP_TEXTFILE_H

#include <stddef.h>

#include "err.h"

/* 0, or -1 and the file is as it was. */
int textfile_replace(const char *path, const void *data, size_t n,
    struct err *e);

#endif
