/*
 * The new segments: what is left of each batch, and one without records for
 * each run of those that went, so that no offset is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compaction.h"
#include "compaction_parts.h"
#include "compaction_walk.h"
#include "epochs.h"
#include "filter.h"
#include "rewrite.h"
#include "scan.h"
#include "swap.h"

struct gap { /* a run of offsets without records */
	int64_t base, last; /* base -1: there is none */
	int32_t epoch;
	bool same; /* it is one batch already, at bytes */
	struct batch batch;
	uint8_t bytes[BATCH_HEADER];
};

struct writing {
	struct compacting *run;
	struct walk walk;
	struct filter filter;
	struct rewrite out;
	struct swap swap;
	struct epochs epochs; /* for offsets that no batch has */
	struct compaction_producers producers;
	struct compaction_seen seen; /* with data since their last marker */

	const struct compaction_segment *first, *last; /* the group */
	bool begun; /* it is written anew */
	int64_t next; /* the offset that comes next */
	struct gap gap;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

/* ---- a group's new segment ---- */

/* Copy what comes before offset: until now nothing was changed. */
static int
copy_head(struct writing *w, int64_t offset, struct err *e)
{
	struct scan s = { .size_max = w->run->view.batch_max };
	const struct partition *p = w->run->p;
	struct buf bytes = { 0 };
	struct batch b;
	int r = BATCH_SHORT, put = 0;

	s.fd = segment_open(
	    p->dirfd, w->first->base, SEGMENT_LOG, O_RDONLY, p->where, e);
	if (s.fd < 0)
		return -1;
	scan_init(&s, s.fd, 0, w->first->bytes);
	while (put == 0 && (r = scan_peek(&s, &b)) == BATCH_WHOLE &&
	    b.base_offset < offset &&
	    (r = scan_take(&s, &b, &bytes)) == BATCH_WHOLE)
		put = rewrite_put(&w->out, &b, bytes.data, e);
	if (r == SCAN_IO)
		put = err_sys(
		    e, "%s/%020" PRId64 ".log", p->where, w->first->base);
	close(s.fd);
	scan_release(&s);
	buf_release(&bytes);
	return put;
}

/* From offset on the segment is another than it was. */
static int
begin(struct writing *w, int64_t offset, struct err *e)
{
	if (w->begun)
		return 0;
	w->begun = true;
	if (rewrite_begin(&w->out, w->run->p, w->first->base, e) < 0)
		return -1;
	return offset > w->first->base ? copy_head(w, offset, e) : 0;
}

/* The next batch of the new segment; same: the old one has it too. */
static int
emit(struct writing *w, const struct batch *b, const uint8_t *bytes, bool same,
    struct err *e)
{
	if (!same && begin(w, b->base_offset, e) < 0)
		return -1;
	return w->begun ? rewrite_put(&w->out, b, bytes, e) : 0;
}

static int
flush_gap(struct writing *w, struct err *e)
{
	struct gap *g = &w->gap;

	if (g->base < 0)
		return 0;
	if (!g->same) {
		batch_empty(g->bytes, g->base, g->last, g->epoch);
		batch_decode(g->bytes, BATCH_HEADER, &g->batch);
	}
	if (emit(w, &g->batch, g->bytes, g->same, e) < 0)
		return -1;
	g->base = -1;
	return 0;
}

/* Offsets base to last have no record; b (or NULL) is the batch at bytes that
 * says so already. */
static int
add_gap(struct writing *w, int64_t base, int64_t last, int32_t epoch,
    const struct batch *b, const uint8_t *bytes, struct err *e)
{
	struct gap *g = &w->gap;

	if (g->base >= 0 && g->epoch == epoch && last - g->base <= INT32_MAX) {
		g->last = last;
		g->same = false;
		return 0;
	}
	if (flush_gap(w, e) < 0)
		return -1;
	g->base = base;
	g->last = last;
	g->epoch = epoch;
	g->same = b != NULL;
	if (b != NULL) {
		g->batch = *b;
		memcpy(g->bytes, bytes, BATCH_HEADER);
	}
	return 0;
}

/* The leader epoch of offset, and where the next one begins. */
static int32_t
epoch_at(const struct epochs *es, int64_t offset, int64_t *next)
{
	int32_t epoch = -1;
	size_t i;

	for (i = 0; i < es->count && es->list[i].start <= offset; i++)
		epoch = es->list[i].epoch;
	*next = i < es->count ? es->list[i].start : INT64_MAX;
	return epoch;
}

/* No batch has the offsets from w->next to end, as Kafka leaves it. */
static int
fill_hole(struct writing *w, int64_t end, struct err *e)
{
	int32_t epoch;
	int64_t to;

	for (; w->next < end; w->next = to) {
		epoch = epoch_at(&w->epochs, w->next, &to);
		if (to > end)
			to = end;
		if (to - w->next > INT32_MAX)
			to = w->next + INT32_MAX;
		if (add_gap(w, w->next, to - 1, epoch, NULL, NULL, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- transactions ---- */

/* A control batch: it stays as long as there is data of its transaction. */
static int
how_marker(struct writing *w, enum filter_batch *how, struct err *e)
{
	const struct batch *b = w->walk.batch;
	enum markers_kind kind = MARKERS_COMMIT;

	/* One without its record may go whatever it was. */
	if (b->count > 0 && markers_kind(b, w->walk.bytes, &kind, e) < 0)
		return -1;
	*how = FILTER_MARKER;
	if (kind == MARKERS_OTHER ||
	    (b->count > 0 &&
		compaction_take_seen(&w->seen, b->producer_id)))
		*how = FILTER_WHOLE;
	return 0;
}

static int
how_to_filter(struct writing *w, enum filter_batch *how, struct err *e)
{
	const struct batch *b = w->walk.batch;

	*how = FILTER_RECORDS;
	if (w->walk.fate == WALK_CONTROL)
		return how_marker(w, how, e);
	if (w->walk.fate == WALK_ABORTED)
		*how = FILTER_NONE;
	if (w->walk.fate == WALK_OPEN)
		*how = FILTER_WHOLE;
	if ((b->attributes & BATCH_TRANSACTIONAL) && b->producer_id >= 0)
		return compaction_note_seen(
		    &w->seen, b->producer_id, e);
	return 0;
}

/* ---- batches ---- */

/* Nothing is left of the batch at hand. */
static int
leave_nothing(struct writing *w, struct err *e)
{
	const struct batch *b = w->walk.batch;
	uint8_t husk[BATCH_HEADER];
	struct batch left;
	int r;

	r = compaction_is_last_of_producer(&w->producers, w->run, b, e);
	if (r < 0)
		return -1;
	if (r == 0)
		return add_gap(w, b->base_offset, b->last_offset, b->epoch,
		    NULL, NULL, e);
	batch_husk(husk, b);
	batch_decode(husk, sizeof(husk), &left);
	if (flush_gap(w, e) < 0)
		return -1;
	return emit(w, &left, husk,
	    b->size == BATCH_HEADER &&
		memcmp(husk, w->walk.bytes, sizeof(husk)) == 0,
	    e);
}

static int
write_batch(struct writing *w, struct err *e)
{
	const struct batch *b = w->walk.batch;
	const uint8_t *bytes = w->walk.bytes, *out;
	enum filter_batch how;
	struct batch left;
	int r;

	if (fill_hole(w, b->base_offset, e) < 0)
		return -1;
	w->next = b->last_offset + 1;
	if (b->count == 0 && b->producer_id < 0 && b->size == BATCH_HEADER)
		return add_gap(w, b->base_offset, b->last_offset, b->epoch, b,
		    bytes, e);
	if (how_to_filter(w, &how, e) < 0)
		return -1;
	r = filter_batch(&w->filter, b, bytes, w->walk.records, how, &left,
	    &out, e);
	if (r < 0)
		return err_prefix(e, "%s", w->run->p->where);
	if (r == 0)
		return leave_nothing(w, e);
	if (flush_gap(w, e) < 0)
		return -1;
	return emit(w, &left, out, out == bytes, e);
}

/* ---- groups ---- */

/* How many segments from first on become one (Kafka 4.x,
 * groupSegmentsBySize). */
static size_t
group_size(const struct compacting *run, size_t first)
{
	const struct settings *set = run->p->settings;
	const struct compaction_segment *s = run->list + first;
	int64_t bytes = 0, index = 0, timeindex = 0;
	size_t n;

	for (n = 0; first + n < run->count; n++) {
		bytes += s[n].bytes;
		index += s[n].index_bytes;
		timeindex += s[n].timeindex_bytes;
		if (n > 0 &&
		    (bytes > set->segment_bytes ||
			index > set->segment_index_bytes ||
			timeindex > set->segment_index_bytes ||
			s[n].end - 1 - s->base > INT32_MAX))
			break;
	}
	return n;
}

/* Put the new segments in place that are written. */
static int
commit(struct writing *w, struct err *e)
{
	const struct partition *p = w->run->p;
	int r = 0;

	if (w->swap.count > 0)
		r = swap_commit(&w->swap, p->dirfd, p->where, e);
	swap_release(&w->swap);
	return r;
}

static int
end_group(struct writing *w, struct err *e)
{
	struct compaction *c = w->run->c;

	if (fill_hole(w, w->last->end, e) < 0 || flush_gap(w, e) < 0)
		return -1;
	c->segments_after++;
	if (!w->begun) {
		c->bytes_after += w->first->bytes;
		return 0;
	}
	c->segments_written++;
	c->bytes_after += rewrite_size(&w->out);
	if (rewrite_end(&w->out, &w->last->st, e) < 0)
		return -1;
	if (swap_add(&w->swap, w->first->base, w->last->end) < 0)
		return no_memory(e);
	return c->reduce != NULL ? 0 : commit(w, e);
}

static int
write_group(struct writing *w, size_t first, size_t n, struct err *e)
{
	int r;

	w->first = w->run->list + first;
	w->last = w->first + n - 1;
	w->begun = false;
	w->gap.base = -1;
	w->next = w->first->base;
	w->walk.end = w->last->end;
	if (n > 1 && begin(w, w->first->base, e) < 0)
		return -1;
	while ((r = walk_next(&w->walk, e)) > 0)
		if (write_batch(w, e) < 0)
			return -1;
	return r < 0 ? -1 : end_group(w, e);
}

int
compaction_write(struct compacting *run, struct err *e)
{
	const struct settings *set = run->p->settings;
	struct writing w = { .run = run,
		.filter = { .now_ms = run->c->now_ms,
		    .delete_retention_ms = set->delete_retention_ms,
		    .zstd_level = (int)set->zstd_level,
		    .gzip_level = (int)set->gzip_level,
		    .batch_max = settings_batch_limit(set),
		    .codec = run->codec,
		    .verdict = keys_verdict,
		    .expect = keys_expect,
		    .context = run } };
	size_t i, n;
	int r;

	run->c->passes++;
	r = walk_open(&w.walk, run, run->c->start, run->c->end, e);
	if (r == 0)
		r = epochs_read(&w.epochs, run->p->dirfd, run->p->where, e);
	for (i = 0; r == 0 && i < run->count; i += n) {
		n = group_size(run, i);
		r = write_group(&w, i, n, e);
	}
	if (r == 0)
		r = commit(&w, e);
	run->c->records_read = w.filter.records_read;
	run->c->records_kept = w.filter.records_kept;
	rewrite_release(&w.out);
	swap_release(&w.swap);
	walk_release(&w.walk);
	filter_release(&w.filter);
	epochs_release(&w.epochs);
	compaction_producers_release(&w.producers);
	free(w.seen.list);
	return r;
}
