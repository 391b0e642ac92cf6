#include "insync_parts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "clock.h"
#include "conf.h"
#include "highwater.h"
#include "role.h"

enum {
	LOOKS = 4,	/* at all members, within the time they may lag */
	LOOK_MIN_MS = 10,
	CONTACT_MS = 1000,	/* noted at most so often */
	JOIN_MS = 1000	/* a way to the follower and back */
};

bool
insync_leads(const struct partition *p)
{
	uint32_t role = atomic_load(&p->state.page->role);

	return role == ROLE_LEADER || role == ROLE_SEALED;
}

int
insync_begin(struct partition *p, int64_t deadline, struct err *e)
{
	enum partition_use use = p->use;
	int r;

	p->use = PARTITION_KEEPER;
	r = append_begin(p, deadline, e);
	p->use = use;
	return r;
}

/* Raise the watermark; the append lock is held.  0, or -1. */
static int
raise_high(struct insync *s, int64_t now_ms, struct err *e)
{
	struct state_page *page = s->partition->state.page;
	int64_t durable = atomic_load(&page->durable_offset);
	int64_t copied = atomic_load(&page->copied_offset);
	int64_t *acked, least;
	size_t i;

	if (insync_load(s, e) < 0 || insync_read_acked(s, e) < 0)
		return -1;
	acked = calloc(s->count + 1, sizeof(*acked));
	if (acked == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (i = 0; i < s->count; i++)
		acked[i] = s->members[i].acked;
	least = copies_watermark(copied, durable, acked, s->count,
	    (int64_t)atomic_load(&page->min_in_sync));
	free(acked);
	if (now_ms < atomic_load(&page->joining_ms))
		least = copied;
	if (least > copied)
		highwater_raise(s->partition, least);
	if (least >= durable)
		atomic_store(&page->stalled_offset, -1);
	else if (atomic_load(&page->stalled_offset) != least) {
		atomic_store(&page->stalled_ms, now_ms);
		atomic_store(&page->stalled_offset, least);
	}
	return 0;
}

/* Let it join, if it still may, and raise the watermark. */
static int
settle(struct insync *s, const struct replicas_file *f, int64_t offset,
    int64_t before, struct err *e)
{
	struct partition *p = s->partition;
	struct state_page *page;
	int r;

	if (insync_begin(p, clock_mono_ms() + INSYNC_LOCK_MS, e) < 0)
		return -1;
	page = p->state.page;
	r = insync_load(s, e);
	/* Who took over from us says himself what there is. */
	if (r == 0 && insync_leads(p) && !insync_is_member(s, f->name) &&
	    !replicas_is_gone(f) &&
	    copies_may_join(offset, atomic_load(&page->durable_offset), before,
		atomic_load(&page->copied_offset))) {
		r = insync_store(s, f->name, NULL, e);
		atomic_store(&page->joining_ms, 0);
	}
	if (r == 0 && insync_leads(p))
		r = raise_high(s, clock_mono_ms(), e);
	append_end(p);
	return r;
}

/*
 * It has what was there a moment ago, but others were faster: let them wait,
 * not too often (Kafka 4.x counts those that are about to join).
 */
static void
hold(struct insync *s)
{
	struct partition *p = s->partition;
	int64_t now = clock_mono_ms(), lag = p->settings->replica_lag_ms;

	if (now < s->hold_ms)
		return;
	s->hold_ms = lag > INT64_MAX - now ? INT64_MAX : now + lag;
	atomic_store(&p->state.page->joining_ms, now + JOIN_MS);
}

int
insync_acked(struct insync *s, struct replicas_file *f, int64_t offset,
    int64_t now_ms, struct err *e)
{
	struct partition *p = s->partition;
	struct replica_acked a = { offset, -1 }, old;
	struct state_page *page;
	int64_t durable, before = s->before;
	int held;

	if (!state_is_valid(&p->state, p->dirfd, p->boot)) {
		/* Nobody has written yet: settle what there is. */
		if (insync_begin(p, clock_mono_ms() + INSYNC_LOCK_MS, e) < 0)
			return -1;
		append_end(p);
	}
	page = p->state.page;
	durable = atomic_load(&page->durable_offset);
	if (replicas_read(f, s->number, &old, e) < 0)
		return -1;
	a.caught_up_ms = copies_caught_up(offset, durable, before) ?
	    now_ms :
	    old.caught_up_ms;
	if (replicas_ack(f, s->number, &a, e) < 0 ||
	    (now_ms - f->head.last_ms >= CONTACT_MS &&
		replicas_contact(f, now_ms, e) < 0))
		return -1;
	s->before = durable;
	if (!insync_leads(p) || atomic_load(&page->poison) != 0)
		return 0;
	if (insync_load(s, e) < 0)
		return -1;
	if (!insync_is_member(s, f->name)) {
		if (!copies_caught_up(offset, durable, before))
			return 0;
		if (offset < atomic_load(&page->copied_offset)) {
			hold(s);
			return 0;
		}
		return settle(s, f, offset, before, e);
	}
	held = insync_held_back(s, e);
	if (held != 0)
		return held < 0 ? -1 : 0;
	return settle(s, f, offset, before, e);
}

/* The topic's path, in where. */
static const char *
topic_path(const struct partition *p, char where[PATH_MAX])
{
	snprintf(where, PATH_MAX, "%.*s",
	    (int)(strrchr(p->where, '/') - p->where), p->where);
	return where;
}

/* How long they may lag, as topic.conf says now. */
static int64_t
lag_limit(const struct partition *p)
{
	char where[PATH_MAX];
	struct settings s;
	struct err ignored;

	if (conf_read(&s, p->topic_dirfd, topic_path(p, where), &ignored) > 0)
		return s.replica_lag_ms;
	return p->settings->replica_lag_ms;
}

/*
 * Who lags is found twice over: by what this process saw, and by how long
 * the watermark has stood, which those who come and go see too.
 */
static size_t
find_lagging(struct insync *s, bool *leave, int64_t now_ms, int64_t *again)
{
	struct state_page *page = s->partition->state.page;
	int64_t durable = atomic_load(&page->durable_offset);
	int64_t stalled = atomic_load(&page->stalled_offset);
	int64_t lag_ms = lag_limit(s->partition), acked;
	struct copies_due due;
	size_t i, n = 0;

	for (i = 0; i < s->count; i++) {
		acked = s->members[i].acked;
		due = (struct copies_due){ true, durable,
			atomic_load(&page->stalled_ms) };
		leave[i] = copies_lag(&s->members[i].due, acked, durable,
			       now_ms, lag_ms, again) ||
		    (stalled >= 0 && acked <= stalled &&
			copies_lag(
			    &due, acked, durable, now_ms, lag_ms, again));
		n += leave[i];
	}
	return n;
}

/* Leave out who lags; the append lock is held. */
static int
leave_out(struct insync *s, int64_t now_ms, int64_t *again, struct err *e)
{
	bool *leave;
	int r = 0;

	if (s->count == 0)
		return 0;
	leave = calloc(s->count, sizeof(*leave));
	if (leave == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (find_lagging(s, leave, now_ms, again) > 0) {
		r = insync_store(s, NULL, leave, e);
		if (r == 0)
			r = raise_high(s, now_ms, e);
	}
	free(leave);
	return r;
}

static int
observe(struct insync *s, int64_t now_ms, int64_t *again, struct err *e)
{
	struct partition *p = s->partition;
	int64_t pause = p->settings->replica_lag_ms / LOOKS, joining;
	int r;

	if (insync_begin(p, clock_mono_ms() + INSYNC_LOCK_MS, e) < 0)
		return -1;
	s->loaded = false; /* files may have been removed by hand */
	r = insync_leads(p) ? raise_high(s, now_ms, e) : 0;
	if (r == 0 && insync_leads(p))
		r = leave_out(s, now_ms, again, e);
	append_end(p);
	if (pause < LOOK_MIN_MS)
		pause = LOOK_MIN_MS;
	s->look_ms = now_ms + pause;
	joining = atomic_load(&p->state.page->joining_ms);
	if (joining > now_ms && joining < s->look_ms)
		s->look_ms = joining;
	if (joining > now_ms && joining < *again)
		*again = joining;
	return r;
}

int
insync_observe(struct insync *s, int64_t now_ms, int64_t *again, struct err *e)
{
	const struct state_page *page = s->partition->state.page;

	*again = CLOCK_NEVER;
	if (page == NULL ||
	    atomic_load(&page->copied_offset) >=
		atomic_load(&page->durable_offset))
		return 0;
	if (now_ms < s->look_ms) {
		*again = s->look_ms;
		return 0;
	}
	if (observe(s, now_ms, again, e) < 0)
		return -1;
	if (*again != CLOCK_NEVER && *again < s->look_ms)
		*again = s->look_ms;
	return 0;
}

int
insync_has(struct insync *s, const char *file, struct err *e)
{
	if (s->partition->state.page == NULL)
		return 0;
	return insync_load(s, e) < 0 ? -1 : insync_is_member(s, file);
}

int
insync_follow(struct partition *p, int64_t leaders, struct err *e)
{
	struct state_page *page;
	int64_t own;

	if (insync_begin(p, clock_mono_ms() + INSYNC_LOCK_MS, e) < 0)
		return -1;
	page = p->state.page;
	own = atomic_load(&page->durable_offset);
	if (!insync_leads(p) && atomic_load(&page->high_watermark) >= 0)
		highwater_raise(p, leaders < own ? leaders : own);
	append_end(p);
	return 0;
}

int64_t
insync_told(const struct partition *p)
{
	const struct state_page *page = p->state.page;
	int64_t high = atomic_load(&page->high_watermark);

	return high >= 0 ? high : atomic_load(&page->durable_offset);
}

int
insync_settle(int topic_dirfd, const char *where,
    const struct settings *settings, int64_t deadline, struct err *e)
{
	struct partition p;
	int32_t i;
	int r = 0;

	for (i = 0; r == 0 && i < settings->partitions; i++) {
		if (partition_open(&p, topic_dirfd, i, where, settings, e) < 0)
			return -1;
		r = insync_begin(&p, deadline, e);
		if (r == 0) {
			r = highwater_settle(&p, e);
			append_end(&p);
		}
		partition_close(&p);
	}
	return r;
}
