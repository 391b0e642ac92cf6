/*
 * What a comparison found: lines for people, objects with --json.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "against.h"
#include "json.h"
#include "report.h"
#include "units.h"

/* {"topic":"t","partition":0,"against":"h:t" */
static void
begin_json(const struct against *a, int32_t number)
{
	struct buf out = { 0 };

	printf("{\"topic\":\"%s\"", a->topic->name);
	if (number >= 0)
		printf(",\"partition\":%" PRId32, number);
	if (json_put_bytes(&out, (struct slice){ (const uint8_t *)a->there,
		    (int32_t)strlen(a->there) }) == 0)
		printf(",\"against\":%.*s", (int)out.len,
		    (const char *)out.data);
	buf_release(&out);
}

/* "orders/0: ", and the name of the other copy as it may be printed. */
static void
begin_text(const struct against *a, int32_t number, char there[1024])
{
	report_escape(there, 1024, a->there);
	printf("%s/%" PRId32 ": ", a->topic->path, number);
}

static void
side_json(const struct against_log *log, const char *name, int side)
{
	if (log->found.present[side])
		printf(",\"%s\":{\"timestamp\":%" PRId64 "}", name,
		    log->found.timestamp[side]);
	else
		printf(",\"%s\":null", name);
}

/* How many offsets this copy is behind; negative: the other one is. */
static int64_t
behind(const struct against_log *log)
{
	return log->end - log->here.end;
}

static void
tell_json(const struct against *a, const struct against_log *log)
{
	int64_t by = behind(log);

	begin_json(a, log->number);
	printf(",\"same\":%s,\"from\":%" PRId64 ",\"end\":%" PRId64
	       ",\"records\":%" PRId64 ",\"compacted\":%" PRId64,
	    log->differs || by != 0 ? "false" : "true", log->from,
	    log->to > log->from ? log->to : log->from, log->counts.same,
	    log->counts.compacted);
	if (log->differs) {
		printf(",\"offset\":%" PRId64, log->found.offset);
		side_json(log, "here", 0);
		side_json(log, "there", 1);
	}
	if (by != 0)
		printf(",\"behind\":\"%s\",\"by\":%" PRId64,
		    by > 0 ? "here" : "there", by > 0 ? by : -by);
	puts("}");
}

/* "has the timestamp 5 here, is missing in h:t" */
static void
tell_difference(const struct difference *d, const char *there)
{
	printf("offset %" PRId64 ": ", d->offset);
	if (!d->present[0])
		printf("is missing here, has the timestamp %" PRId64
		       " in %s\n", d->timestamp[1], there);
	else if (!d->present[1])
		printf("has the timestamp %" PRId64 " here, is missing in %s\n",
		    d->timestamp[0], there);
	else if (d->timestamp[0] != d->timestamp[1])
		printf("differs: has the timestamp %" PRId64 " here, %" PRId64
		       " in %s\n",
		    d->timestamp[0], d->timestamp[1], there);
	else
		printf("differs: has the timestamp %" PRId64
		       " here and in %s, but not the same content\n",
		    d->timestamp[0], there);
}

static void
tell_behind(const struct against_log *log, const char *there)
{
	int64_t by = behind(log);

	if (by > 0)
		printf("is %" PRId64 " record%s behind %s, and ", by,
		    by == 1 ? "" : "s", there);
	else
		printf("%s is %" PRId64 " record%s behind, and ", there, -by,
		    by == -1 ? "" : "s");
	if (log->from < log->to)
		printf("the same up to there (offsets %" PRId64 " to %" PRId64
		       ")\n", log->from, log->to - 1);
	else
		puts("nothing is in both");
}

static void
tell_same(const struct against_log *log)
{
	if (log->from < log->to)
		printf("offsets %" PRId64 " to %" PRId64 ": ", log->from,
		    log->to - 1);
	printf("same in both (%" PRId64 " record%s", log->counts.same,
	    log->counts.same == 1 ? "" : "s");
	if (log->counts.compacted > 0)
		printf("; %" PRId64 " in one, compacted in the other",
		    log->counts.compacted);
	puts(")");
}

void
against_tell(const struct against *a, const struct against_log *log)
{
	char there[1024];
	bool same = !log->differs && behind(log) == 0;

	if (a->check->json) {
		tell_json(a, log);
		return;
	}
	if (same && (report_verbose() == 0 || report_quiet()))
		return;
	begin_text(a, log->number, there);
	if (log->differs)
		tell_difference(&log->found, there);
	else if (same)
		tell_same(log);
	else
		tell_behind(log, there);
}

void
against_tell_missing(const struct against *a, int32_t number, bool here)
{
	char there[1024];

	if (a->check->json) {
		begin_json(a, number);
		printf(",\"same\":false,\"missing\":\"%s\"}\n",
		    here ? "here" : "there");
		return;
	}
	begin_text(a, number, there);
	if (here)
		printf("is missing here, but not in %s\n", there);
	else
		printf("is missing in %s\n", there);
}

void
against_tell_all(const struct against *a)
{
	int64_t moved = a->link.bytes_in + a->link.bytes_out;
	char read[UNITS_TEXT], size[UNITS_TEXT];

	if (a->check->json) {
		begin_json(a, -1);
		printf(",\"partitions\":%" PRId64 ",\"differing\":%" PRId64
		       ",\"records\":%" PRId64 ",\"bytes\":%" PRId64
		       ",\"sent\":%" PRId64 ",\"received\":%" PRId64 "}\n",
		    a->compared, a->differing, a->records, a->bytes,
		    a->link.bytes_out, a->link.bytes_in);
		return;
	}
	units_format_size(a->bytes, read);
	units_format_size(moved, size);
	report_note("%s: %s bytes read here, %s bytes moved", a->there, read,
	    size);
}
