/*
 * group: the folder of a consumer group in a topic, groups/NAME
 * (klog-format(5)).
 *
 *	offsets/N	committed offset of partition N (committed.h)
 *	owners/N	locked by who reads partition N, never removed
 *	members/ID	locked by a live member, removed by whoever finds it
 *			free: lines "key=value" (member_info.h)
 *	paused		there while the group is paused
 *
 * Names are those of topics (topic_check_name).
 */
#ifndef KLOG_GROUP_H
#define KLOG_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "committed.h"
#include "err.h"
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

/*
 * Remove the group: ERR_BUSY if a member lives or is just joining, unless
 * force: then its members find out and fail.  0, or -1: e->sys is ENOENT if
 * there is none.
 */
int group_delete(const struct topic *t, const char *name, bool force,
    struct err *e);

/* Whether the open group is still the one that has the name. */
bool group_is_current(const struct group *g);

/*
 * Keep others from deleting the group until group_leave_door: who joins makes
 * his file in between.  1, 0 it was deleted, -1.
 */
int group_enter_door(const struct group *g, struct err *e);
void group_leave_door(const struct group *g);

/*
 * See whether a member lives: open its file in members/ for reading and try
 * its lock.  1 it lives, 0 it is dead and stays so, -1 there is no such file,
 * only a link, folder or FIFO (e->sys is ENOENT), or it can't be read.  Not
 * -1: *fd is open.
 */
int group_open_member(const struct group *g, const char *id, int *fd,
    struct err *e);

bool group_is_paused(const struct group *g);
int group_pause(struct group *g, bool on, struct err *e);	/* 0, -1 */

/*
 * What is committed for a partition: 1, 0 nothing, -1 ERR_CORRUPT too.  Who
 * commits holds the file open: position.h.
 */
int group_committed(const struct group *g, int32_t partition,
    struct committed *c, struct err *e);

/*
 * The same for who removes what nothing is committed for: a first commit that
 * is not whole, which counts for nothing there, is ERR_DATA.
 */
int group_committed_surely(const struct group *g, int32_t partition,
    struct committed *c, struct err *e);

#endif
