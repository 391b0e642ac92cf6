#include "standing.h"

#include "batch.h"
#include "cursor.h"

/* Where a reader of the group goes on. */
static int64_t
next_offset(const struct standing *s)
{
	return s->any && s->committed.offset > s->start ?
	    s->committed.offset : s->start;
}

/* The first record of the batch that is not below from: 1, 0 none, -1. */
static int
first_record(const struct view *v, const struct batch *b,
    const struct buf *bytes, int64_t from, struct codec *codec,
    int64_t *timestamp, struct err *e)
{
	struct batch_records walk;
	struct buf scratch = { 0 };
	struct record record = { .offset = -1 };
	int got = 1;

	if (b->attributes & BATCH_CONTROL)
		return 0;
	if (batch_records_init(&walk, b, bytes->data, codec, &scratch,
		(size_t)v->batch_max, e) < 0)
		got = -1;
	while (got > 0 && record.offset < from)
		got = batch_records_next(&walk, &record, e);
	*timestamp = record.timestamp;
	buf_release(&scratch);
	return got;
}

static int
find_age(struct standing *s, struct view *v, struct codec *codec,
    int64_t now_ms, struct err *e)
{
	struct buf bytes = { 0 };
	struct cursor c;
	struct batch b;
	int64_t timestamp;
	int got = 1, found = 0;

	cursor_init(&c, v, next_offset(s));
	while (found == 0 && c.next < s->end &&
	    (got = cursor_next(&c, &b, &bytes, e)) > 0) {
		found = first_record(v, &b, &bytes, next_offset(s), codec,
		    &timestamp, e);
		if (found < 0)
			err_prefix(e, "%s", v->where);
	}
	cursor_release(&c);
	buf_release(&bytes);
	if (found > 0 && timestamp < now_ms)
		s->age = now_ms - timestamp;
	return got < 0 || found < 0 ? -1 : 0;
}

static int
look(struct standing *s, struct view *v, const struct group *g,
    int32_t partition, struct err *e)
{
	int any;

	*s = (struct standing){ .partition = partition };
	any = group_committed(g, partition, &s->committed, e);
	if (any < 0 ||
	    topic_look(g->topic, partition, v, &s->start, e) < 0)
		return -1;
	s->any = any > 0;
	s->end = v->end.next_offset;
	if (next_offset(s) < s->end)
		s->lag = s->end - next_offset(s);
	return 0;
}

int
standing_read(struct standing *s, const struct group *g, int32_t partition,
    struct err *e)
{
	struct view v;

	if (look(s, &v, g, partition, e) < 0)
		return -1;
	view_close(&v);
	return 0;
}

int
standing_read_age(struct standing *s, const struct group *g,
    int32_t partition, struct codec *codec, int64_t now_ms, struct err *e)
{
	struct view v;
	int r;

	if (look(s, &v, g, partition, e) < 0)
		return -1;
	r = find_age(s, &v, codec, now_ms, e);
	view_close(&v);
	return r;
}
