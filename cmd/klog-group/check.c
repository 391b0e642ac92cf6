/*
 * klog-group check: for Nagios and Prometheus, is any group too far behind?
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "groups.h"
#include "textfile.h"
#include "verbs.h"
#include "where.h"

enum format { NAGIOS, PROMETHEUS };

struct checking {
	struct opt_common common;
	const char *group;	/* NULL: all */
	struct check_limits limits;
	int format;
	const char *output;

	/* While it runs: */
	struct topic *topics;
	int topic_count;	/* that are open */
	struct codec *codec;
	struct check found;
};

static const struct checking defaults = { .limits = { -1, -1, -1, -1 } };

static const struct opt_choice formats[] = { { "nagios", NAGIOS },
	{ "prometheus", PROMETHEUS }, { NULL, 0 } };

static const struct opt table[] = {
	OPT_STRING('g', "group", "GROUP", struct checking, group,
	    "only this group"),
	OPT_INT(0, "lag-warn", "N", struct checking, limits.lag_warn, 0,
	    INT64_MAX, "warn if a partition has more offsets to be read"),
	OPT_INT(0, "lag-crit", "N", struct checking, limits.lag_crit, 0,
	    INT64_MAX, "from when on that is critical"),
	OPT_DURATION(0, "age-warn", "DUR", struct checking, limits.age_warn,
	    0, INT64_MAX, "warn if the next record to be read is older"),
	OPT_DURATION(0, "age-crit", "DUR", struct checking, limits.age_crit,
	    0, INT64_MAX, "from when on that is critical"),
	OPT_CHOICE(0, "format", "FORMAT", struct checking, format, formats,
	    "nagios (the default) or prometheus"),
	OPT_STRING('O', "output", "FILE", struct checking, output,
	    "replace FILE by the metrics for Prometheus, at once"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
no_memory(struct err *e)
{
	errno = ENOMEM;
	return err_sys(e, "groups");
}

/* Room for one more; g NULL: the topic itself.  NULL, with e. */
static struct check_group *
add(struct check *c, const struct topic *t, const struct group *g,
    struct err *e)
{
	struct check_group *more, *fresh;

	more = realloc(c->list, (c->count + 1) * sizeof(*more));
	if (more == NULL) {
		no_memory(e);
		return NULL;
	}
	c->list = more;
	fresh = &more[c->count];
	*fresh = (struct check_group){ .topic = t,
		.count = t->settings.partitions };
	fresh->list = calloc((size_t)fresh->count, sizeof(*fresh->list));
	fresh->name = g == NULL ? NULL : strdup(g->name);
	c->count++;
	if (fresh->list != NULL && (g == NULL || fresh->name != NULL))
		return fresh;
	no_memory(e);
	return NULL;
}

static void
release(struct checking *o)
{
	size_t i;

	for (i = 0; i < o->found.count; i++) {
		free(o->found.list[i].name);
		free(o->found.list[i].list);
	}
	free(o->found.list);
	while (o->topic_count > 0)
		topic_close(&o->topics[--o->topic_count]);
	free(o->topics);
	codec_free(o->codec);
}

static int
look_at_group(struct checking *o, const struct group *g, struct err *e)
{
	struct check_group *found = add(&o->found, g->topic, g, e);
	struct member_info *members;
	int64_t now = clock_wall_ms();
	int32_t i;

	if (found == NULL ||
	    member_list(g, false, &members, &found->members, e) < 0)
		return -1;
	member_list_free(members, found->members);
	for (i = 0; i < found->count; i++)
		if (standing_read_age(&found->list[i], g, i, o->codec, now,
			e) < 0)
			return -1;
	return 0;
}

static int
look_at_name(struct checking *o, const struct topic *t, const char *name,
    struct err *e)
{
	struct group g;
	int r;

	if (groups_open(&g, t, name, e) < 0)
		/* One that was just removed is no longer looked at. */
		return e->sys == ENOENT && o->group == NULL ? 0 : -1;
	r = look_at_group(o, &g, e);
	group_close(&g);
	return r;
}

static int
look_at_groups(struct checking *o, const struct topic *t, struct err *e)
{
	char **names;
	size_t count, i;
	int r = 0;

	if (o->group != NULL)
		return look_at_name(o, t, o->group, e);
	if (group_list(t, &names, &count, e) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		if (r == 0)
			r = look_at_name(o, t, names[i], e);
		free(names[i]);
	}
	free(names);
	return r;
}

static int
look_at_topic(struct checking *o, const struct topic *t, struct err *e)
{
	struct check_group *found = add(&o->found, t, NULL, e);
	struct view v;
	int32_t i;

	if (found == NULL)
		return -1;
	for (i = 0; i < found->count; i++) {
		if (topic_look(t, i, &v, &found->list[i].start, e) < 0)
			return -1;
		found->list[i].partition = i;
		found->list[i].end = v.end.next_offset;
		view_close(&v);
	}
	return look_at_groups(o, t, e);
}

/* Topics are told apart by their names, wherever they are. */
static int
open_topic(struct checking *o, const char *operand, struct err *e)
{
	struct topic *t = &o->topics[o->topic_count];
	int i;

	if (where_open(t, &o->common, operand, e) < 0)
		return -1;
	o->topic_count++;
	for (i = 0; i < o->topic_count - 1; i++)
		if (strcmp(o->topics[i].name, t->name) == 0)
			return err_set(e, ERR_USAGE,
			    "two topics are called %s: "
			    "they could not be told apart",
			    t->name);
	return 0;
}

static int
look(struct checking *o, int argc, char **argv, struct err *e)
{
	int i;

	o->topics = calloc((size_t)argc, sizeof(*o->topics));
	o->codec = codec_new();
	if (o->topics == NULL || o->codec == NULL)
		return no_memory(e);
	for (i = 0; i < argc; i++)
		if (open_topic(o, argv[i], e) < 0)
			return -1;
	for (i = 0; i < argc; i++)
		if (look_at_topic(o, &o->topics[i], e) < 0)
			return -1;
	return 0;
}

static int
check_limits(const struct checking *o, struct err *e)
{
	const struct check_limits *l = &o->limits;
	bool any = l->lag_warn >= 0 || l->lag_crit >= 0 || l->age_warn >= 0 ||
	    l->age_crit >= 0;

	if (o->group != NULL && groups_check_name(o->group, e) < 0)
		return -1;
	if (o->format == PROMETHEUS && any)
		return err_set(e, ERR_USAGE, "limits are for --format nagios: "
		    "Prometheus has alerting rules");
	if (o->format == NAGIOS && o->output != NULL)
		return err_set(e, ERR_USAGE, "-O is for --format prometheus");
	if (l->lag_crit >= 0 && l->lag_warn > l->lag_crit)
		return err_set(e, ERR_USAGE,
		    "--lag-warn is larger than --lag-crit");
	if (l->age_crit >= 0 && l->age_warn > l->age_crit)
		return err_set(e, ERR_USAGE,
		    "--age-warn is larger than --age-crit");
	return 0;
}

static int
write_metrics(const struct checking *o, struct err *e)
{
	size_t size;
	char *text;
	FILE *f;
	int r;

	if (o->output == NULL) {
		check_prometheus(&o->found, stdout);
		return 0;
	}
	f = open_memstream(&text, &size);
	if (f == NULL)
		return no_memory(e);
	check_prometheus(&o->found, f);
	r = ferror(f) != 0;
	if (fclose(f) != 0 || r != 0)
		r = no_memory(e);
	else
		r = textfile_replace(o->output, text, size, e);
	free(text);
	return r;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct checking *o = opts;
	int status;

	if (check_limits(o, e) < 0)
		return -1;
	status = look(o, argc, argv, e);
	if (status == 0)
		status = o->format == PROMETHEUS ? write_metrics(o, e) :
		    check_nagios(&o->found, &o->limits, stdout);
	else if (o->format == NAGIOS && e->code != ERR_USAGE)
		status = check_nagios_unknown(e->text, stdout);
	release(o);
	return status;
}

static const char *const usage[] = { "[options] TOPIC...", NULL };

const struct command verb_check = {
	.name = "check",
	.summary = "tell Nagios or Prometheus how far groups are behind",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct checking),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
