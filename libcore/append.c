#include "append.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "clock.h"
#include "durable.h"
#include "fsio.h"
#include "index.h"
#include "recovery.h"
#include "role.h"
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
	if (settle(p, e) == 0 && role_allows(p, e) == 0)
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

/* Kafka 4.x, LogSegment.shouldRoll. */
static bool
roll_is_due(const struct partition *p, const struct batch *b, int64_t now)
{
	const struct settings *s = p->settings;
	const struct state_slot *slot = &p->slot;
	int64_t waited, limit = s->segment_ms;

	if (slot->position == 0)
		return false;
	if ((s->cleanup_policy & CLEANUP_COMPACT) &&
	    s->max_compaction_lag_ms < limit)
		limit = s->max_compaction_lag_ms;
	if (slot->first_timestamp < 0 ||
	    b->max_timestamp < slot->first_timestamp)
		waited = now - slot->created_ms;
	else
		waited = b->max_timestamp - slot->first_timestamp;
	return slot->position + b->size > s->segment_bytes || waited > limit ||
	    slot->index_entries >= s->segment_index_bytes / INDEX_ENTRY ||
	    slot->timeindex_entries >=
	    s->segment_index_bytes / TIMEINDEX_ENTRY - 1 ||
	    slot->next_offset + (b->last_offset - b->base_offset) - slot->base >
	    INT32_MAX;
}

/* Create the three files of a segment that starts at the log's end. */
static int
start_segment(
    struct partition *p, int64_t now, struct state_slot *slot, struct err *e)
{
	struct stat st;
	int fd;

	if (slot->next_offset >= INT64_MAX - INT32_MAX)
		return err_set(
		    e, ERR_SYSTEM, "%s: all offsets are used up", p->where);
	fd = segment_open(p->dirfd, slot->next_offset, SEGMENT_LOG,
	    O_RDWR | O_CREAT, p->where, e);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || st.st_size != 0) {
		close(fd);
		return err_set(e, ERR_CORRUPT,
		    "%s/%020" PRId64 ".log: is not empty but begins at the "
		    "end of the log",
		    p->where, slot->next_offset);
	}
	if (p->log_fd >= 0)
		close(p->log_fd);
	p->log_fd = fd;
	p->log_base = slot->next_offset;
	p->log_device = st.st_dev;
	p->log_inode = st.st_ino;
	*slot = (struct state_slot){
		.base = slot->next_offset,
		.device = st.st_dev,
		.inode = st.st_ino,
		.next_offset = slot->next_offset,
		.first_timestamp = -1,
		.max_timestamp = -1,
		.indexed_timestamp = -1,
		.created_ms = now,
		.epoch = slot->epoch,
	};
	if (partition_open_indexes(p, slot, e) < 0)
		return -1;
	/* Indexes without their log may have been left here. */
	if (fsio_truncate(p->index_fd, 0) < 0 ||
	    fsio_truncate(p->timeindex_fd, 0) < 0)
		return err_sys(
		    e, "%s: indexes of %020" PRId64, p->where, slot->base);
	return 0;
}

/*
 * Everything of the old segment is made durable before the new one has a
 * name, so damage can only ever be torn off the last segment.
 */
static int
roll_steps(struct partition *p, int64_t now, struct err *e)
{
	struct state_slot slot = p->slot;

	if (partition_open_indexes(p, &slot, e) < 0 ||
	    partition_note_end(p, &slot, e) < 0 ||
	    durable_flush(p, &slot, e) < 0)
		return -1;
	if (fsio_sync(p->index_fd) < 0 || fsio_sync(p->timeindex_fd) < 0)
		return err_sys(
		    e, "%s: indexes of %020" PRId64, p->where, slot.base);
	if (start_segment(p, now, &slot, e) < 0)
		return -1;
	if (fsio_sync_dir(p->dirfd) < 0)
		return err_sys(e, "%s", p->where);
	if (checkpoint_write_recovery(
		p->dirfd, p->boot, slot.next_offset, p->where, e) < 0)
		return -1;
	p->slot = slot;
	state_publish(&p->state, &p->slot);
	return 0;
}

static int
roll(struct partition *p, int64_t now, struct err *e)
{
	struct err ignored;

	atomic_store(&p->state.page->busy, 1);
	if (roll_steps(p, now, e) < 0) {
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
	return p->slot.position == 0 ? 0 : roll(p, clock_wall_ms(), e);
}

static int
append_locked(
    struct partition *p, uint8_t *bytes, struct batch *b, struct err *e)
{
	struct state_page *page = p->state.page;
	int64_t now = clock_wall_ms();

	if (roll_is_due(p, b, now) && roll(p, now, e) < 0)
		return -1;
	batch_place(bytes, p->slot.next_offset, p->slot.epoch);
	b->last_offset += p->slot.next_offset - b->base_offset;
	b->base_offset = p->slot.next_offset;
	atomic_store(&page->busy, 1);
	if (fsio_write_at(p->log_fd, bytes, (size_t)b->size, p->slot.position) <
	    0) {
		err_sys(e, "%s/%020" PRId64 ".log", p->where, p->slot.base);
		/* If even this fails, busy tells the next one to cut. */
		if (fsio_truncate(p->log_fd, p->slot.position) == 0)
			atomic_store(&page->busy, 0);
		return -1;
	}
	partition_note(p, &p->slot, b, p->slot.position);
	state_publish(&p->state, &p->slot);
	atomic_store(&page->busy, 0);
	return 0;
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
