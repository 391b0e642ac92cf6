#include <unistd.h>

#include "emit.h"
#include "lines.h"
#include "main.h"
#include "plain.h"
#include "streams.h"
#include "ways.h"

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

	for (i = 0; i < c->stream_count && !c->hold; i++) {
		s = c->streams[c->turn++ % c->stream_count];
		if (s->done || s->idle || s->held)
			continue;
		item->source = s;
		item->raw_limit = (size_t)s->view.batch_max;
		got = stream_read(s, &item->batch, &item->bytes,
		    &item->skipped, &item->error);
		if (c->stream_count > STREAMS_BUFFERED)
			scan_release(&s->cursor.scan);
		item->segment = s->segment;
		item->position = s->position;
		if (got != 0) {
			item->sealed = got > 0 &&
			    counts_whole(c, s, &item->batch);
			return got;
		}
		s->idle = true;
	}
	return 0;
}

bool
plain_prints(const struct consumer *c)
{
	const struct options *o = c->o;

	return c->filter == NULL && !o->has_limit && !o->count && !o->json &&
	    !o->framed && !o->null_empty && o->null_as == NULL &&
	    o->format == NULL && o->key_separator == NULL &&
	    o->delimiter == NULL && o->whole == NULL &&
	    o->rate_per_ms <= 0 && o->speed_factor <= 0 &&
	    (o->raw || !isatty(STDOUT_FILENO));
}

/* The plain records of a batch that is wholly in range, in bulk: 0, or -1. */
static int
emit_plain(struct consumer *c, struct prefetch_item *item, struct err *e)
{
	uint8_t delimiter = c->o->null_delimited ? '\0' : '\n';
	int32_t taken;

	while (main_stopped() == 0 &&
	    (taken = lines_take(&item->records, delimiter, OUT_SIZE,
	    &c->out.bytes)) > 0) {
		c->printed += (uint64_t)taken;
		if (out_is_full(&c->out) && emit_flush(c, e) < 0)
			return -1;
	}
	return 0;
}

/* Print a batch's records: 0, -1, or -2 those that are left are not any. */
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
	if (c->plain && s->until == INT64_MAX &&
	    item->batch.base_offset >= s->from &&
	    item->batch.last_offset < s->to && emit_plain(c, item, e) < 0)
		return -1;
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
	return got < 0 ? -2 : 0;
}

int
plain_leave_out(struct consumer *c, struct prefetch_item *item, int64_t first,
    struct err *e)
{
	struct stream *s = item->source;

	stream_corrupt(s, item->segment, item->position, &item->batch, e);
	if (!c->o->skip_corrupt || e->code != ERR_CORRUPT)
		return -1;
	stream_report_damage(s, e, first, item->batch.last_offset);
	return 1;
}

/* Deal with an item that is not "nothing more": 1 go on, -1. */
static int
take(struct consumer *c, struct prefetch *pf, struct prefetch_item *item,
    struct err *e)
{
	struct stream *s = item->source;
	int64_t first = item->batch.base_offset;
	int r = item->status;

	if (s->over)
		return 1;
	if (r == 1) {
		r = emit_batch(c, s, item, e);
		if (r != -2)
			return r < 0 ? -1 : 1;
		first = item->records.last_offset + 1;
	} else {
		*e = item->error;
	}
	if (r == -2)
		return plain_leave_out(c, item, first, e);
	if (stream_skip_damage(s, e) < 0)
		return -1;
	prefetch_resume(pf);
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

struct prefetch *
plain_prefetch(struct consumer *c, struct err *e)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct prefetch_options po = {
		.workers = cores < 2 ? 0 : WORKERS_MAX,
		.read = read_next, .ctx = c,
	};

	return prefetch_new(&po, e);
}

void
plain_report_skipped(const struct prefetch_item *item)
{
	struct stream *s = item->source;

	if (item->skipped > 0)
		streams_report_skipped(s, item->skipped,
		    item->status > 0 ? &item->batch : NULL, s->cursor.next);
}

int
plain_run(struct consumer *c, struct err *e)
{
	struct prefetch_item *item;
	struct prefetch *pf = plain_prefetch(c, e);
	struct stream *s;
	int r = pf == NULL ? -1 : 1;

	c->plain = plain_prints(c);
	while (r > 0 && c->left > 0 && main_stopped() == 0) {
		item = prefetch_next(pf);
		s = item->source;
		plain_report_skipped(item);
		if (item->status == 0) {
			prefetch_put(pf, item);
			r = wait_for_more(c, pf, e);
			continue;
		}
		r = take(c, pf, item, e);
		/* What we were woken for goes out before more is looked for. */
		if (r > 0 && item->status > 0 &&
		    item->batch.last_offset + 1 == s->told &&
		    emit_flush(c, e) < 0)
			r = -1;
		progress_tick(&c->progress, item->status > 0 ?
		    item->batch.size : 0,
		    (int64_t)c->printed - c->progress.records);
		prefetch_put(pf, item);
	}
	prefetch_free(pf);
	return r < 0 ? -1 : 0;
}
