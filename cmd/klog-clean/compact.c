/*
 * Compaction of one partition.
 */
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "clean.h"
#include "main.h"

static int
tick(void *context, int64_t done, int64_t total)
{
	struct clean *c = context;

	c->progress.total = total;
	progress_tick(&c->progress, done - c->progress.bytes, 0);
	return main_stopped();
}

int
compact_partition(struct clean *c, int32_t number, const struct view *v,
    struct partition *p, struct err *e)
{
	struct compaction k = { .partition = p, .now_ms = c->now,
		.memory = c->memory, .force = c->force,
		.roll = c->roll, .timeout = c->timeout,
		.workers = sysconf(_SC_NPROCESSORS_ONLN) < 2 ? 0 : 1,
		.dry_run = c->dry_run, .progress = tick, .context = c };
	struct reduce *reduce = NULL;
	int r;

	if (getrandom(k.hash_key, sizeof(k.hash_key), 0) !=
	    (ssize_t)sizeof(k.hash_key))
		return err_sys(e, "getrandom");
	k.bounded = v->high_watermark != VIEW_NO_LIMIT;
	k.bound = v->high_watermark;
	if (c->reduce != NULL) {
		reduce = reduce_new(c, p, number);
		if (reduce == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		k.reduce = reduce_calls(reduce);
	}
	progress_start(&c->progress, c->common.progress, 0);
	r = compaction_run(&k, e);
	progress_end(&c->progress);
	reduce_free(reduce);
	if (r < 0 && main_stopped() != 0)
		return main_stop(e);
	if (r == 0)
		say_compaction(c, number, &k);
	return r;
}
