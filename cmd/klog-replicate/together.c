#include "together.h"

#include <limits.h>
#include <poll.h>

#include "clock.h"
#include "main.h"

/* Hand over what was said, message by message.  1, 0 it was nothing, -1. */
static int
hand_over(struct together *g, struct buf *from, struct err *e)
{
	size_t taken = 0, size;
	struct wire w;
	int r;

	while (taken < from->len) {
		r = wire_get(
		    from->data + taken, from->len - taken, &w, &size, e);
		if (r <= 0)
			return r < 0 ? -1 :
				       err_set(e, ERR_DATA, "half a message");
		if (from == &g->to_target)
			r = target_take(g->target, &w, e);
		else if (w.type != WIRE_BYE)
			r = source_take(g->source, &w, e);
		if (r < 0)
			return -1;
		taken += size;
	}
	if (from == &g->to_target)
		g->in += (int64_t)taken;
	else
		g->out += (int64_t)taken;
	buf_clear(from);
	return taken > 0;
}

/* The target syncs what it has and says so.  1, 0 there was nothing, -1. */
static int
settle(struct together *g, struct err *e)
{
	if (target_settle(g->target, e) < 0)
		return -1;
	return hand_over(g, &g->to_source, e);
}

/* Sleep until fd (or -1) is readable, the time has come, or a signal. */
static void
sleep_until(int fd, int64_t when)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t ms = -1;

	if (when != CLOCK_NEVER) {
		ms = when - clock_mono_ms();
		ms = ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : ms;
	}
	if (!main_stopped())
		(void)poll(&p, 1, (int)ms);
}

/* n bytes passed: the limit wants a pause. */
static void
pause_for(struct together *g, int64_t n)
{
	int64_t now = clock_mono_ms();

	if (g->rate <= 0 || n == 0)
		return;
	if (g->free_at < now)
		g->free_at = now;
	g->free_at += (int64_t)((double)n * 1e3 / (double)g->rate);
	while (g->free_at > clock_mono_ms() && !main_stopped())
		sleep_until(-1, g->free_at);
}

/* One round: 0 go on, 1 all is done, -1. */
static int
turn(struct together *g, struct err *e)
{
	int64_t before = g->in + g->out;
	int more, r;

	if (main_stopped())
		return main_stop(e);
	/* The target lives, it is here. */
	r = source_is_asked(g->source, e);
	if (r < 0 || (r > 0 && source_heard(g->source, e) < 0))
		return -1;
	more = source_pump(g->source, e);
	if (more < 0 || hand_over(g, &g->to_target, e) < 0 ||
	    hand_over(g, &g->to_source, e) < 0)
		return -1;
	if (target_is_over(g->target))
		return 1;
	if (target_is_full(g->target) && settle(g, e) < 0)
		return -1;
	pause_for(g, g->in + g->out - before);
	if (more > 0 || g->in + g->out > before)
		return 0;
	r = settle(g, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	sleep_until(source_watch(g->source), source_again(g->source));
	source_look(g->source);
	return 0;
}

int
together_run(struct together *g, struct err *e)
{
	const struct target_counts *counts = target_counts(g->target);
	int64_t bytes = 0, records = 0;
	struct err ignored;
	int r;

	do {
		r = turn(g, e);
		progress_tick(g->progress, counts->bytes - bytes,
		    counts->records - records);
		bytes = counts->bytes;
		records = counts->records;
	} while (r == 0);
	if (r < 0)
		(void)settle(g, &ignored);
	return r < 0 ? -1 : 0;
}

void
together_release(struct together *g)
{
	source_free(g->source);
	target_free(g->target);
	buf_release(&g->to_target);
	buf_release(&g->to_source);
}
