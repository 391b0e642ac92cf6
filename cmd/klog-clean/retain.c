/*
 * Retention of one partition: plan, hook, removal.
 */
#include <stdio.h>

#include "clean.h"
#include "clock.h"
#include "main.h"
#include "partition.h"
#include "segment.h"

enum { PATH_BYTES = 4400 };

struct retain {
	struct clean *c;
	int32_t number;
	struct view *v;
	struct retention r;
	struct partition *p;
};

static bool
stopped(void)
{
	return main_stopped() != 0;
}

/* Tell of list[from] to list[to - 1]. */
static void
tell(struct retain *t, size_t from, size_t to)
{
	char path[PATH_BYTES], name[SEGMENT_NAME];

	for (; from < to; from++) {
		segment_name(name, t->r.list[from].base, SEGMENT_LOG);
		snprintf(path, sizeof(path), "%s/%s", t->v->where, name);
		say_segment(t->c, t->number, path, &t->r.list[from]);
	}
}

/* Each is removed once its hook has let it go.  0, or -1. */
static int
remove_with_hook(struct retain *t, struct err *e)
{
	char path[PATH_BYTES], name[SEGMENT_NAME];
	size_t i;

	for (i = 0; i < t->r.count && !stopped(); i++) {
		/* The hook gets a file that does not grow any more. */
		if (i + 1 == t->r.count &&
		    retention_seal(&t->r, t->p,
			clock_mono_ms() + t->c->timeout, e) < 0)
			return -1;
		if (i == t->r.count)
			break;
		segment_name(name, t->r.list[i].base, SEGMENT_LOG);
		snprintf(path, sizeof(path), "%s/%s", t->v->where, name);
		if (hook_run(t->c, t->number, path, &t->r.list[i], e) < 0)
			return -1;
		/* What was saved goes, though we were asked to stop. */
		if (retention_remove(&t->r, t->p, i + 1, NULL, e) < 0)
			return -1;
		tell(t, i, i + 1);
	}
	return 0;
}

/* And say so as far as it went.  0, or -1. */
static int
remove_all(struct retain *t, struct err *e)
{
	int got;

	if (t->c->before_delete != NULL)
		return remove_with_hook(t, e);
	got = retention_apply(&t->r, t->p, t->c->timeout, stopped, e);
	tell(t, 0, t->r.removed);
	return got;
}

static int
plan_and_remove(struct retain *t, struct err *e)
{
	if (retention_plan(&t->r, t->v, e) < 0)
		return -1;
	if (t->c->dry_run)
		tell(t, 0, t->r.count);
	else if (remove_all(t, e) < 0)
		return -1;
	say_stays(t->c, t->number, &t->r);
	return 0;
}

int
retain_partition(struct clean *c, int32_t number, struct view *v,
    struct partition *p, struct err *e)
{
	struct retain t = { .c = c, .number = number, .v = v, .p = p };
	int got = 0;

	t.r.settings = &c->topic->settings;
	t.r.now_ms = c->now;
	if (c->keep_unread) {
		got = unread_bound(c, number, &t.r.bound, e);
		t.r.bounded = got > 0;
	}
	if (got >= 0)
		got = plan_and_remove(&t, e);
	retention_release(&t.r);
	return got;
}
