/*
 * klog-topic offsets: where the log of each partition starts and ends, or
 * the offset that a start (-o) means there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "each.h"
#include "place.h"
#include "table.h"
#include "verbs.h"
#include "when.h"
#include "where.h"

struct offsets {
	struct opt_common common;
	bool json;
	struct partitions which;
	struct range range;	/* from NONE: earliest and latest */

	/* While it runs: */
	struct codec *codec;
	const struct topic *topic;
	struct table table;
};

static const struct opt table[] = {
	OPT_CALL('o', "offset", "SPEC", struct offsets, range, range_option,
	    "what offset this is: start, end, N, +N, -N or @TIME"),
	OPT_ROW_PARTITIONS(struct offsets, which),
	OPT_FLAG(0, "json", struct offsets, json,
	    "one JSON object a partition"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static const struct table_column both_ends[] = {
	{ "PARTITION", TABLE_RIGHT },
	{ "EARLIEST", TABLE_RIGHT },
	{ "LATEST", TABLE_RIGHT },
};

static const struct table_column one_offset[] = {
	{ "PARTITION", TABLE_RIGHT },
	{ "OFFSET", TABLE_RIGHT },
	{ "TIMESTAMP", TABLE_LEFT },
};

enum { COLUMNS = 3 };

static void
add_offset(struct offsets *o, int32_t number, int64_t offset,
    const int64_t *timestamp)
{
	bool timed = o->range.from.kind == BOUND_TIME;
	char text[WHEN_TEXT] = "";

	if (!o->json) {
		if (timestamp != NULL && isatty(STDOUT_FILENO))
			when_format_local(*timestamp, text);
		else if (timestamp != NULL)
			when_format_utc(*timestamp, text);
		table_cell(&o->table, "%" PRId32, number);
		table_cell(&o->table, "%" PRId64, offset);
		if (timed)
			table_cell(&o->table, "%s",
			    timestamp == NULL ? "-" : text);
		return;
	}
	/* A topic's name has no byte that needs an escape. */
	printf("{\"topic\":\"%s\",\"partition\":%" PRId32
	       ",\"offset\":%" PRId64,
	    o->topic->name, number, offset);
	if (timestamp != NULL)
		printf(",\"timestamp\":%" PRId64, *timestamp);
	else if (timed)
		fputs(",\"timestamp\":null", stdout);
	puts("}");
}

static void
add_both(struct offsets *o, int32_t number, int64_t start, int64_t end)
{
	if (o->json) {
		printf("{\"topic\":\"%s\",\"partition\":%" PRId32
		       ",\"earliest\":%" PRId64 ",\"latest\":%" PRId64 "}\n",
		    o->topic->name, number, start, end);
		return;
	}
	table_cell(&o->table, "%" PRId32, number);
	table_cell(&o->table, "%" PRId64, start);
	table_cell(&o->table, "%" PRId64, end);
}

static int
of_partition(void *context, int32_t number, struct view *v, int64_t start,
    struct err *e)
{
	struct offsets *o = context;
	const struct bound *from = &o->range.from;
	int64_t offset, timestamp;
	int found;

	if (from->kind == BOUND_NONE) {
		add_both(o, number, start, v->end.next_offset);
	} else {
		found = place_of(
		    from, v, o->codec, start, &offset, &timestamp, e);
		if (found < 0)
			return -1;
		add_offset(o, number, offset, found > 0 ? &timestamp : NULL);
	}
	return 0;
}

static int
of_topic(struct offsets *o, const struct topic *t, struct err *e)
{
	bool both = o->range.from.kind == BOUND_NONE;
	bool timed = o->range.from.kind == BOUND_TIME;
	int status;

	o->topic = t;
	o->codec = codec_new();
	if (o->codec == NULL) {
		errno = ENOMEM;
		return err_sys(e, "codec");
	}
	table_init(&o->table, both ? both_ends : one_offset,
	    both || timed ? COLUMNS : COLUMNS - 1);
	status = each_partition(t, &o->which, of_partition, o, e);
	if (status >= 0 && !o->json &&
	    table_print(&o->table, true, stdout, e) < 0)
		status = -1;
	table_release(&o->table);
	codec_free(o->codec);
	return status;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct offsets *o = opts;
	struct topic t;
	int status;

	(void)argc;
	if (o->range.to.kind != BOUND_NONE)
		return err_set(e, ERR_USAGE,
		    "-o: only a start can be looked up: "
		    "start, end, N, +N, -N or @TIME");
	if (where_open(&t, &o->common, argv[0], e) < 0)
		return -1;
	status = of_topic(o, &t, e);
	topic_close(&t);
	return status;
}

static const char *const usage[] = { "[options] TOPIC", NULL };

const struct command verb_offsets = {
	.name = "offsets",
	.summary = "print where partitions start and end, or where a time is",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct offsets),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
