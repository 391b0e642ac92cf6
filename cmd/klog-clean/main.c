/*
 * klog-clean: remove what retention lets go, compact the rest; for cron.
 */
#include <inttypes.h>

#include "clean.h"
#include "clock.h"
#include "compaction.h"
#include "each.h"
#include "main.h"
#include "partition.h"
#include "report.h"

static const struct opt table[] = {
	OPT_FLAG('n', "dry-run", struct clean, dry_run,
	    "change nothing, say what would go"),
	OPT_ROW_PARTITIONS(struct clean, which),
	OPT_TIME(0, "now", "TIME", struct clean, now,
	    "decide as if it were TIME",
	    .given = OPT_AT(struct clean, has_now, bool)),
	OPT_DURATION(0, "timeout", "DUR", struct clean, timeout, 0, INT64_MAX,
	    "wait so long for a producer to let go (10s)"),
	OPT_ROW_UNSAFE(struct clean, unsafe_fs),
	OPT_HEADING("Retention"),
	OPT_FLAG(0, "retain-only", struct clean, retain_only,
	    "do not compact"),
	OPT_FLAG(0, "keep-unread", struct clean, keep_unread,
	    "keep what a group of the topic has not read yet"),
	OPT_STRING(0, "before-delete", "CMD", struct clean, before_delete,
	    "run CMD for each segment (%f); it stays if CMD fails"),
	OPT_HEADING("Compaction"),
	OPT_FLAG(0, "compact-only", struct clean, compact_only,
	    "remove no segments"),
	OPT_FLAG('f', "force", struct clean, force,
	    "compact however little there is to gain; --now may be to come"),
	OPT_FLAG(0, "roll", struct clean, roll,
	    "also what is being written to: close that segment first"),
	OPT_STRING(0, "reduce", "CMD", struct clean, reduce,
	    "CMD makes one value of all values of a key"),
	OPT_SIZE(0, "memory", "SIZE", struct clean, memory,
	    COMPACTION_MEMORY_MIN, INT64_MAX,
	    "take so much memory for keys (64M)",
	    .given = OPT_AT(struct clean, has_memory, bool)),
	OPT_HEADING("Output"),
	OPT_FLAG(0, "json", struct clean, json,
	    "one JSON object a segment, a compacted partition and a topic"),
	OPT_FLAG('0', "null", struct clean, null,
	    "only the paths of segments that go, each ended by NUL; "
	    "--reduce: values likewise"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_ROW_PROGRESS,
	OPT_END,
};

static const struct clean defaults = { .timeout = 10000,
	.memory = COMPACTION_MEMORY };

static int
check(const struct clean *c, struct err *e)
{
	const char *retain = c->keep_unread ? "--keep-unread" :
	    c->before_delete != NULL	    ? "--before-delete" :
					      NULL;
	const char *compact = c->force && !c->has_now ? "--force" :
	    c->roll			     ? "--roll" :
	    c->reduce != NULL	       ? "--reduce" :
	    c->has_memory	       ? "--memory" :
					 NULL;

	if (c->retain_only && c->compact_only)
		return err_set(e, ERR_USAGE,
		    "--retain-only and --compact-only exclude each other");
	if (c->compact_only && retain != NULL)
		return err_set(e, ERR_USAGE,
		    "%s has no meaning with --compact-only", retain);
	if (c->retain_only && compact != NULL)
		return err_set(e, ERR_USAGE,
		    "%s has no meaning with --retain-only", compact);
	if (c->json && c->null)
		return err_set(e, ERR_USAGE,
		    "--json and -0 exclude each other");
	if ((c->before_delete != NULL && *c->before_delete == '\0') ||
	    (c->reduce != NULL && *c->reduce == '\0'))
		return err_set(e, ERR_USAGE, "%s: is empty",
		    c->reduce != NULL && *c->reduce == '\0' ?
			"--reduce" :
			"--before-delete");
	return 0;
}

static bool
compacts(const struct clean *c)
{
	return !c->retain_only &&
	    (c->topic->settings.cleanup_policy & CLEANUP_COMPACT) != 0;
}

/* Retention first: what goes need not be compacted. */
static int
both(struct clean *c, int32_t number, struct view *v, struct partition *p,
    struct err *e)
{
	if (!c->compact_only && retain_partition(c, number, v, p, e) < 0)
		return -1;
	if (main_stopped() != 0)
		return main_stop(e);
	return compacts(c) ? compact_partition(c, number, v, p, e) : 0;
}

static int
one_partition(void *context, int32_t number, struct view *v, int64_t start,
    struct err *e)
{
	struct clean *c = context;
	struct partition p;
	int r = 0;

	(void)start;
	if (main_stopped() != 0)
		return main_stop(e);
	/* Who may only read can ask what retention would do. */
	if (c->dry_run && !compacts(c))
		return both(c, number, v, NULL, e);
	if (partition_open(&p, c->topic->dirfd, number, c->topic->path,
		&c->topic->settings, e) < 0)
		return -1;
	p.use = PARTITION_KEEPER;
	if (!c->dry_run)
		r = partition_begin_clean(&p, e);
	if (r == 0)
		r = both(c, number, v, &p, e);
	partition_close(&p);
	return r;
}

static int
one_topic(void *context, const char *path, struct err *e)
{
	struct clean *c = context;
	struct topic t;
	int status;

	if (main_stopped() != 0)
		return main_stop(e);
	if (topic_open(&t, path, e) < 0)
		return -1;
	c->topic = &t;
	c->tally = (struct tally){ 0 };
	if (!c->dry_run && topic_check_local(&t, c->unsafe_fs, e) < 0)
		status = -1;
	else if (c->reduce != NULL &&
	    (t.settings.cleanup_policy & CLEANUP_COMPACT) == 0)
		status = err_set(e, ERR_SYSTEM,
		    "%s: cleanup.policy is delete: there is nothing for "
		    "--reduce",
		    t.path);
	else
		status = each_partition(&t, &c->which, one_partition, c, e);
	c->tally.cut_short = status > 0 || main_stopped() != 0;
	if (status >= 0)
		say_topic(c);
	topic_close(&t);
	return status;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct clean *c = opts;
	int status;

	if (check(c, e) < 0)
		return -1;
	if (!c->has_now)
		c->now = clock_wall_ms();
	else if (c->now > clock_wall_ms() && !c->dry_run && !c->force)
		return err_set(e, ERR_USAGE,
		    "--now: is a time to come: -n tells what would go, "
		    "--force removes what is not old yet");
	main_stop_signals();
	status = each_topic(&c->common, argc, argv, one_topic, c, e);
	return main_stopped() != 0 ? main_stop(e) : status;
}

int
main(int argc, char **argv)
{
	static const char *const usage[] = { "[options] TOPIC...", NULL };
	const struct command command = {
		.usage = usage,
		.opts = table,
		.opts_size = sizeof(struct clean),
		.defaults = &defaults,
		.min_operands = 1,
		.max_operands = OPERANDS_ANY,
		.run = run,
	};
	const struct program program = { .name = "klog-clean",
		.summary = "remove old segments, compact topics",
		.single = &command };

	return main_run(&program, argc, argv);
}
