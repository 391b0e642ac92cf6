/*
 * As a member of a group: the records of the partitions that are ours go to
 * stdout, and are committed when they were taken (group_out.c) or
 * acknowledged (group_ack.c).  With a command: group_exec.c.
 */
#include "group.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "clock.h"
#include "emit.h"
#include "lines.h"
#include "main.h"
#include "plain.h"
#include "streams.h"
#include "ways.h"

enum {
	BULK_BYTES = 16 << 10,	/* between marks, where the pipe is looked at */
	ITEMS_BETWEEN = 64,	/* small batches between looks at the members */
	PAUSE_MAX = 50		/* ms between looks into a large pipe */
};

/* Whether nothing more of a claim is to be given out for now. */
static bool
is_stopped(const struct grouped *g, const struct stream *s)
{
	return g->c->left <= 0 || main_stopped() != 0 || s->over || s->held;
}

/* The plain records of a batch that is wholly in range, in bulk: 0, or -1. */
static int
give_bulk(struct grouped *g, struct prefetch_item *item, struct err *e)
{
	uint8_t delimiter = g->c->o->null_delimited ? '\0' : '\n';
	struct stream *s = item->source;
	struct out *out = &g->c->out;
	size_t full = OUT_SIZE;
	int32_t taken;

	while (!is_stopped(g, s)) {
		if (g->pipe && out->bytes.len + BULK_BYTES < OUT_SIZE)
			full = out->bytes.len + BULK_BYTES;
		taken = lines_take(&item->records, delimiter, full,
		    &out->bytes);
		if (taken <= 0)
			return 0;
		g->c->printed += (uint64_t)taken;
		if (group_mark(g, s->claim, item->records.last_offset + 1,
		    item->batch.epoch, e) < 0 ||
		    (out_is_full(out) && group_put(g, e) < 0))
			return -1;
		full = OUT_SIZE;
	}
	return 0;
}

static int
give_record(struct grouped *g, struct stream *s, const struct batch *b,
    const struct record *r, struct err *e)
{
	int printed = emit_into(g->c, s, b, r, &g->c->out.bytes, e);

	/* A signal came: whether it passes was not looked at. */
	if (printed == 0 && main_stopped() != 0)
		return 0;
	if (printed < 0 ||
	    (printed > 0 && g->acks != NULL &&
	    group_ack_given(g, s->claim, r->offset, e) < 0) ||
	    group_mark(g, s->claim, r->offset + 1, b->epoch, e) < 0)
		return -1;
	if (printed > 0 && (g->single || out_is_full(&g->c->out)))
		return group_put(g, e);
	return 0;
}

/* Give out a batch's records: 0, -1, or -2 those that are left are not any. */
static int
give_batch(struct grouped *g, struct prefetch_item *item, struct err *e)
{
	struct stream *s = item->source;
	struct record r;
	int got = 1;

	if (g->c->plain && !g->single && g->acks == NULL &&
	    item->batch.base_offset >= s->from &&
	    give_bulk(g, item, e) < 0)
		return -1;
	while (!is_stopped(g, s) &&
	    (got = batch_records_next(&item->records, &r, e)) > 0)
		if (r.offset >= s->from &&
		    give_record(g, s, &item->batch, &r, e) < 0)
			return -1;
	if (got < 0)
		return -2;
	if (got > 0 && s->held)
		s->claim->rewind = true;
	return got > 0 ? 0 : group_mark(g, s->claim,
	    item->batch.last_offset + 1, item->batch.epoch, e);
}

/* Deal with an item that is not "nothing more": 0, or -1. */
static int
take(struct grouped *g, struct prefetch *pf, struct prefetch_item *item,
    struct err *e)
{
	struct stream *s = item->source;
	int64_t first = item->batch.base_offset;
	int r = item->status;

	if (s->held)
		s->claim->rewind = true;
	if (s->over || s->claim->rewind) {
		/* A failure is met again by whoever reads it next. */
		if (r == -1)
			prefetch_resume(pf);
		return 0;
	}
	if (r == 1) {
		r = give_batch(g, item, e);
		if (r != -2)
			return r;
		first = item->records.last_offset + 1;
	} else {
		*e = item->error;
	}
	if (r == -2) {
		if (plain_leave_out(g->c, item, first, e) < 0)
			return -1;
		return group_mark(g, s->claim, item->batch.last_offset + 1,
		    item->batch.epoch, e);
	}
	if (stream_skip_damage(s, e) < 0)
		return -1;
	prefetch_resume(pf);
	return group_mark(g, s->claim, s->cursor.next, s->claim->next_epoch,
	    e);
}

/* What was passed over behind the last records is done, too. */
static int
mark_ends(struct grouped *g, struct err *e)
{
	struct claim *cl;
	size_t i;

	for (i = 0; i < g->claim_count; i++) {
		cl = g->claims[i];
		if (cl->stream != NULL && !cl->gone && !cl->leaving &&
		    !cl->rewind && cl->stream->cursor.next != cl->next &&
		    group_mark(g, cl, cl->stream->cursor.next, cl->next_epoch,
		    e) < 0)
			return -1;
		if (g->acks != NULL && !cl->gone && cl->last < cl->done)
			cl->done = cl->next;
		if (g->acks != NULL && !cl->gone &&
		    claim_commit(g, cl, e) < 0)
			return -1;
	}
	return 0;
}

int
group_sleep(struct grouped *g, struct err *e)
{
	struct pollfd more[3] = {
		{ .fd = member_fd(g->member), .events = POLLIN },
		{ .fd = group_ack_fd(g), .events = POLLIN },
		{ .fd = -1, .events = POLLOUT },
	};
	int64_t limit = group_sooner(group_patience(g), claims_sync_due(g));
	int64_t pause = 1;
	int got;

	g->window = 0;
	if (g->mark_count > 0 && g->single)
		more[2].fd = STDOUT_FILENO;
	do {
		got = follow_wait_for(g->c, more, 3, g->mark_count == 0 ||
		    g->single ? limit : group_sooner(limit, pause), e);
		if (got != 2 || g->mark_count == 0 || g->single)
			break;
		if (group_collect(g, e) < 0)
			return -1;
		pause = pause < PAUSE_MAX ? pause * 2 : pause;
	} while (more[0].revents == 0 && more[1].revents == 0 &&
	    (limit < 0 || limit > pause));
	if (got == 3) {
		g->reader_left = true;
		errno = EPIPE;
		return err_sys(e, "%s", g->c->out.name);
	}
	if (got > 0 && more[1].revents != 0 && group_ack_read(g, e) < 0)
		return -1;
	return got;
}

bool
group_is_readable(const struct grouped *g)
{
	const struct stream *s;
	size_t i;

	for (i = 0; i < g->c->stream_count; i++) {
		s = g->c->streams[i];
		if (!s->done && !s->idle && !s->held)
			return true;
	}
	return false;
}

/* Nothing more is read ahead: 1 go on, 0 that was all, -1. */
static int
rest(struct grouped *g, struct err *e)
{
	int got;

	if (group_put(g, e) < 0 || mark_ends(g, e) < 0 ||
	    group_collect(g, e) < 0 || follow_take(g->c, e) < 0)
		return -1;
	g->rested = clock_mono_ms();
	for (;;) {
		if (group_settle(g, e) < 0 || group_rest(g, e) < 0 ||
		    claims_sync(g, false, e) < 0)
			return -1;
		if (group_is_readable(g) || main_stopped() != 0)
			return 1;
		if (!g->c->o->follow && !group_expects(g))
			return 0;
		got = group_sleep(g, e);
		if (got <= 0 || group_collect(g, e) < 0)
			return got == 0 ? 0 : -1;
	}
}

static int
give_all(struct grouped *g, struct err *e)
{
	struct consumer *c = g->c;
	struct prefetch *pf = plain_prefetch(c, e);
	struct prefetch_item *item;
	int r = pf == NULL ? -1 : 1;
	unsigned since = 0;
	uint64_t sent = 0;

	c->plain = plain_prints(c);
	c->hold = true;
	while (r > 0 && c->left > 0 && main_stopped() == 0) {
		item = prefetch_next(pf);
		plain_report_skipped(item);
		if (item->status == 0) {
			prefetch_put(pf, item);
			r = rest(g, e);
			prefetch_resume(pf);
			continue;
		}
		r = take(g, pf, item, e) < 0 ? -1 : 1;
		progress_tick(&c->progress, item->status > 0 ?
		    item->batch.size : 0,
		    (int64_t)c->printed - c->progress.records);
		prefetch_put(pf, item);
		if (r > 0 && (c->out.total != sent ||
		    ++since == ITEMS_BETWEEN)) {
			sent = c->out.total;
			since = 0;
			if (group_look(g, e) < 0)
				r = -1;
		}
	}
	prefetch_free(pf);
	return r;
}

/*
 * What was given out goes out and is committed, also after a failure; e keeps
 * the first one.
 */
static int
finish(struct grouped *g, int r, struct err *e)
{
	struct err second = { 0 }, *why = r < 0 ? &second : e;
	struct out *out = &g->c->out;
	bool gone = r < 0 && g->reader_left;

	if (!gone && (group_put(g, why) < 0 || group_drain(g, why) < 0 ||
	    (r >= 0 && g->acks != NULL && group_ack_finish(g, why) < 0)))
		r = -1;
	if (gone && (group_collect(g, why) < 0 ||
	    (g->acks != NULL && group_ack_last(g, 0, why) < 0)))
		r = -1;
	if (claims_sync(g, true, r < 0 ? &second : e) < 0)
		r = -1;
	buf_clear(&out->bytes);
	out->sent = 0;
	return r;
}

/* As cat would: nobody reads what we would write. */
static void
die_of_pipe(struct sigaction *old)
{
	if (old->sa_handler == SIG_IGN)
		return;
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
}

static void
leave(struct grouped *g)
{
	while (g->claim_count > 0)
		claim_remove(g, g->claims[g->claim_count - 1]);
	if (g->member != NULL)
		member_leave(g->member);
	group_ack_close(g);
	group_exec_close(g);
	free(g->claims);
	free(g->marks);
}

int
group_run(struct consumer *c, struct err *e)
{
	struct grouped g = { .c = c, .commits = c->o->commit != COMMIT_NONE,
		.synced = clock_mono_ms() };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	struct topic **topics = calloc((size_t)c->topic_count,
	    sizeof(struct topic *));
	int j, r = -1;

	sigaction(SIGPIPE, &ignore, &old);
	for (j = 0; topics != NULL && j < c->topic_count; j++)
		topics[j] = &c->topics[j].topic;
	if (topics == NULL)
		err_set(e, ERR_SYSTEM, "out of memory");
	else if (group_ack_open(&g, e) == 0 && group_exec_open(&g, e) == 0)
		g.member = member_join(topics, (size_t)c->topic_count,
		    c->o->group, (enum assignor)c->o->assignor, e);
	if (g.member != NULL) {
		follow_open(c);
		group_out_init(&g);
		if (c->o->exec != NULL || c->o->exec_each != NULL)
			r = group_exec(&g, e);
		else
			r = finish(&g, give_all(&g, e), e);
	}
	leave(&g);
	free(topics);
	if (r < 0 && g.reader_left && e->sys == EPIPE)
		die_of_pipe(&old);
	sigaction(SIGPIPE, &old, NULL);
	return r < 0 ? -1 : 0;
}
