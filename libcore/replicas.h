/*
 * replicas: what the leader of a topic knows of its followers: one text file
 * each in replicas/, named like the follower (klog-format(5)).
 *
 * A line of the follower's host, the pid that serves it, since when, and when
 * it was last heard of; then one a partition: below what offset all is on the
 * follower's disk, and when it last had all there was.  All lines are of
 * fixed width, end in a checksum, and are overwritten in place by the one
 * process that serves the follower, which holds a lock on the file.  They are
 * not synced: an older one that a power cut brings back is still true.  Who
 * takes over from a process that is cut off replaces the file: what that one
 * still writes is read by nobody.
 */
#ifndef KLOG_REPLICAS_H
#define KLOG_REPLICAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define REPLICAS_DIR "replicas"

enum {
	REPLICAS_NAME = 201,	/* room for a file's name and its NUL */
	REPLICAS_HOST = 65	/* for a host's */
};

struct replica {		/* the first line */
	char host[REPLICAS_HOST];	/* no blanks or control characters */
	int64_t pid;
	int64_t since_ms, last_ms;	/* wall clock */
};

struct replica_acked {		/* that of a partition */
	int64_t offset;		/* exclusive; -1: nothing was acknowledged */
	int64_t caught_up_ms;	/* wall clock; -1: never */
};

struct replicas_file {
	int fd;			/* -1: not open */
	bool serving;		/* we hold the lock */
	char name[REPLICAS_NAME];	/* as in the folder and in in-sync */
	struct replica head;
};

/*
 * The file's name for a follower's: bytes other than A-Z a-z 0-9 . _ - @ : are
 * written %XX, and so is a leading dot.  0, or -1 ERR_USAGE: none, or too long.
 * replicas_plain_name is the way back.
 */
int replicas_file_name(
    const char *name, char out[REPLICAS_NAME], struct err *e);
void replicas_plain_name(const char *file, char out[REPLICAS_NAME]);
bool replicas_is_name(const char *file, size_t n);	/* of a file */

/*
 * Of one that we serve (replicas_serve.h): whether the file is still ours;
 * write that it was heard of / has acknowledged.  0, or -1: ERR_BUSY if it is
 * not, then what is written counts nowhere.
 */
int replicas_check(const struct replicas_file *f, struct err *e);
int replicas_contact(struct replicas_file *f, int64_t now_ms, struct err *e);
int replicas_ack(struct replicas_file *f, int32_t partition,
    const struct replica_acked *a, struct err *e);

/* Open it for reading by its file's name: 1, 0 there is none, -1. */
int replicas_open(struct replicas_file *f, int topic_dirfd, const char *where,
    const char *file, struct err *e);
void replicas_close(struct replicas_file *f);

/*
 * The line of a partition: 1, 0 there is none, or it is damaged (a is then
 * that nothing was acknowledged), -1.  The first line is in f->head.
 */
int replicas_read(const struct replicas_file *f, int32_t partition,
    struct replica_acked *a, struct err *e);
int replicas_head(struct replicas_file *f, struct err *e);

/* How many partitions it has lines of, and where that of one begins. */
int32_t replicas_partitions(const struct replicas_file *f);
int64_t replicas_place(int32_t partition);

/* Some process serves it now (not for a file that we serve ourselves). */
bool replicas_connected(const struct replicas_file *f);

/* The file has no name any more, or another has it: open it anew.  Who asks
 * after reading knows that what was read still counted. */
bool replicas_is_gone(const struct replicas_file *f);

/* Names of all files, in order (names.h).  0, or -1. */
int replicas_list(int topic_dirfd, const char *where, char ***names,
    size_t *count, struct err *e);

#endif
