/*
 * member: this process as a member of a consumer group, over one or more
 * topics: joins, sees others come, go and die, and holds partitions.
 *
 * A member is alive exactly while the lock on its file in members/ is held;
 * a partition is read only while its lock in owners/ is held.  Every member
 * computes the same assignment from the same files, so nobody leads; while
 * they see different things for a moment, the locks keep two from reading
 * one partition.  A partition that is to go elsewhere is first given up here
 * (member_release), which wakes the one who waits for it.
 *
 * With several topics all members that read the same set share one
 * assignment over all of them; if sets differ, each topic has its own.
 *
 * The assignor that counts is the one of the member who joined first.
 *
 * Each member lists what it owns in its file (member_info.h), which is
 * rewritten when that changes, so that others wake: after a partition's lock
 * was taken, and before it is let go.
 */
#ifndef KLOG_MEMBER_H
#define KLOG_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "assign.h"
#include "err.h"
#include "group.h"
#include "member_info.h"

struct member;			/* opaque */

enum member_step_kind {
	MEMBER_GIVE,	/* finish and commit it, then member_release */
	MEMBER_TOOK	/* it is ours now: read it */
};

struct member_step {
	enum member_step_kind kind;
	int32_t topic;		/* index, as given to member_join */
	int32_t partition;
};

/*
 * Join group name in all of the topics (count of them, which must outlive
 * it), making the group where it is missing.  NULL, with e.
 */
struct member *member_join(struct topic *const *topics, size_t count,
    const char *name, enum assignor assignor, struct err *e);

/* The group in topic number i, open as long as m. */
const struct group *member_group(const struct member *m, size_t i);

/*
 * A descriptor that polls readable when something may have changed, or -1:
 * then call member_settle at least every 50 ms.
 */
int member_fd(const struct member *m);

/*
 * How long to wait at most before the next member_settle though nothing is
 * heard: ms, or -1 for ever (short while a lock is about to fall free).
 */
int64_t member_patience(const struct member *m);

/*
 * Look again: 1 and a step to do, 0 nothing (more) to do now, -1.  Call until
 * 0.  New partitions of a topic are seen after topic_reload.
 */
int member_settle(struct member *m, struct member_step *step, struct err *e);

/* Give up a partition that we own. */
void member_release(struct member *m, int32_t topic, int32_t partition);

/* Whether a partition that is to be ours is not ours yet. */
bool member_is_waiting(const struct member *m);

bool member_owns(const struct member *m, int32_t topic, int32_t partition);

/*
 * The descriptor that holds the lock of a partition that we own.  A process
 * that inherits it keeps others from the partition until it ends, even if we
 * are killed; if we live, member_release is enough.
 */
int member_lock_fd(const struct member *m, int32_t topic, int32_t partition);

/* Whether the group is paused in that topic. */
bool member_is_paused(const struct member *m, int32_t topic);

/* Give up everything and leave. */
void member_leave(struct member *m);

/* ---- looking at a group from outside ---- */

/*
 * The live members in g, by id: malloc'd.  Dead ones are left out (and, with
 * tidy, removed).  0, or -1.
 */
int member_list(const struct group *g, bool tidy, struct member_info **list,
    size_t *count, struct err *e);
void member_list_free(struct member_info *list, size_t count);

#endif
