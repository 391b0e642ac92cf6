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

static const char *
plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

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

static void
compaction_json(const struct clean *c, int32_t number,
    const struct compaction *k)
{
	static const char *const why[] = { "nothing", "clean", "below_ratio",
		"ratio", "lag", "forced" };

	printf("{\"topic\":\"%s\",\"partition\":%" PRId32
	       ",\"compacted\":%s,\"reason\":\"%s\""
	       ",\"clean_bytes\":%" PRId64 ",\"dirty_bytes\":%" PRId64,
	    c->topic->name, number,
	    k->picked && !c->dry_run ? "true" : "false", why[k->why],
	    k->clean_bytes, k->dirty_bytes);
	if (k->picked && !c->dry_run)
		printf(",\"records_before\":%" PRId64
		       ",\"records_after\":%" PRId64
		       ",\"bytes_before\":%" PRId64
		       ",\"bytes_after\":%" PRId64
		       ",\"segments_before\":%" PRId64
		       ",\"segments_after\":%" PRId64
		       ",\"passes\":%d,\"spilled\":%" PRId64,
		    k->records_read, k->records_kept, k->bytes_before,
		    k->bytes_after, k->segments_before, k->segments_after,
		    k->passes, k->spilled);
	puts("}");
}

/* Why a partition is compacted, or is not. */
static void
put_compaction_why(const struct clean *c, const struct compaction *k,
    char out[TEXT])
{
	const struct settings *s = &c->topic->settings;
	int64_t all = k->clean_bytes + k->dirty_bytes;
	double ratio = all > 0 ? (double)k->dirty_bytes / (double)all : 0;
	double limit = (double)s->dirty_ratio / 1000000;
	char lag[UNITS_TEXT];

	switch (k->why) {
	case COMPACTION_NOTHING:
		snprintf(out, TEXT,
		    "no segment may be compacted yet: %s is too young, or on "
		    "too few copies, never is",
		    c->roll ? "what" :
			      "the one that is written to (--roll closes it), "
			      "and what");
		break;
	case COMPACTION_CLEAN:
		snprintf(out, TEXT, "all that may be is compacted");
		break;
	case COMPACTION_BELOW_RATIO:
		snprintf(out, TEXT,
		    "%.2f of it is new, min.cleanable.dirty.ratio is %.2f",
		    ratio, limit);
		break;
	case COMPACTION_RATIO:
		snprintf(out, TEXT,
		    "%.2f of it was new, min.cleanable.dirty.ratio is %.2f",
		    ratio, limit);
		break;
	case COMPACTION_LAG:
		units_format_duration(s->max_compaction_lag_ms, lag);
		snprintf(out, TEXT, "max.compaction.lag.ms (%s) has passed",
		    lag);
		break;
	case COMPACTION_FORCED:
		snprintf(out, TEXT, "--force");
		break;
	}
}

static void
compaction_line(const struct clean *c, int32_t number,
    const struct compaction *k, const char *why)
{
	char before[UNITS_TEXT], after[UNITS_TEXT];

	if (report_quiet() || (!c->dry_run && report_verbose() == 0))
		return;
	printf("%s/%" PRId32 ": ", c->topic->path, number);
	if (c->dry_run) {
		units_format_size(k->clean_bytes + k->dirty_bytes, before);
		printf("would be compacted: %" PRId64 " segment%s, %s: %s\n",
		    k->segments_before, plural(k->segments_before), before,
		    why);
		return;
	}
	units_format_size(k->bytes_before, before);
	units_format_size(k->bytes_after, after);
	printf("compacted: %" PRId64 " records to %" PRId64
	       ", %s to %s, %" PRId64 " segment%s to %" PRId64 ": %s\n",
	    k->records_read, k->records_kept, before, after,
	    k->segments_before, plural(k->segments_before),
	    k->segments_after, why);
}

void
say_compaction(
    struct clean *c, int32_t number, const struct compaction *k)
{
	char why[TEXT];

	if (k->picked) {
		c->tally.compacted++;
		c->tally.before += c->dry_run ?
		    k->clean_bytes + k->dirty_bytes :
		    k->bytes_before;
		c->tally.after += k->bytes_after;
	}
	if (c->json) {
		compaction_json(c, number, k);
		return;
	}
	put_compaction_why(c, k, why);
	if (!k->picked)
		report_note("%s/%" PRId32 ": not compacted: %s",
		    c->topic->path, number, why);
	else if (!c->null)
		compaction_line(c, number, k, why);
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
		printf("nothing %s", t->cut_short ? "removed" : "to remove");
		return;
	}
	units_format_size(t->bytes, amount);
	printf("%s %" PRId64 " segment%s, %s",
	    c->dry_run ? "would remove" : "removed", all, plural(all),
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
		printf("nothing %s", t->cut_short ? "compacted" : "to compact");
		return;
	}
	printf("%s %" PRId64 " partition%s",
	    c->dry_run ? "would compact" : "compacted", t->compacted,
	    plural(t->compacted));
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
