#include <stdlib.h>

#include "emit.h"
#include "heads.h"
#include "main.h"
#include "reverse.h"
#include "streams.h"

/* The offset of the nth record from the end of batch b, n from 1. */
static int
nth_from_end(struct stream *s, const struct batch *b, struct buf *bytes,
    int64_t n, struct err *e)
{
	struct buf scratch = { 0 };
	struct batch_records br;
	struct record r;
	int64_t skip = b->count - n;
	int got;

	if (batch_records_init(&br, b, bytes->data, s->consumer->codec,
	    &scratch, (size_t)s->view.batch_max, e) < 0)
		return -1;
	while ((got = batch_records_next(&br, &r, e)) > 0 && skip-- > 0)
		continue;
	if (got > 0)
		s->from = r.offset;
	buf_release(&scratch);
	return got < 0 ? -1 : 0;
}

int
last_of_stream(struct stream *s, int64_t n, struct err *e)
{
	struct buf bytes = { 0 };
	struct reverse rev;
	struct batch b;
	int64_t left = n;
	int got = 1, fate;

	s->from = s->view.end.next_offset;
	reverse_init(&rev, &s->view, s->from);
	while (left > 0 && got > 0) {
		got = reverse_next(&rev, &b, NULL, e);
		if (got <= 0 || (b.attributes & BATCH_CONTROL) ||
		    b.count == 0)
			continue;
		fate = stream_fate(s, &b, true, e);
		if (fate < 0)
			got = -1;
		if (fate == MARKERS_OPEN)
			left = n;	/* nothing behind it is stable */
		if (fate == MARKERS_OPEN)
			s->from = b.base_offset;
		if (fate != MARKERS_COMMITTED)
			continue;
		s->from = b.base_offset;
		if (b.count > left) {
			/* Only this batch must be looked into. */
			reverse_release(&rev);
			reverse_init(&rev, &s->view, b.last_offset + 1);
			got = reverse_next(&rev, &b, &bytes, e);
			if (got > 0)
				got = nth_from_end(s, &b, &bytes, left, e) < 0 ?
				    -1 : 0;
			break;
		}
		left -= b.count;
	}
	reverse_release(&rev);
	buf_release(&bytes);
	return got < 0 ? -1 : 0;
}

/* Go back n records: note in from where they begin.  0, or -1. */
static int
walk_back(struct consumer *c, int64_t n, int64_t *from, struct err *e)
{
	struct heads *h = heads_new(c, true, e);
	struct head *head;
	int got = h == NULL ? -1 : 1, passed;

	while (n > 0 && got > 0 && main_stopped() == 0) {
		got = heads_next(h, &head, e);
		if (got <= 0)
			break;
		passed = c->filter == NULL ? 1 :
		    filter_match(c->filter, heads_record(head), e);
		if (passed < 0)
			got = -1;
		n -= passed > 0;
		from[heads_stream(head)] = heads_record(head)->offset;
	}
	heads_free(h);
	return got < 0 ? -1 : 0;
}

int
last_seek(struct consumer *c, int64_t n, struct err *e)
{
	size_t count = c->stream_count, i;
	int64_t *from = calloc(count + 1, 2 * sizeof(*from));
	int64_t *to;
	bool again = true;
	int r = 0;

	if (from == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	to = from + count;
	for (i = 0; i < count; i++)
		to[i] = c->streams[i]->to;
	/* An undecided transaction that is met on the way lowers an end. */
	while (r == 0 && again) {
		for (i = 0; i < count; i++) {
			from[i] = c->streams[i]->view.end.next_offset;
			if (c->streams[i]->to < from[i])
				from[i] = c->streams[i]->to;
		}
		c->ends_lowered = false;
		r = walk_back(c, n, from, e);
		again = c->ends_lowered;
	}
	for (i = 0; r == 0 && i < count; i++) {
		c->streams[i]->from = from[i];
		c->streams[i]->done = false;
		/* It is decided some time. */
		if (c->o->follow)
			c->streams[i]->to = to[i];
		cursor_seek(&c->streams[i]->cursor, from[i]);
	}
	free(from);
	return r;
}
