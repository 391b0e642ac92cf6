/*
 * verify: read every byte of a topic and tell what is wrong with it.
 *
 * Only reads.  A log that is being written to may be verified: what its
 * writers have not published yet is left alone.
 */
#ifndef KLOG_VERIFY_H
#define KLOG_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec.h"
#include "err.h"
#include "topic.h"
#include "trouble.h"

struct verify {			/* zero it, then fill the first part */
	const struct topic *topic;
	bool only_files;	/* of a folder: owners, modes and kinds, not
				 * what is in them */
	bool deep;		/* decompress and parse every record too */
	int64_t since;		/* ms: skip sealed segments whose .log was
				 * last changed before; 0: none */
	void (*told)(void *context, const struct trouble *t);
	/* Called about every MiB; not 0 stops: ERR_STOPPED.  May be NULL. */
	int (*progress)(void *context, int64_t bytes, int64_t records);
	void *context;

	int64_t partitions, segments, batches, records, bytes;	/* seen */
	int64_t troubles;	/* told */
	struct codec *codec;	/* verify_release frees it */
};

/*
 * Verify what belongs to the topic as a whole: its settings, folders, groups;
 * and one partition.  What is wrong is told, and does not make them fail.
 * 0, or -1: ERR_SYSTEM (it can't be read at all), ERR_STOPPED.
 */
int verify_topic(struct verify *v, struct err *e);
int verify_partition(struct verify *v, int32_t number, struct err *e);

/* Bytes of the .log files of a partition, for a progress bar; 0 if unknown. */
int64_t verify_size(const struct topic *t, int32_t number);

void verify_release(struct verify *v);

#endif
