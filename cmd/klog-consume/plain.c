#include <inttypes.h>
#include <unistd.h>

#include "consume.h"
#include "main.h"
#include "report.h"

enum { WORKERS_MAX = 2, STREAMS_BUFFERED = 64 };

/* Whether a batch's records need not be looked at to be counted. */
static bool
counts_whole(const struct consumer *c, const struct stream *s,
    const struct batch *b)
{
	return c->o->count && c->filter == NULL && !c->o->has_limit &&
	    s->until == INT64_MAX && b->base_offset >= s->from &&
	    b->last_offset < s->to;
}

/* A struct prefetch's read: the streams in turn, a batch each. */
static int
read_next(void *ctx, struct prefetch_item *item)
{
	struct consumer *c = ctx;
	struct stream *s;
	size_t i;
	int got;

	for (i = 0; i < c->stream_count; i++) {
		s = c->streams[c->turn++ % c->stream_count];
		if (s->done || s->idle)
			continue;
		item->source = s;
		got = stream_read(s, &item->batch, &item->bytes,
		    &item->skipped, &item->error);
		if (c->stream_count > STREAMS_BUFFERED)
			scan_release(&s->cursor.scan);
		if (got != 0) {
			item->sealed = got > 0 &&
			    counts_whole(c, s, &item->batch);
			return got;
		}
		s->idle = true;
	}
	return 0;
}

/* Print a batch's records: 0, or -1. */
static int
emit_batch(struct consumer *c, struct stream *s, struct prefetch_item *item,
    struct err *e)
{
	struct record r;
	int got = 1;

	if (item->sealed) {
		c->printed += (uint64_t)item->batch.count;
		return 0;
	}
	while (c->left > 0 && main_stopped() == 0 &&
	    (got = batch_records_next(&item->records, &r, e)) > 0) {
		if (r.offset < s->from)
			continue;
		if (r.offset >= s->to || r.timestamp >= s->until) {
			s->done = s->over = true;
			break;
		}
		if (emit_record(c, s, &item->batch, &r, e) < 0)
			return -1;
	}
	if (got < 0)
		err_prefix(e, "%s: batch at offset %" PRId64, s->view.where,
		    item->batch.base_offset);
	return got < 0 ? -1 : 0;
}

/* Damage: 1 go on behind it, -1 stop. */
static int
damaged(struct consumer *c, struct prefetch *pf, struct prefetch_item *item,
    struct err *e)
{
	struct stream *s = item->source;
	int64_t from = item->batch.base_offset, to;
	struct err why = item->error;

	if (item->status == -2)
		err_prefix(&why, "%s: batch at offset %" PRId64,
		    s->view.where, from);
	*e = why;
	if (!c->o->skip_corrupt || why.code != ERR_CORRUPT)
		return -1;
	if (item->status == -2) {
		to = item->batch.last_offset + 1;
	} else {
		if (cursor_skip_damage(&s->cursor, &from, &to, e) < 0)
			return -1;
		prefetch_resume(pf);
	}
	report_warn("%s", why.text);
	report_warn("%s: skipped offsets %" PRId64 " to %" PRId64,
	    s->view.where, from, to - 1);
	return 1;
}

/* Nothing more now: 1 look again, 0 that was all, -1. */
static int
wait_for_more(struct consumer *c, struct prefetch *pf, struct err *e)
{
	size_t i, open = 0;
	int r;

	for (i = 0; i < c->stream_count; i++)
		open += !c->streams[i]->done;
	if (emit_flush(c, e) < 0)
		return -1;
	if (!c->o->follow || open == 0)
		return 0;
	r = follow_wait(c, e);
	if (r > 0)
		prefetch_resume(pf);
	return r;
}

int
plain_run(struct consumer *c, struct err *e)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct prefetch_options po = {
		.workers = cores < 2 ? 0 : WORKERS_MAX,
		.raw_limit = RAW_LIMIT, .read = read_next, .ctx = c,
	};
	struct prefetch_item *item;
	struct prefetch *pf = prefetch_new(&po, e);
	struct stream *s;
	int r = pf == NULL ? -1 : 1;

	while (r > 0 && c->left > 0 && main_stopped() == 0) {
		item = prefetch_next(pf);
		s = item->source;
		if (item->status != 0 && item->skipped > 0)
			streams_report_skipped(s, item->skipped);
		if (item->status == 0) {
			prefetch_put(pf, item);
			r = wait_for_more(c, pf, e);
			continue;
		}
		if (item->status < 0)
			r = damaged(c, pf, item, e);
		else if (!s->over && emit_batch(c, s, item, e) < 0)
			r = -1;
		progress_tick(&c->progress, item->batch.size,
		    (int64_t)c->printed - c->progress.records);
		prefetch_put(pf, item);
	}
	prefetch_free(pf);
	return r < 0 ? -1 : 0;
}
