/*
 * jobs: what the tests of exec share.
 */
#ifndef KLOG_TEST_JOBS_H
#define KLOG_TEST_JOBS_H

#include "exec.h"
#include "spawned.h"

static inline struct exec *
new_exec(const char *command, int jobs, int64_t retries, int64_t backoff)
{
	struct exec_options o = { command, jobs, retries, backoff };
	struct err e;
	struct exec *x = exec_new(&o, &e);

	place_need(x != NULL, "exec_new", &e);
	return x;
}

static inline void
start(struct exec *x, struct exec_job *job)
{
	struct err e;

	place_need(exec_has_room(x), "room", NULL);
	place_need(exec_start(x, job, &e) == 0, "exec_start", &e);
}

/* The job that is over next. */
static inline struct exec_job *
next(struct exec *x)
{
	struct exec_job *job;
	struct err e;
	int got;

	while ((got = exec_wait(x, NULL, 0, -1, &job, &e)) == 0)
		continue;
	place_need(got == 1, "exec_wait", &e);
	return job;
}

static inline void
check_job(const struct exec_job *job, enum exec_outcome outcome,
    int64_t attempts, const char *why)
{
	CHECK_EQ_INT(job->outcome, outcome);
	CHECK_EQ_INT(job->attempts, attempts);
	CHECK_EQ_STR(job->why, why);
}

#endif
