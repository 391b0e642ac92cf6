#include "insync_parts.h"

#include <inttypes.h>
#include <string.h>

#include "append.h"
#include "clock.h"
#include "highwater.h"
#include "role.h"
#include "watch.h"

enum {
	WAIT_MAX_MS = 1000,
	GRACE_MS = 2000	/* after a signal, as for a lock */
};

/*
 * Settle what there is: where nobody did since this boot began, or somebody
 * was killed who changed topic.conf.
 */
static int
know(struct insync *s, struct err *e)
{
	struct partition *p = s->partition;
	bool valid = state_is_valid(&p->state, p->dirfd, p->boot);
	int64_t wanted = p->settings->min_insync_replicas;
	int r = 0;

	if (valid && s->loaded)
		return insync_load(s, e);
	if (!valid || atomic_load(&p->state.page->min_in_sync) != wanted) {
		if (insync_begin(p, clock_mono_ms() + INSYNC_LOCK_MS, e) < 0)
			return -1;
		r = highwater_settle(p, e);
		append_end(p);
	}
	return r < 0 ? -1 : insync_load(s, e);
}

int
insync_refuse_append(struct insync *s, struct err *e)
{
	struct partition *p = s->partition;
	uint32_t wanted;

	if (know(s, e) < 0 || role_allows(p, e) < 0)
		return -1;
	if (!s->awaits)
		s->cuts = atomic_load(&p->state.page->cuts);
	s->awaits = true;
	wanted = atomic_load(&p->state.page->min_in_sync);
	if (s->count + 1 >= wanted)
		return 0;
	return err_set(e, ERR_BUSY,
	    "%s: not enough in-sync replicas: %zu of %" PRIu32
	    " (min.insync.replicas): nothing more was written",
	    p->where, s->count + 1, wanted);
}

static int
late(struct insync *s, int64_t offset, struct err *e)
{
	const struct partition *p = s->partition;
	const struct state_page *page = p->state.page;
	uint32_t wanted = atomic_load(&page->min_in_sync);
	int64_t copied = atomic_load(&page->copied_offset);

	if (s->count + 1 < wanted)
		return err_set(e, ERR_BUSY,
		    "%s: offset %" PRId64 " is on disk here, but %zu of %"
		    PRIu32 " replicas are in sync (min.insync.replicas), and "
		    "all have what lies below %" PRId64,
		    p->where, offset - 1, s->count + 1, wanted, copied);
	return err_set(e, ERR_BUSY,
	    "%s: offset %" PRId64 " is on disk here, but not all %zu replicas "
	    "in sync have it: they have what lies below %" PRId64,
	    p->where, offset - 1, s->count + 1, copied);
}

/*
 * Everything below offset is copied: 1, 0, -1.  Once another copy leads, what
 * all have may be other records: a cut comes before they do.
 */
static int
is_copied(struct insync *s, int64_t offset, struct err *e)
{
	const struct partition *p = s->partition;
	bool copied = atomic_load(&p->state.page->copied_offset) >= offset;
	int64_t cut;

	if (s->awaits && state_was_cut(&p->state, &s->cuts, &cut) &&
	    cut < offset)
		return err_set(e, ERR_ROLE,
		    "%s: was cut off at offset %" PRId64 ", since another copy "
		    "leads, or did: what was appended behind it is in cut/",
		    p->where, cut);
	if (copied) {
		s->awaits = false;
		return 1;
	}
	return insync_leads(p) ? 0 : role_allows(p, e);
}

/* Who looks on is told what we wait for.  0, or -1. */
static int
tell(const struct insync *s, int64_t offset, int64_t waited, struct err *e)
{
	const struct state_page *page = s->partition->state.page;
	struct insync_delay d = { .where = s->partition->where,
		.waited_ms = waited,
		.offset = offset,
		.copied = atomic_load(&page->copied_offset),
		.in_sync = s->count + 1,
		.wanted = atomic_load(&page->min_in_sync) };
	char name[REPLICAS_NAME];
	struct buf names = { 0 };
	size_t i;
	int r = 0;

	for (i = 0; i < s->count && r == 0; i++) {
		if (s->members[i].acked >= offset)
			continue;
		replicas_plain_name(s->members[i].name, name);
		if (names.len > 0)
			r = buf_append(&names, " ", 1);
		if (r == 0)
			r = buf_append(&names, name, strlen(name));
	}
	if (r == 0)
		r = buf_append(&names, "", 1);
	d.behind = (const char *)names.data;
	if (r == 0)
		s->watcher.waits(s->watcher.ctx, &d);
	buf_release(&names);
	return r < 0 ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

int
insync_wait(
    struct insync *s, int64_t offset, int64_t deadline, struct err *e)
{
	struct state_page *page;
	int64_t now, again, until, began = clock_mono_ms();
	uint32_t seq;
	bool stopping = false;
	int r;

	/* Alone, or all were faster. */
	s->look_ms = 0;
	for (;;) {
		seq = atomic_load(&s->partition->state.page->high_seq);
		r = is_copied(s, offset, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
		now = clock_mono_ms();
		if (insync_observe(s, now, &again, e) < 0)
			return -1;
		r = is_copied(s, offset, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
		if (now >= deadline)
			return stopping ? err_set(e, ERR_STOPPED,
			    "%s: stopped while waiting for replicas",
			    s->partition->where) : late(s, offset, e);
		if (s->watcher.waits != NULL &&
		    tell(s, offset, now - began, e) < 0)
			return -1;
		until = again < deadline ? again : deadline;
		if (until > now + WAIT_MAX_MS)
			until = now + WAIT_MAX_MS;
		/* It may have been made anew. */
		page = s->partition->state.page;
		if (watch_futex_wait(
			&page->high_seq, seq, (until - now) * 1000) == 0 ||
		    stopping)
			continue;
		stopping = true;
		if (deadline > now + GRACE_MS)
			deadline = now + GRACE_MS;
	}
}
