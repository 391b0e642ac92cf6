#include <signal.h>
#include <unistd.h>

#include "clock.h"
#include "consume.h"
#include "main.h"

enum {
	BUSY_WAIT_US = 20000,	/* a writer is between write and publish */
	NO_TIMEOUT = -1
};

struct news {
	struct consumer *c;
	bool any;		/* a stream or topic was hit */
};

int
follow_open(struct consumer *c, struct err *e)
{
	size_t i;
	int j;

	(void)e;
	watch_open(&c->watch);
	for (j = 0; j < c->topic_count; j++)
		c->topics[j].watch = watch_add(&c->watch,
		    c->topics[j].topic.dirfd, WATCH_NAMES);
	for (i = 0; i < c->stream_count; i++)
		c->streams[i]->watch = watch_add(&c->watch,
		    c->streams[i]->view.dirfd, WATCH_DATA | WATCH_NAMES);
	c->last_news = clock_mono_ms();
	return 0;
}

static void
seen(void *ctx, int number, unsigned what)
{
	struct news *news = ctx;
	struct consumer *c = news->c;
	size_t i;

	(void)what;
	news->any = true;
	for (i = 0; i < c->stream_count; i++)
		if (number < 0 || c->streams[i]->watch == number)
			c->streams[i]->idle = false;
}

/*
 * Whether s has more than was read: 1 yes, 0 no, 2 a writer is about to
 * publish (it wrote, which woke us, but readers go by what is published), -1.
 */
static int
has_more(struct stream *s, struct err *e)
{
	struct state_page *page = s->view.state.page;
	bool busy = page != NULL && atomic_load(&page->busy) != 0;

	if (view_refresh(&s->view, e) < 0)
		return -1;
	if (s->view.end.next_offset > s->cursor.next)
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
		if (s->done || s->idle)
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

static void
wait_for_publish(struct consumer *c)
{
	struct state_page *page;
	uint32_t seq;
	size_t i;

	for (i = 0; i < c->stream_count; i++) {
		page = c->streams[i]->view.state.page;
		if (c->streams[i]->idle || page == NULL)
			continue;
		seq = atomic_load(&page->data_seq);
		if (atomic_load(&page->busy) != 0)
			watch_futex_wait(&page->data_seq, seq, BUSY_WAIT_US);
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

static int64_t
time_left(const struct consumer *c)
{
	int64_t left;

	if (c->o->timeout < 0)
		return NO_TIMEOUT;
	left = c->last_news + c->o->timeout - clock_mono_ms();
	return left > 0 ? left : 0;
}

int
follow_wait(struct consumer *c, struct err *e)
{
	struct news news = { .c = c };
	bool busy;
	int got;

	seen(&news, -1, 0);	/* what came before we watched */
	for (;;) {
		got = look(c, &busy, e);
		if (got != 0) {
			c->last_news = clock_mono_ms();
			return got;
		}
		if (busy) {
			wait_for_publish(c);
			if (main_stopped() != 0)
				return 1;
			continue;
		}
		news.any = false;
		got = watch_wait(&c->watch, time_left(c), STDOUT_FILENO, seen,
		    &news);
		progress_tick(&c->progress, 0, 0);
		if (got == -1) {
			/* As cat would: nobody reads what we would write. */
			signal(SIGPIPE, SIG_DFL);
			raise(SIGPIPE);
		}
		if (got == -2 && main_stopped() != 0)
			return 1;
		if (got == 0)
			return 0;
		if (!news.any)
			seen(&news, -1, 0);
		if (refresh_topics(c, e) < 0)
			return -1;
	}
}
