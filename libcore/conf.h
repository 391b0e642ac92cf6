/*
 * conf: topic.conf, "key=value" lines: version, id, partitions, and the
 * settings that were given (settings.h).  klog-format(5).
 */
#ifndef KLOG_CONF_H
#define KLOG_CONF_H

#include <stdint.h>

#include "err.h"
#include "settings.h"

#define CONF_NAME "topic.conf"

enum { CONF_VERSION = 1 };

struct conf_stamp { /* another when topic.conf was replaced or written */
	uint64_t inode;
	int64_t time; /* ns */
};

/* That of the topic behind dirfd; zero if there is none.  One system call. */
struct conf_stamp conf_stamp(int dirfd);

/*
 * Read it from the topic behind dirfd into s (initialised first).
 * 1 read, 0 there is none, -1: ERR_CORRUPT with its line, ERR_SYSTEM.
 */
int conf_read(struct settings *s, int dirfd, const char *where, struct err *e);

/* Replace it, durably.  0, or -1. */
int conf_write(
    const struct settings *s, int dirfd, const char *where, struct err *e);

#endif
