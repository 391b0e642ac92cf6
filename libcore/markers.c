#include "markers.h"

#include <stdlib.h>
#include <string.h>

enum { MARKER_KEY = 4, MARKER_ABORT = 0, MARKER_COMMIT = 1 };

void
markers_init(
    struct markers *m, struct view *v, struct codec *codec, int64_t offset)
{
	*m = (struct markers){ .view = v, .codec = codec };
	cursor_init(&m->cursor, v, offset);
}

void
markers_release(struct markers *m)
{
	if (m->view != NULL)
		cursor_release(&m->cursor);
	free(m->list);
	buf_release(&m->bytes);
	buf_release(&m->scratch);
	*m = (struct markers){ 0 };
}

static int
add(struct markers *m, const struct marker *marker, struct err *e)
{
	size_t cap = m->cap > 0 ? m->cap * 2 : 16;
	struct marker *list;

	if (m->count == m->cap) {
		list = realloc(m->list, cap * sizeof(*list));
		if (list == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		m->list = list;
		m->cap = cap;
	}
	m->list[m->count++] = *marker;
	return 0;
}

int
markers_kind(const struct batch *b, const uint8_t *bytes,
    enum markers_kind *kind, struct err *e)
{
	struct batch_records br;
	struct buf none = { 0 };
	struct record r;
	int got, type = -1;

	*kind = MARKERS_OTHER;
	if (b->attributes & BATCH_CODEC_MASK)
		return 0; /* they are never compressed */
	if (batch_records_init(
		&br, b, bytes, NULL, &none, (size_t)b->size, e) < 0)
		return -1;
	got = batch_records_next(&br, &r, e);
	if (got <= 0)
		return got;
	if (r.key.len >= MARKER_KEY)
		type = get_be16(r.key.data + 2);
	if (type == MARKER_ABORT)
		*kind = MARKERS_ABORT;
	if (type == MARKER_COMMIT)
		*kind = MARKERS_COMMIT;
	return 0;
}

/* Note the marker in control batch b, if it ends a transaction. */
static int
note(struct markers *m, const struct batch *b, struct err *e)
{
	struct marker marker = { b->producer_id, b->base_offset, false };
	enum markers_kind kind;

	if (markers_kind(b, m->bytes.data, &kind, e) < 0)
		return -1;
	if (kind == MARKERS_OTHER)
		return 0;
	marker.aborted = kind == MARKERS_ABORT;
	return add(m, &marker, e);
}

/* The first end of that producer's transaction after offset, or NULL. */
static const struct marker *
find(const struct markers *m, int64_t producer_id, int64_t offset)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (m->list[i].producer_id == producer_id &&
		    m->list[i].offset > offset)
			return &m->list[i];
	return NULL;
}

/* Forget the markers that lie before offset. */
static void
forget(struct markers *m, int64_t offset)
{
	size_t n = 0;

	while (n < m->count && m->list[n].offset < offset)
		n++;
	if (n > 0)
		memmove(
		    m->list, m->list + n, (m->count - n) * sizeof(*m->list));
	m->count -= n;
}

int
markers_fate(struct markers *m, const struct batch *b, struct err *e)
{
	const struct marker *end;
	int64_t from, to;
	struct batch ahead;
	int got;

	forget(m, b->base_offset);
	if (m->cursor.next <= b->last_offset)
		cursor_seek(&m->cursor, b->last_offset + 1);
	while ((end = find(m, b->producer_id, b->last_offset)) == NULL) {
		got = cursor_next(&m->cursor, &ahead, &m->bytes, e);
		if (got < 0 && m->skip_damage && e->code == ERR_CORRUPT) {
			got = cursor_skip_damage(&m->cursor, &from, &to, e);
			if (got > 0)
				continue;
		}
		if (got < 0)
			return -1;
		if (got == 0)
			return MARKERS_OPEN;
		if ((ahead.attributes & BATCH_CONTROL) &&
		    note(m, &ahead, e) < 0)
			return -1;
	}
	return end->aborted ? MARKERS_ABORTED : MARKERS_COMMITTED;
}
