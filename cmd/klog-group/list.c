/*
 * klog-group list: the names of the groups of topics.
 */
#include <stdio.h>

#include "groups.h"
#include "verbs.h"

struct list {
	struct opt_common common;
	bool json;
	bool several;		/* topics: each name follows its topic's */
};

static const struct opt table[] = {
	OPT_FLAG(0, "json", struct list, json,
	    "one JSON object a group, with its members counted"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
print_json(const struct group *g, struct err *e)
{
	struct member_info *members;
	size_t count;

	if (member_list(g, false, &members, &count, e) < 0)
		return -1;
	member_list_free(members, count);
	/* Names of topics and groups have no byte that needs an escape. */
	printf("{\"topic\":\"%s\",\"group\":\"%s\",\"members\":%zu,"
	       "\"paused\":%s}\n",
	    g->topic->name, g->name, count,
	    group_is_paused(g) ? "true" : "false");
	return 0;
}

static int
print_group(void *context, struct group *g, struct err *e)
{
	const struct list *o = context;

	if (o->json)
		return print_json(g, e);
	if (o->several)
		printf("%s ", g->topic->name);
	puts(g->name);
	return 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct list *o = opts;

	o->several = argc > 1;
	return groups_each(&o->common, argc, argv, NULL, print_group, o, e);
}

static const char *const usage[] = { "[options] TOPIC...", NULL };

const struct command verb_list = {
	.name = "list",
	.summary = "print the names of the groups of topics",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct list),
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
