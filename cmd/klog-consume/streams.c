#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "checkpoint.h"
#include "report.h"
#include "router.h"
#include "streams.h"
#include "timefind.h"
#include "where.h"

enum { STREAMS_BUFFERED = 4 };	/* more: what a search read is read again */

/* The offset that a bound stands for; missing is that of an unknown time. */
static int
resolve(struct consumer *c, struct stream *s, const struct bound *b,
    int64_t start, int64_t missing, int64_t *out, struct err *e)
{
	int64_t end = s->view.end.next_offset, timestamp;
	int got;

	switch (b->kind) {
	case BOUND_NONE:
	case BOUND_START:
		*out = start;
		return 0;
	case BOUND_END:
		*out = end;
		return 0;
	case BOUND_OFFSET:
		*out = b->value;
		return 0;
	case BOUND_FROM_START:
		*out = b->value > INT64_MAX - start ? INT64_MAX :
		    start + b->value;
		return 0;
	case BOUND_FROM_END:
		if (last_of_stream(s, b->value, e) < 0)
			return -1;
		*out = s->from;
		return 0;
	case BOUND_TIME:
		got = timefind_seek(&s->cursor, c->codec, start, b->value,
		    (size_t)s->view.batch_max, out, &timestamp, e);
		if (got == 0)
			*out = missing;
		return got < 0 ? -1 : 0;
	}
	return 0;
}

/* Pin where s starts and stops. */
static int
settle_range(struct consumer *c, struct stream *s, struct err *e)
{
	const struct range *range = &c->o->range;
	int64_t start, end, to;

	if (view_list(&s->view, e) < 0 || view_refresh(&s->view, e) < 0 ||
	    view_start(&s->view, &start, e) < 0)
		return -1;
	end = s->view.end.next_offset;
	s->from = start;
	s->until = INT64_MAX;
	if (resolve(c, s, &range->from, start, end, &s->from, e) < 0)
		return -1;
	if (s->from < start) {
		if (range->from.kind == BOUND_OFFSET)
			streams_report_skipped(s, start - s->from, NULL,
			    start);
		s->from = start;
	}
	/* Reading up to there shows what is missing. */
	if (s->view.log.next_offset < s->view.promised &&
	    (c->o->reverse || c->o->has_last))
		return checkpoint_too_short(s->view.where, end,
		    s->view.promised, e);
	end = view_expected_end(&s->view);
	s->to = c->o->follow ? INT64_MAX : end;
	if (range->to.kind == BOUND_NONE)
		return 0;
	if (range->to.kind == BOUND_TIME && c->o->follow)
		s->until = range->to.value;
	if (resolve(c, s, &range->to, start, s->to, &to, e) < 0)
		return -1;
	if (to < s->to)
		s->to = to;
	return 0;
}

struct stream *
streams_add(struct consumer *c, struct topic *t, int32_t number,
    struct err *e)
{
	struct stream **more, *s;

	more = realloc(c->streams, (c->stream_count + 1) *
	    sizeof(struct stream *));
	s = calloc(1, sizeof(*s));
	if (more != NULL)
		c->streams = more;
	if (more == NULL || s == NULL) {
		free(s);
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	if (view_open(&s->view, t->dirfd, number, t->path, e) < 0) {
		free(s);
		return NULL;
	}
	view_expect(&s->view, &t->settings);
	s->consumer = c;
	s->topic = t;
	s->partition = number;
	s->watch = -1;
	s->to = s->until = INT64_MAX;
	cursor_init(&s->cursor, &s->view, 0);
	c->streams[c->stream_count++] = s;
	return s;
}

static int
open_stream(struct consumer *c, struct topic *t, int32_t number,
    struct err *e)
{
	struct stream *s = streams_add(c, t, number, e);

	if (s == NULL || settle_range(c, s, e) < 0)
		return -1;
	cursor_seek(&s->cursor, s->from);
	if (c->stream_count > STREAMS_BUFFERED)
		scan_release(&s->cursor.scan);
	return 0;
}

static bool
wanted(const struct consumer *c, int32_t number)
{
	const struct partitions *p = &c->o->partitions;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->list[i] == number)
			return true;
	return p->list == NULL;
}

static int
open_partitions(struct consumer *c, struct topic *t, struct err *e)
{
	const struct partitions *p = &c->o->partitions;
	int32_t n = t->settings.partitions, i, only = -1;

	if (p->list != NULL && p->n > 0 && p->list[p->n - 1] >= n)
		return err_set(e, ERR_USAGE, "-p: %s has partitions 0 to %"
		    PRId32, t->path, n - 1);
	if (c->o->key != NULL && p->list == NULL)
		only = router_partition(c->o->key, strlen(c->o->key), n);
	for (i = 0; i < n; i++)
		if (wanted(c, i) && (only < 0 || only == i) &&
		    open_stream(c, t, i, e) < 0)
			return -1;
	return 0;
}

int
streams_open(struct consumer *c, char **operands, int count, struct err *e)
{
	int i;

	c->topics = calloc((size_t)count, sizeof(*c->topics));
	if (c->topics == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (i = 0; i < count; i++) {
		if (where_open(&c->topics[i].topic, &c->o->common,
			operands[i], e) < 0)
			return -1;
		c->topic_count++;
	}
	for (i = 0; i < count && c->o->group == NULL; i++)
		if (open_partitions(c, &c->topics[i].topic, e) < 0)
			return -1;
	return 0;
}

static void
free_stream(struct stream *s)
{
	cursor_release(&s->cursor);
	markers_release(&s->markers);
	if (s->has_ahead)
		view_close(&s->ahead);
	view_close(&s->view);
	free(s);
}

void
streams_remove(struct consumer *c, struct stream *s)
{
	size_t i = 0;

	while (c->streams[i] != s)
		i++;
	c->streams[i] = c->streams[--c->stream_count];
	watch_remove(&c->watch, s->watch);
	free_stream(s);
}

void
streams_close(struct consumer *c)
{
	size_t i;
	int j;

	for (i = 0; i < c->stream_count; i++)
		free_stream(c->streams[i]);
	free(c->streams);
	for (j = 0; j < c->topic_count; j++)
		topic_close(&c->topics[j].topic);
	free(c->topics);
}

static bool
is_open(const struct consumer *c, const struct topic *t, int32_t number)
{
	size_t i;

	for (i = 0; i < c->stream_count; i++)
		if (c->streams[i]->topic == t &&
		    c->streams[i]->partition == number)
			return true;
	return false;
}

/* Add a partition that was not read so far, from its start. */
static int
add_new(struct consumer *c, struct topic *t, int32_t number, struct err *e)
{
	struct stream *s = streams_add(c, t, number, e);

	if (s == NULL)
		return -1;
	if (c->o->range.to.kind == BOUND_TIME)
		s->until = c->o->range.to.value;
	s->watch = watch_add(&c->watch, s->view.dirfd,
	    WATCH_DATA | WATCH_NAMES);
	return 0;
}

int
streams_refresh(struct consumer *c, struct consumed_topic *t, struct err *e)
{
	int32_t old = t->topic.settings.partitions, i;
	const char *key = c->o->key;

	if (topic_reload(&t->topic, e) < 0)
		return -1;
	if (t->topic.settings.partitions == old)
		return 0;
	if (c->o->group != NULL) {
		c->grown = true;
		return 0;
	}
	if (key != NULL && c->o->partitions.list == NULL) {
		i = router_partition(key, strlen(key),
		    t->topic.settings.partitions);
		return is_open(c, &t->topic, i) ? 0 :
		    add_new(c, &t->topic, i, e);
	}
	for (i = old; i < t->topic.settings.partitions; i++)
		if (wanted(c, i) && add_new(c, &t->topic, i, e) < 0)
			return -1;
	return 0;
}

void
streams_explain(const struct consumer *c, struct err *e)
{
	const struct topic *t;
	struct stat there, ours;
	int j;

	if (e->code != ERR_SYSTEM && e->code != ERR_CORRUPT)
		return;
	for (j = 0; j < c->topic_count; j++) {
		t = &c->topics[j].topic;
		if (fstat(t->dirfd, &ours) == 0 &&
		    (stat(t->path, &there) < 0 ||
		    there.st_dev != ours.st_dev ||
		    there.st_ino != ours.st_ino)) {
			err_set(e, ERR_SYSTEM, "%s: topic was deleted",
			    t->path);
			return;
		}
		if (where_advise(e, t->path))
			return;
	}
}

void
streams_report_skipped(struct stream *s, int64_t skipped,
    const struct batch *b, int64_t next)
{
	struct err ignored;
	int64_t start;

	if (b != NULL) {
		next = b->base_offset;
		/* The log may start within it. */
		if (checkpoint_read_start(s->view.dirfd, &start,
		    s->view.where, &ignored) > 0 && start > next &&
		    start <= b->last_offset)
			s->from = next = start;
	}
	report_warn("%s: skipped %" PRId64 " offsets that are gone, going on "
	    "at offset %" PRId64, s->view.where, skipped, next);
}
