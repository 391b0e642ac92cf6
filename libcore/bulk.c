#include "bulk.h"

#include <inttypes.h>

#include "fsio.h"

static void
count(struct bulk *got, const struct batch *b, int64_t expected)
{
	got->batches++;
	got->records += b->count;
	if (b->base_offset > expected)
		got->holes = true;
}

/* Whether b may follow in the segment that c has open; else cursor_next is
 * asked, which knows what to do. */
static bool
is_plain(const struct cursor *c, const struct batch *b, int64_t limit)
{
	return b->base_offset >= c->floor && b->base_offset >= c->next &&
	    (!c->view->strict || b->base_offset == c->floor) &&
	    b->last_offset < limit &&
	    b->last_offset < c->view->end.next_offset &&
	    b->last_offset - c->base <= INT32_MAX && b->epoch == c->epoch;
}

/*
 * Bytes at c's place, at most room, or one batch if that is more: how many
 * there are behind out, -1 errno.
 */
static ssize_t
fetch(struct cursor *c, struct buf *out, size_t room)
{
	int64_t left = c->scan.limit - c->scan.position;
	struct batch b;
	ssize_t r, more;

	if (c->fd < 0 || left < BATCH_HEADER || room < BATCH_HEADER)
		return 0;
	if (left < (int64_t)room)
		room = (size_t)left;
	if (buf_reserve(out, room) < 0)
		return 0;
	r = fsio_read_at(
	    c->fd, out->data + out->len, room, c->scan.position);
	if (r < BATCH_HEADER ||
	    batch_decode(out->data + out->len, (size_t)r, &b) != BATCH_SHORT ||
	    b.size > left || b.size > c->view->batch_max)
		return r;
	if (buf_reserve(out, (size_t)b.size) < 0)
		return 0;
	more = fsio_read_at(c->fd, out->data + out->len + r,
	    (size_t)b.size - (size_t)r, c->scan.position + r);
	return more < 0 ? -1 : r + more;
}

/* Read on where c stands in its segment: bytes added to out, -1 errno. */
static ssize_t
read_on(struct cursor *c, int64_t limit, struct buf *out, size_t room,
    struct bulk *got)
{
	ssize_t r = fetch(c, out, room);
	const uint8_t *p = out->data + out->len;
	size_t used = 0;
	struct batch b;

	if (r <= 0)
		return r;
	while (batch_decode(p + used, (size_t)r - used, &b) == BATCH_WHOLE &&
	    is_plain(c, &b, limit) && batch_verify(p + used, &b)) {
		count(got, &b, c->next);
		c->got_base = b.base_offset;
		c->got_last = b.last_offset;
		c->got_position = c->scan.position + (int64_t)used;
		c->floor = c->next = c->given = b.last_offset + 1;
		used += (size_t)b.size;
	}
	if (used == 0)
		return 0;
	c->scan.position += (int64_t)used;
	scan_forget(&c->scan);
	out->len += used;
	return (ssize_t)used;
}

/* A batch that begins below what is wanted can only be an empty one. */
static int
begin_at(struct cursor *c, int64_t from, struct batch *b, struct buf *bytes,
    struct err *e)
{
	if (b->count > 0)
		return view_corrupt(c->view, c->base, c->got_position, from,
		    "is in the middle of a batch with records", e);
	buf_clear(bytes);
	if (buf_reserve(bytes, BATCH_HEADER) < 0)
		return err_set(
		    e, ERR_SYSTEM, "%s: out of memory", c->view->where);
	batch_empty(bytes->data, from, b->last_offset, b->epoch);
	bytes->len = BATCH_HEADER;
	b->base_offset = from;
	return 0;
}

/* One batch, by the cursor: 1, 0 none below limit, -1. */
static int
read_one(struct cursor *c, int64_t limit, struct buf *out, struct bulk *got,
    struct err *e)
{
	struct buf bytes = { 0 };
	int64_t from = c->next;
	struct batch b;
	int r;

	r = cursor_next(c, &b, &bytes, e);
	if (r > 0 && b.last_offset >= limit) {
		cursor_seek(c, from);
		r = 0;
	}
	if (r > 0 && b.base_offset < from &&
	    begin_at(c, from, &b, &bytes, e) < 0)
		r = -1;
	if (r > 0) {
		count(got, &b, from);
		if (buf_append(out, bytes.data, bytes.len) < 0)
			r = err_set(e, ERR_SYSTEM, "%s: out of memory",
			    c->view->where);
	}
	buf_release(&bytes);
	return r;
}

int
bulk_read(struct cursor *c, int64_t limit, struct buf *out, size_t room,
    struct bulk *got, struct err *e)
{
	size_t start = out->len, used;
	ssize_t n;
	int r;

	*got = (struct bulk){ .from = c->next };
	n = read_on(c, limit, out, room, got);
	if (n == 0) {
		if (c->next >= limit)
			return 0;
		r = read_one(c, limit, out, got, e);
		used = out->len - start;
		if (r <= 0 || used >= room)
			return r;
		n = read_on(c, limit, out, room - used, got);
	}
	if (n < 0)
		return err_sys(
		    e, "%s/%020" PRId64 ".log", c->view->where, c->base);
	return 1;
}
