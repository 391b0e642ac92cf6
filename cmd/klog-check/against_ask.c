/*
 * The questions of a comparison.  The other end digests a share of its log at
 * a time, and goes on with the next one while we do the same share here.
 * Nothing that it says is believed beyond the range that was asked for.
 */
#include <inttypes.h>
#include <string.h>

#include "against.h"
#include "main.h"
#include "session.h"

/* Offsets in which records are looked at one by one. */
enum { NARROW = 1024 };

static int
nonsense(const struct against *a, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: gave an answer that makes no sense",
	    a->link.peer);
}

/* What else may come between answers: 1 it is none of it, 0, -1. */
static int
take_other(struct against *a, const struct wire *w, struct err *e)
{
	struct wire pong = { .type = WIRE_PONG };

	switch (w->type) {
	case WIRE_PING:
		return wire_put(&a->link.output, &pong) < 0 ?
		    err_set(e, ERR_SYSTEM, "out of memory") :
		    0;
	case WIRE_PONG:
		return 0;
	case WIRE_ERROR:
		a->theirs = true;
		return session_their_error(&a->link, w, e);
	case WIRE_EXTENT:
	case WIRE_DIGESTED:
	case WIRE_LISTED:
		/* The rest of what an earlier question brought. */
		if (w->number < a->number)
			return 0;
		return w->number == a->number ? 1 : nonsense(a, e);
	default:
		return 1;
	}
}

int
against_hear(struct against *a, struct wire *w, struct err *e)
{
	int r = 0;

	*w = (struct wire){ .type = WIRE_PONG };
	while (r == 0) {
		progress_tick(&a->check->progress, 0, 0);
		if (main_stopped()) {
			main_stop(e);
			return -1;
		}
		r = link_next(&a->link, w, e);
		if (r > 0)
			r = take_other(a, w, e);
		else if (r == 0 && link_wait(&a->link, -1, true, e) < 0)
			r = -1;
	}
	return r < 0 ? -1 : 0;
}

/* Ask for [from, to), and hear what that log is.  0, or -1. */
static int
ask(struct against *a, struct against_log *log, uint8_t flags, int64_t from,
    int64_t to, struct err *e)
{
	struct wire w = { .type = WIRE_DIGEST,
		.number = ++a->number,
		.partition = log->number,
		.flags = flags,
		.from = from,
		.end = to };

	if (wire_put(&a->link.output, &w) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (against_hear(a, &w, e) < 0)
		return -1;
	if (w.type != WIRE_EXTENT || w.start > w.end)
		return nonsense(a, e);
	log->start = w.start;
	log->end = w.end;
	log->cleaned = w.cleaned;
	return 0;
}

int
against_look(struct against *a, struct against_log *log, struct err *e)
{
	return ask(a, log, 0, 0, 0, e);
}

/* The next answer, of a share of [at, to).  0, or -1. */
static int
hear_share(struct against *a, struct wire *w, enum wire_type type, int64_t at,
    int64_t to, struct err *e)
{
	if (against_hear(a, w, e) < 0)
		return -1;
	if (w->type != type || w->from != at || w->end <= at || w->end > to)
		return nonsense(a, e);
	return 0;
}

static void
tick(struct against *a, struct against_log *log, int64_t bytes,
    int64_t records)
{
	progress_tick(
	    &a->check->progress, log->here.taken - bytes, records);
}

/*
 * The first share of [*from, *to) that is not the same: 1, and they are its
 * ends; 0 there is none; -1.
 */
static int
first_unequal(struct against *a, struct against_log *log, int64_t *from,
    int64_t *to, struct err *e)
{
	struct digest_sum here;
	struct wire w;
	int64_t at, bytes;

	if (ask(a, log, 0, *from, *to, e) < 0)
		return -1;
	for (at = *from; at < *to; at = w.end) {
		bytes = log->here.taken;
		if (hear_share(a, &w, WIRE_DIGESTED, at, *to, e) < 0 ||
		    digest_range(
			&log->here, at, w.end, INT64_MAX, &here, e) < 0)
			return -1;
		tick(a, log, bytes, here.records);
		if (here.records != w.records ||
		    memcmp(here.sum, w.digest.data, DIGEST_SIZE) != 0) {
			*from = at;
			*to = w.end;
			return 1;
		}
		log->counts.same += here.records;
	}
	return 0;
}

/* The records of [at, to), of which there has those in list: one list here
 * after the other.  1 log->found, 0, -1. */
static int
compare_list(struct against *a, struct against_log *log, int64_t at,
    int64_t to, struct slice list, struct err *e)
{
	struct differ_side there = { .list = list.data,
		.count = (size_t)list.len / DIGEST_ENTRY,
		.cleaned = log->cleaned };
	struct differ_side here;
	struct buf ours = { 0 };
	int64_t bytes;
	int r = 0;

	for (; r == 0 && at < to && !main_stopped();) {
		buf_clear(&ours);
		bytes = log->here.taken;
		r = digest_list(
		    &log->here, at, to, INT64_MAX, &ours, &at, e);
		if (r < 0)
			break;
		here = (struct differ_side){ .list = ours.data,
			.count = ours.len / DIGEST_ENTRY,
			.cleaned = log->here.cleaned };
		tick(a, log, bytes, (int64_t)here.count);
		r = differ_next(
		    &here, &there, at, &log->found, &log->counts);
	}
	buf_release(&ours);
	return r;
}

/* Look at the records of [from, to) one by one: 1 log->found, 0, -1. */
static int
compare_records(struct against *a, struct against_log *log, int64_t from,
    int64_t to, struct err *e)
{
	struct wire w;
	int r = 0;

	if (ask(a, log, WIRE_LIST, from, to, e) < 0)
		return -1;
	for (; r == 0 && from < to; from = w.end) {
		if (hear_share(a, &w, WIRE_LISTED, from, to, e) < 0)
			return -1;
		if (!differ_is_list(w.bytes, from, w.end))
			return nonsense(a, e);
		r = compare_list(a, log, from, w.end, w.bytes, e);
	}
	return r;
}

/* [from, to) is not the same: halve it until it is small.  1 log->found,
 * -1. */
static int
narrow(struct against *a, struct against_log *log, int64_t from, int64_t to,
    struct err *e)
{
	int64_t half;
	int r;

	while (to - from > NARROW) {
		half = from + (to - from) / 2;
		r = first_unequal(a, log, &from, &half, e);
		if (r < 0)
			return -1;
		if (r == 0)
			from = half;
		else
			to = half;
	}
	r = compare_records(a, log, from, to, e);
	return r != 0 ? r :
			err_set(e, ERR_BUSY,
			    "%s/%" PRId32 ": offsets %" PRId64 " to %" PRId64
			    " were changed while they were compared; try again",
			    a->topic->path, log->number, from, to - 1);
}

int
against_compare(struct against *a, struct against_log *log, struct err *e)
{
	int64_t at = log->from, from, to, cleaned;
	int r = 0;

	while (r == 0 && at < log->to) {
		from = at;
		to = log->to;
		r = first_unequal(a, log, &from, &to, e);
		if (r <= 0)
			break;
		at = to;
		cleaned = log->cleaned > log->here.cleaned ?
		    log->cleaned :
		    log->here.cleaned;
		if (from >= cleaned) {
			r = narrow(a, log, from, to, e);
			continue;
		}
		/* Records may be missing on either side: each is looked at. */
		at = to < cleaned ? to : cleaned;
		r = compare_records(a, log, from, at, e);
	}
	log->differs = r > 0;
	return r < 0 ? -1 : 0;
}
