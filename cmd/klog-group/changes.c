#include "changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "epochs.h"
#include "groups.h"
#include "lock.h"
#include "position.h"
#include "report.h"

struct held {			/* the lock of a partition's owner */
	struct lock lock;
	char name[16];
};

static void
drop(struct held *held, size_t n)
{
	while (n > 0)
		lock_close(&held[--n].lock);
	free(held);
}

/* All locks at once, so that all or nothing is changed; NULL, with e. */
static struct held *
hold(const struct group *g, const struct change *list, size_t n,
    struct err *e)
{
	struct held *held = calloc(n, sizeof(*held));
	char where[512];
	size_t i;
	int got = 1;

	if (held == NULL) {
		err_sys(e, "%s", g->where);
		return NULL;
	}
	snprintf(where, sizeof(where), "%s/owners", g->where);
	for (i = 0; i < n && got > 0; i++) {
		snprintf(held[i].name, sizeof(held[i].name), "%" PRId32,
		    list[i].partition);
		got = lock_open(&held[i].lock, g->owners, held[i].name, where,
		    1, e);
		if (got == 0)
			got = lock_try(&held[i].lock, e);
		if (got == 0)
			lock_busy(&held[i].lock, e);
	}
	if (got > 0) {
		/* The path lives no longer than this call. */
		for (i = 0; i < n; i++)
			held[i].lock.where = g->where;
		return held;
	}
	drop(held, i);
	return NULL;
}

static int
commit_one(const struct group *g, const struct change *c, int64_t now_ms,
    struct err *e)
{
	struct position p;
	int r;

	if (position_open(&p, g, c->partition, e) < 0)
		return -1;
	r = position_commit(&p, c->offset, c->epoch, now_ms, e);
	if (r == 0)
		r = position_sync(&p, e);
	position_close(&p);
	return r;
}

static int
commit_all(const struct group *g, const struct change *list, size_t n,
    struct err *e)
{
	int64_t now = clock_wall_ms();
	size_t i;

	for (i = 0; i < n; i++) {
		if (commit_one(g, &list[i], now, e) == 0)
			continue;
		if (i > 0)
			report_warn("%s: %zu of %zu partitions were changed",
			    g->where, i, n);
		return -1;
	}
	return 0;
}

/* Open the group and keep it from being deleted: 0, or -1. */
static int
enter(struct group *g, const struct topic *t, const char *name, struct err *e)
{
	int got;

	do {
		if (group_open(g, t, name, true, e) < 0)
			return -1;
		got = group_enter_door(g, e);
		if (got <= 0)
			group_close(g);
	} while (got == 0);
	return got < 0 ? -1 : 0;
}

int
changes_commit(const struct topic *t, const char *name,
    const struct change *list, size_t n, bool force, struct err *e)
{
	struct held *held = NULL;
	struct group g;
	int r = 0;

	if (n == 0)
		return 0;
	if (enter(&g, t, name, e) < 0)
		return -1;
	if (!force) {
		r = groups_refuse_live(&g, e);
		if (r == 0 && (held = hold(&g, list, n, e)) == NULL)
			r = -1;
	}
	if (r == 0)
		r = commit_all(&g, list, n, e);
	if (held != NULL)
		drop(held, n);
	group_leave_door(&g);
	group_close(&g);
	return r;
}

int
changes_epoch(const struct view *v, int64_t offset, int32_t *epoch,
    struct err *e)
{
	struct epochs es = { 0 };
	size_t i;

	*epoch = -1;
	if (epochs_read(&es, v->dirfd, v->where, e) < 0)
		return -1;
	for (i = 0; i < es.count && es.list[i].start < offset; i++)
		*epoch = es.list[i].epoch;
	epochs_release(&es);
	return 0;
}
