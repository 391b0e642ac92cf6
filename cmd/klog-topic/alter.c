/*
 * klog-topic alter: change settings, add partitions.
 */
#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "insync.h"
#include "report.h"
#include "role.h"
#include "topic.h"
#include "verbs.h"
#include "where.h"

struct alter {
	struct opt_common common;
	int64_t partitions;	/* 0: not given */
	struct opt_list given;
	struct opt_list unset;
	bool unsafe;
	int64_t timeout;	/* ms to wait for the topic's lock */
	int32_t before;		/* partitions there were */
	int64_t copies;		/* and min.insync.replicas */
	const struct topic *topic;	/* while it runs */
	struct role role;
};

static const struct alter defaults = { .timeout = 10000 };

static const struct opt table[] = {
	OPT_INT('p', "partitions", "N", struct alter, partitions, 1,
	    PARTITIONS_MAX, "have N partitions; there can only be more"),
	OPT_LIST('c', "config", "KEY=VALUE", struct alter, given,
	    "change a setting, see klog-topic config; may be repeated"),
	OPT_LIST(0, "unset", "KEY", struct alter, unset,
	    "put a setting back to its default; may be repeated"),
	OPT_ROW_UNSAFE(struct alter, unsafe),
	OPT_DURATION(0, "timeout", "DUR", struct alter, timeout, 0,
	    INT32_MAX, "how long to wait for the topic's lock (10s)"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
change_settings(const struct alter *o, struct settings *s, struct err *e)
{
	size_t i;

	for (i = 0; i < o->unset.n; i++)
		if (settings_unset(s, o->unset.items[i], e) < 0)
			return -1;
	return given_set(s, &o->given, e);
}

/* What can be said about the options without the topic. */
static int
check(const struct alter *o, struct err *e)
{
	struct settings scratch;
	size_t i;

	if (o->partitions == 0 && o->given.n == 0 && o->unset.n == 0)
		return err_set(e, ERR_USAGE,
		    "nothing to change: give -c, --unset or -p");
	settings_init(&scratch);
	if (change_settings(o, &scratch, e) < 0)
		return -1;
	for (i = 0; i < o->unset.n; i++)
		if (scratch.given >> settings_find(o->unset.items[i]) & 1)
			return err_set(e, ERR_USAGE,
			    "%s: both set and unset", o->unset.items[i]);
	return 0;
}

/* A partition that its source does not have would end all copying; settings
 * are another matter: who only appends to a copy leaves them. */
static int
check_role(struct alter *o, struct err *e)
{
	const struct topic *t = o->topic;

	if (role_read(&o->role, t->dirfd, t->path, e) < 0)
		return -1;
	if (o->role.kind != ROLE_REPLICA || o->partitions == 0)
		return 0;
	return err_set(e, ERR_ROLE,
	    "%s: is a replica of %s: add partitions there, they come with the "
	    "next copy", t->path, o->role.source);
}

static int
change(void *context, struct settings *s, struct err *e)
{
	struct alter *o = context;

	if (check_role(o, e) < 0)
		return -1;
	o->before = s->partitions;
	o->copies = s->min_insync_replicas;
	if (o->partitions != 0 && o->partitions < s->partitions)
		return err_set(e, ERR_USAGE,
		    "-p %" PRId64 ": there are %" PRId32 " partitions, "
		    "and none can be taken away",
		    o->partitions, s->partitions);
	if (o->partitions != 0)
		s->partitions = (int32_t)o->partitions;
	if (change_settings(o, s, e) < 0)
		return -1;
	return settings_check(s, e);
}

/* topic.conf says so, and some partitions do not know yet. */
static int
unsettled(const struct topic *t, struct err *e)
{
	char why[sizeof(e->text)];

	snprintf(why, sizeof(why), "%s", e->text);
	snprintf(e->text, sizeof(e->text),
	    "%.500s; %.100s was changed, but not all partitions go by its "
	    "min.insync.replicas yet: do it again",
	    why, t->path);
	return -1;
}

static int
alter_topic(struct alter *o, struct topic *t, struct err *e)
{
	o->topic = t;
	if (topic_check_local(t, o->unsafe, e) < 0 ||
	    topic_change(t, clock_mono_ms() + o->timeout, change, o, e) < 0)
		return -1;
	if ((o->copies > 1 || t->settings.min_insync_replicas > 1) &&
	    insync_settle(t->dirfd, t->path, &t->settings,
		clock_mono_ms() + o->timeout, e) < 0)
		return unsettled(t, e);
	if (t->settings.partitions > o->before)
		report_warn("%s: %" PRId32 " partitions, %" PRId32 " before: "
			    "from now on keys map to other partitions",
		    t->path, t->settings.partitions, o->before);
	if (o->role.kind == ROLE_REPLICA)
		report_warn("%s: is a replica of %s: with the next copy come "
			    "the settings of that one",
		    t->path, o->role.source);
	report_note("%s: changed", t->path);
	return 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct alter *o = opts;
	struct topic t;
	int r;

	(void)argc;
	if (check(o, e) < 0 || where_open(&t, &o->common, argv[0], e) < 0)
		return -1;
	r = alter_topic(o, &t, e);
	topic_close(&t);
	return r;
}

static const char *const usage[] = { "[options] TOPIC", NULL };

const struct command verb_alter = {
	.name = "alter",
	.summary = "change settings, add partitions",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct alter),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
