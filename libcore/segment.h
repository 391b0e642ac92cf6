/*
 * segment: the files of one stretch of a partition, named by the offset of
 * its first record: "00000000000000000042.log", .index, .timeindex.
 */
#ifndef KLOG_SEGMENT_H
#define KLOG_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum segment_file { SEGMENT_LOG, SEGMENT_INDEX, SEGMENT_TIMEINDEX };

enum { SEGMENT_NAME = 32 }; /* bytes of a name with its NUL, at most */

#define SEGMENT_BYTES_MAX INT32_MAX /* of a .log, as Kafka reads */

void segment_name(
    char name[SEGMENT_NAME], int64_t base, enum segment_file what);

/* The base offset, below 2^63 - 2^31, if name is "<20 digits>.log"; else -1. */
int64_t segment_parse(const char *name);

struct segment_list { /* zero it to start */
	int64_t *bases; /* ascending */
	size_t count;
};

/*
 * The segments of the partition behind dirfd, by listing it.  A listing can
 * miss a file that is being renamed: who finds a gap lists again.  0, or -1.
 */
int segment_list_read(
    struct segment_list *l, int dirfd, const char *where, struct err *e);

/* Index of the last segment with base <= offset; -1 if there is none. */
ptrdiff_t segment_list_find(const struct segment_list *l, int64_t offset);

void segment_list_release(struct segment_list *l);

/*
 * Remove all files of a segment, those that can be made again first and the
 * .log last; one that is not there is fine.  Not durable before fsio_sync_dir.
 * 0, or -1 (some may be gone).
 */
int segment_remove(int dirfd, int64_t base, const char *where, struct err *e);

/* The same, of its indexes alone: they can be made again from the .log. */
int segment_remove_indexes(
    int dirfd, int64_t base, const char *where, struct err *e);

/*
 * Whether name is a file of a segment that begins below offset active: it is
 * sealed then, and may have several names, as a snapshot gives it another.
 */
bool segment_is_sealed(const char *name, int64_t active);

/*
 * One that has several names is never written to.  Give an index
 * a file of its own with the same bytes: 0, or -1.
 */
int segment_unshare(int dirfd, int64_t base, enum segment_file what,
    const char *where, struct err *e);

/*
 * Whether the .log at fd may be cut or written over: 0, or -1 ERR_SYSTEM if it
 * has several names, with what to do about it.
 */
int segment_alone(int fd, int64_t base, const char *where, struct err *e);

/* Whether base's .log is the file of that device and inode. */
bool segment_is(int dirfd, int64_t base, uint64_t device, uint64_t inode);

/*
 * Open one of a segment's files (flags as open(2); O_CREAT allowed).
 * A descriptor, or -1; without O_CREAT a missing file leaves e->code
 * ERR_NONE.
 */
int segment_open(int dirfd, int64_t base, enum segment_file what, int flags,
    const char *where, struct err *e);

#endif
