/*
 * What the files of topic share.
 */
#ifndef KLOG_TOPIC_PARTS_H
#define KLOG_TOPIC_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

/* The last component of path, trailing slashes apart, and its length. */
const char *topic_last_component(const char *path, size_t *len);

/* topic_check_local for the folder fd, named path. */
int topic_check_fs(int fd, const char *path, bool unsafe, struct err *e);

#endif
