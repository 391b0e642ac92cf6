#include "highwater.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "conf.h"
#include "durable.h"
#include "fsio.h"
#include "role.h"
#include "watch.h"

static void
tell(struct state_page *page)
{
	atomic_fetch_add(&page->high_seq, 1);
	watch_futex_wake(&page->high_seq);
}

static int
begin(struct partition *p, int64_t offset, struct err *e)
{
	struct state_page *page = p->state.page;

	if (checkpoint_write_high(p->dirfd, offset, p->where, e) < 0)
		return -1;
	atomic_store(&page->copied_offset, offset);
	atomic_store(&page->high_watermark, offset);
	return 0;
}

/* It may be found again by readers without a page: so the file goes too. */
static int
end(struct partition *p, struct err *e)
{
	struct state_page *page = p->state.page;

	atomic_store(&page->high_watermark, -1);
	if (unlinkat(p->dirfd, CHECKPOINT_HIGH, 0) < 0 && errno != ENOENT)
		return err_sys(e, "%s/" CHECKPOINT_HIGH, p->where);
	return fsio_sync_dir(p->dirfd) < 0 ? err_sys(e, "%s", p->where) : 0;
}

/* Nobody counts any more. */
static int
forget(struct partition *p, struct err *e)
{
	if (unlinkat(p->dirfd, INSYNC_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(e, "%s/" INSYNC_NAME, p->where);
	/*
	 * Who has read it reads it again; even stays even.  Who removed it
	 * before may have died before this.
	 */
	atomic_fetch_add(&p->state.page->in_sync_seq, 2);
	return fsio_sync_dir(p->dirfd) < 0 ? err_sys(e, "%s", p->where) : 0;
}

/* Copies that topic.conf wants: 1 or more, or -1. */
static int64_t
wanted(const struct partition *p, struct err *e)
{
	int n = (int)(strrchr(p->where, '/') - p->where);
	struct settings s;
	char where[4096];
	int r;

	snprintf(where, sizeof(where), "%.*s", n, p->where);
	r = conf_read(&s, p->topic_dirfd, where, e);
	if (r < 0)
		return -1;
	/* Deleted meanwhile, or a test's partition alone. */
	if (r == 0)
		return p->settings == NULL ? 1 :
					     p->settings->min_insync_replicas;
	return s.min_insync_replicas;
}

int
highwater_settle(struct partition *p, struct err *e)
{
	struct state_page *page = p->state.page;
	uint32_t role = atomic_load(&page->role);
	bool replica = role == ROLE_REPLICA;
	bool has = atomic_load(&page->high_watermark) >= 0;
	int64_t copies = wanted(p, e);
	int r = 0;

	if (copies < 0)
		return -1;
	highwater_unsettle(p);
	if (role != ROLE_LEADER && role != ROLE_SEALED && forget(p, e) < 0)
		return -1;
	if (!has && replica)
		r = begin(p, 0, e);
	else if (!has && copies > 1) {
		if (atomic_load(&page->durable_offset) < p->slot.next_offset)
			r = durable_flush(p, &p->slot, e);
		if (r == 0)
			r = begin(p, p->slot.next_offset, e);
	} else if (has && !replica && copies == 1)
		r = end(p, e);
	if (r < 0)
		return -1;
	atomic_store(&page->min_in_sync, (uint32_t)copies);
	tell(page);
	return 0;
}

void
highwater_unsettle(struct partition *p)
{
	atomic_store(&p->state.page->min_in_sync, 0);
}

void
highwater_raise(struct partition *p, int64_t offset)
{
	struct state_page *page = p->state.page;
	int64_t high = atomic_load(&page->high_watermark);

	if (offset > atomic_load(&page->copied_offset))
		atomic_store(&page->copied_offset, offset);
	if (high >= 0 && offset > high) {
		/*
		 * The file first, so that it is never behind what readers
		 * saw in this boot; and again, to wake those who watch it.
		 */
		checkpoint_raise_high(p->dirfd, offset, p->where);
		atomic_store(&page->high_watermark, offset);
		checkpoint_raise_high(p->dirfd, offset, p->where);
	}
	tell(page);
}
