/*
 * klog-topic trim: let the log of each partition start later (Kafka's
 * DeleteRecords).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "each.h"
#include "partition.h"
#include "place.h"
#include "retention.h"
#include "table.h"
#include "verbs.h"
#include "where.h"

struct trim {
	struct opt_common common;
	bool json, dry_run, unsafe;
	struct partitions which;
	struct range range;
	int64_t timeout;	/* ms to wait for a producer */

	/* While it runs: */
	struct codec *codec;
	const struct topic *topic;
	struct table table;
};

static const struct trim defaults = { .timeout = 10000 };

static const struct opt table[] = {
	OPT_CALL('o', "offset", "SPEC", struct trim, range, range_option,
	    "the new start: end, N, +N, -N or @TIME"),
	OPT_ROW_PARTITIONS(struct trim, which),
	OPT_FLAG('n', "dry-run", struct trim, dry_run,
	    "change nothing, say what would go"),
	OPT_FLAG(0, "json", struct trim, json,
	    "one JSON object a partition"),
	OPT_ROW_UNSAFE(struct trim, unsafe),
	OPT_DURATION(0, "timeout", "DUR", struct trim, timeout, 0, INT64_MAX,
	    "how long to wait for a producer to let go (10s)"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static const struct table_column columns[] = {
	{ "PARTITION", TABLE_RIGHT },
	{ "START", TABLE_RIGHT },
	{ "OFFSETS", TABLE_RIGHT },
	{ "SEGMENTS", TABLE_RIGHT },
	{ "BYTES", TABLE_RIGHT },
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* What went: the log started at before. */
static void
say(struct trim *o, int32_t number, int64_t before, int64_t start,
    const struct retention *r)
{
	size_t i, n = o->dry_run ? r->count : r->removed;
	int64_t bytes = 0;

	for (i = 0; i < n; i++)
		bytes += r->list[i].bytes;
	if (o->json) {
		/* A topic's name has no byte that needs an escape. */
		printf("{\"topic\":\"%s\",\"partition\":%" PRId32
		       ",\"before\":%" PRId64 ",\"start\":%" PRId64
		       ",\"segments\":%zu,\"bytes\":%" PRId64
		       ",\"dry_run\":%s}\n",
		    o->topic->name, number, before, start, n, bytes,
		    o->dry_run ? "true" : "false");
		return;
	}
	table_cell(&o->table, "%" PRId32, number);
	table_cell(&o->table, "%" PRId64, start);
	table_cell(&o->table, "%" PRId64, start - before);
	table_cell(&o->table, "%zu", n);
	table_cell(&o->table, "%" PRId64, bytes);
}

/* Raise the start, then remove what lies below it.  clean.lock is held. */
static int
change(struct trim *o, struct partition *p, struct view *v,
    struct retention *r, int64_t start, struct err *e)
{
	if (retention_raise(p, start, e) < 0 || retention_plan(r, v, e) < 0)
		return -1;
	return retention_apply(r, p, o->timeout, NULL, e);
}

static int
trim_to(struct trim *o, int32_t number, struct view *v, struct retention *r,
    int64_t start, struct err *e)
{
	struct partition p;
	int got;

	if (partition_open(&p, o->topic->dirfd, number, o->topic->path,
		&o->topic->settings, e) < 0)
		return -1;
	p.use = PARTITION_KEEPER;
	got = partition_begin_clean(&p, e);
	if (got == 0)
		got = change(o, &p, v, r, start, e);
	partition_close(&p);
	return got;
}

static int
of_partition(void *context, int32_t number, struct view *v, int64_t before,
    struct err *e)
{
	struct trim *o = context;
	struct retention r = { .settings = &o->topic->settings,
		.start_only = true };
	int64_t end = v->end.next_offset, start, timestamp;
	int got;

	if (o->range.from.kind == BOUND_OFFSET && o->range.from.value > end)
		return err_set(e, ERR_DATA,
		    "%s: nothing trimmed: ends at offset %" PRId64
		    ", before %" PRId64,
		    v->where, end, o->range.from.value);
	if (place_of(&o->range.from, v, o->codec, before, &start, &timestamp,
		e) < 0)
		return -1;
	r.raise = start;
	got = o->dry_run ? retention_plan(&r, v, e) :
			   trim_to(o, number, v, &r, start, e);
	if (got == 0)
		say(o, number, before, start, &r);
	retention_release(&r);
	return got;
}

static int
of_topic(struct trim *o, const struct topic *t, struct err *e)
{
	int status;

	if (!o->dry_run && topic_check_local(t, o->unsafe, e) < 0)
		return -1;
	o->topic = t;
	o->codec = codec_new();
	if (o->codec == NULL) {
		errno = ENOMEM;
		return err_sys(e, "codec");
	}
	table_init(&o->table, columns, COLUMNS);
	status = each_partition(t, &o->which, of_partition, o, e);
	if (status >= 0 && !o->json && !o->common.quiet &&
	    table_print(&o->table, true, stdout, e) < 0)
		status = -1;
	table_release(&o->table);
	codec_free(o->codec);
	return status;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct trim *o = opts;
	struct topic t;
	int status;

	(void)argc;
	if (o->range.from.kind == BOUND_NONE)
		return err_set(e, ERR_USAGE,
		    "-o is missing: where the log is to start");
	if (o->range.to.kind != BOUND_NONE)
		return err_set(e, ERR_USAGE,
		    "-o: only a start can be given: end, N, +N, -N or @TIME");
	if (where_open(&t, &o->common, argv[0], e) < 0)
		return -1;
	status = of_topic(o, &t, e);
	topic_close(&t);
	return status;
}

static const char *const usage[] = { "-o SPEC [options] TOPIC", NULL };

const struct command verb_trim = {
	.name = "trim",
	.summary = "remove the oldest records, up to an offset or a time",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct trim),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
