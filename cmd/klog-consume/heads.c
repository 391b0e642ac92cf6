#include "heads.h"

#include <stdlib.h>

#include "reverse.h"

enum { HEADS_BYTES_MAX = 16 << 20 };

struct head {
	struct stream *stream;
	size_t number;		/* of the stream */
	struct reverse reverse;	/* backwards only */
	bool opened;
	/* the batch in memory */
	struct batch batch;
	struct buf bytes, plain;
	struct batch_records records;
	uint32_t *places;	/* backwards: where its records are */
	int32_t left;		/* backwards: places not given out */
	const uint8_t *base;	/* what places count from */
	bool loaded;
	uint64_t used;
	/* the record that comes next */
	struct record record;
};

struct heads {
	struct consumer *c;
	bool backwards;
	struct head *all;
	struct head **heap;	/* those that have a record, best first */
	size_t count;
	struct head *given;	/* by the last heads_next */
	uint64_t turn;
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
		return h->backwards ? x > y : x < y;
	return h->backwards ? a->number > b->number : a->number < b->number;
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

static void
unload(struct head *head)
{
	buf_release(&head->bytes);
	buf_release(&head->plain);
	free(head->places);
	head->places = NULL;
	head->loaded = false;
}

/* Keep what is in memory within the bound; keep stays. */
static void
make_room(struct heads *h, const struct head *keep)
{
	struct head *oldest;
	size_t total, i;

	for (;;) {
		oldest = NULL;
		total = 0;
		for (i = 0; i < h->c->stream_count; i++) {
			total += h->all[i].bytes.cap + h->all[i].plain.cap;
			if (h->all[i].loaded && &h->all[i] != keep &&
			    (oldest == NULL ||
			    h->all[i].used < oldest->used))
				oldest = &h->all[i];
		}
		if (total <= HEADS_BYTES_MAX || oldest == NULL)
			return;
		unload(oldest);
	}
}

/* Note where each record of the batch lies, to give them out backwards. */
static int
find_places(struct head *head, struct err *e)
{
	struct batch_records walk = head->records;
	struct record r;
	int got;

	free(head->places);
	head->left = 0;
	head->base = walk.next;
	head->places = malloc(((size_t)head->batch.count + 1) *
	    sizeof(*head->places));
	if (head->places == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	do {
		head->places[head->left++] =
		    (uint32_t)(walk.next - head->base);
		got = batch_records_next(&walk, &r, e);
	} while (got > 0 && head->left < head->batch.count);
	return got < 0 ? -1 : 0;
}

static int
unpack(struct heads *h, struct head *head, struct err *e)
{
	if (batch_records_init(&head->records, &head->batch,
	    head->bytes.data, h->c->codec, &head->plain, RAW_LIMIT, e) < 0)
		return err_prefix(e, "%s: batch at offset %lld",
		    head->stream->view.where,
		    (long long)head->batch.base_offset);
	if (h->backwards && find_places(head, e) < 0)
		return -1;
	head->loaded = true;
	head->used = ++h->turn;
	make_room(h, head);
	return 1;
}

static int
load_before(struct heads *h, struct head *head, struct err *e)
{
	int got, fate;

	for (;;) {
		got = reverse_next(&head->reverse, &head->batch,
		    &head->bytes, e);
		if (got <= 0)
			return got;
		if (head->batch.last_offset < head->stream->from)
			return 0;
		if ((head->batch.attributes & BATCH_CONTROL) ||
		    head->batch.count == 0)
			continue;
		fate = stream_fate(head->stream, &head->batch, true, e);
		if (fate < 0)
			return -1;
		if (fate == MARKERS_COMMITTED)
			return unpack(h, head, e);
	}
}

/* Read the next batch of head: 1, 0 there is none, -1. */
static int
load(struct heads *h, struct head *head, struct err *e)
{
	struct stream *s = head->stream;
	int64_t skipped = 0;
	int got;

	if (h->backwards)
		return load_before(h, head, e);
	got = stream_read(s, &head->batch, &head->bytes, &skipped, e);
	if (skipped > 0)
		streams_report_skipped(s, skipped);
	return got <= 0 ? got : unpack(h, head, e);
}

/* Step within the loaded batch: 1, 0 it is used up, -1. */
static int
step(struct heads *h, struct head *head, struct err *e)
{
	const uint8_t *at;

	if (!h->backwards)
		return batch_records_next(&head->records, &head->record, e);
	if (head->left == 0)
		return 0;
	at = head->base + head->places[--head->left];
	if (record_decode(&at, head->records.end, head->batch.base_offset,
	    head->batch.base_timestamp, &head->record) < 0)
		return err_set(e, ERR_CORRUPT, "not a record");
	if (head->batch.attributes & BATCH_APPEND_TIME)
		head->record.timestamp = head->batch.max_timestamp;
	return 1;
}

/* Bring back a batch that was let go of, and stand behind its record. */
static int
reload(struct heads *h, struct head *head, struct err *e)
{
	int64_t offset = head->record.offset;
	int got;

	if (h->backwards) {
		reverse_release(&head->reverse);
		reverse_init(&head->reverse, &head->stream->view,
		    head->batch.last_offset + 1);
	} else {
		cursor_seek(&head->stream->cursor, head->batch.base_offset);
		head->stream->done = false;
	}
	got = load(h, head, e);
	while (got > 0) {
		got = step(h, head, e);
		if (got > 0 && (h->backwards ? head->record.offset <= offset :
		    head->record.offset >= offset))
			return 1;
	}
	return got;
}

/* The record after the present one, in range: 1, 0 no more, -1. */
static int
advance(struct heads *h, struct head *head, struct err *e)
{
	struct stream *s = head->stream;
	int got;

	for (;;) {
		if (head->loaded) {
			got = step(h, head, e);
		} else if (head->opened) {
			got = reload(h, head, e);
			if (got > 0)
				got = step(h, head, e);
		} else {
			got = 0;
		}
		head->opened = true;
		if (got < 0)
			return -1;
		if (got == 0) {
			got = load(h, head, e);
			if (got <= 0) {
				unload(head);
				return got;
			}
			continue;
		}
		if (head->record.offset >= s->from &&
		    head->record.offset < s->to)
			return 1;
	}
}

struct heads *
heads_new(struct consumer *c, bool backwards, struct err *e)
{
	struct heads *h = calloc(1, sizeof(*h));
	struct head *head;
	size_t i;
	int got;

	if (h != NULL) {
		h->c = c;
		h->backwards = backwards;
		h->all = calloc(c->stream_count + 1, sizeof(*h->all));
		h->heap = calloc(c->stream_count + 1, sizeof(*h->heap));
	}
	if (h == NULL || h->all == NULL || h->heap == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		heads_free(h);
		return NULL;
	}
	for (i = 0; i < c->stream_count; i++) {
		head = &h->all[i];
		head->stream = c->streams[i];
		head->number = i;
		if (backwards)
			reverse_init(&head->reverse, &head->stream->view,
			    head->stream->to);
		got = advance(h, head, e);
		if (got < 0) {
			heads_free(h);
			return NULL;
		}
		if (got > 0)
			h->heap[h->count++] = head;
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
	for (i = 0; h->all != NULL && i < h->c->stream_count; i++) {
		unload(&h->all[i]);
		if (h->backwards && h->all[i].stream != NULL)
			reverse_release(&h->all[i].reverse);
	}
	free(h->all);
	free(h->heap);
	free(h);
}

int
heads_next(struct heads *h, struct head **head, struct err *e)
{
	int got;

	if (h->given != NULL) {
		got = advance(h, h->given, e);
		if (got < 0)
			return -1;
		if (got == 0)
			h->heap[0] = h->heap[--h->count];
		if (h->count > 0)
			sift_down(h, 0);
		h->given = NULL;
	}
	if (h->count == 0)
		return 0;
	/* Its record's bytes may have been let go of meanwhile. */
	if (!h->heap[0]->loaded && reload(h, h->heap[0], e) <= 0)
		return -1;
	h->heap[0]->used = ++h->turn;
	h->given = *head = h->heap[0];
	return 1;
}
