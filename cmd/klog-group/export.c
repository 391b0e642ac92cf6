/*
 * klog-group export: what a group has committed, as import reads it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "groups.h"
#include "verbs.h"

struct exporting {
	struct opt_common common;
	const char *group;
};

static const struct opt table[] = {
	VERBS_ROW_GROUP(struct exporting),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
export_group(const struct group *g, struct err *e)
{
	struct committed c;
	int32_t i;
	int got;

	for (i = 0; i < g->topic->settings.partitions; i++) {
		got = group_committed(g, i, &c, e);
		if (got < 0)
			return -1;
		if (got > 0)
			printf("%" PRId32 " %" PRId64 " %" PRId32 "\n", i,
			    c.offset, c.epoch);
	}
	return 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct exporting *o = opts;
	struct topic t;
	struct group g;
	int r;

	(void)argc;
	if (groups_check_name(o->group, e) < 0 ||
	    groups_open_both(&t, &g, &o->common, argv[0], o->group, e) < 0)
		return -1;
	r = export_group(&g, e);
	groups_close_both(&t, &g);
	return r;
}

static const char *const usage[] = { "-g group [options] TOPIC", NULL };

const struct command verb_export = {
	.name = "export",
	.summary = "print what a group has committed",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct exporting),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
