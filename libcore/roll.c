#include "roll.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "durable.h"
#include "fsio.h"
#include "index.h"
#include "segment.h"

/* Kafka 4.x, LogSegment.shouldRoll. */
bool
roll_is_due(const struct settings *s, const struct state_slot *slot,
    const struct batch *b, int64_t now)
{
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

/* Create the three files of a segment that starts at slot->next_offset. */
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
	if (fstat(fd, &st) < 0) {
		err_sys(e, "%s/%020" PRId64 ".log", p->where,
		    slot->next_offset);
		close(fd);
		return -1;
	}
	if (st.st_size != 0) {
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
int
roll_begin(struct partition *p, int64_t base, int64_t now, struct err *e)
{
	struct state_slot slot = p->slot;

	if (partition_open_indexes(p, &slot, e) < 0 ||
	    partition_note_end(p, &slot, e) < 0 ||
	    durable_flush(p, &slot, e) < 0)
		return -1;
	if (fsio_sync(p->index_fd) < 0 || fsio_sync(p->timeindex_fd) < 0)
		return err_sys(
		    e, "%s: indexes of %020" PRId64, p->where, slot.base);
	slot.next_offset = base;
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
