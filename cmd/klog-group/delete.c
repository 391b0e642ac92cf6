/*
 * klog-group delete: forget what a group has read.
 */
#include "groups.h"
#include "report.h"
#include "verbs.h"

struct deletion {
	struct opt_common common;
	const char *group;
	bool force;
};

static const struct opt table[] = {
	VERBS_ROW_GROUP(struct deletion),
	VERBS_ROW_FORCE(struct deletion),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct deletion *o = opts;
	struct topic t;
	struct group g;
	int r = 0;

	(void)argc;
	if (groups_check_name(o->group, e) < 0 ||
	    groups_open_both(&t, &g, &o->common, argv[0], o->group, e) < 0)
		return -1;
	if (!o->force)
		r = groups_refuse_live(&g, e);
	if (r == 0)
		r = group_delete(&t, o->group, o->force, e);
	if (r == 0)
		report_note("%s: deleted", g.where);
	groups_close_both(&t, &g);
	return r;
}

static const char *const usage[] = { "-g group [options] TOPIC", NULL };

const struct command verb_delete = {
	.name = "delete",
	.summary = "forget what a group has read",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct deletion),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
