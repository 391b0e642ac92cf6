#include <stdlib.h>
#include <string.h>

#include "group_work.h"
#include "main.h"
#include "report.h"
#include "ways.h"
#include "where.h"

enum {
	RECHECKS = 3,		/* looks after news of a partition: a writer */
	RECHECK_MS = 5		/* is heard of before it has published */
};

struct runner {
	struct grouped *g;
	struct exec *exec;
	bool failed;		/* why says how; what runs is waited for */
	struct err why;
	int rechecks;
	size_t turn;
};

static void
fail(struct runner *r, const struct err *why)
{
	if (!r->failed)
		r->why = *why;
	else
		report_error("%s", why->text);
	r->failed = true;
	exec_stop(r->exec);
}

/* A job is over: 0, or -1 the system failed. */
static int
conclude(struct runner *r, struct work *w, struct err *e)
{
	struct grouped *g = r->g;
	struct claim *cl = w->claim;
	struct err why;

	cl->pending = 0;
	cl->stream->idle = false;
	if (w->job.outcome == EXEC_STOPPED)
		return 0;
	if (w->job.outcome == EXEC_FAILED && r->g->dead == NULL) {
		work_failed(w, &why);
		fail(r, &why);
		return 0;
	}
	if (w->job.outcome == EXEC_FAILED) {
		if (work_bury(g, w, r->g->dead, e) < 0)
			return err_prefix(e, "--dead-letter");
		work_failed(w, &why);
		report_warn("%s: gone to %s", why.text,
		    deadletter_topic(r->g->dead)->path);
	}
	cl->done = w->after;
	cl->epoch = w->item.batch.epoch;
	return claim_commit(g, cl, e);
}

/* Whether a claim has no run and may have records for one. */
static bool
may_start(const struct claim *cl)
{
	if (cl->stream == NULL || cl->leaving || cl->pending > 0 ||
	    cl->stream->held)
		return false;
	return (cl->work != NULL && cl->work->open) ||
	    (!cl->stream->done && !cl->stream->idle);
}

/* Start runs while there is room: 0, or -1. */
static int
start(struct runner *r, struct err *e)
{
	struct grouped *g = r->g;
	struct claim *cl;
	size_t i;
	int got;

	for (i = 0; i < g->claim_count && exec_has_room(r->exec) &&
	    g->c->left > 0; i++) {
		cl = g->claims[r->turn++ % g->claim_count];
		if (!may_start(cl))
			continue;
		if (cl->work == NULL)
			cl->work = work_new(cl);
		if (cl->work == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		got = work_next(g, cl->work, e);
		if (got < 0)
			return -1;
		if (got == 0)
			continue;
		if (exec_start(r->exec, &cl->work->job, e) < 0)
			return err_prefix(e, "--exec");
		cl->pending = 1;
	}
	return 0;
}

/* Wait for a job to be over, or for news: 0, or -1. */
static int
wait_for_job(struct runner *r, struct err *e)
{
	struct grouped *g = r->g;
	struct pollfd more[2] = {
		{ .fd = member_fd(g->member), .events = POLLIN },
		{ .fd = g->c->watch.fd, .events = POLLIN },
	};
	int64_t limit = group_sooner(group_patience(g), claims_sync_due(g));
	struct exec_job *job;
	size_t i;
	int got;

	if (r->failed)
		limit = -1;
	if (r->rechecks > 0)
		limit = group_sooner(limit, RECHECK_MS);
	got = exec_wait(r->exec, more, r->failed ? 0 : 2, limit, &job, e);
	if (got < 0)
		return -1;
	if (got > 0)
		return conclude(r, job->context, e);
	if (main_stopped() != 0)
		exec_stop(r->exec);
	if (r->failed)
		return 0;
	if (more[1].revents != 0) {
		r->rechecks = RECHECKS;
		return follow_take(g->c, e);
	}
	for (i = 0; r->rechecks > 0 && i < g->claim_count; i++)
		if (g->claims[i]->stream != NULL)
			g->claims[i]->stream->idle = false;
	r->rechecks -= r->rechecks > 0;
	return 0;
}

/* One step: 1 go on, 0 that was all, -1. */
static int
step(struct runner *r, struct err *e)
{
	struct grouped *g = r->g;
	bool over = r->failed || main_stopped() != 0 || g->c->left <= 0;

	if (!r->failed && (group_settle(g, e) < 0 || group_rest(g, e) < 0))
		return -1;
	if (claims_sync(g, false, e) < 0 || (!over && start(r, e) < 0))
		return -1;
	progress_tick(&g->c->progress, 0,
	    (int64_t)g->c->printed - g->c->progress.records);
	if (exec_pending(r->exec) > 0)
		return wait_for_job(r, e) < 0 ? -1 : 1;
	if (over || main_stopped() != 0 || g->c->left <= 0)
		return 0;
	if (group_is_readable(g))
		return 1;
	if (!g->c->o->follow && !group_expects(g))
		return 0;
	return group_sleep(g, e);
}

int
group_exec_open(struct grouped *g, struct err *e)
{
	const struct options *o = g->c->o;
	const struct consumed_topic *t;
	char *path;
	int j;

	if (o->dead_letter == NULL)
		return 0;
	if (where_topic(&o->common, o->dead_letter, &path, e) < 0)
		return -1;
	g->dead = deadletter_open(path, false, -1, e);
	free(path);
	if (g->dead == NULL)
		return err_prefix(e, "--dead-letter");
	for (j = 0; j < g->c->topic_count; j++) {
		t = &g->c->topics[j];
		if (strcmp(t->topic.settings.id,
		    deadletter_topic(g->dead)->settings.id) == 0)
			return err_set(e, ERR_USAGE, "--dead-letter: %s is "
			    "one of the topics that are read",
			    o->dead_letter);
	}
	return 0;
}

void
group_exec_close(struct grouped *g)
{
	deadletter_close(g->dead);
}

/* After a failure of ours, what runs is let end, too, and committed. */
static void
wait_for_rest(struct runner *r)
{
	struct exec_job *job;
	struct err second;

	exec_stop(r->exec);
	while (exec_pending(r->exec) > 0 &&
	    exec_wait(r->exec, NULL, 0, -1, &job, &second) >= 0)
		if (job != NULL)
			conclude(r, job->context, &second);
}

int
group_exec(struct grouped *g, struct err *e)
{
	const struct options *o = g->c->o;
	struct exec_options eo = {
		.command = o->exec != NULL ? o->exec : o->exec_each,
		.jobs = (int)o->jobs, .retries = o->retries,
		.backoff = o->backoff,
	};
	struct runner r = { .g = g };
	struct err second;
	int got = -1;

	r.exec = exec_new(&eo, e);
	if (r.exec != NULL) {
		do
			got = step(&r, e);
		while (got > 0);
		if (got < 0)
			wait_for_rest(&r);
		if (got == 0 && r.failed) {
			*e = r.why;
			got = -1;
		}
	}
	if (claims_sync(g, true, got < 0 ? &second : e) < 0)
		got = -1;
	exec_free(r.exec);
	return got;
}
