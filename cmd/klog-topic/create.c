/*
 * klog-topic create: make topics, each whole or not at all.
 */
#include <errno.h>
#include <inttypes.h>

#include "each.h"
#include "report.h"
#include "verbs.h"

struct create {
	struct opt_common common;
	int64_t partitions;
	struct opt_list given;
	bool if_not_exists;
	bool unsafe;
	struct settings settings;	/* made from the options */
};

static const struct create defaults = { .partitions = 1 };

static const struct opt table[] = {
	OPT_INT('p', "partitions", "N", struct create, partitions, 1,
	    PARTITIONS_MAX, "number of partitions (1)"),
	OPT_LIST('c', "config", "KEY=VALUE", struct create, given,
	    "a setting, see klog-topic config; may be repeated"),
	OPT_FLAG(0, "if-not-exists", struct create, if_not_exists,
	    "leave a topic that is there as it is"),
	OPT_ROW_UNSAFE(struct create, unsafe),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
create_one(void *context, const char *path, struct err *e)
{
	struct create *o = context;
	struct topic t;
	struct err why;

	if (topic_create(path, &o->settings, o->unsafe, e) == 0) {
		report_note("%s: made, partitions: %" PRId64, path,
		    o->partitions);
		return 0;
	}
	if (e->code != ERR_SYSTEM || e->sys != EEXIST)
		return -1;
	if (topic_open(&t, path, &why) < 0) {
		if (o->if_not_exists)
			*e = why;
		return -1;
	}
	topic_close(&t);
	if (!o->if_not_exists)
		return err_set(e, ERR_SYSTEM, "%s: is there already "
		    "(--if-not-exists leaves it as it is)", path);
	report_note("%s: is there", path);
	return 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct create *o = opts;

	settings_init(&o->settings);
	o->settings.partitions = (int32_t)o->partitions;
	if (given_set(&o->settings, &o->given, e) < 0 ||
	    settings_check(&o->settings, e) < 0)
		return -1;
	return each_topic(&o->common, argc, argv, create_one, o, e);
}

static const char *const usage[] = { "[options] TOPIC...", NULL };

const struct command verb_create = {
	.name = "create",
	.summary = "make topics",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct create),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
