/*
 * klog-topic describe: what a topic is and holds, a line a partition.
 */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "each.h"
#include "facts.h"
#include "followers.h"
#include "table.h"
#include "units.h"
#include "verbs.h"
#include "when.h"

struct describe {
	struct opt_common common;
	bool json;
	bool ratio;
	struct partitions which;

	/* While it runs: */
	bool human;		/* units and local times: on a terminal */
	bool begun;		/* a topic was printed before */
	struct codec *codec;
	struct progress progress;
	const struct topic *topic;
	struct role role;	/* the topic's */
	char role_text[ROLE_TEXT];
	struct followers followers;
	int64_t high;		/* watermark of the partition in hand */
	struct table table;
};

static const struct opt table[] = {
	OPT_FLAG(0, "json", struct describe, json,
	    "one JSON object a partition"),
	OPT_ROW_PARTITIONS(struct describe, which),
	OPT_FLAG(0, "ratio", struct describe, ratio,
	    "read every batch: count records, tell how well they compress"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_ROW_PROGRESS,
	OPT_END,
};

static const struct table_column counted[] = {
	{ "PARTITION", TABLE_RIGHT }, { "START", TABLE_RIGHT },
	{ "END", TABLE_RIGHT }, { "HIGH-WATERMARK", TABLE_RIGHT },
	{ "RECORDS", TABLE_RIGHT }, { "BYTES", TABLE_RIGHT },
	{ "SEGMENTS", TABLE_RIGHT }, { "FIRST", TABLE_LEFT },
	{ "LAST", TABLE_LEFT }, { "EPOCH", TABLE_RIGHT },
	{ "ROLE", TABLE_LEFT }, { "RAW", TABLE_RIGHT },
	{ "RATIO", TABLE_RIGHT }
};

/* Not counted, the offsets between start and end are an upper bound. */
static const struct table_column bounded[] = {
	{ "PARTITION", TABLE_RIGHT }, { "START", TABLE_RIGHT },
	{ "END", TABLE_RIGHT }, { "HIGH-WATERMARK", TABLE_RIGHT },
	{ "RECORDS<=", TABLE_RIGHT }, { "BYTES", TABLE_RIGHT },
	{ "SEGMENTS", TABLE_RIGHT }, { "FIRST", TABLE_LEFT },
	{ "LAST", TABLE_LEFT }, { "EPOCH", TABLE_RIGHT },
	{ "ROLE", TABLE_LEFT }
};

enum { BOUNDED = sizeof(bounded) / sizeof(bounded[0]) };
enum { COUNTED = sizeof(counted) / sizeof(counted[0]) };

static void
cell_bytes(struct describe *o, int64_t bytes)
{
	char text[UNITS_TEXT];

	if (o->human)
		units_format_size(bytes, text);
	else
		snprintf(text, sizeof(text), "%" PRId64, bytes);
	table_cell(&o->table, "%s", text);
}

static void
cell_time(struct describe *o, bool any, int64_t ms)
{
	char text[WHEN_TEXT] = "-";

	if (any && o->human)
		when_format_local(ms, text);
	else if (any)
		when_format_utc(ms, text);
	table_cell(&o->table, "%s", text);
}

static void
add_row(struct describe *o, int32_t number, const struct facts *f)
{
	struct table *t = &o->table;

	table_cell(t, "%" PRId32, number);
	table_cell(t, "%" PRId64, f->start);
	table_cell(t, "%" PRId64, f->end);
	table_cell(t, "%" PRId64, o->high);
	table_cell(t, "%" PRId64, o->ratio ? f->records : f->end - f->start);
	cell_bytes(o, f->disk);
	table_cell(t, "%zu", f->segments);
	cell_time(o, f->any, f->first);
	cell_time(o, f->any, f->last);
	if (f->epoch < 0)
		table_cell(t, "-");
	else
		table_cell(t, "%" PRId32, f->epoch);
	table_cell(t, "%s", o->role_text);
	if (!o->ratio)
		return;
	cell_bytes(o, f->raw);
	if (f->stored == 0)
		table_cell(t, "-");
	else
		table_cell(t, "%.2f", (double)f->raw / (double)f->stored);
}

/* The settings that were given, each after lead. */
static void
print_settings(const struct settings *s, bool json)
{
	char value[128];
	const char *comma = "";
	int i;

	for (i = 0; i < SETTINGS_KEYS; i++) {
		if (!(s->given >> i & 1))
			continue;
		if (json) {
			printf("%s\"%s\":", comma, settings_row(i)->name);
			given_json(s, i, stdout);
			comma = ",";
		} else {
			settings_text(s, i, value, sizeof(value));
			printf("  %s=%s", settings_row(i)->name, value);
		}
	}
}

static int
print_json(const struct describe *o, const struct view *v, int32_t number,
    const struct facts *f, struct err *e)
{
	const struct settings *s = &o->topic->settings;

	/* A topic's name has no byte that needs an escape. */
	printf("{\"topic\":\"%s\",\"id\":\"%s\",\"partition\":%" PRId32
	       ",\"log_start\":%" PRId64 ",\"log_end\":%" PRId64
	       ",\"high_watermark\":%" PRId64,
	    o->topic->name, s->id, number, f->start, f->end, o->high);
	printf(",\"records\":%" PRId64 ",\"records_exact\":%s"
	       ",\"bytes\":%" PRId64 ",\"segments\":%zu",
	    o->ratio ? f->records : f->end - f->start,
	    o->ratio ? "true" : "false", f->disk, f->segments);
	if (o->ratio)
		printf(",\"stored_bytes\":%" PRId64 ",\"raw_bytes\":%" PRId64,
		    f->stored, f->raw);
	if (f->any)
		printf(",\"first_timestamp\":%" PRId64
		       ",\"last_timestamp\":%" PRId64,
		    f->first, f->last);
	else
		fputs(",\"first_timestamp\":null,\"last_timestamp\":null",
		    stdout);
	if (f->epoch >= 0)
		printf(",\"leader_epoch\":%" PRId32, f->epoch);
	else
		fputs(",\"leader_epoch\":null", stdout);
	putchar(',');
	if (followers_json_role(&o->role, stdout, e) < 0)
		return -1;
	putchar(',');
	if (followers_json(&o->followers, v, number, stdout, e) < 0)
		return -1;
	fputs(",\"settings\":{", stdout);
	print_settings(s, true);
	puts("}}");
	return 0;
}

static int
describe_partition(void *context, int32_t number, struct view *v,
    int64_t start, struct err *e)
{
	struct describe *o = context;
	struct facts f;

	/* Readers stop at the high watermark; the log does not. */
	o->high = v->end.next_offset;
	v->past_copies = true;
	if (view_look(v, &start, e) < 0 ||
	    facts_read(&f, v, start, o->codec, e) < 0 ||
	    followers_add(&o->followers, v, number, e) < 0)
		return -1;
	if (o->ratio && facts_count(&f, v, o->codec, &o->progress, e) < 0)
		return -1;
	if (o->json)
		return print_json(o, v, number, &f, e);
	add_row(o, number, &f);
	return 0;
}

static int
print_topic(struct describe *o, struct err *e)
{
	const struct topic *t = o->topic;

	printf("%s%s  id=%s  partitions=%" PRId32, o->begun ? "\n" : "",
	    t->path, t->settings.id, t->settings.partitions);
	print_settings(&t->settings, false);
	putchar('\n');
	o->begun = true;
	return table_print(&o->table, true, stdout, e) < 0 ?
	    -1 :
	    followers_print(&o->followers, e);
}

static int
describe_topic(void *context, const char *path, struct err *e)
{
	struct describe *o = context;
	struct topic t;
	int status;

	if (topic_open(&t, path, e) < 0)
		return -1;
	if (role_read(&o->role, t.dirfd, t.path, e) < 0 ||
	    followers_open(&o->followers, &t, o->human, e) < 0) {
		followers_release(&o->followers);
		topic_close(&t);
		return -1;
	}
	role_text(&o->role, o->role_text);
	o->topic = &t;
	table_init(&o->table, o->ratio ? counted : bounded,
	    o->ratio ? COUNTED : BOUNDED);
	status = each_partition(&t, &o->which, describe_partition, o, e);
	if (status >= 0 && !o->json && print_topic(o, e) < 0)
		status = -1;
	table_release(&o->table);
	followers_release(&o->followers);
	topic_close(&t);
	return status;
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
	progress_start(&o->progress, o->common.progress && o->ratio, 0);
	status = each_topic(&o->common, argc, argv, describe_topic, o, e);
	progress_end(&o->progress);
	codec_free(o->codec);
	return status;
}

static const char *const usage[] = { "[options] TOPIC...", NULL };

const struct command verb_describe = {
	.name = "describe",
	.summary = "print what topics are and hold",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct describe),
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
