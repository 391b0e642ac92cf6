#include "recovery_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "checkpoint.h"
#include "cut.h"
#include "fsio.h"
#include "index.h"
#include "scan.h"
#include "segment.h"
#include "swap.h"

int
recovery_log_error(const struct partition *p, struct err *e)
{
	return err_sys(e, "%s/%020" PRId64 ".log", p->where, p->log_base);
}

int
recovery_trim_indexes(
    struct partition *p, const struct state_slot *slot, struct err *e)
{
	if (partition_open_indexes(p, slot, e) < 0)
		return -1;
	if (fsio_truncate(
		p->index_fd, (int64_t)slot->index_entries * INDEX_ENTRY) < 0 ||
	    fsio_truncate(p->timeindex_fd,
		(int64_t)slot->timeindex_entries * TIMEINDEX_ENTRY) < 0)
		return err_sys(
		    e, "%s: indexes of %020" PRId64, p->where, slot->base);
	return 0;
}

int
recovery_remove_empty(const struct partition *p, int64_t base, struct err *e)
{
	char name[SEGMENT_NAME];
	int i;

	for (i = SEGMENT_TIMEINDEX; i >= SEGMENT_LOG; i--) {
		segment_name(name, base, (enum segment_file)i);
		if (unlinkat(p->dirfd, name, 0) < 0 && errno != ENOENT)
			return err_sys(e, "%s/%s", p->where, name);
	}
	return 0;
}

int
recovery_take_batches(struct partition *p, struct state_slot *slot,
    int64_t limit, struct rebuild *seen, struct err *e)
{
	struct scan s = { .size_max = settings_batch_limit(p->settings) };
	struct buf bytes = { 0 };
	struct batch b;
	int64_t at;
	int r;

	scan_init(&s, p->log_fd, slot->position, limit);
	for (;;) {
		at = s.position;
		r = scan_peek(&s, &b);
		if (r == BATCH_WHOLE)
			r = scan_take(&s, &b, &bytes);
		if (r != BATCH_WHOLE || !batch_verify(bytes.data, &b))
			break;
		if (b.base_offset < slot->next_offset ||
		    b.last_offset - slot->base > INT32_MAX)
			break;
		if (seen != NULL && seen->strict &&
		    slot->next_offset >= seen->safe &&
		    b.base_offset != slot->next_offset)
			break;
		if (seen == NULL &&
		    (b.base_offset != slot->next_offset ||
			b.epoch != slot->epoch))
			break;
		partition_note(p, slot, &b, at);
		if (seen == NULL)
			continue;
		if (b.epoch > seen->epoch.epoch)
			seen->epoch = (struct epoch){ b.epoch, b.base_offset,
				0 };
		if (slot->next_offset <= seen->safe)
			seen->unsafe_at = slot->position;
	}
	scan_release(&s);
	buf_release(&bytes);
	return r == SCAN_IO ? recovery_log_error(p, e) : 0;
}

int
recovery_cut_off(struct partition *p, int64_t size, struct err *e)
{
	struct cut c;
	int r;

	if (segment_alone(p->log_fd, p->log_base, p->where, e) < 0)
		return -1;
	r = p->save != NULL ? cut_open_dir(&c, p->save, p->where, e) :
			      cut_open(&c, p->dirfd, p->where, e);
	if (r < 0)
		return -1;
	r = cut_save(&c, p->log_fd, p->log_base, p->slot.position, size, e);
	cut_close(&c);
	if (r < 0)
		return -1;
	if (fsio_truncate(p->log_fd, p->slot.position) < 0)
		return recovery_log_error(p, e);
	p->cut_offset = p->slot.next_offset;
	p->cut_bytes = size - p->slot.position;
	return 0;
}

int
recovery_list(const struct partition *p, struct segment_list *l, struct err *e)
{
	if (segment_list_read(l, p->dirfd, p->where, e) < 0 ||
	    swap_filter(l, p->dirfd, p->where, e) < 0)
		return -1;
	if (l->count == 0)
		return err_set(e, ERR_CORRUPT, "%s: has no segment", p->where);
	return 0;
}

/*
 * Whether a log start behind the end can be a trim that outlived the records
 * behind it.  Only a power cut or our own cutting takes those, and only from
 * the last segment; and a copy raises its start before it begins anew there.
 */
static bool
outlived(const struct partition *p, const struct rebuild *seen, bool leads,
    int64_t start)
{
	if (!leads)
		return start < INT64_MAX - INT32_MAX;
	return (seen->reboot || !seen->known || p->cut_bytes > 0) &&
	    start - p->slot.base <= (int64_t)INT32_MAX + 1;
}

static int
start_at_first(struct partition *p, struct err *e)
{
	struct segment_list list = { 0 };
	int64_t first, said;
	int r;

	r = recovery_list(p, &list, e);
	first = r == 0 ? list.bases[0] : 0;
	segment_list_release(&list);
	if (r < 0 || checkpoint_read_start(p->dirfd, &said, p->where, e) < 0)
		return -1;
	return first == said ?
	    0 :
	    checkpoint_write_start(p->dirfd, first, p->where, e);
}

/*
 * What is appended from here on must not lie before the start of the log.
 * One that is damaged hides nothing.
 */
int
recovery_settle_start(struct partition *p, const struct rebuild *seen,
    bool leads, struct err *e)
{
	int64_t start;
	int r;

	r = checkpoint_read_start(p->dirfd, &start, p->where, e);
	if (r < 0)
		return -1;
	if (start > p->slot.next_offset && outlived(p, seen, leads, start))
		return checkpoint_write_start(
		    p->dirfd, p->slot.next_offset, p->where, e);
	/* Without it, in a copy, of Kafka's perhaps: what that lacks now was
	 * never here. */
	if (start > p->slot.next_offset || (r == 0 && !seen->known))
		return start_at_first(p, e);
	return 0;
}
