#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "lock.h"
#include "position.h"
#include "target_parts.h"

/* Commit it, unless that is what is committed.  The owner's lock is held. */
static int
commit(struct target *t, const struct group *g, struct target_log *l,
    const struct wire *w, struct err *e)
{
	int64_t offset = w->from;
	int32_t epoch = w->epoch;
	struct position p;
	int r = 0;

	/* Rule R15: a group never stands behind the end of the log. */
	if (offset > l->end) {
		offset = l->end;
		epoch = -1;
	}
	if (position_open(&p, g, l->number, e) < 0)
		return -1;
	if (p.last.offset != offset || p.last.epoch != epoch) {
		r = position_commit(&p, offset, epoch, w->time, e);
		if (r == 0)
			r = position_sync(&p, e);
		t->counts.groups += r == 0;
	}
	position_close(&p);
	return r;
}

/* The same under the lock of who reads the partition: if somebody does, the
 * group lives here, and its offsets are its own. */
static int
commit_if_free(struct target *t, const struct group *g, struct target_log *l,
    const struct wire *w, struct err *e)
{
	char name[16];
	struct lock owner;
	int r;

	snprintf(name, sizeof(name), "%" PRId32, l->number);
	if (lock_open(&owner, g->owners, name, g->where, 1, e) < 0)
		return -1;
	r = lock_try(&owner, e);
	if (r == 0)
		t->counts.busy++;
	else if (r > 0)
		r = commit(t, g, l, w, e);
	lock_close(&owner);
	return r;
}

int
target_group(struct target *t, struct target_topic *tt, struct target_log *l,
    const struct wire *w, struct err *e)
{
	struct group g;
	char *name;
	int r;

	if (!l->started || w->name.len == 0)
		return err_set(e, ERR_DATA,
		    "%s/%" PRId32 ": a group's offset came before the log",
		    tt->topic.path, l->number);
	if (!t->o.groups)
		return 0;
	/* After the records, on disk like them. */
	if (l->dirty && target_log_settle(t, tt, l, e) < 0)
		return -1;
	name = strndup((const char *)w->name.data, (size_t)w->name.len);
	if (name == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r = group_open(&g, &tt->topic, name, true, e);
	free(name);
	if (r < 0) {
		if (e->code == ERR_USAGE)
			e->code = ERR_DATA;
		return -1;
	}
	r = commit_if_free(t, &g, l, w, e);
	group_close(&g);
	return r;
}
