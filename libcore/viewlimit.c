#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan.h"
#include "view.h"

/* A segment that is walked towards the limit. */
struct walk {
	struct view_end at;
	struct scan scan;
	uint64_t inode;
};

static int
failed(const struct view *v, const struct walk *w, struct err *e)
{
	return err_sys(e, "%s/%020" PRId64 ".log", v->where, w->at.base);
}

/* Open segment base: 1, 0 it is gone, -1. */
static int
open_segment(struct view *v, struct walk *w, int64_t base, struct err *e)
{
	struct stat st;

	w->scan.fd =
	    segment_open(v->dirfd, base, SEGMENT_LOG, O_RDONLY, v->where, e);
	if (w->scan.fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	w->at.base = base;
	if (fstat(w->scan.fd, &st) < 0)
		return failed(v, w, e);
	w->inode = st.st_ino;
	return 1;
}

static void
close_segment(struct walk *w)
{
	if (w->scan.fd >= 0)
		close(w->scan.fd);
	scan_release(&w->scan);
	w->scan.fd = -1;
}

/* Go where the limit was: 1, 0 what lies there is another file now, -1. */
static int
resume(struct view *v, struct walk *w, int64_t high, struct err *e)
{
	int r;

	if (v->end_inode == 0 || v->end.next_offset > high)
		return 0;
	r = open_segment(v, w, v->end.base, e);
	if (r <= 0 || w->inode != v->end_inode)
		return r < 0 ? -1 : 0;
	w->at = v->end;
	return 1;
}

/* Open the segment that holds high, near it: 0, or -1. */
static int
look_up(struct view *v, struct walk *w, int64_t high, struct err *e)
{
	struct segment_list list = { 0 };
	struct err ignored;
	int tries, fd, r = 0;
	ptrdiff_t i;

	/* Retention may be faster than we are. */
	for (tries = 0; r == 0 && tries < 100; tries++) {
		close_segment(w);
		r = segment_list_read(&list, v->dirfd, v->where, e);
		if (r < 0 || list.count == 0)
			continue;
		i = segment_list_find(&list, high);
		w->at.next_offset = list.bases[i < 0 ? 0 : i];
		r = open_segment(v, w, w->at.next_offset, e);
	}
	segment_list_release(&list);
	if (r == 0)
		err_set(e, ERR_SYSTEM, "%s: no segment holds offset %" PRId64,
		    v->where, high);
	if (r <= 0)
		return -1;
	scan_init(&w->scan, w->scan.fd, 0, INT64_MAX);
	fd = segment_open(v->dirfd, w->at.base, SEGMENT_INDEX, O_RDONLY,
	    v->where, &ignored);
	if (fd >= 0) {
		w->at.next_offset =
		    scan_find(&w->scan, fd, w->at.base, high);
		close(fd);
	}
	w->at.position = w->scan.position;
	return 0;
}

/*
 * Walk the headers to the batch that reaches high.  Damage on the way is
 * passed over: whoever reads there says so.  0, or -1.
 */
static int
walk(struct view *v, struct walk *w, int64_t high, struct err *e)
{
	struct scan *s = &w->scan;
	struct batch b = { .base_offset = high };
	int r;

	scan_init(s, s->fd, w->at.position,
	    w->at.base == v->log.base ? v->log.position : SEGMENT_BYTES_MAX);
	for (;;) {
		r = scan_peek(s, &b);
		if (r == BATCH_WHOLE && b.base_offset < w->at.next_offset)
			r = BATCH_BAD;
		if (r == BATCH_BAD)
			r = scan_resync(
			    s, s->position + 1, w->at.next_offset, &b);
		if (r != BATCH_WHOLE || b.last_offset >= high)
			break;
		scan_skip(s, &b);
		w->at.next_offset = b.last_offset + 1;
	}
	if (r == SCAN_IO)
		return failed(v, w, e);
	w->at.position = s->position;
	w->at.next_offset =
	    r == BATCH_WHOLE && b.base_offset < high ? b.base_offset : high;
	return 0;
}

int
view_limit(struct view *v, int64_t high, struct err *e)
{
	struct walk w = { .scan.fd = -1 };
	int r;

	w.scan.size_max = v->batch_max;
	r = resume(v, &w, high, e);
	/* A sealed segment may end before high. */
	if (r == 0 || (r > 0 && w.at.base != v->log.base))
		r = look_up(v, &w, high, e);
	if (r >= 0)
		r = walk(v, &w, high, e);
	if (r == 0) {
		v->end = w.at;
		v->end_inode = w.inode;
	}
	close_segment(&w);
	return r;
}
