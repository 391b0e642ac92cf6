#include "reverse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "fsio.h"
#include "index.h"
#include "scan.h"
#include "segment.h"

void
reverse_init(struct reverse *r, struct view *v, int64_t end)
{
	*r = (struct reverse){ .view = v, .end = end, .fd = -1, .after = -1 };
	r->segment = segment_list_find(&v->segments, end - 1) + 1;
}

static void
close_segment(struct reverse *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	free(r->blocks);
	r->blocks = NULL;
}

void
reverse_release(struct reverse *r)
{
	close_segment(r);
	free(r->places);
	r->places = NULL;
}

static int
failed(const struct reverse *r, struct err *e)
{
	return err_sys(e, "%s/%020" PRId64 ".log", r->view->where,
	    r->view->segments.bases[r->segment]);
}

/*
 * Open the log of the segment before: 1, 0 there is none (or it was removed),
 * -1.  Where compaction merged it with others it goes by another name.
 */
static int
open_log(struct reverse *r, struct err *e)
{
	struct view *v = r->view;
	int64_t below = r->after >= 0 ? r->after : r->end;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (tries > 0 && view_list(v, e) < 0)
			return -1;
		if (tries > 0)
			r->segment =
			    segment_list_find(&v->segments, below - 1) + 1;
		if (r->segment <= 0)
			return 0;
		r->fd = segment_open(v->dirfd, v->segments.bases[--r->segment],
		    SEGMENT_LOG, O_RDONLY, v->where, e);
		if (r->fd < 0 && e->code != ERR_NONE)
			return -1;
		if (r->fd >= 0)
			return 1;
	}
	return err_set(e, ERR_SYSTEM,
	    "%s: segments vanish while they are looked for", v->where);
}

/* The same, and where its blocks begin. */
static int
open_segment(struct reverse *r, struct err *e)
{
	struct view *v = r->view;
	int64_t base;
	int fd, got;

	close_segment(r);
	got = open_log(r, e);
	if (got <= 0)
		return got;
	base = v->segments.bases[r->segment];
	/* A merged one has again what was given already. */
	if (r->after >= 0 && r->after < r->end)
		r->end = r->after;
	r->block_end = base == v->end.base ? v->end.position : fsio_size(r->fd);
	r->block = 0;
	got = 0;
	fd = segment_open(v->dirfd, base, SEGMENT_INDEX, O_RDONLY, v->where, e);
	if (fd >= 0) {
		got = index_positions(fd, base, &r->blocks, &r->block);
		close(fd);
	}
	while (r->block > 0 && r->blocks[r->block - 1] >= r->block_end)
		r->block--;
	return got < 0 || r->block_end < 0 ? failed(r, e) : 1;
}

static int
add_place(struct reverse *r, int64_t position, const struct batch *b)
{
	struct reverse_place *places;
	size_t cap;

	if (r->count == r->cap) {
		cap = r->cap > 0 ? r->cap * 2 : 64;
		places = realloc(r->places, cap * sizeof(*places));
		if (places == NULL)
			return -1;
		r->places = places;
		r->cap = cap;
	}
	r->places[r->count++] = (struct reverse_place){ position, *b };
	return 0;
}

/* Walk the block that ends at block_end. */
static int
load_block(struct reverse *r, struct err *e)
{
	int64_t from = r->block > 0 ? r->blocks[r->block - 1] : 0;
	struct scan s = { .size_max = r->view->batch_max };
	struct batch b;
	int64_t at;
	int got;

	scan_init(&s, r->fd, from, r->block_end);
	for (;;) {
		at = s.position;
		got = scan_peek(&s, &b);
		if (got != BATCH_WHOLE || b.base_offset >= r->end)
			break;
		scan_skip(&s, &b);
		if (add_place(r, at, &b) < 0) {
			errno = ENOMEM;
			got = SCAN_IO;
			break;
		}
	}
	scan_release(&s);
	if (got == SCAN_IO)
		return failed(r, e);
	if (got != BATCH_WHOLE && at < r->block_end && from > 0) {
		/* The index led astray: walk the segment from its start. */
		r->block = 0;
		r->count = 0;
		return 0;
	}
	if (got != BATCH_WHOLE && at < r->block_end)
		return view_corrupt(r->view,
		    r->view->segments.bases[r->segment], at,
		    r->count > 0 ?
			r->places[r->count - 1].batch.last_offset + 1 :
			r->view->segments.bases[r->segment],
		    "damaged header", e);
	r->block_end = from;
	r->block--;
	return 0;
}

int
reverse_next(
    struct reverse *r, struct batch *b, struct buf *bytes, struct err *e)
{
	struct scan s = { .size_max = r->view->batch_max };
	int64_t position;
	int got;

	while (r->count == 0) {
		if (r->fd < 0 || r->block < 0 || r->block_end == 0) {
			got = open_segment(r, e);
			if (got <= 0)
				return got;
		}
		if (load_block(r, e) < 0)
			return -1;
	}
	r->count--;
	*b = r->places[r->count].batch;
	position = r->places[r->count].position;
	if (r->view->strict && r->after >= 0 &&
	    b->last_offset + 1 < r->after)
		return view_missing(
		    r->view, b->last_offset + 1, r->after, e);
	r->after = b->base_offset;
	if (bytes == NULL)
		return 1;
	scan_init(&s, r->fd, position, position + b->size);
	got = scan_peek(&s, b);
	if (got == BATCH_WHOLE)
		got = scan_take(&s, b, bytes);
	scan_release(&s);
	if (got == SCAN_IO)
		return failed(r, e);
	if (got != BATCH_WHOLE || !batch_verify(bytes->data, b))
		return view_corrupt(r->view,
		    r->view->segments.bases[r->segment], position,
		    b->base_offset, "checksum mismatch", e);
	return 1;
}
