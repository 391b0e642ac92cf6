/*
 * lock: flock(2) on an empty file that is created once and never unlinked,
 * renamed or truncated (disk.md, "Locks"; klog-format(5)).
 *
 * The kernel lets go of it when its holder dies, and never before: a stopped
 * holder makes others wait, bounded only by their deadline.
 */
#ifndef KLOG_LOCK_H
#define KLOG_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct lock {
	int fd; /* -1: not open */
	int dirfd; /* borrowed */
	const char *name; /* borrowed: file in dirfd */
	const char *where; /* borrowed: dirfd's path, for messages */
};

/*
 * Open the lock file, creating it if create is not 0 (mode 0660 under the
 * umask: who can't write must not be able to block).  0, or -1.
 */
int lock_open(struct lock *l, int dirfd, const char *name, const char *where,
    int create, struct err *e);

/*
 * Take it, waiting until the monotonic time deadline (clock.h, ms).
 * 0, or -1: ERR_BUSY naming the holder and its program, or ERR_STOPPED if a
 * signal handler ran while waiting and it was not to be had within two seconds
 * more.
 */
int lock_take(struct lock *l, int64_t deadline, struct err *e);

/* Take it if it is free: 1 taken, 0 somebody holds it, -1. */
int lock_try(struct lock *l, struct err *e);

/* The refusal, ERR_BUSY, that names the holder; returns -1. */
int lock_busy(const struct lock *l, struct err *e);

/*
 * Lock a directory or file itself, without waiting, until its descriptor is
 * closed: 1, or 0 if somebody holds it.
 */
int lock_directory(int dirfd);

/* Nobody has locked the file behind fd, which we have not either. */
bool lock_is_free(int fd);

void lock_drop(struct lock *l);
void lock_close(struct lock *l);

#endif
