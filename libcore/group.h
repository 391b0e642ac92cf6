/*
 * group: the folder of a consumer group in a topic, groups/NAME
 * (klog-format(5)).
 *
 *	offsets/N	committed offset of partition N (committed.h)
 *	owners/N	locked by who reads partition N, never removed
 *	members/ID	locked by a live member, removed by whoever finds it
 *			free: lines "key=value" (member.h)
 *	paused		there while the group is paused
 *
 * Names are those of topics (topic_check_name).
 */
#ifndef KLOG_GROUP_H
#define KLOG_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "committed.h"
#include "err.h"
#include "lock.h"
#include "topic.h"

struct group {
	const struct topic *topic;	/* borrowed */
	int dirfd;			/* groups/NAME */
	int offsets, owners, members;	/* folders in it, or -1 */
	char *where;			/* path, for messages */
	const char *name;		/* the last component of where */
};

/*
 * Open it; create: make what is missing.  1, 0 there is none (not create),
 * -1.  ERR_USAGE: not a name.
 */
int group_open(struct group *g, const struct topic *t, const char *name,
    bool create, struct err *e);
void group_close(struct group *g);

/* Names of the groups of a topic, sorted: malloc'd, each too.  0, or -1. */
int group_list(const struct topic *t, char ***names, size_t *count,
    struct err *e);

/* Remove the group: ERR_BUSY if a member lives, unless force.  0, or -1. */
int group_delete(const struct topic *t, const char *name, bool force,
    struct err *e);

bool group_is_paused(const struct group *g);
int group_pause(struct group *g, bool on, struct err *e);	/* 0, -1 */

/* ---- committed offsets ---- */

/* What is committed for a partition: 1, 0 nothing, -1 ERR_CORRUPT too. */
int group_committed(const struct group *g, int32_t partition,
    struct committed *c, struct err *e);

struct position {		/* the file of one partition, held open by
				 * who owns it (its lock in owners/) */
	int fd;			/* -1: not open */
	struct committed last;	/* what counts; offset -1: nothing yet */
	int slot;		/* where that stands; -1 nowhere */
	bool dirty;		/* committed since the last sync */
	char where[512];	/* for messages */
};

/* 0, or -1: ERR_CORRUPT if the file holds no good line but is not empty. */
int position_open(struct position *p, const struct group *g,
    int32_t partition, struct err *e);

/*
 * Commit: one write over the older line.  Visible to others at once, on disk
 * after position_sync.  0, or -1 and the old one counts.
 */
int position_commit(struct position *p, int64_t offset, int32_t epoch,
    int64_t now_ms, struct err *e);
int position_sync(struct position *p, struct err *e);	/* 0, or -1 */
void position_close(struct position *p);

#endif
