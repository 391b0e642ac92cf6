/*
 * exec: run a command on records, several runs at once, each again if it
 * fails.
 *
 * A job is one piece of input for "sh -c COMMAND".  It is over when a run of
 * it exits 0, or when the retries are used up.  Exit status 75 (EX_TEMPFAIL)
 * is tried again without being counted.  Between two runs the backoff passes,
 * doubled each time.  The command need not read all of its input.
 */
#ifndef KLOG_EXEC_H
#define KLOG_EXEC_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "err.h"

struct exec_options {
	const char *command;	/* for sh -c */
	int jobs;		/* runs at once, 1 or more */
	int64_t retries;	/* after the first run; -1 without end */
	int64_t backoff;	/* ms before the first retry; doubles up to
				 * EXEC_BACKOFF_MAX */
};

enum { EXEC_BACKOFF_MAX = 600000 };	/* ms */

enum exec_outcome {
	EXEC_DONE,		/* a run exited 0 */
	EXEC_FAILED,		/* the last retry failed; why says how */
	EXEC_STOPPED		/* exec_stop came before it was done */
};

struct exec_job {		/* the caller's, until it is over */
	struct slice input;	/* standard input; borrowed until then */
	const char *const *env;	/* "NAME=value" added to the environment, ended
				 * by NULL; borrowed; NULL: none */
	void *context;		/* the caller's */
	enum exec_outcome outcome;
	int64_t attempts;	/* runs, those that exited 75 not counted */
	char why[160];		/* "exit status 3", "killed by signal 9" */
	struct exec_run *run;	/* private */
};

struct exec;

/* o->command is borrowed.  NULL, with e. */
struct exec *exec_new(const struct exec_options *o, struct err *e);

/* Whether one more job can be started (those that wait to be retried count). */
bool exec_has_room(const struct exec *x);

/* Start the first run.  0, or -1 (no memory, no process: nothing started). */
int exec_start(struct exec *x, struct exec_job *job, struct err *e);

/*
 * Feed, reap and retry until a job is over: 1 and *job; or until one of the n
 * descriptors of more is ready (their revents are set), timeout_ms passed
 * (-1: never) or a signal handler ran: 0.  -1: the system failed.
 */
int exec_wait(struct exec *x, struct pollfd *more, nfds_t n,
    int64_t timeout_ms, struct exec_job **job, struct err *e);

/*
 * No more retries: what runs is left to end, what waits to be retried is over
 * as EXEC_STOPPED; exec_wait still tells each.
 */
void exec_stop(struct exec *x);

/* Runs and jobs that are not over yet. */
int exec_pending(const struct exec *x);

/* Only with no job pending, or after a failure: kills what still runs. */
void exec_free(struct exec *x);

#endif
