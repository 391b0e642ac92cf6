#include <poll.h>

#include "clock.h"
#include "group_work.h"
#include "report.h"

enum {
	ACKS_WAIT_MS = 5000,	/* for acknowledgments of what is leaving */
	REST_MS = 1000		/* between looks at the topics */
};

int64_t
group_sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static bool
is_done(const struct grouped *g, const struct claim *cl)
{
	if (g->acks != NULL)
		return cl->done >= cl->next || clock_mono_ms() >= cl->leave_by;
	return cl->pending == 0;
}

int64_t
group_patience(const struct grouped *g)
{
	int64_t patience = member_patience(g->member), left;
	size_t i;

	for (i = 0; g->acks != NULL && i < g->claim_count; i++) {
		if (!g->claims[i]->leaving || g->claims[i]->gone)
			continue;
		left = g->claims[i]->leave_by - clock_mono_ms();
		patience = group_sooner(patience, left > 0 ? left : 0);
	}
	return patience;
}

int
group_let_go(struct grouped *g, struct err *e)
{
	struct claim *cl;
	size_t i;

	for (i = 0; i < g->claim_count; i++) {
		cl = g->claims[i];
		if (cl->leaving && !cl->gone && is_done(g, cl) &&
		    claim_let_go(g, cl, e) < 0)
			return -1;
	}
	return 0;
}

/* Another member is to have it: nothing more is given out. */
static void
leave(struct grouped *g, struct claim *cl)
{
	cl->leaving = true;
	cl->leave_by = clock_mono_ms() + ACKS_WAIT_MS;
	if (cl->stream != NULL) {
		cl->stream->done = true;
		cl->stream->over = true;
	}
	g->c->hold = true;
}

static void
heed_pauses(struct grouped *g)
{
	const char *name = g->c->o->group;
	struct consumed_topic *t;
	struct claim *cl;
	bool paused;
	size_t i;
	int32_t j;

	for (j = 0; j < g->c->topic_count; j++) {
		t = &g->c->topics[j];
		paused = member_is_paused(g->member, j);
		if (paused && !t->paused)
			report_warn("%s/groups/%s: is paused (klog-group "
			    "resume -g %s %s lets it go on)", t->topic.path,
			    name, name, t->topic.path);
		t->paused = paused;
		for (i = 0; i < g->claim_count; i++) {
			cl = g->claims[i];
			if (cl->topic == j && cl->stream != NULL)
				cl->stream->held = paused;
		}
	}
}

int
group_settle(struct grouped *g, struct err *e)
{
	struct member_step step;
	struct claim *cl;
	int got;

	while ((got = member_settle(g->member, &step, e)) > 0) {
		cl = claim_find(g, step.topic, step.partition);
		if (step.kind == MEMBER_TOOK) {
			if (claim_add(g, step.topic, step.partition, e) < 0)
				return -1;
		} else if (cl != NULL) {
			leave(g, cl);
		}
	}
	heed_pauses(g);
	return got < 0 ? -1 : group_let_go(g, e);
}

int
group_rest(struct grouped *g, struct err *e)
{
	struct claim *cl;
	size_t i;

	for (i = g->claim_count; i-- > 0;)
		if (g->claims[i]->gone)
			claim_remove(g, g->claims[i]);
	for (i = 0; i < g->claim_count; i++) {
		cl = g->claims[i];
		if (cl->leaving)
			continue;
		if (cl->stream == NULL) {
			if (claim_open(g, cl, e) < 0)
				return -1;
		} else if (cl->rewind && !cl->stream->held) {
			cl->rewind = false;
			cursor_seek(&cl->stream->cursor, cl->next);
			cl->stream->done = cl->stream->idle = false;
		}
	}
	heed_pauses(g);
	g->c->hold = false;
	return 0;
}

bool
group_expects(const struct grouped *g)
{
	const struct claim *cl;
	size_t i;

	for (i = 0; i < g->claim_count; i++) {
		cl = g->claims[i];
		if (!cl->leaving && !cl->gone &&
		    (cl->stream == NULL || !cl->stream->done || cl->rewind ||
		    (cl->work != NULL && cl->work->open)))
			return true;
	}
	return member_is_waiting(g->member);
}

int
group_look(struct grouped *g, struct err *e)
{
	struct pollfd fds[2] = {
		{ .fd = member_fd(g->member), .events = POLLIN },
		{ .fd = group_ack_fd(g), .events = POLLIN },
	};

	if (poll(fds, 2, 0) > 0 && fds[1].revents != 0 &&
	    group_ack_read(g, e) < 0)
		return -1;
	if ((fds[0].revents != 0 || group_patience(g) == 0) &&
	    group_settle(g, e) < 0)
		return -1;
	/* With records without end, new partitions would not be seen. */
	if (clock_mono_ms() - g->rested >= REST_MS)
		g->c->hold = true;
	return claims_sync(g, false, e);
}
