#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "append.h"
#include "clock.h"
#include "insync.h"
#include "origins.h"
#include "promote.h"
#include "retention.h"
#include "rewind.h"
#include "target_parts.h"
#include "truncate.h"
#include "view.h"

enum { PART_MS = 1000 }; /* for the lock, when all is over */

/* Remove the segments that end at or below the log start: clean.lock held. */
static int
remove_segments(const struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e)
{
	struct retention r = { .settings = &tt->topic.settings,
		.now_ms = clock_wall_ms(),
		.start_only = true };
	struct view v;
	int done;

	if (view_open(&v, tt->topic.dirfd, l->number, tt->topic.path, e) < 0)
		return -1;
	view_expect(&v, &tt->topic.settings);
	v.past_copies = true;
	done = retention_plan(&r, &v, e);
	view_close(&v);
	if (done == 0)
		done = retention_apply(&r, &l->p, t->o.wait_ms, NULL, e);
	retention_release(&r);
	return done;
}

/* The log ends where it begins now.  append_begin came before.  0, or -1. */
static int
restart_locked(struct target_log *l, int64_t offset, struct err *e)
{
	struct epochs es = { 0 };
	const struct epoch *ep;
	size_t i;
	int r = 0;

	/* The history that counts from here on is the source's. */
	for (i = 0; i < l->theirs.count && r == 0; i++) {
		ep = &l->theirs.list[i];
		if (ep->start <= offset)
			r = epochs_assign(
			    &es, ep->epoch, ep->start, ep->origin);
	}
	if (r < 0) {
		epochs_release(&es);
		return err_set(e, ERR_SYSTEM, "%s: out of memory", l->p.where);
	}
	epochs_release(&l->ours);
	l->ours = es;
	if (origins_save(&l->ours, l->p.dirfd, l->p.where, e) < 0)
		return -1;
	l->p.slot.epoch = l->ours.count > 0 ? epochs_newest(&l->ours) : 0;
	return append_roll_to(&l->p, offset, e);
}

int
target_log_restart(struct target *t, struct target_log *l, int64_t offset,
    struct err *e)
{
	int r;

	if (t->o.append_only && l->end > l->start)
		return err_set(e, ERR_ROLE,
		    "%s: ends at offset %" PRId64 " and the source begins at "
		    "%" PRId64 ": nothing may be taken away here",
		    l->p.where, l->end, offset);
	if (partition_begin_clean(&l->p, e) < 0)
		return -1;
	r = retention_raise(&l->p, offset, e);
	if (r == 0)
		r = append_begin(&l->p, clock_mono_ms() + t->o.wait_ms, e);
	if (r == 0) {
		r = restart_locked(l, offset, e);
		append_end(&l->p);
	}
	partition_end_clean(&l->p);
	if (r < 0)
		return -1;
	l->start = l->end = offset;
	l->last_epoch = -1;
	l->dirty = true; /* old segments go when it is settled */
	l->stale = true;
	return 0;
}

void
target_log_part(
    struct target *t, struct target_topic *tt, struct target_log *l)
{
	struct err ignored;

	if (!l->started || l->high <= l->end || l->high == l->behind)
		return;
	/* Not if it leads meanwhile. */
	if (target_log_open(t, tt, l, &ignored) == 0 &&
	    append_begin(&l->p, clock_mono_ms() + PART_MS, &ignored) == 0) {
		(void)promote_note_behind(
		    l->p.dirfd, l->high, l->p.where, &ignored);
		append_end(&l->p);
	}
}

int
target_log_check_news(const struct target_log *l, struct err *e)
{
	int32_t newest = epochs_newest(&l->ours);
	const struct epoch *ep;
	size_t i;

	for (i = 0; i < l->theirs.count; i++) {
		ep = &l->theirs.list[i];
		if (ep->epoch > newest && ep->start < l->end)
			return err_set(e, ERR_SYSTEM,
			    "%s: the source's log was cut off at offset "
			    "%" PRId64 ", below what it had sent: it has to "
			    "be compared anew",
			    l->p.where, ep->start);
	}
	return 0;
}

int
target_log_check_epoch(const struct target_log *l, struct err *e)
{
	if (l->p.slot.epoch <= epochs_newest(&l->ours) || l->p.slot.epoch == 0)
		return 0;
	return err_set(e, ERR_ROLE,
	    "%s: epoch %" PRId32 " begins here: it is being promoted, or a "
	    "newer leader is copied meanwhile",
	    l->p.where, l->p.slot.epoch);
}

int
target_log_rewind(struct target *t, struct target_topic *tt,
    struct target_log *l, int64_t end, struct err *e)
{
	struct rewind back = { 0 };

	/* Nothing is ever cut off there. */
	if (t->o.append_only)
		return 0;
	if (rewind_groups(&tt->topic, l->number, end, &back, e) < 0)
		return -1;
	t->counts.rewound += back.records;
	return 0;
}

int
target_log_cut(struct target *t, struct target_topic *tt,
    struct target_log *l, int64_t offset, struct err *e)
{
	struct truncate cut = { .partition = &l->p,
		.offset = offset,
		.force = t->o.force };
	size_t n;

	if (t->o.append_only)
		return err_set(e, ERR_ROLE,
		    "%s: its history parts from the source's at offset %" PRId64
		    ": nothing may be cut off here",
		    l->p.where, offset);
	if (truncate_log(&cut, clock_mono_ms() + t->o.wait_ms, e) < 0) {
		n = strlen(e->text);
		if (e->code == ERR_DATA && !t->o.force)
			snprintf(e->text + n, sizeof(e->text) - n,
			    "; --force cuts it all the same, and keeps what "
			    "goes in cut/");
		return -1;
	}
	t->counts.cut += cut.bytes;
	return target_log_rewind(t, tt, l, cut.end, e);
}

static int
raise_start(const struct target *t, struct target_topic *tt,
    struct target_log *l, int64_t start, struct err *e)
{
	int r;

	if (partition_begin_clean(&l->p, e) < 0) {
		l->dirty |= e->code == ERR_BUSY;
		return e->code == ERR_BUSY ? 0 : -1;
	}
	r = retention_raise(&l->p, start, e);
	if (r == 0)
		r = remove_segments(t, tt, l, e);
	partition_end_clean(&l->p);
	if (r < 0)
		return -1;
	l->start = start;
	l->stale = false;
	return 0;
}

int
target_log_follow(const struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e)
{
	int64_t start = l->source_start;

	/* Who has none leaves it to us: all that is on disk here. */
	if (insync_follow(&l->p, l->high < 0 ? l->end : l->high, e) < 0)
		return -1;
	if (start > l->end)
		start = l->end;
	if (t->o.append_only || (start <= l->start && !l->stale))
		return 0;
	return raise_start(
	    t, tt, l, start > l->start ? start : l->start, e);
}
