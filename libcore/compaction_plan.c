/*
 * What may be compacted, and whether it is (Kafka 4.x, LogCleanerManager).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "checkpoint.h"
#include "compaction.h"
#include "compaction_parts.h"
#include "fsio.h"
#include "swap.h"
#include "timefind.h"

static int
failed(const struct compacting *run, int64_t base, enum segment_file what,
    struct err *e)
{
	char name[SEGMENT_NAME];

	segment_name(name, base, what);
	return err_sys(e, "%s/%s", run->p->where, name);
}

/* Size of one of a segment's files; one that is missing has none. */
static int
size_of(const struct compacting *run, int64_t base, enum segment_file what,
    int64_t *size, struct err *e)
{
	int fd;

	*size = 0;
	fd = segment_open(
	    run->p->dirfd, base, what, O_RDONLY, run->p->where, e);
	if (fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	*size = fsio_size(fd);
	close(fd);
	return *size < 0 ? failed(run, base, what, e) : 0;
}

/* Where what may be sealed ends: the active segment is closed only if none of
 * it lies above the high watermark. */
static int64_t
sealed_end(const struct compacting *run)
{
	const struct view *v = &run->view;

	return run->c->roll && !run->rolled && v->end.position > 0 &&
		v->end.next_offset == v->log.next_offset ?
	    v->end.next_offset :
	    v->end.base;
}

/* The segments that are sealed, or will be. */
static int
list_sealed(struct compacting *run, struct err *e)
{
	struct segment_list *l = &run->view.segments;
	struct compaction_segment *s;
	int64_t end = sealed_end(run);
	size_t i;

	free(run->list);
	run->count = 0;
	run->list = calloc(l->count + 1, sizeof(*run->list));
	if (run->list == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (swap_filter(l, run->p->dirfd, run->p->where, e) < 0)
		return -1;
	for (i = 0; i < l->count && l->bases[i] < end; i++)
		run->list[run->count++].base = l->bases[i];
	for (i = 0; i < run->count; i++) {
		s = &run->list[i];
		s->end = i + 1 < run->count ? s[1].base : end;
	}
	return 0;
}

/* Sizes of segment s.  0, or -1. */
static int
measure(const struct compacting *run, struct compaction_segment *s,
    struct err *e)
{
	int fd, r = 0;

	fd = segment_open(run->p->dirfd, s->base, SEGMENT_LOG, O_RDONLY,
	    run->p->where, e);
	if (fd < 0 && e->code == ERR_NONE)
		return err_set(e, ERR_SYSTEM, "%s/%020" PRId64 ".log: is gone",
		    run->p->where, s->base);
	if (fd < 0)
		return -1;
	if (fstat(fd, &s->st) < 0)
		r = failed(run, s->base, SEGMENT_LOG, e);
	close(fd);
	s->bytes = s->st.st_size;
	if (r < 0 ||
	    size_of(run, s->base, SEGMENT_INDEX, &s->index_bytes, e) < 0)
		return -1;
	return size_of(
	    run, s->base, SEGMENT_TIMEINDEX, &s->timeindex_bytes, e);
}

/* Largest timestamp, ms; without one, when it was last written. */
static int
newest(struct compacting *run, const struct compaction_segment *s, int64_t *ms,
    struct err *e)
{
	if (timefind_segment_max(&run->view, s->base, ms, e) < 0)
		return -1;
	if (*ms < 0)
		*ms = (int64_t)s->st.st_mtim.tv_sec * 1000;
	return 0;
}

/* Largest timestamp of the first batch, ms; -1 it has none. */
static int
first_timestamp(const struct compacting *run,
    const struct compaction_segment *s, int64_t *ms, struct err *e)
{
	uint8_t header[BATCH_HEADER];
	struct batch b;
	ssize_t got;
	int fd;

	*ms = -1;
	fd = segment_open(run->p->dirfd, s->base, SEGMENT_LOG, O_RDONLY,
	    run->p->where, e);
	if (fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	got = fsio_read_at(fd, header, sizeof(header), 0);
	if (got < 0)
		failed(run, s->base, SEGMENT_LOG, e);
	else if (batch_decode(header, (size_t)got, &b) != BATCH_BAD &&
	    b.size > 0)
		*ms = b.max_timestamp;
	close(fd);
	return got < 0 ? -1 : 0;
}

/* Where the clean part ends: at a segment's base. */
static int
find_dirty(struct compacting *run, struct err *e)
{
	struct compaction *c = run->c;
	int64_t clean;
	size_t i = 0;

	if (checkpoint_read_cleaner(
		run->p->dirfd, &clean, run->p->where, e) < 0)
		return -1;
	/* Of a log that went on for longer: it says nothing of this one. */
	if (clean > run->view.end.base)
		clean = 0;
	while (i < run->count && run->list[i].end <= clean)
		i++;
	c->dirty = i < run->count ? run->list[i].base : c->end;
	return 0;
}

/* How many of the list may be cleaned. */
static int
find_end(struct compacting *run, struct err *e)
{
	const struct settings *set = run->p->settings;
	const struct compaction *c = run->c;
	int64_t ms;
	size_t i;

	for (i = 0; i < run->count; i++) {
		const struct compaction_segment *s = &run->list[i];

		if (c->bounded && s->end > c->bound)
			break;
		if (set->min_compaction_lag_ms == 0 || s->base < c->dirty)
			continue;
		if (newest(run, s, &ms, e) < 0)
			return -1;
		if (ms > c->now_ms - set->min_compaction_lag_ms)
			break;
	}
	run->count = i;
	return 0;
}

/* Whether a dirty record is older than it may get.  1, 0, -1. */
static int
is_late(const struct compacting *run, struct err *e)
{
	int64_t lag = run->p->settings->max_compaction_lag_ms, ms;
	size_t i;

	if (lag == SETTING_NEVER)
		return 0;
	for (i = 0; i < run->count; i++) {
		if (run->list[i].base < run->c->dirty)
			continue;
		if (first_timestamp(run, &run->list[i], &ms, e) < 0)
			return -1;
		if (ms > 0 && ms < run->c->now_ms - lag)
			return 1;
	}
	return 0;
}

/* The sums, and what follows from them. */
static void
sum_up(struct compacting *run)
{
	struct compaction *c = run->c;
	size_t i;

	c->end = run->count > 0 ? run->list[run->count - 1].end : c->start;
	if (c->dirty > c->end)
		c->dirty = c->end;
	c->clean_bytes = c->dirty_bytes = 0;
	for (i = 0; i < run->count; i++)
		*(run->list[i].base < c->dirty ? &c->clean_bytes :
						 &c->dirty_bytes) +=
		    run->list[i].bytes;
	c->segments_before = (int64_t)run->count;
	c->bytes_before = c->clean_bytes + c->dirty_bytes;
}

static bool
is_above_ratio(const struct compaction *c, const struct settings *set)
{
	return (double)c->dirty_bytes >
	    (double)set->dirty_ratio / 1e6 *
	    (double)(c->clean_bytes + c->dirty_bytes);
}

int
compaction_plan(struct compacting *run, struct err *e)
{
	struct compaction *c = run->c;
	int64_t start;
	size_t i;
	int late;

	if (view_look(&run->view, &start, e) < 0 || list_sealed(run, e) < 0)
		return -1;
	c->end = sealed_end(run);
	c->start = run->count > 0 ? run->list[0].base : c->end;
	if (find_dirty(run, e) < 0)
		return -1;
	for (i = 0; i < run->count; i++)
		if (measure(run, &run->list[i], e) < 0)
			return -1;
	if (find_end(run, e) < 0)
		return -1;
	sum_up(run);
	late = is_late(run, e);
	if (late < 0)
		return -1;
	if (run->count == 0)
		c->why = COMPACTION_NOTHING;
	else if (c->force)
		c->why = COMPACTION_FORCED;
	else if (c->dirty_bytes == 0)
		c->why = COMPACTION_CLEAN;
	else if (is_above_ratio(c, run->p->settings))
		c->why = COMPACTION_RATIO;
	else
		c->why = late ? COMPACTION_LAG : COMPACTION_BELOW_RATIO;
	c->picked = c->why >= COMPACTION_RATIO;
	return 0;
}

void
compaction_end_before(struct compacting *run, int64_t offset)
{
	while (run->count > 0 && run->list[run->count - 1].end > offset)
		run->count--;
	sum_up(run);
	if (run->count > 0 && (run->c->dirty_bytes > 0 || run->c->force))
		return;
	run->c->why = run->count > 0 ? COMPACTION_CLEAN : COMPACTION_NOTHING;
	run->c->picked = false;
}
