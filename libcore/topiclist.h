/*
 * topiclist: which topics a directory holds.
 */
#ifndef KLOG_TOPICLIST_H
#define KLOG_TOPICLIST_H

#include <stddef.h>

#include "err.h"

/*
 * The topics in directory dir, sorted; names_free frees *names.
 * 0, or -1.
 */
int topic_list(const char *dir, char ***names, size_t *count, struct err *e);

#endif
