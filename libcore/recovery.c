#include "recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "clock.h"
#include "fsio.h"
#include "origins.h"
#include "recovery_parts.h"
#include "redirty.h"
#include "role.h"
#include "scan.h"
#include "segment.h"

/*
 * An earlier sync of these bytes may have failed, or been cut short, and
 * nobody know: our own would then say that all is well.
 */
static int
write_again(struct partition *p, const struct rebuild *seen, struct err *e)
{
	struct err ignored;
	int64_t good;
	/* The same bytes again harm no snapshot, a hole in between may. */
	bool alone = segment_alone(
			 p->log_fd, p->log_base, p->where, &ignored) == 0;

	if (redirty(p->log_fd, seen->unsafe_at, p->slot.position, 0, alone,
		&good) < 0)
		return recovery_log_error(p, e);
	if (good == p->slot.position)
		return 0;
	errno = EIO; /* it was read as good a moment ago */
	return recovery_log_error(p, e);
}

/*
 * Whoever is killed between cutting and the new epoch must leave a trace: the
 * recovery point of no boot makes the next recovery begin an epoch.
 */
static int
mark_cut(struct partition *p, struct rebuild *seen, struct err *e)
{
	static const char no_boot[] = "00000000-0000-0000-0000-000000000000";

	if (seen->reboot || !seen->known)
		return 0;
	seen->reboot = true;
	return checkpoint_write_recovery(
	    p->dirfd, no_boot, seen->safe, p->where, e);
}

/*
 * Nothing says what was promised: a copy, perhaps of Kafka's.  An end that is
 * torn may be cut off all the same, damage before good batches not.
 */
static int
refuse_to_guess(const struct partition *p, int64_t size, struct err *e)
{
	struct scan s = { .size_max = settings_batch_limit(p->settings) };
	struct batch b;
	int r;

	scan_init(&s, p->log_fd, p->slot.position, size);
	r = scan_resync(&s, p->slot.position + 1, p->slot.next_offset, &b);
	scan_release(&s);
	if (r == SCAN_IO)
		return recovery_log_error(p, e);
	if (r != BATCH_WHOLE)
		return 0;
	return err_set(e, ERR_CORRUPT,
	    "%s/%020" PRId64 ".log: position %" PRId64 ": offset %" PRId64
	    ": damaged, and good batches follow",
	    p->where, p->log_base, p->slot.position, p->slot.next_offset);
}

/* What follows the slot's end is no good: cut it off, if that may be. */
static int
cut_damage(struct partition *p, int64_t size, bool cut, struct rebuild *seen,
    struct err *e)
{
	const struct state_slot *slot = &p->slot;
	char safe[64] = "";

	if (!seen->known && refuse_to_guess(p, size, e) < 0)
		return -1;
	if (cut && slot->next_offset >= seen->safe)
		return mark_cut(p, seen, e) < 0 ? -1 :
						  recovery_cut_off(p, size, e);
	if (seen->safe < INT64_MAX)
		snprintf(safe, sizeof(safe),
		    ", but was on disk up to offset %" PRId64, seen->safe);
	return err_set(e, ERR_CORRUPT,
	    "%s/%020" PRId64 ".log: position %" PRId64 ": offset %" PRId64
	    ": damaged%s",
	    p->where, slot->base, slot->position, slot->next_offset, safe);
}

/*
 * Verify segment base from its first byte; slot becomes its end.  cut: what
 * follows the last good batch may go; active: new batches go into it.
 */
static int
rebuild_segment(struct partition *p, int64_t base, bool cut, bool active,
    struct rebuild *seen, struct err *e)
{
	struct state_slot *slot = &p->slot;
	int64_t expected = slot->next_offset;
	struct stat st;

	if (base < expected)
		return err_set(e, ERR_CORRUPT,
		    "%s/%020" PRId64 ".log: begins "
		    "below offset %" PRId64 ", where the segment before it "
		    "ends",
		    p->where, base, expected);
	if (partition_open_log(p, base, e) < 0)
		return -1;
	if (fstat(p->log_fd, &st) < 0)
		return recovery_log_error(p, e);
	*slot = (struct state_slot){
		.base = base,
		.device = st.st_dev,
		.inode = st.st_ino,
		.next_offset = base,
		.first_timestamp = -1,
		.max_timestamp = -1,
		.indexed_timestamp = -1,
		.created_ms = (int64_t)st.st_mtim.tv_sec * 1000,
	};
	seen->unsafe_at = 0;
	if (recovery_trim_indexes(p, slot, e) < 0 ||
	    recovery_take_batches(p, slot, st.st_size, seen, e) < 0)
		return -1;
	if (slot->position < st.st_size &&
	    cut_damage(p, st.st_size, cut, seen, e) < 0)
		return -1;
	if ((!active && partition_note_end(p, slot, e) < 0) ||
	    write_again(p, seen, e) < 0)
		return -1;
	if (fsio_sync(p->log_fd) < 0 || fsio_sync(p->index_fd) < 0 ||
	    fsio_sync(p->timeindex_fd) < 0)
		return recovery_log_error(p, e);
	return 0;
}

/*
 * Whether the last segment is one that a roll began and nobody used yet.  It
 * may be a cut that is not on the disk: what follows from it must wait.
 */
static int
last_is_empty(
    struct partition *p, const struct segment_list *list, struct err *e)
{
	struct stat st;

	if (partition_open_log(p, list->bases[list->count - 1], e) < 0)
		return -1;
	if (fstat(p->log_fd, &st) < 0 ||
	    (st.st_size == 0 && fsio_sync(p->log_fd) < 0))
		return recovery_log_error(p, e);
	return st.st_size == 0;
}

/*
 * Verify every segment that may hold something above the recovery point.
 * Before an empty last one the segment before it too: a roll that was killed
 * leaves the name, the next writer takes it away and goes on in the old
 * segment, and after a power cut the name can be back.
 */
static int
rebuild_segments(struct partition *p, struct rebuild *seen, struct err *e)
{
	struct segment_list list = { 0 };
	ptrdiff_t i, last;
	int r, empty = 0;

	r = recovery_list(p, &list, e);
	if (r == 0)
		r = empty = last_is_empty(p, &list, e);
	last = (ptrdiff_t)list.count - 1;
	i = segment_list_find(&list, seen->safe);
	if (i == last && empty > 0)
		i--;
	p->slot = (struct state_slot){ 0 };
	for (i = i < 0 ? 0 : i; r >= 0 && i <= last; i++) {
		if (i == last && empty && list.bases[i] < p->slot.next_offset)
			r = recovery_remove_empty(p, list.bases[i], e);
		else
			r = rebuild_segment(p, list.bases[i],
			    i == last || (i == last - 1 && empty), i == last,
			    seen, e);
	}
	if (r == 0 && p->slot.next_offset < seen->safe)
		r = checkpoint_too_short(
		    p->where, p->slot.next_offset, seen->safe, e);
	segment_list_release(&list);
	return r;
}

/*
 * The high watermark: what was noted, which may be less than readers have
 * seen, as it is not synced.  What was trimmed was below it.
 */
static int
settle_high(struct partition *p, int64_t *high, struct err *e)
{
	int64_t start, noted;
	int r;

	r = checkpoint_read_high(p->dirfd, &noted, p->where, e);
	*high = noted;
	if (r <= 0)
		return r;
	if (checkpoint_read_start(p->dirfd, &start, p->where, e) < 0)
		return -1;
	if (*high < start)
		*high = start;
	if (*high > p->slot.next_offset)
		*high = p->slot.next_offset;
	return *high == noted ?
	    0 :
	    checkpoint_write_high(p->dirfd, *high, p->where, e);
}

/* Nobody leads a sync meanwhile: its failure must not be forgotten. */
static int
reset_state(
    struct partition *p, const struct role *role, int64_t high, struct err *e)
{
	int r;

	if (lock_take(&p->sync, CLOCK_NEVER, e) < 0)
		return -1;
	r = state_reset(&p->state, p->dirfd, p->boot, &p->slot,
	    (uint32_t)role->kind, high, p->where, e);
	lock_drop(&p->sync);
	return r;
}

/* Start over from what is on disk; safe: below this offset all was durable. */
static int
rebuild_all(struct partition *p, int64_t safe, struct err *e)
{
	struct rebuild seen = { .epoch = { -1, 0, 0 } };
	struct role role;
	char boot[37];
	int64_t high;
	int known;

	known = checkpoint_read_recovery(
	    p->dirfd, boot, &seen.safe, p->where, e);
	if (known < 0 || role_of(p, &role, e) < 0)
		return -1;
	seen.reboot = known > 0 && strcmp(boot, p->boot) != 0;
	seen.copied = state_is_copy(&p->state, p->dirfd);
	if (seen.safe < safe)
		seen.safe = safe;
	/* Without the file it may be a copy of anything, also compacted. */
	seen.known = known > 0;
	seen.strict = seen.known && settings_is_strict(p->settings);
	p->cut_bytes = 0;
	if (rebuild_segments(p, &seen, e) < 0 ||
	    recovery_settle_epoch(p, &seen, &role, e) < 0 ||
	    recovery_settle_start(p, &seen,
		role.kind == ROLE_LEADER || role.kind == ROLE_SEALED, e) < 0 ||
	    settle_high(p, &high, e) < 0)
		return -1;
	checkpoint_tidy(p->dirfd);
	origins_tidy(p->dirfd);
	if (fsio_sync_dir(p->dirfd) < 0)
		return err_sys(e, "%s", p->where);
	if (checkpoint_write_recovery(
		p->dirfd, p->boot, p->slot.next_offset, p->where, e) < 0)
		return -1;
	return reset_state(p, &role, high, e);
}

/* The same, and nobody compacts meanwhile if that can be had: who does goes on
 * by himself, and all that is read here may be on its way out. */
static int
rebuild(struct partition *p, int64_t safe, struct err *e)
{
	bool mine = p->clean.fd < 0 && partition_begin_clean(p, e) == 0;
	int r = rebuild_all(p, safe, e);

	if (mine)
		partition_end_clean(p);
	return r;
}

int
recovery_rebuild(struct partition *p, struct err *e)
{
	return rebuild(p, 0, e);
}

int
recovery_poisoned(struct partition *p, struct err *e)
{
	return rebuild(p, atomic_load(&p->state.page->durable_offset), e);
}

/* Nothing is to be cut, nothing is in doubt. */
static const struct rebuild reindexing = { .safe = INT64_MAX,
	.known = true,
	.epoch = { -1, 0, 0 } };

int
recovery_reindex_sealed(struct partition *p, int64_t base, struct err *e)
{
	struct rebuild seen = reindexing;

	p->slot.next_offset = base;
	return rebuild_segment(p, base, false, false, &seen, e);
}

int
recovery_reindex_active(struct partition *p, struct err *e)
{
	struct rebuild seen = reindexing;
	struct state_slot end = p->slot;

	p->slot.next_offset = end.base;
	atomic_store(&p->state.page->busy, 1);
	if (rebuild_segment(p, end.base, false, true, &seen, e) < 0)
		return -1;
	p->slot.created_ms = end.created_ms;
	p->slot.epoch = end.epoch;
	state_publish(&p->state, &p->slot);
	atomic_store(&p->state.page->busy, 0);
	return 0;
}
