/*
 * What the parts of member share: member.c joins, leaves and releases,
 * member_list.c sees who lives, member_target.c computes who is to own what,
 * member_settle.c finds the steps that lead there.
 */
#ifndef KLOG_MEMBER_PARTS_H
#define KLOG_MEMBER_PARTS_H

#include "group.h"
#include "member_info.h"
#include "watch.h"

struct holding {		/* a partition, as this member has it */
	int fd;			/* of owners/N; kept while it is wanted: to
				 * close it would wake all who wait for it */
	bool owned;		/* the lock is ours */
	bool told;		/* MEMBER_GIVE was said, and is to be done */
	bool wanted;		/* the assignment gives it to us */
	bool listed;		/* another live member says that it has it */
};

struct membership {		/* in one topic */
	const struct topic *topic;
	struct group group;
	char *owners;		/* path of its folder, for messages */
	int fd;			/* our file in members/, locked; or -1 */
	int watched;		/* number of members/ in watch */
	bool stale;		/* our file lists something else than we own */
	struct holding *held;	/* by partition */
	int32_t count;		/* entries in held */
};

struct roster {			/* the live members in one topic */
	struct member_info *list;
	size_t count;
};

struct member_step;

struct member {
	struct member_info self;	/* but owned: see held */
	struct membership *in;	/* one for each topic, as given */
	size_t count;
	size_t *order;		/* indexes of in, by name and id */
	struct watch watch;
	bool news;		/* look, whatever is heard */
	struct member_step *steps;	/* found, not yet said: from next on */
	size_t step_count, next_step;
	int64_t dying_until;	/* monotonic ms: a member's file was closed, so
				 * its lock falls free before; 0 none */
	bool waiting;		/* a lock should fall free any moment */
	int64_t pause;		/* ms between looks meanwhile */
	int64_t retry_at;	/* monotonic ms: the next one */
};

/* Rewrite our file in a topic with what held says.  0, or -1. */
int member_write(struct member *m, struct membership *in, struct err *e);

/* Let a partition's lock go; the file was written before. */
void member_unlock(struct holding *h);

/*
 * Set wanted and listed of every partition from who lives (one roster for
 * each topic).  1, 0 the rosters contradict each other (read them again) but
 * it is done as far as can be, -1 out of memory.
 */
int member_target(struct member *m, const struct roster *rosters);

#endif
