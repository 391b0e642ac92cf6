#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "fsio.h"
#include "index.h"
#include "scan.h"

int
view_corrupt(const struct view *v, int64_t base, int64_t position,
    int64_t offset, const char *what, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	    "%s/%020" PRId64 ".log: position %" PRId64 ": offset %" PRId64
	    ": %s",
	    v->where, base, position, offset, what);
}

int
view_missing(const struct view *v, int64_t from, int64_t to, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	    "%s: offsets %" PRId64 " to %" PRId64 " are missing (if they were "
	    "compacted away: cleanup.policy should say so)",
	    v->where, from, to - 1);
}

/* name in dirfd is the partition's folder, where its path; "." is dirfd. */
static int
open_folder(struct view *v, int dirfd, const char *name, const char *parent,
    struct err *e)
{
	v->dirfd = fsio_open_dir(dirfd, name, parent, e);
	if (v->dirfd >= 0 && fsio_boot_id(v->boot, e) == 0)
		return 0;
	view_close(v);
	return -1;
}

int
view_open(struct view *v, int topic_dirfd, int32_t number, const char *where,
    struct err *e)
{
	char name[16];

	*v = (struct view){ .dirfd = -1, .end.base = -1 };
	snprintf(name, sizeof(name), "%" PRId32, number);
	if (asprintf(&v->where, "%s/%s", where, name) < 0) {
		v->where = NULL;
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	return open_folder(v, topic_dirfd, name, where, e);
}

int
view_open_at(struct view *v, int dirfd, const char *where, struct err *e)
{
	*v = (struct view){ .dirfd = -1, .end.base = -1 };
	v->where = strdup(where);
	if (v->where == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return open_folder(v, dirfd, ".", where, e);
}

void
view_expect(struct view *v, const struct settings *s)
{
	v->strict = settings_is_strict(s);
	v->batch_max = settings_batch_limit(s);
}

void
view_close(struct view *v)
{
	state_unmap(&v->state);
	segment_list_release(&v->segments);
	if (v->dirfd >= 0)
		close(v->dirfd);
	v->dirfd = -1;
	free(v->where);
	v->where = NULL;
}

int
view_list(struct view *v, struct err *e)
{
	if (segment_list_read(&v->segments, v->dirfd, v->where, e) < 0)
		return -1;
	if (v->segments.count > 0)
		return 0;
	/* A listing can miss a name that is just being moved. */
	if (segment_list_read(&v->segments, v->dirfd, v->where, e) < 0)
		return -1;
	if (v->segments.count == 0)
		return err_set(e, ERR_CORRUPT, "%s: has no segment", v->where);
	return 0;
}

/*
 * Where to start walking segment base for its last batches, of which those
 * below offset sure are on disk: a power cut may have left a good one behind
 * others that are lost.  An index that does not lead to the batch it speaks
 * of counts for nothing: how far the log goes could not be told from there.
 */
static int64_t
last_indexed(struct view *v, int64_t base, int64_t sure, struct scan *s)
{
	struct index_span span = { .position = 0 };
	struct buf bytes = { 0 };
	struct err ignored;
	struct batch b;
	bool good;
	int fd;

	fd = segment_open(
	    v->dirfd, base, SEGMENT_INDEX, O_RDONLY, v->where, &ignored);
	if (fd < 0)
		return 0;
	good = index_find(fd, base, sure, &span) == 0 && span.position > 0;
	close(fd);
	if (!good)
		return 0;
	scan_init(s, s->fd, span.position, INT64_MAX);
	good = scan_peek(s, &b) == BATCH_WHOLE && b.base_offset >= base &&
	    b.last_offset == span.offset &&
	    scan_take(s, &b, &bytes) == BATCH_WHOLE &&
	    batch_verify(bytes.data, &b);
	buf_release(&bytes);
	return good ? span.position : 0;
}

/*
 * Walk the headers that follow each other from *end on, which moves behind
 * the last one; *before is then where that one (its size is 0: none) starts.
 */
static int
walk_headers(struct scan *s, struct view_end *end, struct view_end *before,
    struct batch *last)
{
	struct batch b;
	int r;

	last->size = 0;
	*before = *end;
	s->position = end->position;
	scan_forget(s);
	while ((r = scan_peek(s, &b)) == BATCH_WHOLE) {
		if (b.base_offset < end->next_offset ||
		    b.last_offset - end->base > INT32_MAX)
			return BATCH_BAD;
		*last = b;
		*before = *end;
		scan_skip(s, &b);
		end->position = s->position;
		end->next_offset = b.last_offset + 1;
	}
	return r;
}

/*
 * Whether a power cut may have left what lies at end: nothing from the
 * recovery point on was promised, and the next writer cuts it off.
 */
static bool
is_unpromised(const struct view *v, const struct view_end *end)
{
	struct err ignored;
	char boot[37];
	int64_t safe;

	return checkpoint_read_recovery(
		   v->dirfd, boot, &safe, v->where, &ignored) > 0 &&
	    end->next_offset >= safe;
}

/*
 * The last batch that was written may be torn although its header is not:
 * then it is "not yet".  With good batches behind it, it is damage, unless a
 * writer ended it meanwhile and went on.
 */
static int
walk_end(struct view *v, struct scan *s, struct view_end *end, struct err *e)
{
	struct buf bytes = { 0 };
	struct view_end before;
	struct batch b, last;
	int64_t stuck = -1;
	int r, got;

	for (;;) {
		r = walk_headers(s, end, &before, &last);
		if (r != SCAN_IO && last.size > 0) {
			s->position = before.position;
			got = scan_take(s, &last, &bytes);
			if (got == SCAN_IO)
				r = SCAN_IO;
			else if (got != BATCH_WHOLE ||
			    !batch_verify(bytes.data, &last))
				*end = before;
		}
		if (r == SCAN_IO || end->position >= fsio_size(s->fd))
			break;
		r = scan_resync(s, end->position + 1, end->next_offset, &b);
		if (r != BATCH_WHOLE || stuck == end->position)
			break;
		stuck = end->position;
	}
	buf_release(&bytes);
	if (r == SCAN_IO)
		return err_sys(e, "%s/%020" PRId64 ".log", v->where, end->base);
	if (r != BATCH_WHOLE || stuck != end->position || is_unpromised(v, end))
		return 0;
	return view_corrupt(v, end->base, end->position, end->next_offset,
	    "damaged, good batches follow", e);
}

/* Without the state page: walk from where the end was last known. */
static int
find_end(struct view *v, struct err *e)
{
	struct view_end end = v->log;
	struct scan s = { .size_max = v->batch_max };
	struct err ignored;
	char boot[37];
	int64_t base, again, sure = INT64_MAX;
	int r;

	/* Before looking for the end: it rises, but where the log is cut back
	 * (truncate.h); then it falls first. */
	if (checkpoint_read_recovery(
		v->dirfd, boot, &v->promised, v->where, &ignored) <= 0)
		v->promised = 0;
	else
		sure = v->promised;
	if (view_list(v, e) < 0)
		return -1;
	base = v->segments.bases[v->segments.count - 1];
	s.fd = segment_open(v->dirfd, base, SEGMENT_LOG, O_RDONLY, v->where, e);
	if (s.fd < 0) {
		if (e->code == ERR_NONE)
			err_set(e, ERR_SYSTEM, "%s/%020" PRId64 ".log: is gone",
			    v->where, base);
		return -1;
	}
	if (end.base != base || end.position > fsio_size(s.fd)) {
		end.base = end.next_offset = base;
		end.position = last_indexed(v, base, sure, &s);
	}
	scan_init(&s, s.fd, end.position, INT64_MAX);
	r = walk_end(v, &s, &end, e);
	scan_release(&s);
	close(s.fd);
	if (r < 0)
		return -1;
	v->log = end;
	if (v->promised > end.next_offset &&
	    checkpoint_read_recovery(
		v->dirfd, boot, &again, v->where, &ignored) > 0 &&
	    again < v->promised)
		v->promised = again;
	return 0;
}

/*
 * The high watermark that was noted: it is not synced, and what was trimmed
 * lay below it.
 */
static int
noted_limit(struct view *v, struct err *e)
{
	int64_t start;
	int r;

	r = checkpoint_read_high(v->dirfd, &v->high_watermark, v->where, e);
	if (r <= 0)
		return r;
	if (checkpoint_read_start(v->dirfd, &start, v->where, e) < 0)
		return -1;
	if (v->high_watermark < start)
		v->high_watermark = start;
	return 0;
}

/* What readers may see of the log. */
static int
settle_end(struct view *v, uint64_t inode, struct err *e)
{
	if (v->past_copies || v->high_watermark == VIEW_NO_LIMIT ||
	    v->high_watermark >= v->log.next_offset) {
		v->end = v->log;
		v->end_inode = inode;
		return 0;
	}
	return view_limit(v, v->high_watermark, e);
}

int64_t
view_expected_end(const struct view *v)
{
	return v->log.next_offset < v->promised ? v->promised :
						  v->end.next_offset;
}

int
view_refresh(struct view *v, struct err *e)
{
	struct state_slot slot;
	struct err ignored;

	if (v->state.page == NULL ||
	    !state_is_valid(&v->state, v->dirfd, v->boot)) {
		state_unmap(&v->state);
		if (state_map(&v->state, v->dirfd, false, false, v->where,
			&ignored) <= 0 ||
		    !state_is_valid(&v->state, v->dirfd, v->boot))
			return find_end(v, e) < 0 || noted_limit(v, e) < 0 ?
			    -1 :
			    settle_end(v, 0, e);
	}
	if (!v->has_cuts)
		v->cuts = atomic_load(&v->state.page->cuts);
	v->has_cuts = true;
	/* Before the end: it may be cut off, never below this. */
	v->high_watermark = atomic_load(&v->state.page->high_watermark);
	state_read(&v->state, &slot);
	v->promised = 0;
	v->log = (struct view_end){ slot.base, slot.position,
		slot.next_offset };
	return settle_end(v, slot.inode, e);
}

int
view_start_beyond(const struct view *v, int64_t start, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	    "%s/log-start-offset: names offset %" PRId64
	    ", but the log ends at %" PRId64,
	    v->where, start, v->log.next_offset);
}

/*
 * Who raised it knew of records up to there.  Without the state a power cut
 * may have taken them, which the next writer settles; and a copy raises it
 * before it begins anew there.
 */
static bool
is_beyond(const struct view *v, int64_t start)
{
	struct state_slot slot;
	uint32_t role;

	if (start <= v->log.next_offset)
		return false;
	if (v->state.page == NULL)
		return start >= INT64_MAX - INT32_MAX;
	role = atomic_load(&v->state.page->role);
	if (role != ROLE_LEADER && role != ROLE_SEALED)
		return false;
	/* After the start was read: it may have been raised since we looked. */
	state_read(&v->state, &slot);
	return start > slot.next_offset &&
	    state_is_valid(&v->state, v->dirfd, v->boot);
}

int
view_start(struct view *v, int64_t *offset, struct err *e)
{
	if (checkpoint_read_start(v->dirfd, offset, v->where, e) < 0)
		return -1;
	if (is_beyond(v, *offset))
		return view_start_beyond(v, *offset, e);
	if (*offset < v->segments.bases[0])
		*offset = v->segments.bases[0];
	return 0;
}

int
view_look(struct view *v, int64_t *start, struct err *e)
{
	struct segment_list *l = &v->segments;

	if (view_list(v, e) < 0 || view_refresh(v, e) < 0)
		return -1;
	if (l->bases[l->count - 1] < v->end.base && view_list(v, e) < 0)
		return -1;
	while (l->count > 1 && l->bases[l->count - 1] > v->end.base)
		l->count--;
	if (view_start(v, start, e) < 0)
		return -1;
	if (*start > v->end.next_offset)
		*start = v->end.next_offset;
	return 0;
}
