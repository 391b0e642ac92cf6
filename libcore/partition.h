/*
 * partition: one log, as those who change it hold it: its folder, locks,
 * state page, active segment and indexes.  append.h, durable.h and recovery.h
 * work on it; reading is view.h's affair.  A handle belongs to one thread at
 * a time.
 */
#ifndef KLOG_PARTITION_H
#define KLOG_PARTITION_H

#include <signal.h>
#include <stdint.h>

#include "batch.h"
#include "err.h"
#include "lock.h"
#include "settings.h"
#include "state.h"

enum partition_use {		/* who append_begin lets in; see role.h */
	PARTITION_PRODUCER,	/* only where the topic leads */
	PARTITION_REPLICA,	/* only where it is a replica */
	PARTITION_KEEPER	/* always: who repairs, cleans or copies */
};

struct partition {
	int dirfd;
	int topic_dirfd; /* borrowed */
	enum partition_use use; /* PRODUCER, until the caller says else */
	char *where; /* path, for messages */
	const struct settings *settings; /* borrowed from the topic */
	char boot[37];
	struct lock append, sync;
	struct lock clean; /* open while it is held: partition_begin_clean */
	struct state state;
	struct state_slot slot; /* while the append lock is held: the end */
	int log_fd; /* of segment log_base, or -1 */
	int64_t log_base;
	uint64_t log_device, log_inode; /* of what log_fd is */
	int index_fd, timeindex_fd; /* of segment index_base, or -1 */
	int64_t index_base;
	const char *save;	/* directory for what a recovery cuts; NULL:
				 * cut/; borrowed */
	bool save_torn;		/* also of appends that were not ended, which
				 * are dropped else */
	int64_t cut_bytes;	/* what a recovery by this handle cut off */
	int64_t cut_offset;	/* and the offset where it did */
	sigset_t signals; /* to restore at append_end */
};

/*
 * Make the folder of a new partition in a topic's: locks and an empty segment
 * at base; one that was begun before is completed.  0, or -1 (what was made
 * stays).
 */
int partition_create(int topic_dirfd, int32_t number, int64_t base,
    const char *where, struct err *e);

/*
 * Open partition number of the topic at path where for appending; settings
 * and topic_dirfd must live as long as p.  0, or -1 (nothing stays open).
 */
int partition_open(struct partition *p, int topic_dirfd, int32_t number,
    const char *where, const struct settings *settings, struct err *e);

void partition_close(struct partition *p);

/*
 * Take clean.lock, which comes before the others: who removes or replaces
 * sealed segments holds it.  It never waits.  What a compaction that was
 * killed left is ended first (swap.h).  0, or -1: ERR_BUSY.
 */
int partition_begin_clean(struct partition *p, struct err *e);
/* The same for who only needs them to stay: it waits (deadline, clock.h). */
int partition_wait_clean(struct partition *p, int64_t deadline, struct err *e);
void partition_end_clean(struct partition *p);

/* ---- for recovery and clean, with the append lock held ---- */

/* Their files are removed: whoever needs them opens new ones. */
void partition_close_indexes(struct partition *p);

/* Open segment base's .log for writing as p->log_fd.  0, or -1. */
int partition_open_log(struct partition *p, int64_t base, struct err *e);

/* Open the indexes of slot->base, making missing ones.  0, or -1. */
int partition_open_indexes(
    struct partition *p, const struct state_slot *slot, struct err *e);

/*
 * Account for batch b at position, which is new in slot's segment: index
 * entries where they are due (a failed index write only costs that entry),
 * timestamps, end.  Kafka 4.x, LogSegment.append.
 */
void partition_note(struct partition *p, struct state_slot *slot,
    const struct batch *b, int64_t position);

/*
 * The time entry that ends a segment's .timeindex: retention and search by
 * time rely on it.  0, or -1.
 */
int partition_note_end(
    struct partition *p, struct state_slot *slot, struct err *e);

#endif
