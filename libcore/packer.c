#include "packer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum {
	WARM_UP = 2, /* jobs done without threads */
	SMALL = 32 << 10, /* bytes that another thread is not woken for */
	LOOK_MS = 100 /* how often a wish to stop is looked for */
};

struct packer {
	struct packer_options o;
	struct codec *codec; /* the caller's thread's own */
	struct packer_job *jobs;
	int job_count;
	struct packer_job *free_list;
	struct packer_job *first, *last; /* submitted, not taken, in order */
	uint64_t submitted, turn; /* tickets: given out, to append now */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct worker {
		struct packer *packer;
		struct codec *codec;
		pthread_t thread;
	} workers[PACKER_WORKERS_MAX];
	int running;
	int64_t stopped_at;	/* mono: a wish to stop was seen; 0 */
	bool stop, failed;
	struct err error;
};

struct packer *
packer_new(const struct packer_options *o, struct err *e)
{
	struct packer *p = calloc(1, sizeof(*p));
	int i;

	if (p == NULL)
		goto fail;
	p->o = *o;
	if (p->o.workers > PACKER_WORKERS_MAX)
		p->o.workers = PACKER_WORKERS_MAX;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->job_count = p->o.workers > 0 ? p->o.workers * 2 + 2 : 2;
	p->jobs = calloc((size_t)p->job_count, sizeof(*p->jobs));
	p->codec = codec_new();
	if (p->jobs == NULL || p->codec == NULL)
		goto fail;
	for (i = 0; i < p->job_count; i++)
		packer_put(p, &p->jobs[i]);
	return p;
fail:
	err_set(e, ERR_SYSTEM, "out of memory");
	packer_free(p);
	return NULL;
}

void
packer_free(struct packer *p)
{
	int i;

	if (p == NULL)
		return;
	pthread_mutex_lock(&p->mutex);
	p->stop = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->mutex);
	for (i = 0; i < p->running; i++)
		pthread_join(p->workers[i].thread, NULL);
	for (i = 0; i < PACKER_WORKERS_MAX; i++)
		codec_free(p->workers[i].codec);
	for (i = 0; p->jobs != NULL && i < p->job_count; i++) {
		batch_builder_release(&p->jobs[i].builder);
		buf_release(&p->jobs[i].scratch);
	}
	free(p->jobs);
	codec_free(p->codec);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->mutex);
	free(p);
}

/*
 * Pack job, wait for its turn, append it.  Called with the mutex held, which
 * is let go of meanwhile.
 */
static void
run_job(struct packer *p, struct packer_job *job, struct codec *codec)
{
	struct err e = { 0 };
	uint8_t *bytes = NULL;
	size_t size = 0;
	bool skip;
	int r;

	pthread_mutex_unlock(&p->mutex);
	r = batch_builder_finish(&job->builder, codec, p->o.codec, p->o.level,
	    &job->scratch, &bytes, &size, &e);
	job->append_time = p->o.append_time ? clock_wall_ms() : -1;
	if (r == 0 && job->append_time >= 0)
		batch_stamp(bytes, job->append_time);
	pthread_mutex_lock(&p->mutex);
	while (p->turn != job->ticket)
		pthread_cond_wait(&p->changed, &p->mutex);
	skip = p->failed;
	if (!skip && r == 0) {
		pthread_mutex_unlock(&p->mutex);
		r = p->o.append(p->o.ctx, job, bytes, size, &e);
		pthread_mutex_lock(&p->mutex);
	}
	if (!skip && r < 0) {
		p->failed = true;
		p->error = e;
	}
	job->done = !skip && r == 0;
	p->turn++;
}

static struct packer_job *
unclaimed(struct packer *p)
{
	struct packer_job *job;

	for (job = p->first; job != NULL; job = job->next)
		if (!job->claimed)
			return job;
	return NULL;
}

static void *
worker(void *arg)
{
	struct worker *w = arg;
	struct packer *p = w->packer;
	struct packer_job *job;

	pthread_mutex_lock(&p->mutex);
	for (;;) {
		job = unclaimed(p);
		if (job == NULL) {
			if (p->stop)
				break;
			pthread_cond_wait(&p->changed, &p->mutex);
			continue;
		}
		job->claimed = true;
		run_job(p, job, w->codec);
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

/* Signals are for the caller's thread; it may pass SIGTERM on. */
static void
start_workers(struct packer *p)
{
	struct worker *w;
	sigset_t all, old;

	sigfillset(&all);
	sigdelset(&all, SIGTERM);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (p->running < p->o.workers) {
		w = &p->workers[p->running];
		w->packer = p;
		if (w->codec == NULL)
			w->codec = codec_new();
		if (w->codec == NULL ||
		    pthread_create(&w->thread, NULL, worker, w) != 0)
			break;
		p->running++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (p->running == 0)
		p->o.workers = 0; /* do without */
}

static int
failure(struct packer *p, struct err *e)
{
	*e = p->error;
	return -1;
}

/*
 * Wait until a worker got on; the caller's thread is the one that signals
 * reach, so it passes a wish to stop on to who waits for a lock.
 */
static void
wait_for_workers(struct packer *p)
{
	struct timespec until;
	int i;

	if (p->o.stopped == NULL) {
		pthread_cond_wait(&p->changed, &p->mutex);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += LOOK_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_cond_timedwait(&p->changed, &p->mutex, &until) == 0 ||
	    !p->o.stopped())
		return;
	if (p->stopped_at == 0)
		p->stopped_at = clock_mono_ms();
	if (clock_mono_ms() - p->stopped_at < PACKER_GRACE_MS)
		return;
	/* The handler that made stopped() true runs there and ends its wait. */
	for (i = 0; i < p->running; i++)
		/* NOLINTNEXTLINE(*-bad-signal-to-kill-thread,cert-pos44-c) */
		pthread_kill(p->workers[i].thread, SIGTERM);
}

struct packer_job *
packer_get(struct packer *p, struct err *e)
{
	struct packer_job *job;

	pthread_mutex_lock(&p->mutex);
	while (p->free_list == NULL && !p->failed && p->turn < p->submitted &&
	    (p->first == NULL || !p->first->done))
		wait_for_workers(p);
	job = p->free_list;
	if (p->failed) {
		failure(p, e);
		job = NULL;
	} else if (job != NULL) {
		p->free_list = job->next;
	} else {
		e->code = ERR_NONE;
	}
	pthread_mutex_unlock(&p->mutex);
	return job;
}

int
packer_submit(struct packer *p, struct packer_job *job, struct err *e)
{
	bool small = job->builder.bytes.len < SMALL;
	int r = 0;

	if (p->running == 0 && p->o.workers > 0 && p->submitted >= WARM_UP &&
	    !small)
		start_workers(p);
	pthread_mutex_lock(&p->mutex);
	/* With nothing before it a small one is done sooner than told of. */
	job->claimed = p->running == 0 || (small && p->turn == p->submitted);
	job->ticket = p->submitted++;
	job->done = false;
	job->next = NULL;
	if (p->last == NULL)
		p->first = job;
	else
		p->last->next = job;
	p->last = job;
	if (job->claimed)
		run_job(p, job, p->codec);
	else
		pthread_cond_broadcast(&p->changed);
	if (p->failed)
		r = failure(p, e);
	pthread_mutex_unlock(&p->mutex);
	return r;
}

int
packer_drain(struct packer *p, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&p->mutex);
	while (p->turn < p->submitted)
		wait_for_workers(p);
	if (p->failed)
		r = failure(p, e);
	pthread_mutex_unlock(&p->mutex);
	return r;
}

struct packer_job *
packer_done(struct packer *p)
{
	struct packer_job *job;

	pthread_mutex_lock(&p->mutex);
	job = p->first;
	if (job != NULL && job->done) {
		p->first = job->next;
		if (p->first == NULL)
			p->last = NULL;
	} else {
		job = NULL;
	}
	pthread_mutex_unlock(&p->mutex);
	return job;
}

void
packer_put(struct packer *p, struct packer_job *job)
{
	batch_builder_clear(&job->builder);
	pthread_mutex_lock(&p->mutex);
	job->next = p->free_list;
	p->free_list = job;
	pthread_mutex_unlock(&p->mutex);
}

uint64_t
packer_lowest(struct packer *p)
{
	struct packer_job *job;
	uint64_t lowest = UINT64_MAX;

	pthread_mutex_lock(&p->mutex);
	for (job = p->first; job != NULL; job = job->next)
		if (!job->done && job->first_number < lowest)
			lowest = job->first_number;
	pthread_mutex_unlock(&p->mutex);
	return lowest;
}
