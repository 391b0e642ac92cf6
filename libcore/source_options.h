/*
 * source_options: what a source is to do, and what it counted.
 */
#ifndef KLOG_SOURCE_OPTIONS_H
#define KLOG_SOURCE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct source;

struct source_options {
	bool follow; /* stay when all is copied, and send what comes */
	bool groups; /* committed offsets of groups too */
	bool read_only; /* write nothing: what others synced is sent */
	/* Name of the copy that is served, without the topic's if it ends in
	 * a slash; and where it is if that does not tell.  Borrowed. */
	const char *follower, *host;
	bool (*wants)(void *ctx, int32_t partition); /* NULL: all */
	/*
	 * Under follow: where more topics may appear, or NULL; and what adds
	 * those that are wanted (source_add).  One that can't be added then
	 * is told of at the next connection.  folder is borrowed.
	 */
	const char *folder;
	int (*find)(void *ctx, struct source *s, struct err *e);
	void *ctx;
	int64_t wait_ms; /* for locks of the log */
};

struct source_counts {
	int64_t bytes, batches, records; /* of batches that were sent */
	int64_t acked; /* records' offsets acknowledged */
};

#endif
