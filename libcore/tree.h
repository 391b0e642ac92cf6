/*
 * tree: remove a directory with all that is in it, following no link.
 */
#ifndef KLOG_TREE_H
#define KLOG_TREE_H

#include "err.h"

/* name is one component in dirfd, where its path.  0, or -1 (partly gone). */
int tree_remove(int dirfd, const char *name, const char *where, struct err *e);

#endif
