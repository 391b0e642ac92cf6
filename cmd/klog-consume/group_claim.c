#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "epochs.h"
#include "group_work.h"
#include "report.h"
#include "streams.h"

enum { SYNC_MS = 1000 };

struct claim *
claim_find(const struct grouped *g, int32_t topic, int32_t partition)
{
	struct claim *cl;
	size_t i;

	for (i = 0; i < g->claim_count; i++) {
		cl = g->claims[i];
		if (!cl->gone && cl->topic == topic &&
		    cl->partition == partition)
			return cl;
	}
	return NULL;
}

int
claim_add(struct grouped *g, int32_t topic, int32_t partition, struct err *e)
{
	struct claim *cl = calloc(1, sizeof(*cl)), **more;

	more = realloc(
	    g->claims, (g->claim_count + 1) * sizeof(struct claim *));
	if (more != NULL)
		g->claims = more;
	if (more == NULL || cl == NULL) {
		free(cl);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	cl->topic = topic;
	cl->partition = partition;
	cl->position.fd = -1;
	cl->last = -1;
	g->claims[g->claim_count++] = cl;
	g->c->hold = true;
	return 0;
}

/* What was committed is not there any more: where to go on.  0, or -1. */
static int
start_over(const struct grouped *g, struct claim *cl, int64_t start,
    int64_t end, struct err *e)
{
	const char *where = cl->stream->view.where;
	const char *group = g->c->o->group;
	int64_t old = cl->position.last.offset;

	if (g->c->o->reset == RESET_FAIL && old < 0)
		return err_set(e, ERR_DATA, "%s: group %s: nothing is "
		    "committed, and --reset says fail", where, group);
	if (g->c->o->reset == RESET_FAIL)
		return err_set(e, ERR_DATA, "%s: group %s: the committed "
		    "offset %" PRId64 " is gone, the log begins at %" PRId64
		    ", and --reset says fail", where, group, old, start);
	cl->next = g->c->o->reset == RESET_END ? end : start;
	if (old >= 0)
		report_warn("%s: group %s: the committed offset %" PRId64
		    " is gone: skipped %" PRId64 " offsets, going on at %"
		    PRId64, where, group, old, cl->next - old, cl->next);
	return 0;
}

/*
 * Where a recovery cut off what was read before (Kafka 4.x, KIP-320): the
 * first epoch that is newer than the one read began there.
 */
static int64_t
find_cut(const struct committed *c, const struct epochs *es, int64_t end)
{
	int64_t cut = c->offset < end ? c->offset : end;
	size_t i;

	for (i = 0; c->epoch >= 0 && i < es->count; i++)
		if (es->list[i].epoch > c->epoch && es->list[i].start < cut)
			cut = es->list[i].start;
	return cut;
}

/* Set next to where reading starts.  0, or -1. */
static int
find_start(const struct grouped *g, struct claim *cl, int64_t start,
    int64_t end, struct err *e)
{
	const struct committed *c = &cl->position.last;
	const struct view *v = &cl->stream->view;
	struct epochs es = { 0 };
	int64_t cut;

	cl->epoch = c->epoch;
	cl->next = c->offset;
	if (c->offset >= 0 && c->offset >= start) {
		if (epochs_read(&es, v->dirfd, v->where, e) < 0)
			return -1;
		cut = find_cut(c, &es, v->log.next_offset);
		epochs_release(&es);
		if (cut == c->offset)
			return 0;
		if (cut < start)
			cut = start;
		cl->next = cut;
		cl->epoch = -1;
		if (g->c->o->reset == RESET_FAIL)
			return err_set(e, ERR_DATA, "%s: group %s: a recovery "
			    "cut the log off at offset %" PRId64 ", the "
			    "committed one is %" PRId64 ", and --reset says "
			    "fail", v->where, g->c->o->group, cut, c->offset);
		report_warn("%s: group %s: a recovery cut the log off at "
		    "offset %" PRId64 ": %" PRId64 " offsets that were read "
		    "are gone, going on there", v->where, g->c->o->group, cut,
		    c->offset - cut);
		return 0;
	}
	cl->epoch = -1;
	return start_over(g, cl, start, end, e);
}

int
claim_open(struct grouped *g, struct claim *cl, struct err *e)
{
	struct consumer *c = g->c;
	struct topic *t = &c->topics[cl->topic].topic;
	struct stream *s = streams_add(c, t, cl->partition, e);
	int64_t start, end;

	if (s == NULL)
		return -1;
	cl->stream = s;
	s->claim = cl;
	/* First: what is cut off from now on is noticed. */
	if (view_refresh(&s->view, e) < 0 ||
	    position_open(&cl->position, member_group(g->member,
	    (size_t)cl->topic), cl->partition, e) < 0 ||
	    view_list(&s->view, e) < 0 || view_refresh(&s->view, e) < 0 ||
	    view_start(&s->view, &start, e) < 0)
		return -1;
	end = s->view.end.next_offset;
	if (find_start(g, cl, start, end, e) < 0)
		return -1;
	s->from = cl->done = cl->next;
	cl->next_epoch = cl->epoch;
	/* Reading up to there shows what is missing. */
	s->to = c->o->follow ? INT64_MAX : view_expected_end(&s->view);
	cursor_seek(&s->cursor, cl->next);
	s->cursor.epoch = cl->epoch;
	s->cursor.given = cl->next;
	s->watch = watch_add(&c->watch, s->view.dirfd,
	    WATCH_DATA | WATCH_NAMES);
	/* The start of the log needs no note; what was chosen once does. */
	cl->committed = cl->position.last.offset;
	if (cl->committed < 0 && cl->next == start)
		cl->committed = start;
	return claim_commit(g, cl, e);
}

int
claim_commit(struct grouped *g, struct claim *cl, struct err *e)
{
	if (!g->commits || cl->position.fd < 0 ||
	    cl->done == cl->committed)
		return 0;
	if (position_commit(&cl->position, cl->done, cl->epoch,
	    clock_wall_ms(), e) < 0)
		return -1;
	cl->committed = cl->done;
	return g->c->o->commit_sync == SYNC_EACH ?
	    position_sync(&cl->position, e) : 0;
}

int
claim_let_go(struct grouped *g, struct claim *cl, struct err *e)
{
	if (claim_commit(g, cl, e) < 0 ||
	    (cl->position.fd >= 0 && position_sync(&cl->position, e) < 0))
		return -1;
	position_close(&cl->position);
	member_release(g->member, cl->topic, cl->partition);
	cl->gone = true;
	g->c->hold = true;
	return 0;
}

void
claim_remove(struct grouped *g, struct claim *cl)
{
	size_t i = 0;

	while (g->claims[i] != cl)
		i++;
	g->claims[i] = g->claims[--g->claim_count];
	position_close(&cl->position);
	if (cl->stream != NULL)
		streams_remove(g->c, cl->stream);
	work_free(cl->work);
	free(cl);
}

int
claims_sync(struct grouped *g, bool now, struct err *e)
{
	size_t i;

	if (!now && clock_mono_ms() - g->synced < SYNC_MS)
		return 0;
	for (i = 0; i < g->claim_count; i++)
		if (g->claims[i]->position.fd >= 0 &&
		    position_sync(&g->claims[i]->position, e) < 0)
			return -1;
	g->synced = clock_mono_ms();
	return 0;
}

int64_t
claims_sync_due(const struct grouped *g)
{
	int64_t left = g->synced + SYNC_MS - clock_mono_ms();
	size_t i;

	for (i = 0; i < g->claim_count; i++)
		if (g->claims[i]->position.fd >= 0 &&
		    g->claims[i]->position.dirty)
			return left > 0 ? left : 0;
	return -1;
}
