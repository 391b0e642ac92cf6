/*
 * cut: where the bytes go that a recovery or a repair takes out of a log.
 *
 * One file a stretch, named by segment, position and time, so that nothing is
 * silently gone: by default in the partition's folder cut/.
 */
#ifndef KLOG_CUT_H
#define KLOG_CUT_H

#include <stdint.h>

#include "err.h"

enum { CUT_NAME = 400 }; /* bytes of a name with its NUL, at most */

struct cut {
	int dirfd;
	int parent; /* borrowed: the partition's, to be synced too; or -1 */
	char where[4096]; /* dirfd's path, for messages */
	char prefix[272]; /* of the names; empty in cut/ */
	char last[CUT_NAME]; /* name of the last file that was saved */
};

/* The folder cut/ of the partition behind dirfd, made if missing.  0, -1. */
int cut_open(struct cut *c, int dirfd, const char *where, struct err *e);

/*
 * Another directory at path, which is there, for the partition at path
 * partition ("/var/klog/orders/0"): files are named "orders-0-...".  0, or -1.
 */
int cut_open_dir(
    struct cut *c, const char *path, const char *partition, struct err *e);

/* Keep bytes [from, to) of the log base behind fd, durably.  0, or -1. */
int cut_save(struct cut *c, int fd, int64_t base, int64_t from, int64_t to,
    struct err *e);

/* Copy [from, to) of one file to the start of another and sync that.  0, or
 * -1, errno. */
int cut_copy(int from_fd, int64_t from, int64_t to, int fd);

/* Keep the small file of that name in dirfd the same way.  0, or -1. */
int cut_save_file(
    struct cut *c, int dirfd, const char *name, struct err *e);

void cut_close(struct cut *c);

#endif
