#include "durable.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "checkpoint.h"
#include "clock.h"
#include "fsio.h"
#include "redirty.h"
#include "watch.h"

enum { WAIT_US = 20000 };

int
durable_refuse(const struct partition *p, uint32_t poison, struct err *e)
{
	return err_set(e, ERR_SYSTEM,
	    "%s: an earlier sync failed (%s): what "
	    "lies from offset %" PRId64 " on may not be on disk, and no more "
	    "is taken until klog-check --repair=poison has saved it",
	    p->where, strerror((int)poison),
	    atomic_load(&p->state.page->durable_offset));
}

static int
poison(struct partition *p, int64_t base, struct err *e)
{
	struct state_page *page = p->state.page;
	int saved = errno;

	atomic_store(&page->poison, (uint32_t)saved);
	atomic_fetch_add(&page->durable_seq, 1);
	watch_futex_wake(&page->durable_seq);
	errno = saved;
	return err_sys(e,
	    "%s/%020" PRId64 ".log: sync failed, what was not "
	    "acknowledged may be lost",
	    p->where, base);
}

/*
 * A leader died in its sync: an error that it may have been told would not be
 * told to us.  Write everything again that is not known to be on disk.
 */
static int
write_again(struct partition *p, const struct state_slot *slot, struct err *e)
{
	struct state_page *page = p->state.page;
	int64_t from = 0, good;

	if (atomic_load(&page->durable_base) == slot->base)
		from = atomic_load(&page->durable_position);
	if (redirty(p->log_fd, from, slot->position, slot->base, false,
		&good) < 0)
		return errno == ENOMEM ? err_sys(e, "%s", p->where) :
					 poison(p, slot->base, e);
	if (good == slot->position)
		return 0;
	errno = EIO; /* the sync did fail, and the cache let go of them */
	return poison(p, slot->base, e);
}

static void
publish(struct partition *p, const struct state_slot *slot)
{
	struct state_page *page = p->state.page;

	/*
	 * Position 0 in between: who is killed here leaves more to be
	 * written again, never less.
	 */
	atomic_store(&page->durable_position, 0);
	atomic_store(&page->durable_base, slot->base);
	atomic_store(&page->durable_position, slot->position);
	if (atomic_load(&page->durable_offset) < slot->next_offset)
		atomic_store(&page->durable_offset, slot->next_offset);
	atomic_store(&page->syncing, 0);
	atomic_fetch_add(&page->durable_seq, 1);
	watch_futex_wake(&page->durable_seq);
}

/* We hold sync.lock: sync for all, as far as slot. */
static int
lead(struct partition *p, const struct state_slot *slot, struct err *e)
{
	struct state_page *page = p->state.page;

	if ((p->log_fd < 0 || p->log_base != slot->base ||
		p->log_inode != slot->inode ||
		p->log_device != slot->device) &&
	    partition_open_log(p, slot->base, e) < 0)
		return -1;
	if (atomic_load(&page->syncing) && write_again(p, slot, e) < 0)
		return -1;
	atomic_store(&page->syncing, 1);
	if (fsio_sync(p->log_fd) < 0)
		return poison(p, slot->base, e);
	publish(p, slot);
	checkpoint_raise_recovery(
	    p->dirfd, p->boot, slot->next_offset, p->where);
	return 0;
}

/* The same for who waits for offset. */
static int
lead_waiters(struct partition *p, int64_t offset, struct err *e)
{
	struct state_page *page = p->state.page;
	struct state_slot slot;

	if (atomic_load(&page->durable_offset) >= offset ||
	    atomic_load(&page->poison) != 0)
		return 0;
	/* Sampled before the sync: what comes later is not promised. */
	state_read(&p->state, &slot);
	if (slot.next_offset < offset)
		return err_set(e, ERR_SYSTEM,
		    "%s: the log was cut off at offset %" PRId64
		    ", below what was appended",
		    p->where, slot.next_offset);
	return lead(p, &slot, e);
}

int
durable_wait(
    struct partition *p, int64_t offset, int64_t deadline, struct err *e)
{
	struct state_page *page = p->state.page;
	uint32_t seq;
	int got, r;

	for (;;) {
		seq = atomic_load(&page->durable_seq);
		if (atomic_load(&page->durable_offset) >= offset)
			return 0;
		if (atomic_load(&page->poison) != 0)
			return durable_refuse(p, atomic_load(&page->poison), e);
		got = lock_try(&p->sync, e);
		if (got < 0)
			return -1;
		if (got == 0 && clock_mono_ms() >= deadline)
			return lock_busy(&p->sync, e);
		if (got == 0) {
			watch_futex_wait(&page->durable_seq, seq, WAIT_US);
			continue;
		}
		r = lead_waiters(p, offset, e);
		lock_drop(&p->sync);
		if (r < 0)
			return -1;
	}
}

int
durable_flush(struct partition *p, const struct state_slot *slot, struct err *e)
{
	int r;

	if (lock_take(&p->sync, CLOCK_NEVER, e) < 0)
		return -1;
	r = atomic_load(&p->state.page->poison) == 0 ?
	    lead(p, slot, e) :
	    durable_refuse(p, atomic_load(&p->state.page->poison), e);
	lock_drop(&p->sync);
	return r;
}
