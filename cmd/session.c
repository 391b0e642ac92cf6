#include "session.h"

#include "clock.h"
#include "main.h"
#include "report.h"

enum {
	PENDING_MAX = 1 << 20, /* bytes, after which what is there is sent */
	ANSWERS_MAX = 64 << 10, /* the same of answers */
	EXPECT_MS = 100 /* for what was announced, before it is given up */
};

int
session_their_error(
    const struct link *l, const struct wire *w, struct err *e)
{
	static const enum err_code codes[] = { [4] = ERR_CORRUPT,
		[5] = ERR_BUSY,
		[6] = ERR_ROLE };
	enum err_code code = w->status < sizeof(codes) / sizeof(codes[0]) ?
	    codes[w->status] :
	    ERR_NONE;

	return err_set(e, code == ERR_NONE ? ERR_SYSTEM : code, "%s: %.*s",
	    l->peer, (int)w->text.len, (const char *)w->text.data);
}

/* Give one message to who it is for: 1, 2 it was the last, -1. */
static int
dispatch(struct session *s, const struct wire *w, bool *theirs,
    struct err *e)
{
	struct wire pong = { .type = WIRE_PONG };

	switch (w->type) {
	case WIRE_PING:
		if (wire_put(&s->link->output, &pong) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
		return s->source == NULL || source_heard(s->source, e) == 0 ?
		    1 :
		    -1;
	case WIRE_PONG:
		return 1;
	case WIRE_ERROR:
		*theirs = true;
		return session_their_error(s->link, w, e);
	case WIRE_BYE:
		if (s->source == NULL)
			break;
		if (source_is_over(s->source))
			return 2;
		*theirs = s->link->lost = true;
		return err_set(e, ERR_SYSTEM,
		    "%s: was asked to stop before all was copied",
		    s->link->peer);
	default:
		break;
	}
	if (s->source != NULL)
		return source_take(s->source, w, e) < 0 ? -1 : 1;
	if (target_take(s->target, w, e) < 0)
		return -1;
	if (target_is_over(s->target))
		return 2;
	if (target_is_full(s->target) && target_settle(s->target, e) < 0)
		return -1;
	return 1;
}

static void
tick(struct session *s, int64_t *bytes, int64_t *records)
{
	int64_t b, r;

	if (s->progress == NULL)
		return;
	b = s->source != NULL ? source_counts(s->source)->bytes :
				target_counts(s->target)->bytes;
	r = s->source != NULL ? source_counts(s->source)->records :
				target_counts(s->target)->records;
	progress_tick(s->progress, b - *bytes, r - *records);
	*bytes = b;
	*records = r;
}

/* Messages that came: 1 all were taken, 2 the last one too, -1. */
static int
take_all(struct session *s, bool *theirs, struct err *e)
{
	struct wire w;
	int r;

	while ((r = link_next(s->link, &w, e)) > 0) {
		r = dispatch(s, &w, theirs, e);
		if (r > 0 && s->lost != NULL && *s->lost) {
			report_warn("%s: connected again", s->link->peer);
			*s->lost = false;
		}
		if (r != 1)
			return r;
	}
	return r < 0 ? -1 : 1;
}

/* What the source has to say: 1 there is more, 0 it waits, -1. */
static int
pump(struct session *s, struct err *e)
{
	int r = 1;

	/* The pipe holds enough to keep the other end busy meanwhile. */
	if (link_pending(s->link) > 0)
		return 1;
	while (r == 1 && link_pending(s->link) < PENDING_MAX)
		r = source_pump(s->source, e);
	return r == 2 ? 0 : r;
}

static int
say_bye(struct session *s, struct err *e)
{
	struct wire bye = { .type = WIRE_BYE };

	if (s->source != NULL) {
		source_finish(s->source);
		return 0;
	}
	if (target_settle(s->target, e) < 0)
		return -1;
	if (wire_put(&s->link->output, &bye) < 0 ||
	    link_finish(s->link, e) < 0)
		return -1;
	return main_stop(e);
}

/*
 * Another process wants to know whether our follower lives: when it next
 * shows that it does, that is noted.  0, or -1.
 */
static int
show_life(struct session *s, struct err *e)
{
	int r = source_is_asked(s->source, e);

	if (r < 0)
		return -1;
	if (r > 0) {
		if (link_ping(s->link, e) < 0)
			return -1;
		s->asked = true;
		s->signs = s->link->signs;
	}
	if (!s->asked || s->link->signs == s->signs)
		return 0;
	s->asked = false;
	return source_heard(s->source, e);
}

/* One round: 0 go on, 1 it is over, -1. */
static int
turn(struct session *s, bool *stopping, bool *theirs, struct err *e)
{
	int watch = s->source != NULL ? source_watch(s->source) : -1;
	int r, more = 0;

	if (main_stopped() && !*stopping) {
		*stopping = true;
		if (say_bye(s, e) < 0)
			return -1;
	}
	r = take_all(s, theirs, e);
	if (r == 2)
		return link_finish(s->link, e) < 0 ? -1 : 1;
	if (r < 0)
		return -1;
	if (s->source != NULL &&
	    (show_life(s, e) < 0 || (more = pump(s, e)) < 0))
		return -1;
	r = link_wait(s->link, -1, false, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	/* All of it went at once: no waiting before there is more of it. */
	if (more > 0 && link_pending(s->link) == 0)
		return 0;
	/* Nothing more is here at the moment: what came goes to the disk. */
	if (s->target != NULL && target_expects(s->target)) {
		s->link->wake_at = clock_mono_ms() + EXPECT_MS;
		r = link_wait(s->link, -1, true, e);
		s->link->wake_at = CLOCK_NEVER;
		if (r != 0)
			return r < 0 ? -1 : 0;
	}
	if (s->target != NULL && target_settle(s->target, e) < 0)
		return -1;
	if (s->source != NULL)
		s->link->wake_at = source_again(s->source);
	r = link_wait(s->link, watch, true, e);
	if (s->source != NULL && watch >= 0)
		source_look(s->source);
	return r < 0 ? -1 : 0;
}

int
session_run(struct session *s, struct err *e)
{
	bool stopping = false, theirs = false;
	int64_t bytes = 0, records = 0;
	struct err ignored;
	int r;

	do {
		r = turn(s, &stopping, &theirs, e);
		tick(s, &bytes, &records);
	} while (r == 0);
	/* What came whole is kept, whatever happened then. */
	if (r < 0 && e->code != ERR_STOPPED && s->target != NULL)
		(void)target_settle(s->target, &ignored);
	if (r < 0 && e->code != ERR_STOPPED && !theirs)
		link_fail(s->link, e);
	if (r > 0 && stopping)
		return main_stop(e);
	return r < 0 ? -1 : 0;
}

/* One question or what else came: 1, 2 it was the last, -1. */
static int
take_question(struct link *l, struct answer *a, const struct wire *w,
    bool *theirs, struct err *e)
{
	struct wire pong = { .type = WIRE_PONG };

	switch (w->type) {
	case WIRE_PING:
		return wire_put(&l->output, &pong) < 0 ?
		    err_set(e, ERR_SYSTEM, "out of memory") :
		    1;
	case WIRE_PONG:
		return 1;
	case WIRE_BYE:
		return 2;
	case WIRE_ERROR:
		*theirs = true;
		return session_their_error(l, w, e);
	default:
		return answer_take(a, w, e) < 0 ? -1 : 1;
	}
}

/* Take what came, answer a little: 1 go on, 2 it is over, -1. */
static int
answer_some(struct link *l, struct answer *a, bool *theirs, struct err *e)
{
	struct wire w;
	int r, more = 1;

	if (main_stopped())
		return main_stop(e);
	while ((r = link_next(l, &w, e)) > 0) {
		r = take_question(l, a, &w, theirs, e);
		if (r != 1)
			return r;
	}
	if (r < 0)
		return -1;
	if (link_pending(l) < ANSWERS_MAX)
		more = answer_pump(a, e);
	if (more < 0)
		return -1;
	/* Wait only when there is nothing to do but that. */
	r = link_wait(l, -1, more == 0 || link_pending(l) >= ANSWERS_MAX, e);
	return r < 0 ? -1 : 1;
}

int
session_answer(struct link *l, struct answer *a, struct err *e)
{
	bool theirs = false;
	int r;

	do
		r = answer_some(l, a, &theirs, e);
	while (r == 1);
	if (r < 0 && e->code != ERR_STOPPED && !theirs)
		link_fail(l, e);
	return r < 0 ? -1 : 0;
}
