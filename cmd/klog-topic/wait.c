/*
 * klog-topic wait: until a topic holds what it should, or is at rest.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "topic.h"
#include "units.h"
#include "verbs.h"
#include "view.h"
#include "watch.h"
#include "where.h"

enum {
	BUSY_WAIT_US = 20000,	/* a writer is between write and publish */
	BUSY_TRIES = 3,		/* then it was killed there, or stopped */
	BUSY_PAUSE_MS = 1000
};

struct place {
	struct view view;
	int64_t start;		/* of the log, as last seen */
	int64_t wanted;		/* its end: at least this; -1 */
};

struct wait {
	struct opt_common common;
	struct opt_list offsets;	/* P:N */
	int64_t records;	/* -1: not given */
	int64_t idle;		/* ms; -1: not given */
	int64_t timeout;	/* ms; -1 for ever */

	/* While it runs: */
	struct watch watch;
	struct topic topic;
	int topic_watch;
	bool topic_hit;
	struct place *places;	/* of each partition */
	int32_t count;
	int64_t end_sum;	/* of all partitions */
	int64_t changed;	/* when it did, clock.h */
};

static const struct wait defaults = { .records = -1, .idle = -1,
	.timeout = -1 };

static const struct opt table[] = {
	OPT_LIST(0, "offset", "P:N", struct wait, offsets,
	    "until the log of partition P ends at N or later; may be repeated"),
	OPT_INT(0, "records", "N", struct wait, records, 0, INT64_MAX,
	    "until there are N records, as describe counts them"),
	OPT_DURATION(0, "idle", "DUR", struct wait, idle, 1, INT64_MAX,
	    "until nothing was appended for DUR"),
	OPT_DURATION(0, "timeout", "DUR", struct wait, timeout, 0, INT64_MAX,
	    "give up after DUR"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

/* "P:N" */
static int
parse_offset(const char *text, int64_t *number, int64_t *offset, struct err *e)
{
	const char *colon = strchr(text, ':');
	char part[16];
	int n = colon == NULL ? 0 :
	    snprintf(part, sizeof(part), "%.*s", (int)(colon - text), text);

	if (n <= 0 || n >= (int)sizeof(part) ||
	    units_int(part, 0, PARTITIONS_MAX - 1, number) < 0 ||
	    units_int(colon + 1, 0, INT64_MAX, offset) < 0)
		return err_set(e, ERR_USAGE, "--offset: \"%s\" is not a "
		    "partition and an offset, such as 0:1000", text);
	return 0;
}

static int
check(const struct wait *o, struct err *e)
{
	int given = (o->offsets.n > 0) + (o->records >= 0) + (o->idle >= 0);
	int64_t number, offset;
	size_t i;

	if (given != 1)
		return err_set(e, ERR_USAGE, given == 0 ?
		    "nothing to wait for: give --offset, --records or --idle" :
		    "only one of --offset, --records and --idle");
	for (i = 0; i < o->offsets.n; i++)
		if (parse_offset(o->offsets.items[i], &number, &offset, e) < 0)
			return -1;
	return 0;
}

/* A look is at all logs; the topic itself seldom changes. */
static void
seen(void *ctx, int number, unsigned what)
{
	struct wait *o = ctx;

	(void)what;
	o->topic_hit |= number < 0 || number == o->topic_watch;
}

/* Those that are new: watch them first, then look. */
static int
open_places(struct wait *o, struct err *e)
{
	int32_t n = o->topic.settings.partitions;
	struct place *more, *p;

	if (n <= o->count)
		return 0;
	more = realloc(o->places, (size_t)n * sizeof(*more));
	if (more == NULL)
		return err_sys(e, "%s", o->topic.path);
	o->places = more;
	for (; o->count < n; o->count++) {
		p = &o->places[o->count];
		p->start = 0;
		p->wanted = -1;
		if (view_open(&p->view, o->topic.dirfd, o->count,
		    o->topic.path, e) < 0)
			return -1;
		view_expect(&p->view, &o->topic.settings);
		watch_add(&o->watch, p->view.dirfd, WATCH_DATA | WATCH_NAMES);
	}
	return 0;
}

static int
note_wanted(struct wait *o, struct err *e)
{
	int64_t number = 0, offset = 0;
	size_t i;

	for (i = 0; i < o->offsets.n; i++) {
		if (parse_offset(o->offsets.items[i], &number, &offset, e) < 0)
			return -1;
		if (number >= o->count)
			return err_set(e, ERR_SYSTEM, "%s: has no partition %"
			    PRId64 "; the last is %" PRId32, o->topic.path,
			    number, o->count - 1);
		if (offset > o->places[number].wanted)
			o->places[number].wanted = offset;
	}
	return 0;
}

/* The ends of all logs, as they are now: the sum tells whether one grew. */
static int
refresh(struct wait *o, struct err *e)
{
	int64_t sum = 0;
	int32_t i;

	for (i = 0; i < o->count; i++) {
		if (view_refresh(&o->places[i].view, e) < 0)
			return -1;
		sum += o->places[i].view.end.next_offset;
	}
	if (sum != o->end_sum)
		o->changed = clock_mono_ms();
	o->end_sum = sum;
	return 0;
}

/* How many there are; exact: the starts, which only rise, are read again. */
static int
count_records(struct wait *o, bool exact, int64_t *count, struct err *e)
{
	struct place *p;
	int32_t i;

	*count = 0;
	for (i = 0; i < o->count; i++) {
		p = &o->places[i];
		if (exact && view_look(&p->view, &p->start, e) < 0)
			return -1;
		*count += p->view.end.next_offset - p->start;
	}
	return 0;
}

/* 1 there is what was waited for, 0 not yet, -1. */
static int
look(struct wait *o, struct err *e)
{
	int64_t count = -1;
	int32_t i;

	if (refresh(o, e) < 0)
		return -1;
	if (o->idle >= 0)
		return clock_mono_ms() - o->changed >= o->idle;
	if (o->records >= 0) {
		if (count_records(o, false, &count, e) < 0 ||
		    (count >= o->records &&
			count_records(o, true, &count, e) < 0))
			return -1;
		return count >= o->records;
	}
	for (i = 0; i < o->count; i++)
		if (o->places[i].view.end.next_offset < o->places[i].wanted)
			return 0;
	return 1;
}

/*
 * Whether a writer is about to publish: it wrote, which woke us, and nothing
 * else will.  Waits a little for it.
 */
static bool
is_busy(struct wait *o, bool again)
{
	struct state_page *page;
	uint32_t seq;
	int32_t i;

	for (i = 0; i < o->count; i++) {
		page = o->places[i].view.state.page;
		if (page == NULL)
			continue;
		seq = atomic_load(&page->data_seq);
		if (atomic_load(&page->busy) == 0)
			continue;
		if (again)
			watch_futex_wait(&page->data_seq, seq, BUSY_WAIT_US);
		return true;
	}
	return false;
}

static int
give_up(struct wait *o, struct err *e)
{
	const struct place *p = o->places;
	char text[UNITS_TEXT];
	int64_t count;

	units_format_duration(o->timeout, text);
	if (o->idle >= 0)
		return err_set(e, ERR_BUSY, "%s: is still being appended to "
		    "after %s", o->topic.path, text);
	if (o->records >= 0) {
		if (count_records(o, true, &count, e) < 0)
			return -1;
		return err_set(e, ERR_BUSY, "%s: has %" PRId64 " of %" PRId64
		    " records after %s", o->topic.path, count, o->records,
		    text);
	}
	while (p->view.end.next_offset >= p->wanted)
		p++;
	return err_set(e, ERR_BUSY, "%s: ends at offset %" PRId64 ", not %"
	    PRId64 ", after %s", p->view.where, p->view.end.next_offset,
	    p->wanted, text);
}

/* Milliseconds to sleep at most; -1: until something happens. */
static int64_t
limit(const struct wait *o, int64_t begun, bool busy)
{
	int64_t now = clock_mono_ms(), least = -1, left[3];
	int i;

	left[0] = o->timeout < 0 ? -1 : o->timeout - (now - begun);
	left[1] = o->idle < 0 ? -1 : o->idle - (now - o->changed);
	left[2] = busy ? BUSY_PAUSE_MS : -1;
	for (i = 0; i < 3; i++)
		if (left[i] >= 0 && (least < 0 || left[i] < least))
			least = left[i];
	return least;
}

static int
wait_for(struct wait *o, struct err *e)
{
	int64_t begun = clock_mono_ms();
	int r, tries = 0;
	bool busy;

	o->changed = begun;
	o->topic_watch = watch_add(&o->watch, o->topic.dirfd, WATCH_NAMES);
	if (topic_reload(&o->topic, e) < 0 || open_places(o, e) < 0 ||
	    note_wanted(o, e) < 0)
		return -1;
	while ((r = look(o, e)) == 0) {
		if (o->timeout >= 0 && clock_mono_ms() - begun >= o->timeout)
			return give_up(o, e);
		busy = is_busy(o, tries < BUSY_TRIES);
		tries = busy ? tries + 1 : 0;
		if (busy && tries <= BUSY_TRIES)
			continue;
		o->topic_hit = o->watch.fd < 0;
		watch_wait(&o->watch, limit(o, begun, busy), seen, o);
		/* Partitions may have been added, or it was deleted. */
		if (o->topic_hit && (topic_reload(&o->topic, e) < 0 ||
		    open_places(o, e) < 0))
			return -1;
	}
	return r < 0 ? -1 : 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct wait *o = opts;
	int r;

	(void)argc;
	if (check(o, e) < 0 ||
	    where_open(&o->topic, &o->common, argv[0], e) < 0)
		return -1;
	watch_open(&o->watch);
	r = wait_for(o, e);
	while (o->count > 0)
		view_close(&o->places[--o->count].view);
	free(o->places);
	watch_close(&o->watch);
	topic_close(&o->topic);
	return r;
}

static const char *const usage[] = {
	"--offset p:n | --records n | --idle dur [options] TOPIC", NULL };

const struct command verb_wait = {
	.name = "wait",
	.summary = "wait until a topic holds what it should, or is at rest",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct wait),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
