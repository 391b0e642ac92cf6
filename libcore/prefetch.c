#include "prefetch.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum {
	WORKERS_MAX = 16,
	WARM_UP = 2, /* items in a row done without threads */
	USUAL_BYTES = 4 << 20, /* of a batch, unpacked */
	HELD_MAX = 16 << 20 /* bytes of batches read ahead */
};

struct prefetch {
	struct prefetch_options o;
	struct codec *codec; /* the caller's thread's own */
	struct prefetch_item *items;
	int item_count;
	struct prefetch_item *free_list;
	struct prefetch_item *first, *last; /* read, in order */
	pthread_mutex_t mutex;
	pthread_cond_t ready; /* the first item is; for the caller's thread */
	pthread_cond_t room; /* may_fetch, for a worker */
	pthread_t threads[WORKERS_MAX];
	int running;
	uint64_t streak; /* items delivered since there was no more */
	size_t held; /* bytes of the items that are not free */
	bool reading, ended, stop;
};

struct prefetch *
prefetch_new(const struct prefetch_options *o, struct err *e)
{
	struct prefetch *p = calloc(1, sizeof(*p));
	int i;

	if (p == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	p->o = *o;
	if (p->o.workers > WORKERS_MAX)
		p->o.workers = WORKERS_MAX;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->ready, NULL);
	pthread_cond_init(&p->room, NULL);
	p->item_count = p->o.workers > 0 ? p->o.workers * 2 + 2 : 1;
	p->items = calloc((size_t)p->item_count, sizeof(*p->items));
	p->codec = codec_new();
	if (p->items == NULL || p->codec == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		prefetch_free(p);
		return NULL;
	}
	for (i = 0; i < p->item_count; i++)
		prefetch_put(p, &p->items[i]);
	return p;
}

void
prefetch_free(struct prefetch *p)
{
	int i;

	if (p == NULL)
		return;
	pthread_mutex_lock(&p->mutex);
	p->stop = true;
	pthread_cond_broadcast(&p->room);
	pthread_mutex_unlock(&p->mutex);
	for (i = 0; i < p->running; i++)
		pthread_join(p->threads[i], NULL);
	for (i = 0; p->items != NULL && i < p->item_count; i++) {
		buf_release(&p->items[i].bytes);
		buf_release(&p->items[i].plain);
	}
	free(p->items);
	codec_free(p->codec);
	pthread_cond_destroy(&p->ready);
	pthread_cond_destroy(&p->room);
	pthread_mutex_destroy(&p->mutex);
	free(p);
}

/*
 * Workers neither fetch nor are woken while there is little to do: then
 * nobody but the caller's thread waits for anything.
 */
static bool
warmed_up(const struct prefetch *p)
{
	return p->streak >= WARM_UP;
}

static bool
may_fetch(const struct prefetch *p)
{
	return !p->reading && !p->ended && p->free_list != NULL &&
	    (p->held < HELD_MAX || p->first == NULL);
}

/* One is enough: who has read tells the next. */
static void
tell_worker(struct prefetch *p)
{
	if (warmed_up(p) && may_fetch(p))
		pthread_cond_signal(&p->room);
}

/*
 * Unpack an item: at most limit bytes, unless that is all it may have; else
 * it is left, as large.
 */
static void
unpack(struct prefetch_item *item, struct codec *codec, size_t limit)
{
	bool all = item->raw_limit <= limit;

	item->large = false;
	if (batch_records_init(&item->records, &item->batch, item->bytes.data,
		codec, &item->plain, all ? item->raw_limit : limit,
		&item->error) == 0)
		return;
	if (all || item->error.code != ERR_CORRUPT)
		item->status = -2;
	else
		item->large = true;
}

/*
 * Read one more item and unpack it.  Called with the mutex held, which is let
 * go of meanwhile; p->reading keeps the others from reading.
 */
static void
fetch(struct prefetch *p, struct codec *codec)
{
	struct prefetch_item *item = p->free_list;

	p->free_list = item->next;
	p->reading = true;
	pthread_mutex_unlock(&p->mutex);
	item->next = NULL;
	item->ready = item->sealed = item->large = false;
	buf_clear(&item->bytes);
	item->skipped = 0;
	item->status = p->o.read(p->o.ctx, item);
	pthread_mutex_lock(&p->mutex);
	p->reading = false;
	p->ended = item->status <= 0;
	p->held += item->bytes.len;
	if (p->last == NULL)
		p->first = item;
	else
		p->last->next = item;
	p->last = item;
	/* What is not compressed takes no time: who has read reads on. */
	if ((item->batch.attributes & BATCH_CODEC_MASK) != 0)
		tell_worker(p);
	if (item->status > 0 && !item->sealed) {
		pthread_mutex_unlock(&p->mutex);
		unpack(item, codec, USUAL_BYTES);
		pthread_mutex_lock(&p->mutex);
	}
	item->ready = true;
	if (p->first == item)
		pthread_cond_signal(&p->ready);
}

static void *
worker(void *arg)
{
	struct prefetch *p = arg;
	struct codec *codec = codec_new();

	pthread_mutex_lock(&p->mutex);
	while (!p->stop && codec != NULL) {
		if (warmed_up(p) && may_fetch(p))
			fetch(p, codec);
		else
			pthread_cond_wait(&p->room, &p->mutex);
	}
	pthread_mutex_unlock(&p->mutex);
	codec_free(codec);
	return NULL;
}

/* Signals are for the caller's thread. */
static void
start_workers(struct prefetch *p)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (p->running < p->o.workers &&
	    pthread_create(&p->threads[p->running], NULL, worker, p) == 0)
		p->running++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (p->running == 0)
		p->o.workers = 0;
}

struct prefetch_item *
prefetch_next(struct prefetch *p)
{
	struct prefetch_item *item;

	if (p->running == 0 && p->o.workers > 0 && warmed_up(p))
		start_workers(p);
	pthread_mutex_lock(&p->mutex);
	while (p->first == NULL || !p->first->ready) {
		/* Without workers, or faster than they are: do it here. */
		if (p->first == NULL && may_fetch(p))
			fetch(p, p->codec);
		else
			pthread_cond_wait(&p->ready, &p->mutex);
	}
	item = p->first;
	p->first = item->next;
	if (p->first == NULL)
		p->last = NULL;
	if (item->status == 0 || item->status == -1)
		p->streak = 0;
	else if (++p->streak == WARM_UP)
		tell_worker(p);
	pthread_mutex_unlock(&p->mutex);
	if (item->large)
		unpack(item, p->codec, item->raw_limit);
	return item;
}

void
prefetch_put(struct prefetch *p, struct prefetch_item *item)
{
	pthread_mutex_lock(&p->mutex);
	p->held -= item->bytes.len;
	item->bytes.len = 0;
	if (item->bytes.cap > USUAL_BYTES)
		buf_release(&item->bytes);
	if (item->plain.cap > USUAL_BYTES)
		buf_release(&item->plain);
	item->next = p->free_list;
	p->free_list = item;
	tell_worker(p);
	pthread_mutex_unlock(&p->mutex);
}

void
prefetch_resume(struct prefetch *p)
{
	pthread_mutex_lock(&p->mutex);
	p->ended = false;
	pthread_mutex_unlock(&p->mutex);
}
