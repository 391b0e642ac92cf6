/*
 * exec: run a command on records, several runs at once, each again if it
 * fails.
 *
 * A job is one piece of input for "sh -c COMMAND".  It is over when a run of
 * it exits 0, or when the retries are used up.  Exit status 75 (EX_TEMPFAIL)
 * is tried again without being counted.  Between two runs of a job the
 * backoff passes, doubled each time.  Each run gets the whole input, as
 * child.h has it.
 *
 * exec_start and exec_wait fork: no lock may be held.  They leave stdout
 * alone: what is buffered for it is flushed before, or comes later.  At most
 * one struct exec at a time: it takes SIGCHLD for itself.
 */
#ifndef KLOG_EXEC_H
#define KLOG_EXEC_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "err.h"

enum {
	EXEC_BACKOFF_MAX = 600000,	/* ms; doubling ends here */
	EXEC_WHY = 160
};

struct exec_options {
	const char *command;	/* for sh -c; borrowed */
	int jobs;		/* runs at once, 1 or more */
	int64_t retries;	/* after the first run; -1 without end */
	int64_t backoff;	/* ms before the first retry */
};

enum exec_outcome {
	EXEC_DONE,		/* a run exited 0 */
	EXEC_FAILED,		/* the last retry failed; why says how */
	EXEC_STOPPED		/* not done, not to be judged: see exec_stop */
};

struct exec_job {		/* the caller's; left alone until it is over */
	struct slice input;	/* standard input (null: none); borrowed */
	const char *const *env;	/* "NAME=value", ended by NULL: in place of
				 * those inherited; borrowed; NULL: none */
	int kept;		/* a descriptor above 2 that the command gets,
				 * or 0 */
	void *context;		/* the caller's */
	/* Filled until it is over. */
	enum exec_outcome outcome;
	int64_t attempts;	/* runs, those that exited 75 not counted */
	char why[EXEC_WHY];	/* how the last run failed (child.h), or "" */
};

struct exec;			/* opaque */

/* NULL, with e. */
struct exec *exec_new(const struct exec_options *o, struct err *e);

/*
 * Whether one more job can be started: jobs that wait for a retry or were not
 * told yet count.  Never after exec_stop.
 */
bool exec_has_room(const struct exec *x);

/*
 * Start the first run; there must be room.  0, or -1: no memory, process or
 * descriptor (e->sys); nothing was started, and it can be tried again.
 * Values in env that no process can be given (over 128 KiB) fail the job, as
 * exec_wait tells then, with no attempt.
 */
int exec_start(struct exec *x, struct exec_job *job, struct err *e);

/*
 * Reap and retry until a job is over: 1 and *job, in the order in which
 * they were over; or until one of the n descriptors of more is ready (revents
 * is set then, else 0), timeout_ms passed (-1: never) or a signal handler
 * ran: 0.  Once main_stopped() says so it returns 0 at once, so that a signal
 * right before the call is not missed, until exec_stop is called.
 * -1: the system failed, or a retry could not be started (e->sys).  No job is
 * lost by that: the wait can be called again, and tries again after the
 * backoff.
 */
int exec_wait(struct exec *x, struct pollfd *more, nfds_t n,
    int64_t timeout_ms, struct exec_job **job, struct err *e);

/*
 * No more retries: what runs is left to end, what waits to be retried is over
 * as EXEC_STOPPED, and so is what fails from now on, or failed since
 * main_stopped(): ^C reaches the command too, and its death says nothing about
 * the record.  exec_wait still tells each.
 */
void exec_stop(struct exec *x);

/* Jobs that exec_wait has not told yet. */
int exec_pending(const struct exec *x);

/* Kills (SIGKILL) the shells that still run.  NULL is let through. */
void exec_free(struct exec *x);

#endif
