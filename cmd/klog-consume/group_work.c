#include "group_work.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "main.h"
#include "plain.h"
#include "streams.h"

struct work *
work_new(struct claim *cl)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w != NULL)
		w->claim = cl;
	return w;
}

void
work_free(struct work *w)
{
	if (w == NULL)
		return;
	buf_release(&w->item.bytes);
	buf_release(&w->plain);
	buf_release(&w->input);
	buf_release(&w->text);
	free(w);
}

/* ---- the environment of a run ---- */

static int
add_text(struct work *w, size_t *at, const char *name, const void *value,
    size_t len)
{
	*at = w->text.len;
	if (buf_append(&w->text, name, strlen(name)) < 0 ||
	    buf_append(&w->text, value, len) < 0)
		return -1;
	return buf_append(&w->text, "", 1);
}

static int
add_number(struct work *w, size_t *at, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	return add_text(w, at, name, text, strlen(text));
}

/* Variables are ended by a NUL, so a key is cut off at one. */
static int
fill_env(struct work *w, bool each)
{
	const struct stream *s = w->claim->stream;
	const struct slice *key = &w->record.key;
	size_t at[WORK_VARIABLES], n = 3, i;

	buf_clear(&w->text);
	if (add_text(w, &at[0], "KLOG_TOPIC=", s->topic->name,
	    strlen(s->topic->name)) < 0 ||
	    add_number(w, &at[1], "KLOG_PARTITION=", s->partition) < 0 ||
	    add_number(w, &at[2], "KLOG_OFFSET=", w->first) < 0)
		return -1;
	if (each) {
		if (add_text(w, &at[3], "KLOG_KEY=", key->data,
		    key->len > 0 ? (size_t)key->len : 0) < 0 ||
		    add_number(w, &at[4], "KLOG_TS=", w->record.timestamp) < 0)
			return -1;
		n = 5;
	}
	for (i = 0; i < n; i++)
		w->env[i] = (const char *)w->text.data + at[i];
	w->env[n] = NULL;
	return 0;
}

/* ---- the next run ---- */

/* All below offset is done without a run.  0, or -1. */
static int
pass_over(struct grouped *g, struct claim *cl, int64_t offset, int32_t epoch,
    struct err *e)
{
	cl->next = cl->done = offset;
	cl->next_epoch = cl->epoch = epoch;
	return claim_commit(g, cl, e);
}

/* Records from offset first on are no records, e says why: 0, or -1. */
static int
leave_out(struct grouped *g, struct work *w, int64_t first, struct err *e)
{
	const struct batch *b = &w->item.batch;

	w->open = false;
	if (plain_leave_out(g->c, &w->item, first, e) < 0)
		return -1;
	return pass_over(g, w->claim, b->last_offset + 1, b->epoch, e);
}

/* Read the next batch: 1, 0 nothing now, -1. */
static int
read_batch(struct grouped *g, struct work *w, struct err *e)
{
	struct claim *cl = w->claim;
	struct stream *s = cl->stream;
	struct prefetch_item *item = &w->item;
	int got;

	for (;;) {
		item->source = s;
		item->skipped = 0;
		got = stream_read(s, &item->batch, &item->bytes,
		    &item->skipped, e);
		item->status = got;
		plain_report_skipped(item);
		if (got == 0) {
			s->idle = true;
			if (s->cursor.next == cl->next)
				return 0;
			return pass_over(g, cl, s->cursor.next,
			    cl->next_epoch, e);
		}
		if (got < 0) {
			if (stream_skip_damage(s, e) < 0)
				return -1;
			continue;
		}
		item->segment = s->segment;
		item->position = s->position;
		if (batch_records_init(&item->records, &item->batch,
		    item->bytes.data, g->c->codec, &w->plain,
		    (size_t)s->view.batch_max, e) == 0)
			break;
		if (leave_out(g, w, item->batch.base_offset, e) < 0)
			return -1;
	}
	w->open = true;
	return 1;
}

/*
 * Put records of the open batch into the input, until there is a run: 1, or 0
 * the batch is at its end, -1.
 */
static int
fill_input(struct grouped *g, struct work *w, bool each, struct err *e)
{
	struct claim *cl = w->claim;
	struct prefetch_item *item = &w->item;
	int64_t given = 0;
	int got = 1, printed;

	buf_clear(&w->input);
	while (g->c->left > 0 && main_stopped() == 0 &&
	    (got = batch_records_next(&item->records, &w->record, e)) > 0) {
		if (w->record.offset < cl->stream->from)
			continue;
		printed = emit_into(g->c, cl->stream, &item->batch,
		    &w->record, &w->input, e);
		if (printed < 0)
			return -1;
		if (printed == 0)
			continue;
		if (given++ == 0)
			w->first = w->record.offset;
		w->after = w->record.offset + 1;
		if (each)
			return 1;
	}
	if (got < 0 && leave_out(g, w, item->records.last_offset + 1, e) < 0)
		return -1;
	if (main_stopped() != 0)
		return 0;
	if (got <= 0) {
		w->open = false;
		if (given > 0)
			w->after = item->batch.last_offset + 1;
	}
	return given > 0;
}

int
work_next(struct grouped *g, struct work *w, struct err *e)
{
	bool each = g->c->o->exec_each != NULL;
	struct claim *cl = w->claim;
	int got;

	if (!w->open) {
		got = read_batch(g, w, e);
		if (got <= 0)
			return got;
	}
	got = fill_input(g, w, each, e);
	if (got == 0 && !w->open && cl->next <= w->item.batch.last_offset)
		return pass_over(g, cl, w->item.batch.last_offset + 1,
		    w->item.batch.epoch, e);
	if (got <= 0)
		return got;
	if (fill_env(w, each) < 0 || w->input.len > INT32_MAX)
		return err_set(e, ERR_SYSTEM, "out of memory");
	cl->next = w->after;
	cl->next_epoch = w->item.batch.epoch;
	w->job = (struct exec_job){
		.input = { w->input.data, (int32_t)w->input.len },
		.env = w->env, .context = w,
		/* If we are killed, it still keeps the next owner out. */
		.kept = member_lock_fd(g->member, cl->topic, cl->partition),
	};
	return 1;
}

/* ---- after a run ---- */

static int
bury_record(struct work *w, struct deadletter *d, const struct record *r,
    struct err *e)
{
	const struct stream *s = w->claim->stream;
	char source[320];

	snprintf(source, sizeof(source), "%s/%" PRId32 "/%" PRId64,
	    s->topic->name, s->partition, r->offset);
	return deadletter_put(d, r, source, w->job.attempts, w->job.why, e);
}

int
work_bury(struct grouped *g, struct work *w, struct deadletter *d,
    struct err *e)
{
	struct batch_records records;
	struct buf plain = { 0 };
	struct record r;
	int got;

	if (g->c->o->exec_each != NULL)
		return bury_record(w, d, &w->record, e);
	got = batch_records_init(&records, &w->item.batch,
	    w->item.bytes.data, g->c->codec, &plain,
	    (size_t)w->claim->stream->view.batch_max, e);
	while (got >= 0 && (got = batch_records_next(&records, &r, e)) > 0) {
		if (r.offset < w->first)
			continue;
		if (r.offset >= w->after)
			break;
		got = g->c->filter == NULL ? 1 :
		    filter_match(g->c->filter, &r, e);
		if (got > 0)
			got = bury_record(w, d, &r, e);
	}
	buf_release(&plain);
	return got < 0 ? -1 : 0;
}

int
work_failed(const struct work *w, struct err *e)
{
	const char *where = w->claim->stream->view.where;

	if (w->after - w->first > 1)
		return err_set(e, ERR_DATA, "%s: offsets %" PRId64 " to %"
		    PRId64 ": command failed: %s", where, w->first,
		    w->after - 1, w->job.why);
	return err_set(e, ERR_DATA, "%s: offset %" PRId64
	    ": command failed: %s", where, w->first, w->job.why);
}
