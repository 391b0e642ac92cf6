/*
 * Which producers are still active, found when a batch of one is about to
 * lose all its records: from there to the log's end, by headers alone.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compaction.h"
#include "compaction_parts.h"
#include "scan.h"

/* Kafka's producer.id.expiration.ms. */
enum { EXPIRATION_MS = 86400000 };

void
compaction_producers_release(struct compaction_producers *ps)
{
	free(ps->list);
	*ps = (struct compaction_producers){ 0 };
}

/* Where the producer is, or would be. */
static size_t
find(const struct compaction_producers *ps, int64_t id)
{
	size_t low = 0, high = ps->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (ps->list[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int
note(struct compaction_producers *ps, const struct batch *b)
{
	size_t i = find(ps, b->producer_id);
	struct compaction_producer *pr = ps->list + i;
	size_t cap = ps->cap > 0 ? ps->cap * 2 : 64;

	if (i == ps->count || pr->id != b->producer_id) {
		if (ps->count == ps->cap) {
			pr = realloc(ps->list, cap * sizeof(*pr));
			if (pr == NULL)
				return -1;
			ps->list = pr;
			ps->cap = cap;
			pr += i;
		}
		memmove(pr + 1, pr, (ps->count - i) * sizeof(*pr));
		ps->count++;
		*pr = (struct compaction_producer){ .id = b->producer_id,
			.epoch = b->producer_epoch,
			.last_data = -1 };
	}
	if (pr->epoch != b->producer_epoch)
		pr->last_data = -1;
	pr->epoch = b->producer_epoch;
	pr->timestamp = b->max_timestamp;
	if ((b->attributes & BATCH_CONTROL) == 0)
		pr->last_data = b->last_offset;
	return 0;
}

/* The headers of segment base.  0, or -1. */
static int
read_segment(struct compaction_producers *ps, struct compacting *run,
    int64_t base, struct err *e)
{
	struct view *v = &run->view;
	struct scan s = { .size_max = v->batch_max };
	struct batch b;
	int r;

	s.fd = segment_open(v->dirfd, base, SEGMENT_LOG, O_RDONLY, v->where, e);
	if (s.fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	scan_init(&s, s.fd, 0,
	    base == v->end.base ? v->end.position : SEGMENT_BYTES_MAX);
	while ((r = scan_peek(&s, &b)) == BATCH_WHOLE) {
		if (b.producer_id >= 0 && note(ps, &b) < 0)
			break;
		scan_skip(&s, &b);
	}
	if (r == SCAN_IO)
		err_sys(e, "%s/%020" PRId64 ".log", v->where, base);
	else if (r == BATCH_WHOLE)
		err_set(e, ERR_SYSTEM, "%s: out of memory", v->where);
	else if (r == BATCH_BAD)
		view_corrupt(v, base, s.position, base, "damaged header", e);
	close(s.fd);
	scan_release(&s);
	return r == BATCH_SHORT ? 0 : -1;
}

static int
read_all(struct compaction_producers *ps, struct compacting *run,
    int64_t offset, struct err *e)
{
	const struct segment_list *l = &run->view.segments;
	ptrdiff_t i;

	if (view_refresh(&run->view, e) < 0 || view_list(&run->view, e) < 0)
		return -1;
	i = segment_list_find(l, offset);
	for (i = i < 0 ? 0 : i; i < (ptrdiff_t)l->count; i++)
		if (l->bases[i] <= run->view.end.base &&
		    read_segment(ps, run, l->bases[i], e) < 0)
			return -1;
	ps->known = true;
	return 0;
}

int
compaction_is_last_of_producer(struct compaction_producers *ps,
    struct compacting *run, const struct batch *b, struct err *e)
{
	const struct compaction_producer *pr;
	size_t i;

	if (b->producer_id < 0)
		return 0;
	if (!ps->known && read_all(ps, run, b->base_offset, e) < 0)
		return -1;
	i = find(ps, b->producer_id);
	pr = ps->list + i;
	if (i == ps->count || pr->id != b->producer_id ||
	    run->c->now_ms - pr->timestamp >= EXPIRATION_MS)
		return 0;
	if (pr->last_data >= 0)
		return pr->last_data == b->last_offset;
	return (b->attributes & BATCH_CONTROL) != 0 &&
	    pr->epoch == b->producer_epoch;
}

static size_t
find_seen(const struct compaction_seen *s, int64_t producer)
{
	size_t i = 0;

	while (i < s->count && s->list[i] != producer)
		i++;
	return i;
}

int
compaction_note_seen(
    struct compaction_seen *s, int64_t producer, struct err *e)
{
	size_t cap = s->cap > 0 ? s->cap * 2 : 16;
	int64_t *list;

	if (find_seen(s, producer) < s->count)
		return 0;
	if (s->count == s->cap) {
		list = realloc(s->list, cap * sizeof(*list));
		if (list == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		s->list = list;
		s->cap = cap;
	}
	s->list[s->count++] = producer;
	return 0;
}

bool
compaction_take_seen(struct compaction_seen *s, int64_t producer)
{
	size_t i = find_seen(s, producer);

	if (i == s->count)
		return false;
	s->list[i] = s->list[--s->count];
	return true;
}
