#include <inttypes.h>
#include <stdlib.h>

#include "consume.h"
#include "heads.h"
#include "reverse.h"

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
	    &scratch, RAW_LIMIT, e) < 0)
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
	int got = 1;

	s->from = s->view.end.next_offset;
	reverse_init(&rev, &s->view, s->from);
	while (n > 0 && got > 0) {
		got = reverse_next(&rev, &b, NULL, e);
		if (got <= 0 || (b.attributes & BATCH_CONTROL) ||
		    b.count == 0)
			continue;
		s->from = b.base_offset;
		if (b.count > n) {
			/* Only this batch must be looked into. */
			reverse_release(&rev);
			reverse_init(&rev, &s->view, b.last_offset + 1);
			got = reverse_next(&rev, &b, &bytes, e);
			if (got > 0)
				got = nth_from_end(s, &b, &bytes, n, e) < 0 ?
				    -1 : 0;
			break;
		}
		n -= b.count;
	}
	reverse_release(&rev);
	buf_release(&bytes);
	return got < 0 ? -1 : 0;
}

int
last_seek(struct consumer *c, int64_t n, struct err *e)
{
	struct heads *h = heads_new(c, true, e);
	struct head *head;
	int64_t *from;
	size_t i;
	int got = h == NULL ? -1 : 1, passed;

	from = malloc((c->stream_count + 1) * sizeof(*from));
	for (i = 0; from != NULL && i < c->stream_count; i++) {
		from[i] = c->streams[i]->view.end.next_offset;
		if (c->streams[i]->to < from[i])
			from[i] = c->streams[i]->to;
	}
	if (from == NULL)
		got = err_set(e, ERR_SYSTEM, "out of memory");
	while (n > 0 && got > 0) {
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
	for (i = 0; got >= 0 && i < c->stream_count; i++) {
		c->streams[i]->from = from[i];
		c->streams[i]->done = false;
		cursor_seek(&c->streams[i]->cursor, from[i]);
	}
	free(from);
	return got < 0 ? -1 : 0;
}
