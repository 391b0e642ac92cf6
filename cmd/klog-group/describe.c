/*
 * klog-group describe: where groups stand, a line a partition.
 */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "clock.h"
#include "each.h"
#include "groups.h"
#include "standing.h"
#include "table.h"
#include "units.h"
#include "verbs.h"
#include "when.h"

struct describe {
	struct opt_common common;
	const char *group;	/* NULL: all */
	bool json;

	/* While it runs: */
	bool human;		/* units and local times: on a terminal */
	bool begun;		/* a group was printed before */
	struct codec *codec;
	struct table table;
	const struct group *current;
	struct member_info *members;
	size_t member_count;
};

static const struct opt table[] = {
	OPT_STRING('g', "group", "GROUP", struct describe, group,
	    "only this group"),
	OPT_FLAG(0, "json", struct describe, json,
	    "one JSON object a partition"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static const struct table_column columns[] = {
	{ "PARTITION", TABLE_RIGHT }, { "COMMITTED", TABLE_RIGHT },
	{ "END", TABLE_RIGHT }, { "LAG", TABLE_RIGHT },
	{ "LAG-TIME", TABLE_RIGHT }, { "COMMITTED-AT", TABLE_LEFT },
	{ "STATE", TABLE_LEFT }, { "HOST", TABLE_LEFT },
	{ "PID", TABLE_RIGHT }, { "SINCE", TABLE_LEFT },
	{ "MEMBER", TABLE_LEFT }
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), OF_LOG = 6 };

static const char *
state_of(const struct describe *o, const struct member_info *owner)
{
	if (group_is_paused(o->current))
		return "paused";
	return owner != NULL ? "active" : "idle";
}

static void
cell_time(struct describe *o, int64_t ms)
{
	char text[WHEN_TEXT];

	if (o->human)
		when_format_local(ms, text);
	else
		when_format_utc(ms, text);
	table_cell(&o->table, "%s", text);
}

static void
cell_duration(struct describe *o, int64_t ms)
{
	char text[UNITS_TEXT];

	if (o->human)
		units_format_duration(ms, text);
	else
		snprintf(text, sizeof(text), "%" PRId64 "ms", ms);
	table_cell(&o->table, "%s", text);
}

static void
cells_of_member(struct describe *o, const struct member_info *m)
{
	if (m == NULL) {
		table_cell(&o->table, "-");
		table_cell(&o->table, "-");
		table_cell(&o->table, "-");
		table_cell(&o->table, "-");
		return;
	}
	table_cell(&o->table, "%s", m->host);
	table_cell(&o->table, "%" PRId64, m->pid);
	cell_time(o, m->started);
	table_cell(&o->table, "%s", m->id);
}

static void
add_row(struct describe *o, const struct standing *s,
    const struct member_info *owner)
{
	struct table *t = &o->table;

	table_cell(t, "%" PRId32, s->partition);
	if (s->any)
		table_cell(t, "%" PRId64, s->committed.offset);
	else
		table_cell(t, "-");
	table_cell(t, "%" PRId64, s->end);
	table_cell(t, "%" PRId64, s->lag);
	cell_duration(o, s->age);
	if (s->any)
		cell_time(o, s->committed.timestamp);
	else
		table_cell(t, "-");
	table_cell(t, "%s", state_of(o, owner));
	cells_of_member(o, owner);
}

static void
print_member(const struct member_info *m, const char *state)
{
	/* No byte of a member's id needs an escape, nor of host and pid. */
	if (m == NULL)
		fputs("null", stdout);
	else
		printf("{\"id\":\"%s\",\"host\":\"%s\",\"pid\":%" PRId64
		       ",\"since\":%" PRId64 "}",
		    m->id, m->host, m->pid, m->started);
	printf(",\"state\":\"%s\"}\n", state);
}

static void
print_json(const struct describe *o, const struct standing *s,
    const struct member_info *owner)
{
	/* Names of topics and groups have no byte that needs an escape. */
	printf("{\"topic\":\"%s\",\"group\":\"%s\",\"partition\":%" PRId32
	       ",\"log_start\":%" PRId64 ",\"log_end\":%" PRId64,
	    o->current->topic->name, o->current->name, s->partition,
	    s->start, s->end);
	if (s->any)
		printf(",\"committed\":%" PRId64 ",\"epoch\":%" PRId32
		       ",\"commit_time\":%" PRId64,
		    s->committed.offset, s->committed.epoch,
		    s->committed.timestamp);
	else
		fputs(",\"committed\":null,\"epoch\":null,"
		      "\"commit_time\":null",
		    stdout);
	printf(",\"lag\":%" PRId64 ",\"lag_ms\":%" PRId64 ",\"member\":",
	    s->lag, s->age);
	print_member(owner, state_of(o, owner));
}

static int
describe_partition(struct describe *o, int32_t partition, struct err *e)
{
	const struct member_info *owner;
	struct standing s;

	if (standing_read_age(&s, o->current, partition, o->codec,
		clock_wall_ms(), e) < 0)
		return -1;
	owner = groups_owner(o->members, o->member_count, partition);
	if (o->json)
		print_json(o, &s, owner);
	else
		add_row(o, &s, owner);
	return 0;
}

/* A member that has no partition is shown all the same. */
static void
describe_unused(struct describe *o, const struct member_info *m)
{
	int i;

	if (o->json) {
		printf("{\"topic\":\"%s\",\"group\":\"%s\",\"partition\":null,"
		       "\"log_start\":null,\"log_end\":null,"
		       "\"committed\":null,\"epoch\":null,"
		       "\"commit_time\":null,\"lag\":null,\"lag_ms\":null,"
		       "\"member\":",
		    o->current->topic->name, o->current->name);
		print_member(m, state_of(o, NULL));
		return;
	}
	for (i = 0; i < OF_LOG; i++)
		table_cell(&o->table, "-");
	table_cell(&o->table, "%s", state_of(o, NULL));
	cells_of_member(o, m);
}

static int
print_group(struct describe *o, struct err *e)
{
	const struct group *g = o->current;

	printf("%s%s  group=%s  partitions=%" PRId32 "  members=%zu\n",
	    o->begun ? "\n" : "", g->topic->path, g->name,
	    g->topic->settings.partitions, o->member_count);
	o->begun = true;
	return table_print(&o->table, true, stdout, e);
}

static int
describe_group(void *context, struct group *g, struct err *e)
{
	struct describe *o = context;
	int worst = 0;
	int32_t i;
	size_t m;

	o->current = g;
	if (member_list(g, false, &o->members, &o->member_count, e) < 0)
		return -1;
	table_init(&o->table, columns, COLUMNS);
	for (i = 0; i < g->topic->settings.partitions; i++)
		each_settle(&worst, describe_partition(o, i, e), e);
	for (m = 0; m < o->member_count; m++)
		if (o->members[m].owned_count == 0)
			describe_unused(o, &o->members[m]);
	if (!o->json && print_group(o, e) < 0)
		worst = -1;
	table_release(&o->table);
	member_list_free(o->members, o->member_count);
	return worst;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct describe *o = opts;
	int status;

	o->human = isatty(STDOUT_FILENO) != 0;
	o->codec = codec_new();
	if (o->codec == NULL) {
		errno = ENOMEM;
		return err_sys(e, "codec");
	}
	status = groups_each(&o->common, argc, argv, o->group, describe_group,
	    o, e);
	codec_free(o->codec);
	return status;
}

static const char *const usage[] = { "[options] TOPIC...", NULL };

const struct command verb_describe = {
	.name = "describe",
	.summary = "print where groups stand and who reads for them",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct describe),
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
