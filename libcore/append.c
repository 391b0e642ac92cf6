#include "append.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "durable.h"
#include "fsio.h"
#include "highwater.h"
#include "recovery.h"
#include "role.h"
#include "roll.h"
#include "segment.h"
#include "watch.h"

/* Whether p->slot, as published, is how the log really ends. */
static bool
end_is_true(struct partition *p)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, p->slot.base, SEGMENT_LOG);
	return fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == p->slot.device && st.st_ino == p->slot.inode &&
	    st.st_size == p->slot.position &&
	    atomic_load(&p->state.page->busy) == 0;
}

static int
settle(struct partition *p, struct err *e)
{
	uint32_t poison;

	if (!state_is_valid(&p->state, p->dirfd, p->boot)) {
		state_unmap(&p->state);
		if (state_map(&p->state, p->dirfd, true, true, p->where, e) < 0)
			return -1;
	}
	if (!state_is_valid(&p->state, p->dirfd, p->boot))
		return recovery_rebuild(p, e);
	poison = atomic_load(&p->state.page->poison);
	if (poison != 0)
		return durable_refuse(p, poison, e);
	state_read(&p->state, &p->slot);
	if (!end_is_true(p))
		return recovery_adopt(p, e);
	if (p->log_fd < 0 || p->log_base != p->slot.base ||
	    p->log_inode != p->slot.inode || p->log_device != p->slot.device)
		return partition_open_log(p, p->slot.base, e);
	return 0;
}

/* How many copies are waited for, and so how far readers go. */
static int
settle_copies(struct partition *p, struct err *e)
{
	return atomic_load(&p->state.page->min_in_sync) != 0 ?
	    0 :
	    highwater_settle(p, e);
}

int
append_begin(struct partition *p, int64_t deadline, struct err *e)
{
	sigset_t block;

	if (lock_take(&p->append, deadline, e) < 0)
		return -1;
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &block, &p->signals);
	if (settle(p, e) == 0 && role_renew(p, e) == 0 &&
	    settle_copies(p, e) == 0 && role_allows(p, e) == 0)
		return 0;
	append_end(p);
	return -1;
}

void
append_end(struct partition *p)
{
	lock_drop(&p->append);
	pthread_sigmask(SIG_SETMASK, &p->signals, NULL);
}

int
append_roll_to(struct partition *p, int64_t base, struct err *e)
{
	struct err ignored;

	atomic_store(&p->state.page->busy, 1);
	if (roll_begin(p, base, clock_wall_ms(), e) < 0) {
		/* Left as it was, or to be put right by the next one. */
		if (atomic_load(&p->state.page->poison) == 0)
			recovery_adopt(p, &ignored);
		return -1;
	}
	atomic_store(&p->state.page->busy, 0);
	return 0;
}

int
append_roll(struct partition *p, struct err *e)
{
	return p->slot.position == 0 ?
	    0 :
	    append_roll_to(p, p->slot.next_offset, e);
}

int
append_placed(
    struct partition *p, const uint8_t *bytes, size_t size, struct err *e)
{
	struct state_page *page = p->state.page;
	const uint8_t *end = bytes + size;
	struct batch b;

	atomic_store(&page->busy, 1);
	if (fsio_write_at(p->log_fd, bytes, size, p->slot.position) < 0) {
		err_sys(e, "%s/%020" PRId64 ".log", p->where, p->slot.base);
		/* If even this fails, busy tells the next one to cut. */
		if (fsio_truncate(p->log_fd, p->slot.position) == 0)
			atomic_store(&page->busy, 0);
		return -1;
	}
	for (; bytes < end; bytes += b.size) {
		(void)batch_decode(bytes, (size_t)(end - bytes), &b);
		partition_note(p, &p->slot, &b, p->slot.position);
	}
	state_publish(&p->state, &p->slot);
	atomic_store(&page->busy, 0);
	return 0;
}

static int
append_locked(
    struct partition *p, uint8_t *bytes, struct batch *b, struct err *e)
{
	if (roll_is_due(p->settings, &p->slot, b, clock_wall_ms()) &&
	    append_roll_to(p, p->slot.next_offset, e) < 0)
		return -1;
	batch_place(bytes, p->slot.next_offset, p->slot.epoch);
	b->last_offset += p->slot.next_offset - b->base_offset;
	b->base_offset = p->slot.next_offset;
	return append_placed(p, bytes, (size_t)b->size, e);
}

int
append_batch(struct partition *p, uint8_t *bytes, size_t size, int64_t deadline,
    int64_t *base, struct err *e)
{
	struct batch b;
	int r;

	if (batch_decode(bytes, size, &b) != BATCH_WHOLE)
		return err_set(e, ERR_DATA, "%s: not a batch", p->where);
	if (append_begin(p, deadline, e) < 0)
		return -1;
	r = append_locked(p, bytes, &b, e);
	atomic_fetch_add(&p->state.page->data_seq, 1);
	append_end(p);
	watch_futex_wake(&p->state.page->data_seq);
	*base = b.base_offset;
	return r;
}
