/*
 * view: one log, as a reader sees it: where it starts, where it ends.
 *
 * Needs only read permission and writes nothing.  The end comes from the
 * shared state page; where that can't be read, is of another boot or is a
 * copy, it is found by walking the batches behind the last index entry.
 *
 * Where the topic has a high watermark, the log ends there for a reader: what
 * follows is not on enough copies yet (Kafka 4.x, fetching by consumers).
 */
#ifndef KLOG_VIEW_H
#define KLOG_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "segment.h"
#include "settings.h"
#include "state.h"

struct view_end {
	int64_t base; /* the active segment */
	int64_t position; /* bytes of its .log that are committed */
	int64_t next_offset; /* end of the log, exclusive */
};

enum { VIEW_NO_LIMIT = -1 };

struct view {
	int dirfd;
	char *where; /* path, for messages */
	char boot[37];
	struct state state;
	bool strict;	/* nothing is compacted here, so offsets that are
			 * missing are damage */
	int64_t batch_max; /* bytes: settings_batch_limit */
	struct segment_list segments; /* as last listed */
	bool past_copies; /* read to the end of the log, whatever follows */
	struct view_end end; /* as last seen by view_refresh: of the log, or
			      * of what lies below the high watermark */
	struct view_end log; /* of the log in any case */
	int64_t high_watermark; /* or VIEW_NO_LIMIT: the topic has none */
	uint64_t end_inode; /* of end.base's .log, if it was walked */
	bool has_cuts;	/* a page was seen, first with this count of cuts */
	uint32_t cuts;	/* (state.h) */
	int64_t promised; /* without the state page: what was on disk; the log
			   * should not end below it */
};

/* Partition number of the topic at path where.  0, or -1 (nothing open). */
int view_open(struct view *v, int topic_dirfd, int32_t number,
    const char *where, struct err *e);
/* The same of the partition that dirfd is, at path where. */
int view_open_at(struct view *v, int dirfd, const char *where, struct err *e);
void view_close(struct view *v);

/* Read as the topic's settings say: strict, batch_max (0 without this). */
void view_expect(struct view *v, const struct settings *s);

/* Look where the log ends now: v->end.  0, or -1. */
int view_refresh(struct view *v, struct err *e);

/*
 * Make v->end what lies below high, a part of v->log; view_refresh does it.
 * A batch that holds high is left out.  0, or -1.
 */
int view_limit(struct view *v, int64_t high, struct err *e);

/* Where reading to the end stops, or shows what is missing before it. */
int64_t view_expected_end(const struct view *v);

/* List the segments again: v->segments.  0, or -1. */
int view_list(struct view *v, struct err *e);

/*
 * The first offset a reader may see, from the listing.  0, or -1: one behind
 * the log's end is damage where nothing can have brought it there.
 */
int view_start(struct view *v, int64_t *offset, struct err *e);

/* Fill e for a log start behind the log's end; returns -1. */
int view_start_beyond(const struct view *v, int64_t start, struct err *e);

/*
 * List, refresh and start in one, brought together: a segment may begin
 * between the two looks, and one that begins after both is not for us.
 * *start is never behind v->end.  0, or -1.
 */
int view_look(struct view *v, int64_t *start, struct err *e);

/* Fill e for damage at a place of a segment; returns -1. */
int view_corrupt(const struct view *v, int64_t base, int64_t position,
    int64_t offset, const char *what, struct err *e);

/* The same for offsets [from, to) that no segment holds; returns -1. */
int view_missing(
    const struct view *v, int64_t from, int64_t to, struct err *e);

#endif
