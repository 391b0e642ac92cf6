/*
 * state: one mapped page of hints beside a partition's log, shared by all
 * who use it: where the log ends, what is durable, whether somebody was
 * interrupted.  It may be deleted at rest and is rebuilt from the log.
 *
 * Who holds the append lock writes the slots: he fills the one that is not
 * current, then switches with one release store, so that end of file and end
 * offset are never seen apart, whenever he is killed.  The durable_ words are
 * written by who holds sync.lock, those about copies by who holds the append
 * lock (highwater.h, insync.h).  Readers map it read-only.
 */
#ifndef KLOG_STATE_H
#define KLOG_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct state_slot {
	int64_t base; /* active segment */
	uint64_t device, inode; /* of its .log */
	int64_t position; /* bytes of it that are committed */
	int64_t next_offset; /* the log's end */
	int64_t first_timestamp; /* max timestamp of its first batch; -1 */
	int64_t max_timestamp; /* of its batches; -1 none */
	int64_t max_offset; /* last offset of the first batch with it */
	int64_t indexed_timestamp; /* of its last time entry; -1 none */
	int64_t since_index; /* bytes appended since the last entry */
	int64_t created_ms; /* when it was started, wall clock */
	int32_t index_entries, timeindex_entries;
	int32_t epoch; /* leader epoch of new batches */
	uint32_t crc; /* of what precedes it; filled by state_publish */
};

enum { STATE_CUTS = 4 };

enum role_kind {	/* of a topic: role.h */
	ROLE_LEADER,	/* producers append */
	ROLE_REPLICA,	/* only what its source has is appended */
	ROLE_FENCED,	/* led once: another does now */
	ROLE_SEALED	/* led, and takes no more */
};

struct state_page {
	_Atomic uint64_t magic; /* written last; else nothing here counts */
	char boot[40];
	uint64_t device, inode; /* of the state file itself; the inode with
				 * the time it was made */
	_Atomic uint32_t current; /* slot[current & 1] is valid */
	_Atomic uint32_t busy; /* an append was begun and not ended */
	_Atomic uint32_t syncing; /* a shared sync likewise */
	_Atomic uint32_t poison; /* errno of a sync that failed: no more */
	_Atomic uint32_t role; /* enum role_kind; append lock held */
	_Atomic uint32_t durable_seq; /* futex: a shared sync ended */
	_Atomic uint32_t data_seq; /* futex: an append was published */
	_Atomic uint32_t high_seq; /* futex: a word about copies changed */
	_Atomic uint32_t in_sync_seq; /* in-sync was replaced */
	_Atomic uint32_t min_in_sync; /* copies needed, of topic.conf; 0: not
				       * noted yet */
	_Atomic int64_t high_watermark; /* readers go no further; -1 none */
	_Atomic int64_t copied_offset; /* below it all is on every copy in
					* sync, and on enough of them */
	_Atomic int64_t stalled_offset; /* since stalled_ms (mono) copied_offset
					 * is this, with more behind it; -1 */
	_Atomic int64_t stalled_ms;
	_Atomic int64_t joining_ms; /* until then (mono) it waits for one who
				     * is about to join */
	_Atomic int64_t durable_offset; /* below it all is on disk */
	_Atomic int64_t durable_base; /* its segment and position */
	_Atomic int64_t durable_position;
	_Atomic uint32_t cuts; /* how often the log was cut back */
	_Atomic int64_t cut_at[STATE_CUTS]; /* [k % STATE_CUTS]: the lowest of
				* cut k (from 0 on) and those after it;
				* the oldest of earlier ones, too */
	struct state_slot slot[2];
};

struct state { /* zero it to start */
	struct state_page *page; /* NULL: not mapped */
	bool writable;
};

/*
 * Map the state file of the partition behind dirfd.  create: make and
 * allocate it if it is missing (append lock held).  1 mapped (state_is_valid
 * tells whether it counts), 0 there is none, -1.
 */
int state_map(struct state *st, int dirfd, bool writable, bool create,
    const char *where, struct err *e);
void state_unmap(struct state *st);

/* It is of this boot and still the file of that name, not a copy. */
bool state_is_valid(const struct state *st, int dirfd, const char boot[37]);

/* It was another file's: of the log that this one is a copy of. */
bool state_is_copy(const struct state *st, int dirfd);

/* Read the current slot as one unit. */
void state_read(const struct state *st, struct state_slot *slot);

/* Make slot current (append lock held). */
void state_publish(struct state *st, const struct state_slot *slot);

/*
 * Nothing here counts any more until state_reset: the log is being cut back
 * to slot, which those who wait for a sync are told (both locks held).
 */
void state_withdraw(struct state *st, const struct state_slot *slot);

/* So it was, in this boot, and by someone who was killed: the next who appends
 * makes all anew. */
bool state_is_withdrawn(const struct state *st, const char boot[37]);

/*
 * Whether the log was cut back since page->cuts was *seen, which is brought up
 * to date: then *offset is the lowest of the cuts, or, of many, a lower one.
 * Who looks after it has read knows that what it read was still there, or is
 * told: nothing is appended between a cut and its note.
 */
bool state_was_cut(const struct state *st, uint32_t *seen, int64_t *offset);

/*
 * Start over with slot as all that is known and durable, the topic's role and
 * a high watermark or -1 (both locks held).
 */
int state_reset(struct state *st, int dirfd, const char boot[37],
    const struct state_slot *slot, uint32_t role, int64_t high_watermark,
    const char *where, struct err *e);

#endif
