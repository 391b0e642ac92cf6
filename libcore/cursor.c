#include "cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "fsio.h"
#include "segment.h"

void
cursor_init(struct cursor *c, struct view *v, int64_t offset)
{
	*c = (struct cursor){ .view = v,
		.next = offset,
		.fd = -1,
		.since = INT64_MIN,
		.scan.size_max = v->batch_max,
		.cut = -1,
		.epoch = -1 };
}

static void
close_segment(struct cursor *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void
cursor_seek(struct cursor *c, int64_t offset)
{
	if (c->fd >= 0 && c->got_base <= offset && offset <= c->got_last) {
		c->floor = c->got_base;
		c->scan.position = c->got_position;
	} else {
		close_segment(c);
	}
	c->next = offset;
}

void
cursor_release(struct cursor *c)
{
	close_segment(c);
	scan_release(&c->scan);
}

/* How far the open segment may be read. */
static int64_t
segment_limit(const struct cursor *c)
{
	return c->base == c->view->end.base ? c->view->end.position :
					      SEGMENT_BYTES_MAX;
}

/* Go where the segment's index, if it has one, says that c->next is. */
static void
use_index(struct cursor *c)
{
	struct view *v = c->view;
	struct err ignored;
	int fd = segment_open(
	    v->dirfd, c->base, SEGMENT_INDEX, O_RDONLY, v->where, &ignored);

	if (fd < 0)
		return;
	c->floor = scan_find(&c->scan, fd, c->base, c->next);
	close(fd);
}

/* Open segment base and stand at its start, or where the index says: 1, 0 it
 * is gone, -1. */
static int
open_at(struct cursor *c, int64_t base, bool lookup, struct err *e)
{
	struct view *v = c->view;

	close_segment(c);
	/* Where all that we knew of is gone: how far may it be read? */
	if (base > v->end.base && view_refresh(v, e) < 0)
		return -1;
	c->fd = segment_open(
	    v->dirfd, base, SEGMENT_LOG, O_RDONLY, v->where, e);
	if (c->fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	c->base = c->floor = base;
	c->got_base = INT64_MAX;
	scan_init(&c->scan, c->fd, 0, segment_limit(c));
	if (lookup && c->next > base)
		use_index(c);
	return 1;
}

/*
 * Open the segment that holds c->next: 1, or -1.  Where it is gone, go on at
 * the log start.
 */
static int
open_by_listing(struct cursor *c, struct err *e)
{
	struct view *v = c->view;
	int64_t start;
	int tries, r = 0;
	ptrdiff_t i;

	/* A name can vanish between listing and opening; not for ever. */
	for (tries = 0; r == 0 && tries < 100; tries++) {
		if ((v->segments.count == 0 || tries > 0) &&
		    view_list(v, e) < 0)
			return -1;
		i = segment_list_find(&v->segments, c->next);
		if (i == (ptrdiff_t)v->segments.count - 1 && tries == 0 &&
		    v->segments.bases[i] != v->end.base)
			continue; /* the listing is old */
		if (i < 0 && tries == 0)
			continue;
		if (i < 0) {
			if (view_start(v, &start, e) < 0)
				return -1;
			c->skipped += start - c->next;
			c->next = start;
			i = segment_list_find(&v->segments, start);
		}
		r = open_at(c, v->segments.bases[i], true, e);
	}
	if (r == 0)
		return err_set(e, ERR_SYSTEM,
		    "%s: segments vanish while they are looked for",
		    v->where);
	return r;
}

/*
 * The open segment is read to its end: open the one that follows.  1, -1.
 * Compaction leaves bases beyond the next offset, and merges segments, so
 * that an earlier base may hold it; retention removes the oldest.
 */
static int
open_following(struct cursor *c, struct err *e)
{
	struct view *v = c->view;
	int64_t old = c->base;
	struct stat was;
	ptrdiff_t i = -1;
	int tries, r;

	if (fstat(c->fd, &was) < 0)
		return err_sys(e, "%s/%020" PRId64 ".log", v->where, old);
	if (c->next > old) {
		r = open_at(c, c->next, false, e);
		if (r != 0)
			return r;
	}
	/* A listing can miss a name that is just being moved. */
	for (tries = 0; tries < 2; tries++) {
		if (view_list(v, e) < 0)
			return -1;
		i = segment_list_find(&v->segments, c->next);
		if (i < 0 || v->segments.bases[i] != old)
			return open_by_listing(c, e);
	}
	/* Only now: a merged segment has its name before others lose theirs. */
	if (!segment_is(v->dirfd, old, was.st_dev, was.st_ino))
		return open_by_listing(c, e);
	i++;
	if (i >= (ptrdiff_t)v->segments.count)
		return err_set(e, ERR_CORRUPT,
		    "%s: the segment with offset %" PRId64 " is missing",
		    v->where, c->next);
	if (v->strict && v->segments.bases[i] > c->next)
		return view_missing(v, c->next, v->segments.bases[i], e);
	c->next = v->segments.bases[i];
	r = open_at(c, c->next, false, e);
	return r != 0 ? r : open_by_listing(c, e);
}

/*
 * Nothing whole follows in the open segment.  1 look again, 0 the end of the
 * log, -1.
 */
static int
at_end(struct cursor *c, struct err *e)
{
	int64_t limit = c->scan.limit, size;

	/* Others refresh the view too: what counts is how far we may read. */
	if (c->base == c->view->end.base && segment_limit(c) <= limit &&
	    view_refresh(c->view, e) < 0)
		return -1;
	c->scan.limit = segment_limit(c);
	scan_forget(&c->scan);
	if (c->scan.limit > limit)
		return 1;
	size = c->base == c->view->end.base ? c->scan.limit : fsio_size(c->fd);
	if (size < 0)
		return err_sys(
		    e, "%s/%020" PRId64 ".log", c->view->where, c->base);
	if (c->scan.position < size)
		return view_corrupt(c->view, c->base, c->scan.position, c->next,
		    "cut off in the middle of a batch", e);
	return c->base == c->view->end.base ? 0 : open_following(c, e);
}

static bool
passes_over(const struct cursor *c, const struct batch *b)
{
	return b->last_offset < c->next || b->max_timestamp < c->since;
}

/* Peek and take with one more look at what seems damaged. */
static int
read_batch(struct cursor *c, struct batch *b, struct buf *bytes)
{
	int64_t at = c->scan.position;
	int tries, r = BATCH_BAD;

	for (tries = 0; tries < 2 && r == BATCH_BAD; tries++) {
		if (tries > 0) {
			c->scan.position = at;
			scan_forget(&c->scan);
		}
		r = scan_peek(&c->scan, b);
		if (r != BATCH_WHOLE)
			continue;
		/* The checksum does not cover the base offset. */
		if (b->base_offset < c->floor ||
		    (c->view->strict && b->base_offset != c->floor) ||
		    b->last_offset >= c->view->end.next_offset ||
		    b->last_offset - c->base > INT32_MAX) {
			r = BATCH_BAD;
			continue;
		}
		if (passes_over(c, b)) {
			scan_skip(&c->scan, b);
			break;
		}
		r = scan_take(&c->scan, b, bytes);
		if (r == BATCH_WHOLE && !batch_verify(bytes->data, b))
			r = BATCH_BAD;
	}
	if (r != BATCH_WHOLE) {
		c->scan.position = at;
		return r;
	}
	c->floor = b->last_offset + 1;
	c->got_base = b->base_offset;
	c->got_last = b->last_offset;
	c->got_position = at;
	return r;
}

static int
next_batch(struct cursor *c, struct batch *b, struct buf *bytes, struct err *e)
{
	bool passed;
	int r;

	for (;;) {
		/* A watermark may be far below what was read: no limit then. */
		if (c->next >= c->view->end.next_offset &&
		    (c->fd < 0 || c->base > c->view->end.base)) {
			if (view_refresh(c->view, e) < 0)
				return -1;
			if (c->next >= c->view->end.next_offset)
				return 0;
		}
		if (c->fd < 0 && open_by_listing(c, e) < 0)
			return -1;
		r = read_batch(c, b, bytes);
		if (r == BATCH_WHOLE) {
			passed = passes_over(c, b);
			if (b->last_offset >= c->next)
				c->next = b->last_offset + 1;
			if (passed)
				continue;
			/* A search may want the same batch again. */
			if (c->since == INT64_MIN)
				scan_trim(&c->scan);
			return 1;
		}
		if (r == SCAN_IO)
			return err_sys(e, "%s/%020" PRId64 ".log",
			    c->view->where, c->base);
		if (r == BATCH_BAD)
			return view_corrupt(c->view, c->base, c->scan.position,
			    c->next,
			    "checksum mismatch or damaged header",
			    e);
		r = at_end(c, e);
		if (r <= 0)
			return r;
	}
}

int
cursor_next(struct cursor *c, struct batch *b, struct buf *bytes, struct err *e)
{
	int r;

	do
		r = next_batch(c, b, bytes, e);
	while (cursor_was_cut(c, r, b));
	if (r == 0 && c->view->promised > c->view->log.next_offset)
		return checkpoint_too_short(c->view->where,
		    c->view->log.next_offset, c->view->promised, e);
	if (r > 0) {
		c->given = c->next;
		if (b->epoch > c->epoch)
			c->epoch = b->epoch;
	}
	return r;
}
