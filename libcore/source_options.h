/*
 * source_options: what a source is to do, and what it counted.
 */
#ifndef KLOG_SOURCE_OPTIONS_H
#define KLOG_SOURCE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct source_options {
	bool follow; /* stay when all is copied, and send what comes */
	bool groups; /* committed offsets of groups too */
	bool read_only; /* write nothing: what others synced is sent */
	/* Name of the copy that is served, without the topic's if it ends in
	 * a slash; and where it is if that does not tell.  Borrowed. */
	const char *follower, *host;
	bool (*wants)(void *ctx, int32_t partition); /* NULL: all */
	void *ctx;
	int64_t wait_ms; /* for locks of the log */
};

struct source_counts {
	int64_t bytes, batches, records; /* of batches that were sent */
	int64_t acked; /* records' offsets acknowledged */
};

#endif
