/*
 * klog-group pause, resume: make the members of a group wait, and go on.
 */
#include "groups.h"
#include "report.h"
#include "verbs.h"

struct pausing {
	struct opt_common common;
	const char *group;
};

static const struct opt table[] = {
	VERBS_ROW_GROUP(struct pausing),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
change(struct pausing *o, const char *operand, bool on, struct err *e)
{
	struct topic t;
	struct group g;
	int r;

	if (groups_check_name(o->group, e) < 0 ||
	    groups_open_both(&t, &g, &o->common, operand, o->group, e) < 0)
		return -1;
	r = group_pause(&g, on, e);
	if (r == 0)
		report_note("%s: %s", g.where, on ? "paused" : "resumed");
	groups_close_both(&t, &g);
	return r;
}

static int
run_pause(void *opts, int argc, char **argv, struct err *e)
{
	(void)argc;
	return change(opts, argv[0], true, e);
}

static int
run_resume(void *opts, int argc, char **argv, struct err *e)
{
	(void)argc;
	return change(opts, argv[0], false, e);
}

static const char *const usage[] = { "-g group [options] TOPIC", NULL };

const struct command verb_pause = {
	.name = "pause",
	.summary = "make the members of a group wait",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct pausing),
	.min_operands = 1,
	.max_operands = 1,
	.run = run_pause,
};

const struct command verb_resume = {
	.name = "resume",
	.summary = "let a paused group go on",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct pausing),
	.min_operands = 1,
	.max_operands = 1,
	.run = run_resume,
};
