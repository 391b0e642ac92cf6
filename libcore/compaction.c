#include "compaction.h"

#include <stdlib.h>

#include "append.h"
#include "checkpoint.h"
#include "clock.h"
#include "compaction_parts.h"
#include "swap.h"

enum { SETTLE_MS = 30000 };

enum { MEMORY_FLOOR = 1024 };	/* room for some keys */

/* Do as a writer does who has nothing to append, but perhaps rolls.  0, -1. */
static int
hold_end(struct compacting *run, int64_t timeout, bool roll, struct err *e)
{
	struct partition *p = run->p;
	enum partition_use use = p->use;
	int r;

	p->use = PARTITION_KEEPER;
	r = append_begin(p, clock_mono_ms() + timeout, e);
	p->use = use;
	if (r < 0)
		return -1;
	if (roll)
		r = append_roll(p, e);
	append_end(p);
	return r;
}

/*
 * Where no state page tells where the log ends, the last segment may be one
 * that a roll left, and the one before it still be written to: then the log
 * is recovered first, as its next writer would.
 */
static int
settle_end(struct compacting *run, struct err *e)
{
	if (view_refresh(&run->view, e) < 0)
		return -1;
	if (run->view.state.page != NULL || run->c->dry_run)
		return 0;
	return hold_end(run, SETTLE_MS, false, e) < 0 ?
	    -1 :
	    view_refresh(&run->view, e);
}

/* Decide, and close the active segment if it is among what was picked. */
static int
plan(struct compacting *run, struct err *e)
{
	const struct compaction *c = run->c;

	if (compaction_plan(run, e) < 0)
		return -1;
	if (!c->picked || c->dry_run || c->end <= run->view.end.base)
		return 0;
	if (hold_end(run, c->timeout, true, e) < 0)
		return -1;
	run->rolled = true;
	return compaction_plan(run, e);
}

/* Learn what may go: all of it lies below the end, so it is learned anew where
 * a transaction turns out to be open. */
static int
learn(struct compacting *run, struct err *e)
{
	int64_t end;
	int r;

	do {
		end = run->c->end;
		keys_release(run);
		r = run->c->reduce == NULL ? keys_learn(run, e) :
					     reduce_learn(run, e);
	} while (r >= 0 && run->c->picked && run->c->end < end);
	return r < 0 ? -1 : 0;
}

static int
compact(struct compacting *run, struct err *e)
{
	struct compaction *c = run->c;

	if (plan(run, e) < 0)
		return -1;
	if (!c->picked || c->dry_run)
		return 0;
	if (learn(run, e) < 0)
		return -1;
	if (!c->picked)
		return 0;
	if (compaction_write(run, e) < 0)
		return -1;
	return checkpoint_write_cleaner(
	    run->p->dirfd, c->end, run->p->where, e);
}

/* The lock is held, or nothing is written. */
static int
run_locked(struct compaction *c, struct err *e)
{
	struct compacting run = { .c = c,
		.p = c->partition,
		.memory = c->memory };
	struct err ignored;
	int r = -1;

	if (run.memory == 0)
		run.memory = COMPACTION_MEMORY;
	if (run.memory < MEMORY_FLOOR)
		run.memory = MEMORY_FLOOR;
	if (view_open_at(&run.view, run.p->dirfd, run.p->where, e) < 0)
		return -1;
	view_expect(&run.view, run.p->settings);
	run.codec = codec_new();
	if (run.codec == NULL)
		err_set(e, ERR_SYSTEM, "%s: out of memory", run.p->where);
	else if (settle_end(&run, e) == 0)
		r = compact(&run, e);
	keys_release(&run);
	codec_free(run.codec);
	view_close(&run.view);
	free(run.list);
	/* Nothing that was begun stays, or it is ended. */
	if (r < 0 && !c->dry_run)
		(void)swap_finish(run.p->dirfd, run.p->where, &ignored);
	return r;
}

int
compaction_run(struct compaction *c, struct err *e)
{
	bool mine = c->partition->clean.fd < 0 && !c->dry_run;
	int r;

	c->records_read = c->records_kept = 0;
	c->bytes_before = c->bytes_after = 0;
	c->segments_before = c->segments_after = c->segments_written = 0;
	c->passes = 0;
	c->spilled = 0;
	if (mine && partition_begin_clean(c->partition, e) < 0)
		return -1;
	r = run_locked(c, e);
	if (mine)
		partition_end_clean(c->partition);
	return r;
}
