#include "retention.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "append.h"
#include "checkpoint.h"
#include "clock.h"
#include "fsio.h"
#include "segment.h"
#include "timefind.h"

/* How often a listing that misses a new name is read again. */
enum { TRIES = 10 };

struct planner {
	struct retention *r;
	struct view *v;
	const struct segment_list *all; /* of v, as listed first */
	size_t cap;
};

void
retention_release(struct retention *r)
{
	free(r->list);
	r->list = NULL;
	r->count = r->removed = 0;
}

static bool
is_active(const struct planner *pl, size_t i)
{
	return i == pl->all->count - 1;
}

static int64_t
end_of(const struct planner *pl, size_t i)
{
	return is_active(pl, i) ? pl->v->end.next_offset :
				  pl->all->bases[i + 1];
}

/*
 * Whether segment i is there and can go at all.  Where readers end at a high
 * watermark the last that they see may go on behind it.
 */
static bool
is_candidate(const struct planner *pl, size_t i)
{
	const struct view *v = pl->v;

	return i < pl->all->count &&
	    (!is_active(pl, i) ||
		(v->end.position > 0 &&
		    v->end.next_offset == v->log.next_offset));
}

/* The same for the rules that spare what has not been read. */
static bool
is_free(const struct planner *pl, size_t i)
{
	if (!is_candidate(pl, i))
		return false;
	pl->r->held = pl->r->bounded && end_of(pl, i) > pl->r->bound;
	return !pl->r->held;
}

/* Size of a segment's .log, and when it was written, ms.  0, or -1. */
static int
stat_log(const struct planner *pl, int64_t base, int64_t *bytes,
    int64_t *written, struct err *e)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, base, SEGMENT_LOG);
	*bytes = *written = 0;
	if (fstatat(pl->v->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		/* Without clean.lock another may have been faster. */
		return errno == ENOENT ?
		    0 :
		    err_sys(e, "%s/%s", pl->v->where, name);
	*bytes = base == pl->v->log.base ? pl->v->log.position : st.st_size;
	*written = (int64_t)st.st_mtim.tv_sec * 1000 +
	    st.st_mtim.tv_nsec / 1000000;
	return 0;
}

static int
add(struct planner *pl, size_t i, enum retention_why why, int64_t newest,
    struct err *e)
{
	struct retention *r = pl->r;
	struct retention_segment *list, s = { .base = pl->all->bases[i],
		.end = end_of(pl, i), .newest = newest, .why = why,
		.active = is_active(pl, i) };
	int64_t written;

	if (stat_log(pl, s.base, &s.bytes, &written, e) < 0)
		return -1;
	if (r->list == NULL || r->count == pl->cap) {
		pl->cap = pl->cap > 0 ? pl->cap * 2 : 16;
		list = realloc(r->list, pl->cap * sizeof(*list));
		if (list == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		r->list = list;
	}
	r->list[r->count++] = s;
	return 0;
}

static int
plan_start(struct planner *pl, int64_t start, struct err *e)
{
	size_t i = 0;

	for (; is_candidate(pl, i) && end_of(pl, i) <= start; i++)
		if (add(pl, i, RETENTION_START, -1, e) < 0)
			return -1;
	return 0;
}

/* Add the bytes of the log from segment base on, whoever may see them. */
static int
add_bytes(
    const struct planner *pl, int64_t base, int64_t *sum, struct err *e)
{
	struct segment_list l = { 0 };
	int64_t bytes, written;
	size_t i;
	int r = segment_list_read(&l, pl->v->dirfd, pl->v->where, e);

	for (i = 0; r == 0 && i < l.count; i++) {
		if (l.bases[i] < base || l.bases[i] > pl->v->log.base)
			continue;
		r = stat_log(pl, l.bases[i], &bytes, &written, e);
		*sum += bytes;
	}
	segment_list_release(&l);
	return r;
}

static int
plan_size(struct planner *pl, struct err *e)
{
	int64_t bytes, written, excess = -pl->r->settings->retention_bytes;
	size_t i = pl->r->count;

	if (i == pl->all->count)
		return 0;
	if (add_bytes(pl, pl->all->bases[i], &excess, e) < 0)
		return -1;
	for (; excess >= 0 && i < pl->all->count; i++) {
		if (stat_log(pl, pl->all->bases[i], &bytes, &written, e) < 0)
			return -1;
		excess -= bytes;
		if (excess < 0 || !is_free(pl, i))
			break;
		if (add(pl, i, RETENTION_SIZE, -1, e) < 0)
			return -1;
	}
	return 0;
}

static int
plan_time(struct planner *pl, struct err *e)
{
	const struct retention *r = pl->r;
	int64_t newest, bytes;
	size_t i;

	for (i = r->count; is_candidate(pl, i); i++) {
		if (timefind_segment_max(
			pl->v, pl->all->bases[i], &newest, e) < 0)
			return -1;
		if (newest < 0 &&
		    stat_log(pl, pl->all->bases[i], &bytes, &newest, e) < 0)
			return -1;
		if (newest >= r->now_ms - r->settings->retention_ms) {
			pl->r->newest_kept = newest;
			break;
		}
		if (!is_free(pl, i))
			break;
		if (add(pl, i, RETENTION_TIME, newest, e) < 0)
			return -1;
	}
	return 0;
}

static int
plan_once(struct planner *pl, int64_t start, struct err *e)
{
	struct retention *r = pl->r;
	const struct settings *s = r->settings;

	retention_release(r);
	pl->cap = 0;
	r->held = false;
	r->newest_kept = -1;
	if (plan_start(pl, start > r->raise ? start : r->raise, e) < 0)
		return -1;
	if (r->start_only || (s->cleanup_policy & CLEANUP_DELETE) == 0)
		return 0;
	if (s->retention_bytes >= 0 && plan_size(pl, e) < 0)
		return -1;
	if (s->retention_ms >= 0 && !r->held && plan_time(pl, e) < 0)
		return -1;
	return 0;
}

/*
 * A listing may miss a name that was just made, but not if it begins after a
 * later name was seen: whatever ends a segment that goes is in the second.
 */
static bool
same_beginning(const struct segment_list *a, const struct segment_list *b,
    size_t n)
{
	size_t i;

	if (n > a->count)
		n = a->count;
	for (i = 0; i < n; i++)
		if (i >= b->count || a->bases[i] != b->bases[i])
			return false;
	return true;
}

/*
 * A log start behind the log's end is damage: recovery has settled one that
 * the end fell behind of, and all would go below it.  Without clean.lock
 * another may just have raised it, after the end was looked at.
 */
static bool
starts_behind_end(const struct view *v, int64_t start)
{
	return start > v->log.next_offset;
}

int
retention_plan(struct retention *r, struct view *v, struct err *e)
{
	struct segment_list first;
	struct planner pl = { .r = r, .v = v, .all = &first };
	int64_t start, named = 0;
	int tries, done = 0, got = 0;

	for (tries = 0; got == 0 && done == 0 && tries < TRIES; tries++) {
		if (view_look(v, &start, e) < 0 ||
		    view_start(v, &named, e) < 0)
			return -1;
		if (starts_behind_end(v, named))
			continue;
		first = v->segments;
		v->segments = (struct segment_list){ 0 };
		got = plan_once(&pl, start, e);
		if (got == 0)
			got = view_list(v, e);
		if (got == 0)
			done = same_beginning(
			    &first, &v->segments, r->count + 1);
		segment_list_release(&first);
	}
	if (got == 0 && done == 0 && starts_behind_end(v, named))
		return view_start_beyond(v, named, e);
	if (got == 0 && done == 0)
		return err_set(e, ERR_BUSY,
		    "%s: its segments change while they are looked at",
		    v->where);
	return got;
}

static bool
is_full(const struct err *e)
{
	return e->code == ERR_SYSTEM && (e->sys == ENOSPC || e->sys == EDQUOT);
}

static int
seal(struct retention *r, struct partition *p, int64_t deadline, struct err *e)
{
	const struct retention_segment *last = &r->list[r->count - 1];
	int got = 0;

	if (append_begin(p, deadline, e) < 0)
		return -1;
	if (p->slot.base != last->base || p->slot.next_offset != last->end)
		r->count--;
	else
		got = append_roll(p, e);
	append_end(p);
	return got;
}

int
retention_seal(
    struct retention *r, struct partition *p, int64_t deadline, struct err *e)
{
	struct retention_segment *last;

	r->count += r->put_off;
	r->put_off = false;
	if (r->count == 0 || !r->list[r->count - 1].active)
		return 0;
	last = &r->list[r->count - 1];
	if (seal(r, p, deadline, e) == 0) {
		last->active = false;
		return 0;
	}
	/* What goes before it makes room. */
	if (!is_full(e) || r->removed + 1 >= r->count)
		return -1;
	r->put_off = true;
	r->count--;
	return 0;
}

/*
 * Room for a new log start, from what it puts out of reach.  They are caches:
 * whoever is killed here leaves a log that is read more slowly.
 */
static int
raise_full(struct partition *p, int64_t offset, struct err *e)
{
	struct segment_list l = { 0 };
	struct err other;
	size_t i;
	int r = -1;

	if (segment_list_read(&l, p->dirfd, p->where, &other) < 0)
		return -1;
	for (i = 0; r < 0 && is_full(e) && i + 1 < l.count &&
	     l.bases[i + 1] <= offset;
	     i++) {
		/* Blocks may be free only once that is on the disk. */
		if (segment_remove_indexes(
			p->dirfd, l.bases[i], p->where, &other) < 0 ||
		    fsio_sync_dir(p->dirfd) < 0)
			break;
		r = checkpoint_write_start(p->dirfd, offset, p->where, e);
	}
	segment_list_release(&l);
	return r;
}

int
retention_raise(struct partition *p, int64_t offset, struct err *e)
{
	int64_t start;

	if (checkpoint_read_start(p->dirfd, &start, p->where, e) < 0)
		return -1;
	if (start >= offset ||
	    checkpoint_write_start(p->dirfd, offset, p->where, e) == 0)
		return 0;
	return is_full(e) ? raise_full(p, offset, e) : -1;
}

int
retention_remove(struct retention *r, struct partition *p, size_t upto,
    bool (*stopped)(void), struct err *e)
{
	int got = 0;

	if (r->removed >= upto)
		return 0;
	if (retention_raise(p, r->list[upto - 1].end, e) < 0)
		return -1;
	for (; r->removed < upto && got == 0; r->removed++) {
		if (stopped != NULL && stopped())
			break;
		got = segment_remove(
		    p->dirfd, r->list[r->removed].base, p->where, e);
		if (got < 0)
			break;
	}
	/* What went is to stay away, whatever befell the next. */
	if (fsio_sync_dir(p->dirfd) < 0 && got == 0)
		got = err_sys(e, "%s", p->where);
	return got;
}

int
retention_apply(struct retention *r, struct partition *p, int64_t timeout,
    bool (*stopped)(void), struct err *e)
{
	do {
		if (retention_seal(r, p, clock_mono_ms() + timeout, e) < 0 ||
		    retention_remove(r, p, r->count, stopped, e) < 0)
			return -1;
	} while (r->put_off && (stopped == NULL || !stopped()));
	return 0;
}
