/*
 * What was done, on standard output: sentences, paths, or JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "clean.h"
#include "report.h"
#include "segment.h"
#include "units.h"
#include "when.h"

enum { TEXT = 160 };

static void
put_time(int64_t ms, char out[WHEN_TEXT])
{
	if (isatty(STDOUT_FILENO))
		when_format_local(ms, out);
	else
		when_format_utc(ms, out);
}

/* Why a segment goes. */
static void
put_why(const struct clean *c, const struct retention_segment *s,
    char out[TEXT])
{
	char amount[UNITS_TEXT], when[WHEN_TEXT];

	switch (s->why) {
	case RETENTION_START:
		snprintf(out, TEXT, "it lies below the log start");
		break;
	case RETENTION_SIZE:
		units_format_size(c->topic->settings.retention_bytes, amount);
		snprintf(out, TEXT,
		    "without it there is still retention.bytes (%s)", amount);
		break;
	case RETENTION_TIME:
		units_format_duration(
		    c->topic->settings.retention_ms, amount);
		put_time(s->newest, when);
		snprintf(out, TEXT,
		    "its newest record, of %s, is older than retention.ms "
		    "(%s)",
		    when, amount);
		break;
	}
}

static void
segment_json(const struct clean *c, int32_t number,
    const struct retention_segment *s)
{
	static const char *const why[] = { "start", "size", "time" };
	char name[SEGMENT_NAME];

	segment_name(name, s->base, SEGMENT_LOG);
	/* A topic's name has no byte that needs an escape. */
	printf("{\"topic\":\"%s\",\"partition\":%" PRId32
	       ",\"file\":\"%" PRId32 "/%s\",\"base\":%" PRId64
	       ",\"end\":%" PRId64 ",\"bytes\":%" PRId64
	       ",\"reason\":\"%s\"",
	    c->topic->name, number, number, name, s->base, s->end, s->bytes,
	    why[s->why]);
	if (s->why == RETENTION_TIME)
		printf(",\"newest\":%" PRId64, s->newest);
	printf(",\"removed\":%s}\n", c->dry_run ? "false" : "true");
}

void
say_segment(struct clean *c, int32_t number, const char *path,
    const struct retention_segment *s)
{
	char amount[UNITS_TEXT], text[TEXT];

	c->tally.by[s->why]++;
	c->tally.bytes += s->bytes;
	if (c->json) {
		segment_json(c, number, s);
		return;
	}
	if (c->null) {
		fputs(path, stdout);
		putchar('\0');
		return;
	}
	if (report_quiet() || (!c->dry_run && report_verbose() == 0))
		return;
	units_format_size(s->bytes, amount);
	put_why(c, s, text);
	printf("%s: %s: offsets %" PRId64 " to %" PRId64 ", %s: %s\n", path,
	    c->dry_run ? "would be removed" : "removed", s->base, s->end - 1,
	    amount, text);
}

void
say_stays(const struct clean *c, int32_t number, const struct retention *r)
{
	char when[WHEN_TEXT], amount[UNITS_TEXT];

	if (r->held) {
		report_note("%s/%" PRId32 ": what follows stays until the "
			    "slowest group is past offset %" PRId64,
		    c->topic->path, number, r->bound);
	} else if (r->newest_kept >= 0) {
		put_time(r->newest_kept, when);
		units_format_duration(
		    c->topic->settings.retention_ms, amount);
		report_note("%s/%" PRId32 ": what follows stays: its newest "
			    "record is of %s, retention.ms is %s",
		    c->topic->path, number, when, amount);
	}
}

/* "removed 3 segments, 2.9G: 2 by time, 1 by size" */
static void
put_removed(const struct clean *c)
{
	static const char *const why[] = { "below the log start", "by size",
		"by time" };
	const struct tally *t = &c->tally;
	int64_t all = t->by[0] + t->by[1] + t->by[2];
	const char *mark = ": ";
	char amount[UNITS_TEXT];
	int i;

	if (all == 0) {
		fputs("nothing to remove", stdout);
		return;
	}
	units_format_size(t->bytes, amount);
	printf("%s %" PRId64 " segment%s, %s",
	    c->dry_run ? "would remove" : "removed", all, all == 1 ? "" : "s",
	    amount);
	for (i = 2; i >= 0; i--) {
		if (t->by[i] == 0)
			continue;
		printf("%s%" PRId64 " %s", mark, t->by[i], why[i]);
		mark = ", ";
	}
}

static void
put_compacted(const struct clean *c)
{
	const struct tally *t = &c->tally;
	char before[UNITS_TEXT], after[UNITS_TEXT];

	if (t->compacted == 0) {
		fputs("nothing to compact", stdout);
		return;
	}
	printf("%s %" PRId64 " partition%s",
	    c->dry_run ? "would compact" : "compacted", t->compacted,
	    t->compacted == 1 ? "" : "s");
	units_format_size(t->before, before);
	units_format_size(t->after, after);
	if (c->dry_run)
		printf(", %s", before);
	else
		printf(", %s to %s", before, after);
}

static void
topic_json(const struct clean *c)
{
	const struct tally *t = &c->tally;

	printf("{\"topic\":\"%s\",\"segments\":%" PRId64 ",\"bytes\":%" PRId64
	       ",\"by_start\":%" PRId64 ",\"by_size\":%" PRId64
	       ",\"by_time\":%" PRId64 ",\"compacted\":%" PRId64,
	    c->topic->name, t->by[0] + t->by[1] + t->by[2], t->bytes,
	    t->by[RETENTION_START], t->by[RETENTION_SIZE],
	    t->by[RETENTION_TIME], t->compacted);
	if (!c->dry_run)
		printf(",\"bytes_before\":%" PRId64 ",\"bytes_after\":%" PRId64,
		    t->before, t->after);
	printf(",\"dry_run\":%s}\n", c->dry_run ? "true" : "false");
}

void
say_topic(const struct clean *c)
{
	bool compacts = !c->retain_only &&
	    (c->topic->settings.cleanup_policy & CLEANUP_COMPACT) != 0;

	if (c->json) {
		topic_json(c);
		return;
	}
	if (c->null || report_quiet())
		return;
	printf("%s: ", c->topic->path);
	if (!c->compact_only)
		put_removed(c);
	if (!c->compact_only && compacts)
		fputs("; ", stdout);
	if (compacts)
		put_compacted(c);
	else if (c->compact_only)
		fputs("nothing to compact", stdout);
	putchar('\n');
}
