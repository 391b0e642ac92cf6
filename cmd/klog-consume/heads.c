#include "heads.h"

#include <stdlib.h>

#include "head.h"

enum {
	PIECES_BYTES = 8 << 20,	/* of all streams together */
	PIECE_MIN = 512
};

struct heads {
	struct heads_memory m;
	struct head *all;
	struct head **heap;	/* those that have a record, best first */
	size_t count;
	struct head *given;	/* by the last heads_next */
};

const struct record *
heads_record(const struct head *head)
{
	return &head->record;
}

const struct batch *
heads_batch(const struct head *head)
{
	return &head->batch;
}

size_t
heads_stream(const struct head *head)
{
	return head->number;
}

static bool
before(const struct heads *h, const struct head *a, const struct head *b)
{
	int64_t x = a->record.timestamp, y = b->record.timestamp;

	if (x != y)
		return h->m.backwards ? x > y : x < y;
	return h->m.backwards ? a->number > b->number : a->number < b->number;
}

static void
sift_down(struct heads *h, size_t i)
{
	struct head *moved = h->heap[i];
	size_t child;

	while ((child = 2 * i + 1) < h->count) {
		if (child + 1 < h->count &&
		    before(h, h->heap[child + 1], h->heap[child]))
			child++;
		if (!before(h, h->heap[child], moved))
			break;
		h->heap[i] = h->heap[child];
		i = child;
	}
	h->heap[i] = moved;
}

struct heads *
heads_new(struct consumer *c, bool backwards, struct err *e)
{
	struct heads *h = calloc(1, sizeof(*h));
	struct head *all = calloc(c->stream_count + 1, sizeof(*all));
	struct head **heap = calloc(c->stream_count + 1, sizeof(struct head *));
	size_t i;
	int got = 0;

	if (h == NULL || all == NULL || heap == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		free(h);
		free(all);
		free(heap);
		return NULL;
	}
	h->all = all;
	h->heap = heap;
	h->m.c = c;
	h->m.backwards = backwards;
	h->m.piece_max = PIECES_BYTES / (c->stream_count + 1);
	if (h->m.piece_max < PIECE_MIN)
		h->m.piece_max = PIECE_MIN;
	for (i = 0; got >= 0 && i < c->stream_count; i++) {
		head_init(&all[i], &h->m, c->streams[i], i);
		got = head_advance(&all[i], &h->m, e);
		if (got > 0)
			heap[h->count++] = &all[i];
	}
	if (got < 0) {
		heads_free(h);
		return NULL;
	}
	for (i = h->count / 2; i-- > 0;)
		sift_down(h, i);
	return h;
}

void
heads_free(struct heads *h)
{
	size_t i;

	if (h == NULL)
		return;
	for (i = 0; i < h->m.c->stream_count; i++)
		head_release(&h->all[i], &h->m);
	buf_release(&h->m.bytes);
	buf_release(&h->m.plain);
	free(h->all);
	free(h->heap);
	free(h);
}

int
heads_next(struct heads *h, struct head **head, struct err *e)
{
	struct head *top = h->given;
	int got;

	h->given = NULL;
	for (;;) {
		if (top != NULL) {
			got = head_advance(top, &h->m, e);
			if (got < 0)
				return -1;
			if (got == 0)
				h->heap[0] = h->heap[--h->count];
			if (h->count > 0)
				sift_down(h, 0);
		}
		if (h->count == 0)
			return 0;
		top = h->heap[0];
		got = head_refresh(top, &h->m, e);
		if (got < 0)
			return -1;
		if (got > 0)
			break;
	}
	h->given = *head = top;
	return 1;
}
