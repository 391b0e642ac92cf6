#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "main.h"
#include "streams.h"
#include "ways.h"

enum {
	BUSY_YIELDS = 50,	/* a writer is between write and publish */
	BUSY_WAIT_US = 20000,	/* it does not have a core */
	BUSY_TRIES = 3,		/* then it was killed there, or stopped */
	BUSY_PAUSE_MAX_MS = 1000,
	POLL_MS = 50,		/* between looks where nothing is watched */
	NO_TIMEOUT = -1
};

struct news {
	struct consumer *c;
	bool any;		/* a stream or topic was hit */
	bool topics;		/* a topic was */
};

void
follow_open(struct consumer *c)
{
	size_t i;
	int j;

	watch_open(&c->watch);
	for (j = 0; j < c->topic_count; j++)
		c->topics[j].watch = watch_add(&c->watch,
		    c->topics[j].topic.dirfd, WATCH_NAMES);
	for (i = 0; i < c->stream_count; i++)
		c->streams[i]->watch = watch_add(&c->watch,
		    c->streams[i]->view.dirfd, WATCH_DATA | WATCH_NAMES);
	c->last_news = clock_mono_ms();
}

static void
seen(void *ctx, int number, unsigned what)
{
	struct news *news = ctx;
	struct consumer *c = news->c;
	bool hit = false;
	size_t i;

	(void)what;
	news->any = true;
	for (i = 0; i < c->stream_count; i++)
		if (number < 0 || c->streams[i]->watch == number) {
			c->streams[i]->idle = false;
			hit = true;
		}
	news->topics |= number < 0 || !hit;
}

/*
 * Whether s has more than was read: 1 yes, or less, for it may have been cut
 * back, which the cursor tells; 0 no; 2 a writer is about to publish (it
 * wrote, which woke us, but readers go by what is published), -1.
 */
static int
has_more(struct stream *s, struct err *e)
{
	struct state_page *page = s->view.state.page;
	bool busy = page != NULL && atomic_load(&page->busy) != 0;

	if (busy)
		s->seq = atomic_load(&page->data_seq);
	if (view_refresh(&s->view, e) < 0)
		return -1;
	s->told = s->view.end.next_offset;
	if (s->told > s->cursor.next || s->told < s->cursor.given)
		return 1;
	return busy ? 2 : 0;
}

/* Look at the streams that were hit: 1 one has more, 0, -1. */
static int
look(struct consumer *c, bool *busy, struct err *e)
{
	struct stream *s;
	size_t i;
	int got, any = 0;

	*busy = false;
	for (i = 0; i < c->stream_count; i++) {
		s = c->streams[i];
		if (s->done || s->idle || s->held)
			continue;
		got = has_more(s, e);
		if (got < 0)
			return -1;
		*busy |= got == 2;
		s->idle = got == 0;
		any |= got == 1;
	}
	return any;
}

/*
 * The write woke us, and publishing takes a few microseconds more: sleeping
 * again would cost many times that.
 */
static void
wait_for_publish(struct consumer *c)
{
	struct state_page *page;
	size_t i;
	int tries;

	for (i = 0; i < c->stream_count; i++) {
		page = c->streams[i]->view.state.page;
		if (c->streams[i]->idle || c->streams[i]->done ||
		    page == NULL)
			continue;
		for (tries = 0; tries < BUSY_YIELDS; tries++) {
			if (atomic_load(&page->busy) == 0 ||
			    atomic_load(&page->data_seq) !=
			    c->streams[i]->seq)
				return;
			sched_yield();
		}
		if (atomic_load(&page->busy) != 0)
			watch_futex_wait(&page->data_seq, c->streams[i]->seq,
			    BUSY_WAIT_US);
		return;
	}
}

/* Partitions may have been added, or the topic deleted. */
static int
refresh_topics(struct consumer *c, struct err *e)
{
	int j;

	for (j = 0; j < c->topic_count; j++)
		if (streams_refresh(c, &c->topics[j], e) < 0)
			return -1;
	return 0;
}

/* Milliseconds until --timeout or --until is reached, or NO_TIMEOUT. */
static int64_t
time_left(struct consumer *c)
{
	int64_t left = INT64_MAX, more;

	if (c->o->range.to.kind == BOUND_TIME)
		left = c->o->range.to.value - clock_wall_ms();
	if (c->o->timeout >= 0) {
		more = clock_mono_ms() - c->last_news;
		more = c->o->timeout > more ? c->o->timeout - more : 0;
		c->timed_out = more == 0;
		if (more < left)
			left = more;
	}
	if (left == INT64_MAX)
		return NO_TIMEOUT;
	return left > 0 ? left : 0;
}

/*
 * As watch_wait, with more descriptors (the last n of fds), but signals are
 * let through only while it sleeps: one that came right before would not be
 * noticed.  2: one of the others is ready.
 */
static int
sleep_at_most(struct consumer *c, struct pollfd *fds, nfds_t n,
    int64_t limit_ms, struct news *news)
{
	struct timespec ts;
	sigset_t all, old;
	bool polling = c->watch.fd < 0 &&
	    (limit_ms == NO_TIMEOUT || limit_ms > POLL_MS);
	int got = -1;
	nfds_t i;

	if (polling)
		limit_ms = POLL_MS;
	ts = (struct timespec){ limit_ms / 1000, limit_ms % 1000 * 1000000 };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (main_stopped() == 0)
		got = ppoll(
		    fds, n + 2, limit_ms == NO_TIMEOUT ? NULL : &ts, &old);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (got < 0)
		return -2;
	if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		return -1;
	if (fds[0].revents != 0)
		watch_take(&c->watch, seen, news);
	for (i = 0; i < n; i++)
		if (fds[i + 2].revents != 0)
			return 2;
	return got > 0 || polling;
}

/*
 * Sleep until something happens: 1, 0 time is up, 2 one of more is ready, 3
 * the reader left, -1.  limit_ms, unless it is NO_TIMEOUT, bounds the sleep.
 */
static int
sleep_for_news(struct consumer *c, struct pollfd *more, nfds_t n,
    int64_t limit_ms, struct err *e)
{
	struct pollfd fds[2 + FOLLOW_MORE] = {
		{ .fd = c->watch.fd, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 },
	};
	struct news news = { .c = c };
	int64_t limit = time_left(c);
	nfds_t i;
	int got;

	if (limit_ms != NO_TIMEOUT && (limit == NO_TIMEOUT || limit > limit_ms))
		limit = limit_ms;
	for (i = 0; i < n; i++)
		fds[i + 2] = more[i];
	got = sleep_at_most(c, fds, n, limit, &news);
	for (i = 0; i < n; i++)
		more[i].revents = got > 0 ? fds[i + 2].revents : 0;
	progress_tick(&c->progress, 0, 0);
	if (got == -1)
		return 3;
	if (got == 0 && time_left(c) == 0)
		return 0;
	if (got == 1 && !news.any)
		seen(&news, -1, 0);
	if (news.topics && refresh_topics(c, e) < 0)
		return -1;
	return got == 2 ? 2 : 1;
}

int
follow_take(struct consumer *c, struct err *e)
{
	struct news news = { .c = c };

	if (c->watch.fd >= 0)
		watch_take(&c->watch, seen, &news);
	else
		seen(&news, -1, 0);
	return news.topics ? refresh_topics(c, e) : 0;
}

int
follow_wait(struct consumer *c, struct err *e)
{
	int got = follow_wait_for(c, NULL, 0, NO_TIMEOUT, e);

	if (got == 3) {
		/* As cat would: nobody reads what we would write. */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return got;
}

int
follow_wait_for(struct consumer *c, struct pollfd *more, nfds_t n,
    int64_t limit_ms, struct err *e)
{
	struct news all = { .c = c };
	int64_t pause = 0, due = CLOCK_NEVER, left = NO_TIMEOUT;
	int got, tries = 0;
	bool busy;

	if (limit_ms != NO_TIMEOUT)
		due = clock_mono_ms() + limit_ms;

	seen(&all, -1, 0);	/* what came before we watched */
	while (main_stopped() == 0) {
		got = look(c, &busy, e);
		if (got != 0) {
			c->last_news = clock_mono_ms();
			return got;
		}
		if (busy && tries++ < BUSY_TRIES) {
			wait_for_publish(c);
			continue;
		}
		if (!busy)
			tries = 0;
		/* Other partitions must not wait for a writer that hangs. */
		pause = !busy ? 0 : pause == 0 ? 1 :
		    pause < BUSY_PAUSE_MAX_MS / 2 ? pause * 2 :
		    BUSY_PAUSE_MAX_MS;
		if (due != CLOCK_NEVER)
			left = due - clock_mono_ms();
		if (due != CLOCK_NEVER && left <= 0)
			return 2;
		got = sleep_for_news(c, more, n, pause > 0 &&
		    (left == NO_TIMEOUT || left > pause) ? pause : left, e);
		if (got != 1)
			return got;
		if (c->grown) {
			c->grown = false;
			return 2;
		}
	}
	return 1;
}
