#include "exec.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "child.h"
#include "clock.h"
#include "main.h"

enum slot_state { SLOT_FREE, SLOT_RUNS, SLOT_WAITS, SLOT_OVER };

struct slot {			/* one job */
	enum slot_state state;
	struct exec_job *job;
	struct child child;	/* SLOT_RUNS */
	bool ended;		/* as the last poll saw it */
	int64_t due;		/* SLOT_WAITS: clock_mono_ms */
	int64_t backoff;	/* before the next retry */
};

struct exec {
	struct exec_options o;
	struct slot *slots;	/* o.jobs */
	struct slot **over;	/* a ring of o.jobs, not told yet */
	int over_first, over_count;
	int pending;
	bool stopping;
	struct pollfd *fds;
	size_t fds_room;
	struct sigaction old_child;	/* SIGCHLD as it was */
	sigset_t old_mask;
	bool handles_child;	/* a pidfd is missing: SIGCHLD tells */
};

static volatile sig_atomic_t child_signalled;	/* in the last ppoll */

static void
on_child(int sig)
{
	child_signalled = sig;
}

struct exec *
exec_new(const struct exec_options *o, struct err *e)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	struct exec *x = calloc(1, sizeof(*x));
	size_t jobs = (size_t)o->jobs;

	if (x == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	/* It may have been inherited ignored; no status would be kept then. */
	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, &x->old_child);
	pthread_sigmask(SIG_BLOCK, NULL, &x->old_mask);
	x->o = *o;
	x->slots = calloc(jobs, sizeof(*x->slots));
	x->over = calloc(jobs, sizeof(struct slot *));
	if (x->slots != NULL && x->over != NULL)
		return x;
	err_set(e, ERR_SYSTEM, "out of memory");
	exec_free(x);
	return NULL;
}

void
exec_free(struct exec *x)
{
	int i;

	if (x == NULL)
		return;
	for (i = 0; x->slots != NULL && i < x->o.jobs; i++)
		if (x->slots[i].state == SLOT_RUNS)
			child_kill(&x->slots[i].child);
	sigaction(SIGCHLD, &x->old_child, NULL);
	if (x->handles_child)
		pthread_sigmask(SIG_SETMASK, &x->old_mask, NULL);
	free(x->slots);
	free(x->over);
	free(x->fds);
	free(x);
}

bool
exec_has_room(const struct exec *x)
{
	return !x->stopping && x->pending < x->o.jobs;
}

int
exec_pending(const struct exec *x)
{
	return x->pending;
}

static void
finish(struct exec *x, struct slot *s, enum exec_outcome outcome)
{
	s->state = SLOT_OVER;
	s->job->outcome = outcome;
	x->over[(x->over_first + x->over_count++) % x->o.jobs] = s;
}

/* The job that was over first, or NULL. */
static struct exec_job *
take_over(struct exec *x)
{
	struct slot *s;

	if (x->over_count == 0)
		return NULL;
	s = x->over[x->over_first];
	x->over_first = (x->over_first + 1) % x->o.jobs;
	x->over_count--;
	x->pending--;
	s->state = SLOT_FREE;
	return s->job;
}

/*
 * From now on SIGCHLD ends ppoll, and waits for it where it comes earlier.
 * The run that has no pidfd may be over already.
 */
static void
handle_child(struct exec *x)
{
	struct sigaction sa = { .sa_handler = on_child,
		.sa_flags = SA_RESTART | SA_NOCLDSTOP };

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &sa.sa_mask, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	raise(SIGCHLD);
	x->handles_child = true;
}

static int
run(struct exec *x, struct slot *s, struct err *e)
{
	if (child_start(&s->child, x->o.command, s->job->input, s->job->kept,
	    -1, s->job->env, e) < 0)
		return -1;
	s->state = SLOT_RUNS;
	s->ended = false;
	if (s->child.pidfd < 0 && !x->handles_child)
		handle_child(x);
	return 0;
}

int
exec_start(struct exec *x, struct exec_job *job, struct err *e)
{
	struct slot *s = x->slots;

	while (s->state != SLOT_FREE)
		s++;
	s->job = job;
	s->backoff = x->o.backoff;
	job->attempts = 0;
	job->why[0] = '\0';
	if (run(x, s, e) < 0) {
		if (e->sys != E2BIG)
			return -1;
		snprintf(job->why, sizeof(job->why),
		    "its environment is too large");
		finish(x, s, EXEC_FAILED);
	}
	x->pending++;
	return 0;
}

void
exec_stop(struct exec *x)
{
	int i;

	x->stopping = true;
	for (i = 0; i < x->o.jobs; i++)
		if (x->slots[i].state == SLOT_WAITS)
			finish(x, &x->slots[i], EXEC_STOPPED);
}

static void
put_off(struct slot *s)
{
	s->state = SLOT_WAITS;
	s->due = s->backoff > CLOCK_NEVER - 1 - clock_mono_ms() ?
	    CLOCK_NEVER - 1 : clock_mono_ms() + s->backoff;
	if (s->backoff <= EXEC_BACKOFF_MAX / 2)
		s->backoff *= 2;
	else if (s->backoff < EXEC_BACKOFF_MAX)
		s->backoff = EXEC_BACKOFF_MAX;
}

/* A run has ended so. */
static void
settle(struct exec *x, struct slot *s, enum child_end end)
{
	struct exec_job *job = s->job;

	job->attempts += end != CHILD_LATER;
	if (end == CHILD_DONE) {
		job->why[0] = '\0';
		finish(x, s, EXEC_DONE);
	} else if (x->stopping || main_stopped() != 0) {
		finish(x, s, EXEC_STOPPED);
	} else if (end == CHILD_FAILED && x->o.retries >= 0 &&
	    job->attempts > x->o.retries) {
		finish(x, s, EXEC_FAILED);
	} else {
		put_off(s);
	}
}

/* The job that is to be retried first, or NULL. */
static struct slot *
next_retry(struct exec *x)
{
	struct slot *first = NULL;
	int i;

	for (i = 0; i < x->o.jobs; i++)
		if (x->slots[i].state == SLOT_WAITS &&
		    (first == NULL || x->slots[i].due < first->due))
			first = &x->slots[i];
	return first;
}

/* Start again what is due.  0, or -1. */
static int
retry(struct exec *x, struct err *e)
{
	struct slot *s;

	while (main_stopped() == 0 && (s = next_retry(x)) != NULL &&
	    s->due <= clock_mono_ms())
		if (run(x, s, e) < 0) {
			put_off(s);
			return -1;
		}
	return 0;
}

static void
look_at_runs(struct exec *x)
{
	enum child_end end;
	struct slot *s;
	int i;

	for (i = 0; i < x->o.jobs; i++) {
		s = &x->slots[i];
		if (s->state != SLOT_RUNS)
			continue;
		if (!s->ended && s->child.pidfd >= 0)
			continue;
		end = child_look(&s->child, s->job->why,
		    sizeof(s->job->why));
		if (end != CHILD_RUNS)
			settle(x, s, end);
	}
}

/* What to poll: a descriptor a slot, then more.  How many, or -1. */
static int64_t
fill(struct exec *x, const struct pollfd *more, nfds_t n, struct err *e)
{
	size_t jobs = (size_t)x->o.jobs, i;
	const struct slot *s;
	struct pollfd *fds;

	if (x->fds_room < jobs + n) {
		fds = realloc(x->fds, (jobs + n) * sizeof(*fds));
		if (fds == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		x->fds = fds;
		x->fds_room = jobs + n;
	}
	for (i = 0; i < jobs; i++) {
		s = &x->slots[i];
		x->fds[i] = (struct pollfd){
			s->state == SLOT_RUNS ? s->child.pidfd : -1, POLLIN, 0
		};
	}
	if (n > 0)
		memcpy(x->fds + jobs, more, n * sizeof(*more));
	return (int64_t)(jobs + n);
}

/* Put what the poll found where it belongs; how many of more are ready. */
static nfds_t
spread(struct exec *x, struct pollfd *more, nfds_t n, bool found)
{
	size_t jobs = (size_t)x->o.jobs, j;
	nfds_t i, ready = 0;

	for (j = 0; j < jobs; j++)
		x->slots[j].ended = found && x->fds[j].revents != 0;
	for (i = 0; i < n && found; i++) {
		more[i].revents = x->fds[jobs + i].revents;
		ready += more[i].revents != 0;
	}
	return ready;
}

/* Milliseconds until the end, or a retry before it; -1 never. */
static int64_t
time_left(struct exec *x, int64_t end)
{
	const struct slot *s = next_retry(x);
	int64_t left;

	if (s != NULL && s->due < end)
		end = s->due;
	if (end == CLOCK_NEVER)
		return -1;
	left = end - clock_mono_ms();
	return left > 0 ? left : 0;
}

/*
 * Sleep until something happens to the runs: 1; or something the caller asked
 * for: 0; -1.  Signals are let through only while it sleeps: one that came
 * right before would not be noticed.
 */
static int
sleep_until(struct exec *x, struct pollfd *more, nfds_t n, int64_t end,
    struct err *e)
{
	int64_t left = time_left(x, end), count = fill(x, more, n, e);
	struct timespec ts = { left / 1000, left % 1000 * 1000000 };
	sigset_t all, old, asleep;
	int got = 0, failed;

	if (count < 0)
		return -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	asleep = old;
	sigdelset(&asleep, SIGCHLD);
	child_signalled = 0;
	if (main_stopped() != 0 && !x->stopping)
		end = 0;
	else
		got = ppoll(x->fds, (nfds_t)count, left < 0 ? NULL : &ts,
		    &asleep);
	failed = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (got < 0 && failed != EINTR) {
		errno = failed;
		return err_sys(e, "poll");
	}
	if (spread(x, more, n, got > 0) > 0 ||
	    (got < 0 && child_signalled == 0))
		return 0;
	return clock_mono_ms() < end;
}

int
exec_wait(struct exec *x, struct pollfd *more, nfds_t n, int64_t timeout_ms,
    struct exec_job **job, struct err *e)
{
	int64_t now = clock_mono_ms();
	int64_t end = timeout_ms < 0 || timeout_ms > CLOCK_NEVER - now ?
	    CLOCK_NEVER : now + timeout_ms;
	int going = 1;
	nfds_t i;

	for (i = 0; i < n; i++)
		more[i].revents = 0;
	while ((*job = take_over(x)) == NULL && going > 0) {
		going = sleep_until(x, more, n, end, e);
		if (going < 0)
			return -1;
		look_at_runs(x);
		if (retry(x, e) < 0)
			return -1;
	}
	return *job != NULL;
}
