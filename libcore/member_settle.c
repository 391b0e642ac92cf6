#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "lock.h"
#include "member.h"
#include "member_parts.h"

/*
 * A process that dies is heard of by the closing of its file a moment before
 * its lock on it falls free, so one look may come too early.
 */
enum { PAUSE_MAX = 50, DYING_MS = 1000, REREADS = 10 };

static void
heard(void *ctx, int number, unsigned what)
{
	struct member *m = ctx;
	size_t i;

	m->news = true;
	m->pause = 0;
	/* Only the member itself has its file open for writing. */
	for (i = 0; i < m->count; i++)
		if (number < 0 ||
		    (m->in[i].watched == number && (what & WATCH_CLOSED)))
			m->dying_until = clock_mono_ms() + DYING_MS;
}

static bool
is_unsettled(const struct member *m)
{
	return m->waiting || m->dying_until > 0;
}

/* Whether there is a reason to look. */
static bool
is_news(struct member *m)
{
	size_t i;

	if (m->watch.fd < 0)
		return true;
	watch_take(&m->watch, heard, m);
	for (i = 0; i < m->count; i++)
		if (m->in[i].topic->settings.partitions > m->in[i].count)
			return true;
	return m->news ||
	    (is_unsettled(m) && clock_mono_ms() >= m->retry_at);
}

static int
grow(struct membership *in, struct err *e)
{
	int32_t count = in->topic->settings.partitions;
	struct holding *more;

	if (count <= in->count)
		return 0;
	more = realloc(in->held, (size_t)count * sizeof(*more));
	if (more == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	in->held = more;
	while (in->count < count)
		more[in->count++] = (struct holding){ .fd = -1 };
	return 0;
}

static bool
is_in(const struct roster *ro, const char *id)
{
	size_t i;

	for (i = 0; i < ro->count; i++)
		if (strcmp(ro->list[i].id, id) == 0)
			return true;
	return false;
}

static void
free_rosters(struct member *m, struct roster *rosters)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		member_list_free(rosters[i].list, rosters[i].count);
	memset(rosters, 0, m->count * sizeof(*rosters));
}

static int
read_rosters(struct member *m, struct roster *rosters, struct err *e)
{
	const struct group *g;
	size_t i;

	for (i = 0; i < m->count; i++) {
		g = &m->in[i].group;
		if (member_list(g, true, &rosters[i].list, &rosters[i].count,
			e) < 0)
			return -1;
		if (!group_is_current(g))
			return err_set(
			    e, ERR_SYSTEM, "%s: group was deleted", g->where);
		if (!is_in(&rosters[i], m->self.id))
			return err_set(e, ERR_SYSTEM,
			    "%s/members/%s: was removed", g->where,
			    m->self.id);
	}
	return 0;
}

static int
add_step(struct member *m, enum member_step_kind kind, size_t topic,
    int32_t partition)
{
	struct member_step *more;

	more = realloc(m->steps, (m->step_count + 1) * sizeof(*more));
	if (more == NULL)
		return -1;
	m->steps = more;
	more[m->step_count++] =
	    (struct member_step){ kind, (int32_t)topic, partition };
	return 0;
}

/*
 * Try the lock of a partition that we want: 1 taken, 0 somebody has it, -1.
 */
static int
try_lock(struct membership *in, int32_t partition, struct err *e)
{
	struct holding *h = &in->held[partition];
	struct lock l;
	char name[16];
	int r;

	snprintf(name, sizeof(name), "%" PRId32, partition);
	l = (struct lock){ h->fd, in->group.owners, name, in->owners };
	if (l.fd < 0 &&
	    lock_open(&l, in->group.owners, name, in->owners, 1, e) < 0)
		return -1;
	r = lock_try(&l, e);
	h->fd = l.fd;
	h->owned = r > 0;
	return r;
}

/* Take what is ours and free in one topic: how many, or -1. */
static int
take(struct member *m, size_t topic, struct err *e)
{
	struct membership *in = &m->in[topic];
	struct holding *h;
	int32_t p;
	int r, taken = 0;

	for (p = 0; p < in->count; p++) {
		h = &in->held[p];
		if (h->owned)
			continue;
		if (!h->wanted) {
			member_unlock(h);
			continue;
		}
		if (h->listed)
			continue; /* heard of when it is given up */
		r = try_lock(in, p, e);
		if (r < 0)
			return -1;
		if (r == 0) {
			m->waiting = true;
			continue;
		}
		in->stale = true;
		if (add_step(m, MEMBER_TOOK, topic, p) < 0) {
			member_unlock(h);
			return err_set(e, ERR_SYSTEM, "out of memory");
		}
		taken++;
	}
	return taken;
}

static int
give(struct member *m, size_t topic, struct err *e)
{
	struct membership *in = &m->in[topic];
	struct holding *h;
	int32_t p;

	for (p = 0; p < in->count; p++) {
		h = &in->held[p];
		if (!h->owned || h->wanted || h->told)
			continue;
		if (add_step(m, MEMBER_GIVE, topic, p) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
		h->told = true;
	}
	return 0;
}

/* Who lives and who is to have what: 0, or -1. */
static int
survey(struct member *m, struct err *e)
{
	struct roster *rosters = calloc(m->count + 1, sizeof(*rosters));
	int tries, r = 0;

	if (rosters == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	/* Files read one after the other may not fit together: read again. */
	for (tries = 0; r == 0 && tries < REREADS; tries++) {
		r = read_rosters(m, rosters, e);
		if (r == 0) {
			r = member_target(m, rosters);
			if (r < 0)
				err_set(e, ERR_SYSTEM, "out of memory");
		}
		free_rosters(m, rosters);
	}
	free(rosters);
	return r < 0 ? -1 : 0;
}

/* The next look, if there has to be one though nothing is heard. */
static void
plan_look(struct member *m)
{
	int64_t now = clock_mono_ms();

	if (m->dying_until > 0 && now >= m->dying_until)
		m->dying_until = 0;
	if (!is_unsettled(m)) {
		m->pause = 0;
		return;
	}
	m->pause = m->pause == 0 ? 1 : m->pause * 2;
	if (m->pause > PAUSE_MAX)
		m->pause = PAUSE_MAX;
	m->retry_at = now + m->pause;
}

static int
look(struct member *m, struct err *e)
{
	struct membership *in;
	size_t i;
	int taken;

	m->news = false;
	m->waiting = false;
	m->step_count = m->next_step = 0;
	for (i = 0; i < m->count; i++) {
		in = &m->in[i];
		if (grow(in, e) < 0 ||
		    (in->stale && member_write(m, in, e) < 0))
			return -1;
	}
	if (survey(m, e) < 0)
		return -1;
	for (i = 0; i < m->count; i++)
		if (give(m, i, e) < 0)
			return -1;
	for (i = 0; i < m->count; i++) {
		taken = take(m, i, e);
		if (taken < 0 ||
		    (taken > 0 && member_write(m, &m->in[i], e) < 0))
			return -1;
	}
	plan_look(m);
	return 0;
}

int
member_settle(struct member *m, struct member_step *step, struct err *e)
{
	if (m->next_step == m->step_count) {
		if (!is_news(m))
			return 0;
		if (look(m, e) < 0) {
			m->news = true;
			return -1;
		}
	}
	if (m->next_step == m->step_count)
		return 0;
	*step = m->steps[m->next_step++];
	return 1;
}

int64_t
member_patience(const struct member *m)
{
	int64_t left;

	if (m->news || m->next_step < m->step_count)
		return 0;
	if (m->watch.fd < 0)
		return PAUSE_MAX;
	if (!is_unsettled(m))
		return -1;
	left = m->retry_at - clock_mono_ms();
	return left > 0 ? left : 0;
}
