#include "truncate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "append.h"
#include "checkpoint.h"
#include "clock.h"
#include "cut.h"
#include "durable.h"
#include "fsio.h"
#include "origins.h"
#include "recovery.h"
#include "recovery_parts.h"
#include "scan.h"
#include "segment.h"
#include "swap.h"
#include "watch.h"

/* Where the log is to end; p->log_fd is that segment's. */
struct place {
	struct segment_list segments;
	size_t last;	  /* the segment that is to be the last */
	int64_t position; /* bytes of it that stay */
	int64_t offset;	  /* behind the last record that stays */
};

/*
 * Walk to the first batch that does not end below offset.  What stays is read
 * again when the indexes are made: that it is good must be known before the
 * rest goes.
 */
static int
walk(struct partition *p, struct place *pl, int64_t offset, struct err *e)
{
	struct scan s = { .size_max = settings_batch_limit(p->settings) };
	int64_t base = pl->segments.bases[pl->last], size;
	struct buf bytes = { 0 };
	struct batch b;
	int r;

	size = fsio_size(p->log_fd);
	if (size < 0)
		return recovery_log_error(p, e);
	scan_init(&s, p->log_fd, 0, size);
	pl->offset = base;
	pl->position = 0;
	while ((r = scan_peek(&s, &b)) == BATCH_WHOLE &&
	    b.last_offset < offset) {
		r = scan_take(&s, &b, &bytes);
		if (r != BATCH_WHOLE || !batch_verify(bytes.data, &b))
			break;
		pl->position = s.position;
		pl->offset = b.last_offset + 1;
	}
	if (r == BATCH_WHOLE && b.last_offset < offset)
		r = BATCH_BAD;
	scan_release(&s);
	buf_release(&bytes);
	if (r == SCAN_IO)
		return recovery_log_error(p, e);
	if (r == BATCH_WHOLE || (r == BATCH_SHORT && pl->position == size))
		return 0;
	return err_set(e, ERR_CORRUPT,
	    "%s/%020" PRId64 ".log: position %" PRId64 ": offset %" PRId64
	    ": damaged: klog-check mends it",
	    p->where, base, pl->position, pl->offset);
}

static int
find_place(struct partition *p, struct place *pl, int64_t offset, struct err *e)
{
	ptrdiff_t i;

	if (segment_list_read(&pl->segments, p->dirfd, p->where, e) < 0)
		return -1;
	i = segment_list_find(&pl->segments, offset);
	pl->last = i < 0 ? 0 : (size_t)i;
	if (partition_open_log(p, pl->segments.bases[pl->last], e) < 0)
		return -1;
	return walk(p, pl, offset, e);
}

/* What has been trimmed, or is on enough copies, is not cut by mistake. */
static int
check_bounds(const struct truncate *t, const struct place *pl, struct err *e)
{
	const struct partition *p = t->partition;
	int64_t high = atomic_load(&p->state.page->high_watermark), start;

	if (checkpoint_read_start(p->dirfd, &start, p->where, e) < 0)
		return -1;
	if (pl->offset < start)
		return err_set(e, ERR_DATA,
		    "%s: can't be cut back to offset %" PRId64
		    ": the log starts at %" PRId64,
		    p->where, pl->offset, start);
	if (pl->offset < high)
		return err_set(e, ERR_DATA,
		    "%s: can't be cut back to offset %" PRId64
		    ": all below %" PRId64
		    " is on enough copies (high watermark)",
		    p->where, pl->offset, high);
	return 0;
}

/* Keep one segment's bytes from position on. */
static int
save(struct truncate *t, struct cut *c, int64_t base, int64_t position,
    struct err *e)
{
	struct partition *p = t->partition;
	int64_t size;
	int fd, r;

	fd = segment_open(p->dirfd, base, SEGMENT_LOG, O_RDONLY, p->where, e);
	if (fd < 0)
		return e->code == ERR_NONE ?
		    err_set(e, ERR_SYSTEM, "%s/%020" PRId64 ".log: is gone",
			p->where, base) :
		    -1;
	size = fsio_size(fd);
	r = size < 0 ? err_sys(e, "%s/%020" PRId64 ".log", p->where, base) : 0;
	if (r == 0 && size > position) {
		r = cut_save(c, fd, base, position, size, e);
		t->bytes += size - position;
		t->files++;
	}
	close(fd);
	return r;
}

static int
save_tail(struct truncate *t, const struct place *pl, struct err *e)
{
	struct partition *p = t->partition;
	struct cut c;
	size_t i;
	int r;

	r = p->save != NULL ? cut_open_dir(&c, p->save, p->where, e) :
			      cut_open(&c, p->dirfd, p->where, e);
	if (r < 0)
		return -1;
	for (i = pl->last; r == 0 && i < pl->segments.count; i++)
		r = save(t, &c, pl->segments.bases[i],
		    i == pl->last ? pl->position : 0, e);
	snprintf(t->saved_in, sizeof(t->saved_in), "%s", c.where);
	cut_close(&c);
	return r;
}

/*
 * Nothing that says how far the log goes may say so any more when it does
 * not.  sync.lock is held: else somebody's sync would raise it again.
 */
static int
lower_promises(struct partition *p, const struct place *pl, struct err *e)
{
	struct state_page *page = p->state.page;
	int64_t clean, start;
	int r;

	if (checkpoint_write_recovery(
		p->dirfd, p->boot, pl->offset, p->where, e) < 0 ||
	    checkpoint_read_start(p->dirfd, &start, p->where, e) < 0 ||
	    (start > pl->offset &&
		checkpoint_write_start(p->dirfd, pl->offset, p->where, e) < 0))
		return -1;
	r = checkpoint_read_cleaner(p->dirfd, &clean, p->where, e);
	if (r < 0 ||
	    (r > 0 && clean > pl->offset &&
		checkpoint_write_cleaner(p->dirfd, pl->offset, p->where, e) <
		    0))
		return -1;
	p->slot.base = pl->segments.bases[pl->last];
	p->slot.device = p->log_device;
	p->slot.inode = p->log_inode;
	p->slot.position = pl->position;
	p->slot.next_offset = pl->offset;
	state_withdraw(&p->state, &p->slot);
	atomic_fetch_add(&page->durable_seq, 1);
	watch_futex_wake(&page->durable_seq);
	return 0;
}

/*
 * Shorten the segment that stays.  Its file may have a name in a snapshot,
 * which is to keep all of it: then a shorter copy takes its place.
 */
static int
shorten(struct partition *p, int64_t position, struct err *e)
{
	char name[SEGMENT_NAME], temporary[SEGMENT_NAME + 8];
	struct stat st;
	int fd, r;

	if (fstat(p->log_fd, &st) < 0)
		return recovery_log_error(p, e);
	if (st.st_nlink == 1)
		return fsio_truncate(p->log_fd, position) < 0 ||
			fsio_sync(p->log_fd) < 0 ?
		    recovery_log_error(p, e) :
		    0;
	segment_name(name, p->log_base, SEGMENT_LOG);
	snprintf(temporary, sizeof(temporary), "%s.cleaned", name);
	fd = fsio_open(p->dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666,
	    p->where, e);
	if (fd < 0)
		return -1;
	r = cut_copy(p->log_fd, 0, position, fd);
	if (r == 0)
		r = fsio_rename(p->dirfd, temporary, name, true);
	if (r < 0)
		recovery_log_error(p, e);
	close(fd);
	return r;
}

/*
 * The newest segments first, each for good before the next, so that none is
 * ever missing in the middle.  Indexes of what stays are made anew.
 */
static int
remove_tail(struct partition *p, const struct place *pl, struct err *e)
{
	char name[SEGMENT_NAME];
	size_t i;
	int k;

	for (i = pl->segments.count - 1; i > pl->last; i--) {
		if (segment_remove(
			p->dirfd, pl->segments.bases[i], p->where, e) < 0)
			return -1;
		if (fsio_sync_dir(p->dirfd) < 0)
			return err_sys(e, "%s", p->where);
	}
	if (shorten(p, pl->position, e) < 0)
		return -1;
	partition_close_indexes(p);
	for (k = SEGMENT_INDEX; k <= SEGMENT_TIMEINDEX; k++) {
		segment_name(name, pl->segments.bases[pl->last],
		    (enum segment_file)k);
		if (unlinkat(p->dirfd, name, 0) < 0 && errno != ENOENT)
			return err_sys(e, "%s/%s", p->where, name);
	}
	return fsio_sync_dir(p->dirfd) < 0 ? err_sys(e, "%s", p->where) : 0;
}

static int
cut_epochs(struct partition *p, int64_t end, struct err *e)
{
	struct epochs es = { 0 };
	int r = origins_read(&es, p->dirfd, p->where, e);

	if (r == 0 && epochs_cut(&es, end))
		r = origins_save(&es, p->dirfd, p->where, e);
	if (r == 0)
		p->slot.epoch = es.count > 0 ? epochs_newest(&es) : 0;
	epochs_release(&es);
	return r;
}

/* All is known and may be done; readers who wait hear of it. */
static int
cut_log(struct truncate *t, const struct place *pl, struct err *e)
{
	struct partition *p = t->partition;
	int r;

	/* A sync opens the segment that it syncs. */
	if (durable_flush(p, &p->slot, e) < 0 || save_tail(t, pl, e) < 0 ||
	    partition_open_log(p, pl->segments.bases[pl->last], e) < 0 ||
	    lock_take(&p->sync, CLOCK_NEVER, e) < 0)
		return -1;
	r = lower_promises(p, pl, e);
	if (r == 0)
		r = remove_tail(p, pl, e);
	if (r == 0)
		r = cut_epochs(p, pl->offset, e);
	if (r == 0)
		r = recovery_rebuild(p, e);
	lock_drop(&p->sync);
	return r;
}

static int
locked(struct truncate *t, bool look, struct err *e)
{
	struct partition *p = t->partition;
	struct place pl = { .segments = { 0 } };
	int r;

	t->records = t->bytes = 0;
	t->files = 0;
	t->end = p->slot.next_offset;
	if (t->offset >= t->end) {
		if (look || cut_epochs(p, t->offset, e) < 0)
			return look ? 0 : -1;
		state_publish(&p->state, &p->slot);
		return 0;
	}
	r = swap_finish(p->dirfd, p->where, e);
	if (r == 0)
		r = find_place(p, &pl, t->offset, e);
	if (r == 0 && !t->force)
		r = check_bounds(t, &pl, e);
	t->records = t->end - pl.offset;
	if (r == 0 && !look)
		r = cut_log(t, &pl, e);
	if (r == 0)
		t->end = pl.offset;
	segment_list_release(&pl.segments);
	return r;
}

static int
begin(struct truncate *t, int64_t deadline, bool look, struct err *e)
{
	struct partition *p = t->partition;
	int r;

	if (partition_begin_clean(p, e) < 0)
		return -1;
	r = append_begin(p, deadline, e);
	if (r == 0) {
		r = locked(t, look, e);
		append_end(p);
		atomic_fetch_add(&p->state.page->data_seq, 1);
		watch_futex_wake(&p->state.page->data_seq);
	}
	partition_end_clean(p);
	return r;
}

int
truncate_log(struct truncate *t, int64_t deadline, struct err *e)
{
	return begin(t, deadline, false, e);
}

int
truncate_look(struct truncate *t, int64_t deadline, struct err *e)
{
	return begin(t, deadline, true, e);
}
