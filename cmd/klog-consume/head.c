#include "head.h"

#include <stdlib.h>

void
head_init(struct head *head, const struct heads_memory *m, struct stream *s,
    size_t number)
{
	*head = (struct head){ .stream = s, .number = number,
		.resume = m->backwards ? s->to : s->from };
	if (m->backwards)
		reverse_init(&head->reverse, &s->view, s->to);
}

void
head_release(struct head *head, const struct heads_memory *m)
{
	buf_release(&head->piece);
	free(head->places);
	if (m->backwards && head->stream != NULL)
		reverse_release(&head->reverse);
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

/*
 * Copy what comes next of the batch in memory into the piece of head; if the
 * next record alone is larger than a piece may be, have it in head->record.
 * 1, 0 nothing of the batch comes next, -1.
 */
static int
fill_on(struct head *head, struct heads_memory *m, struct err *e)
{
	struct batch_records walk = m->records, first = walk, last = walk;
	struct record r;
	int32_t count = 0;
	int got;

	for (;;) {
		got = batch_records_next(&walk, &r, e);
		if (got <= 0)
			break;
		if (r.offset < head->resume) {
			first = last = walk;
			continue;
		}
		if ((size_t)(walk.next - first.next) > m->piece_max)
			break;
		count++;
		last = walk;
	}
	if (got > 0 && count == 0) {
		head->record = r;
		head->large = true;
		return 1;
	}
	if (got < 0 && count == 0)
		return head_leave_out(head, e) < 0 ? -1 : 0;
	head->used_up = got == 0;
	if (count == 0)
		return 0;
	buf_clear(&head->piece);
	if (buf_append(&head->piece, first.next,
	    (size_t)(last.next - first.next)) < 0)
		return no_memory(e);
	head->walk = first;
	head->walk.batch = &head->batch;
	head->walk.next = head->piece.data;
	head->walk.end = head->piece.data + head->piece.len;
	head->walk.left = count;
	return 1;
}

static int
add_place(struct head *head, size_t place)
{
	size_t cap = head->cap > 0 ? head->cap * 2 : 16;
	uint32_t *places;

	if (head->left == head->cap) {
		places = realloc(head->places, cap * sizeof(*places));
		if (places == NULL)
			return -1;
		head->places = places;
		head->cap = cap;
	}
	head->places[head->left++] = (uint32_t)place;
	return 0;
}

/* The same backwards: the records right below resume. */
static int
fill_back(struct head *head, struct heads_memory *m, struct err *e)
{
	struct batch_records walk = m->records;
	const uint8_t *at = walk.next, *end = at, *from = NULL;
	struct record r, last = { 0 };
	int got;

	while ((got = batch_records_next(&walk, &r, e)) > 0 &&
	    r.offset < head->resume) {
		last = r;
		end = walk.next;
	}
	if (got < 0)
		return head_leave_out(head, e) < 0 ? -1 : 0;
	head->left = 0;
	buf_clear(&head->piece);
	for (walk = m->records; at < end; at = walk.next) {
		if ((size_t)(end - at) <= m->piece_max) {
			from = from == NULL ? at : from;
			if (add_place(head, (size_t)(at - from)) < 0)
				return no_memory(e);
		}
		if (batch_records_next(&walk, &r, e) <= 0)
			break;
	}
	head->used_up = end == m->records.next || from == m->records.next;
	if (end == m->records.next)
		return 0;
	if (from == NULL) {
		head->record = last;
		head->large = true;
		return 1;
	}
	return buf_append(&head->piece, from, (size_t)(end - from)) < 0 ?
	    no_memory(e) : 1;
}

static int
fill(struct head *head, struct heads_memory *m, struct err *e)
{
	return m->backwards ? fill_back(head, m, e) : fill_on(head, m, e);
}

/* Step within the piece: 1, 0 it is used up, -1. */
static int
step(struct head *head, struct heads_memory *m, struct err *e)
{
	const uint8_t *at;

	if (!m->backwards)
		return head->walk.left == 0 ? 0 :
		    batch_records_next(&head->walk, &head->record, e);
	if (head->left == 0)
		return 0;
	at = head->piece.data + head->places[--head->left];
	if (record_decode(&at, head->piece.data + head->piece.len,
	    head->batch.base_offset, head->batch.base_timestamp,
	    &head->record) < 0)
		return err_set(e, ERR_CORRUPT, "not a record");
	if (head->batch.attributes & BATCH_APPEND_TIME)
		head->record.timestamp = head->batch.max_timestamp;
	return 1;
}

/* Whether the record that was found is in the range; if not, it is the end. */
static int
in_range(struct head *head, struct heads_memory *m)
{
	struct stream *s = head->stream;
	const struct record *r = &head->record;

	head->resume = m->backwards ? r->offset : r->offset + 1;
	if (m->backwards ? r->offset >= s->from : r->offset < s->to &&
	    r->timestamp < s->until)
		return 1;
	if (!m->backwards)
		s->done = s->over = true;
	head->ended = true;
	return 0;
}

int
head_advance(struct head *head, struct heads_memory *m, struct err *e)
{
	int got;

	head->large = false;
	for (;;) {
		got = step(head, m, e);
		if (got != 0)
			return got < 0 ? -1 : in_range(head, m);
		if (head->ended)
			return 0;
		if (!head->started || head->used_up)
			got = head_read(head, m, e);
		else
			got = head_read_again(head, m, e);
		if (got <= 0)
			return got;
		if (m->owner == head)
			got = fill(head, m, e);
		if (got < 0)
			return -1;
		if (head->large)
			return in_range(head, m);
	}
}

int
head_refresh(struct head *head, struct heads_memory *m, struct err *e)
{
	int64_t resume = head->resume, offset = head->record.offset;
	int got;

	if (!head->large || m->owner == head)
		return 1;
	head->resume = m->backwards ? offset + 1 : offset;
	head->large = false;
	got = head_read_again(head, m, e);
	if (got > 0 && m->owner == head)
		got = fill(head, m, e);
	if (got > 0 && head->large && head->record.offset == offset) {
		head->resume = resume;
		return 1;
	}
	return got < 0 ? -1 : 0;
}
