/*
 * fsio: the file system calls of the log.  It alone opens, syncs, renames,
 * truncates and allocates, and loops over short reads, short writes, EINTR.
 *
 * Files are named by one component relative to a directory descriptor and
 * opened with O_NOFOLLOW and O_NONBLOCK, so no symbolic link is followed and
 * no FIFO hangs us; then it must be a regular file that belongs to the
 * directory's owner, to its group where the directory is group-writable, to
 * root, or to us.  "where" is the directory's path, for messages only.
 */
#ifndef KLOG_FSIO_H
#define KLOG_FSIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"

/*
 * A directory: name is relative to dirfd, or a whole path with AT_FDCWD; its
 * last component must not be a symbolic link.  A descriptor, or -1.
 */
int fsio_open_dir(
    int dirfd, const char *name, const char *where, struct err *e);

/*
 * A regular file; flags as open(2), mode for O_CREAT before the umask.
 * A descriptor, or -1 (e->sys is ENOENT if it is not there).
 */
int fsio_open(int dirfd, const char *name, int flags, mode_t mode,
    const char *where, struct err *e);

/*
 * A file or folder that root has just made in somebody's folder becomes his:
 * else he could not go on where root helped once.  fsio_open does it.
 */
void fsio_give_to_owner(int fd, int dirfd);

/* As fsio_open, but -1 without filling e when the file is missing: e->code
 * is then ERR_NONE. */
int fsio_open_if(
    int dirfd, const char *name, int flags, const char *where, struct err *e);

/* Read up to n bytes at pos: how many (less only at the end), or -1, errno. */
ssize_t fsio_read_at(int fd, void *data, size_t n, int64_t pos);

/* Write all n bytes at pos: 0, or -1, errno (any prefix may be written). */
int fsio_write_at(int fd, const void *data, size_t n, int64_t pos);

int64_t fsio_size(int fd); /* bytes, or -1, errno */
int fsio_truncate(int fd, int64_t size); /* 0, or -1, errno */
int fsio_allocate(int fd, int64_t size); /* 0, or -1, errno */
int fsio_sync(int fd); /* fdatasync; 0, or -1 */
int fsio_sync_dir(int dirfd); /* fsync; 0, or -1 */

/*
 * Bytes in [*pos, end) that read as zeros on the disk although they were
 * written and synced: ext4 leaves a new block so when its first write failed,
 * however often the cached page is written after that.  1 and the first such
 * stretch in *pos, *n; 0 none, or the file system can't tell; -1, errno.
 */
int fsio_unwritten(int fd, int64_t *pos, int64_t *n, int64_t end);

/* Give the blocks of [pos, pos+n) back: they read as zeros.  0, -1, errno. */
int fsio_punch(int fd, int64_t pos, int64_t n);

/*
 * Give the file the mode of another, and its time of last change; clean's
 * .log looks like the one it replaces.  0, or -1, errno.
 */
int fsio_look_like(int fd, const struct stat *other);

/* Ask the kernel to start writing [pos, pos+n) out; a hint, never fails. */
void fsio_start_writeback(int fd, int64_t pos, int64_t n);

/*
 * Read a small file whole into data (cleared first), at most max bytes; a
 * NUL that is not counted follows them.
 * 1 read, 0 there is none, -1 failed (larger than max: ERR_CORRUPT).
 */
int fsio_read_file(int dirfd, const char *name, struct buf *data, size_t max,
    const char *where, struct err *e);

/*
 * Replace a small file so that after a crash the old or the new one is there:
 * ".name.tmp", fdatasync, rename, fsync of the directory.  The caller holds a
 * lock that keeps others from replacing the same file.  0, or -1.
 */
int fsio_replace(int dirfd, const char *name, const void *data, size_t n,
    const char *where, struct err *e);

/*
 * Rename within a directory; without replace something of that name is
 * EEXIST.  Not durable before fsio_sync_dir.  0, or -1, errno.
 */
int fsio_rename(int dirfd, const char *from, const char *to, bool replace);

/* Give the file name of one directory the same name in another too. */
int fsio_link(int from, const char *name, int to); /* 0, or -1, errno */

/* Remove what a killed fsio_replace of name left; the same lock is held. */
void fsio_tidy(int dirfd, const char *name);

/*
 * Whether the file system is a local one on which locks and crash rules hold
 * (ext, xfs, btrfs, tmpfs, zfs, f2fs, bcachefs, overlay).
 */
bool fsio_is_local(int fd);

/* This boot's id, 36 characters and NUL.  0, or -1. */
int fsio_boot_id(char id[37], struct err *e);

#endif
