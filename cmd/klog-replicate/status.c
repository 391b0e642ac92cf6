/*
 * klog-replicate status: who has what of a topic.
 */
#include <inttypes.h>
#include <unistd.h>

#include "each.h"
#include "epochs.h"
#include "followers.h"
#include "verbs.h"
#include "where.h"

struct status {
	struct opt_common common;
	bool json;

	/* While it runs: */
	const struct topic *topic;
	struct role role;
	struct followers followers;
	struct table table;
	size_t printed;	/* topics */
};

static const struct opt table[] = {
	OPT_FLAG(0, "json", struct status, json,
	    "one JSON object a partition"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static const struct table_column columns[] = {
	{ "PARTITION", TABLE_RIGHT }, { "EPOCH", TABLE_RIGHT },
	{ "END", TABLE_RIGHT }, { "HIGH-WATERMARK", TABLE_RIGHT },
	{ "IN-SYNC", TABLE_RIGHT }, { "WANTED", TABLE_RIGHT }
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* The newest epoch; -1: none. */
static int
newest_epoch(const struct view *v, int32_t *epoch, struct err *e)
{
	struct epochs es = { 0 };

	*epoch = -1;
	if (epochs_read(&es, v->dirfd, v->where, e) < 0)
		return -1;
	if (es.count > 0)
		*epoch = es.list[es.count - 1].epoch;
	epochs_release(&es);
	return 0;
}

static int
print_json(const struct status *o, const struct view *v, int32_t number,
    int32_t epoch, struct err *e)
{
	/* A topic's name has no byte that needs an escape. */
	printf("{\"topic\":\"%s\",\"partition\":%" PRId32 ",", o->topic->name,
	    number);
	if (followers_json_role(&o->role, stdout, e) < 0)
		return -1;
	if (epoch >= 0)
		printf(",\"leader_epoch\":%" PRId32, epoch);
	else
		fputs(",\"leader_epoch\":null", stdout);
	printf(",\"log_end\":%" PRId64 ",\"high_watermark\":%" PRId64
	       ",\"min_insync_replicas\":%" PRId64 ",",
	    v->log.next_offset, v->end.next_offset,
	    o->topic->settings.min_insync_replicas);
	if (followers_json(&o->followers, v, number, stdout, e) < 0)
		return -1;
	puts("}");
	return 0;
}

static int
show(struct status *o, struct view *v, int32_t number, struct err *e)
{
	int32_t epoch;

	if (view_refresh(v, e) < 0 || newest_epoch(v, &epoch, e) < 0 ||
	    followers_add(&o->followers, v, number, e) < 0)
		return -1;
	if (o->json)
		return print_json(o, v, number, epoch, e);
	table_cell(&o->table, "%" PRId32, number);
	if (epoch < 0)
		table_cell(&o->table, "-");
	else
		table_cell(&o->table, "%" PRId32, epoch);
	table_cell(&o->table, "%" PRId64, v->log.next_offset);
	table_cell(&o->table, "%" PRId64, v->end.next_offset);
	table_cell(&o->table, "%zu", followers_in_sync(&o->followers));
	table_cell(&o->table, "%" PRId64,
	    o->topic->settings.min_insync_replicas);
	return 0;
}

static int
show_all(struct status *o, const struct topic *t, struct err *e)
{
	char role[ROLE_TEXT];
	struct view v;
	int32_t i;
	int r = 0;

	if (role_read(&o->role, t->dirfd, t->path, e) < 0 ||
	    followers_open(
		&o->followers, t, isatty(STDOUT_FILENO) != 0, e) < 0)
		return -1;
	for (i = 0; r == 0 && i < t->settings.partitions; i++) {
		if (view_open(&v, t->dirfd, i, t->path, e) < 0)
			return -1;
		view_expect(&v, &t->settings);
		r = show(o, &v, i, e);
		view_close(&v);
	}
	if (r < 0 || o->json)
		return r;
	role_text(&o->role, role);
	if (o->printed++ > 0)
		putchar('\n');
	printf("%s  %s\n", t->path, role);
	if (table_print(&o->table, true, stdout, e) < 0)
		return -1;
	return followers_print(&o->followers, e);
}

static int
show_topic(void *context, const char *path, struct err *e)
{
	struct status *o = context;
	struct topic t;
	int r;

	if (topic_open(&t, path, e) < 0)
		return -1;
	o->topic = &t;
	table_init(&o->table, columns, COLUMNS);
	r = show_all(o, &t, e);
	table_release(&o->table);
	followers_release(&o->followers);
	topic_close(&t);
	return r;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct status *o = opts;

	return each_topic(&o->common, argc, argv, show_topic, o, e);
}

static const char *const usage[] = { "[options] TOPIC...", NULL };

const struct command verb_status = {
	.name = "status",
	.summary = "tell who has what of topics",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct status),
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
