#include <inttypes.h>
#include <sys/resource.h>

#include "append.h"
#include "checkpoint.h"
#include "clock.h"
#include "durable.h"
#include "fsio.h"
#include "history.h"
#include "origins.h"
#include "promote.h"
#include "segment.h"
#include "target_parts.h"
#include "verbatim.h"
#include "watch.h"

enum {
	FDS_EACH = 7, /* descriptors that an open log may take */
	FDS_KEPT = 32,
	OPEN_MAX = 64,
	WRITEBACK_MIN = 256 << 10 /* bytes */
};

static int
no_memory(const struct target_topic *tt, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s: out of memory", tt->topic.path);
}

void
target_log_close(struct target *t, struct target_log *l)
{
	if (!l->open)
		return;
	partition_close(&l->p);
	l->open = false;
	t->open_count--;
}

/* Close the log that was used longest ago. */
static int
make_room(struct target *t, struct err *e)
{
	struct target_topic *whose = NULL;
	struct target_log *oldest = NULL, *l;
	struct rlimit limit;
	size_t i;
	int32_t k;

	if (t->open_max == 0) {
		t->open_max = OPEN_MAX;
		if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
		    limit.rlim_cur < OPEN_MAX * FDS_EACH + FDS_KEPT)
			t->open_max = limit.rlim_cur < FDS_EACH + FDS_KEPT ?
			    1 :
			    (int)(limit.rlim_cur - FDS_KEPT) / FDS_EACH;
	}
	if (t->open_count < t->open_max)
		return 0;
	for (i = 0; i < t->count; i++)
		for (k = 0; k < t->topics[i]->count; k++) {
			l = &t->topics[i]->logs[k];
			if (!l->open ||
			    (oldest != NULL && l->used >= oldest->used))
				continue;
			oldest = l;
			whose = t->topics[i];
		}
	if (oldest == NULL)
		return 0;
	if (oldest->dirty && target_log_settle(t, whose, oldest, e) < 0)
		return -1;
	target_log_close(t, oldest);
	return 0;
}

int
target_log_open(struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e)
{
	l->used = ++t->clock;
	if (l->open)
		return 0;
	if (make_room(t, e) < 0 ||
	    partition_open(&l->p, tt->topic.dirfd, l->number, tt->topic.path,
		&tt->topic.settings, e) < 0)
		return -1;
	l->p.use = PARTITION_REPLICA;
	l->open = true;
	t->open_count++;
	return 0;
}

static int64_t
deadline(const struct target *t)
{
	return clock_mono_ms() + t->o.wait_ms;
}

/* Where the log really begins and ends, recovered and on disk.  0, or -1. */
static int
look(struct target *t, struct target_topic *tt, struct target_log *l,
    struct err *e)
{
	struct segment_list list = { 0 };
	size_t i;
	int r;

	if (target_log_open(t, tt, l, e) < 0 ||
	    append_begin(&l->p, deadline(t), e) < 0)
		return -1;
	l->end = l->p.slot.next_offset;
	r = checkpoint_read_start(l->p.dirfd, &l->start, l->p.where, e);
	if (r >= 0)
		r = segment_list_read(&list, l->p.dirfd, l->p.where, e);
	if (r == 0 && list.count > 0 && list.bases[0] > l->start)
		l->start = list.bases[0];
	segment_list_release(&list);
	if (r == 0)
		r = origins_read(&l->ours, l->p.dirfd, l->p.where, e);
	append_end(&l->p);
	if (l->start > l->end)
		l->start = l->end;
	for (i = 0, l->last_epoch = -1; i < l->ours.count; i++)
		if (l->ours.list[i].start < l->end)
			l->last_epoch = l->ours.list[i].epoch;
	return r < 0 ? -1 : durable_wait(&l->p, l->end, deadline(t), e);
}

int
target_log_position(struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e)
{
	struct wire w = { .type = WIRE_POSITION,
		.topic = (int32_t)(t->count - 1),
		.partition = l->number };
	struct buf packed = { 0 };
	int r;

	while (t->topics[w.topic] != tt)
		w.topic--;
	l->started = false;
	if (look(t, tt, l, e) < 0)
		return -1;
	w.end = l->end;
	w.start = l->start;
	w.high = atomic_load(&l->p.state.page->high_watermark);
	r = wire_add_epochs(&packed, &l->ours);
	if (r == 0) {
		w.epochs = (struct slice){ packed.data, (int32_t)packed.len };
		r = wire_put(t->out, &w);
	}
	buf_release(&packed);
	return r < 0 ? no_memory(tt, e) : 0;
}

/* What the source said of the log: its epochs, log start, high watermark. */
static int
learn(struct target_topic *tt, struct target_log *l, const struct wire *w,
    struct err *e)
{
	l->high = w->high;
	l->source_start = w->start;
	l->dirty = true; /* there is something to settle */
	if (wire_get_epochs(w->epochs, &l->theirs) < 0)
		return no_memory(tt, e);
	return 0;
}

/*
 * Note the source's epochs that begin at or below end, and epoch (-1: none)
 * if it is not among them, from from on: append lock held, before the records
 * are there.  0, or -1.
 */
static int
note_epochs(struct target_log *l, int64_t end, int32_t epoch, int64_t from,
    struct err *e)
{
	int32_t newest = epochs_newest(&l->ours);
	const struct epoch *ep;
	bool changed = false;
	size_t i;
	int r = target_log_check_epoch(l, e);

	if (r < 0)
		return -1;
	for (i = 0; i < l->theirs.count && r == 0; i++) {
		ep = &l->theirs.list[i];
		if (ep->epoch <= newest || ep->start > end)
			continue;
		r = epochs_assign(&l->ours, ep->epoch, ep->start, ep->origin);
		changed = true;
	}
	if (r == 0 && epoch > epochs_newest(&l->ours)) {
		r = epochs_assign(&l->ours, epoch, from, 0);
		changed = true;
	}
	if (r < 0)
		return err_set(e, ERR_SYSTEM, "%s: out of memory", l->p.where);
	if (!changed ||
	    origins_save(&l->ours, l->p.dirfd, l->p.where, e) < 0)
		return changed ? -1 : 0;
	/* Whoever copies an older leader here is to see it. */
	l->p.slot.epoch = epochs_newest(&l->ours);
	state_publish(&l->p.state, &l->p.slot);
	return 0;
}

/* How the source's log stands to ours: whether we may follow it (rule R4). */
static int
compare(struct target_log *l, const struct wire *w, int64_t *common,
    struct err *e)
{
	struct history a = { &l->ours, l->start, l->end };
	struct history b = { &l->theirs, w->start, w->end };
	int32_t ours = epochs_newest(&l->ours);
	int32_t theirs = epochs_newest(&l->theirs);

	switch (history_compare(&a, &b, common)) {
	case HISTORY_SAME:
	case HISTORY_BEHIND:
		return 0;
	case HISTORY_SPLIT:
		if (theirs > ours)
			return 0;
		break;
	case HISTORY_AHEAD:
		break;
	}
	return err_set(e, ERR_ROLE,
	    "%s: the source's leader epoch is %" PRId32 ", but here it is "
	    "%" PRId32 ": it does not lead any more",
	    l->p.where, theirs, ours);
}

/* Until we have what the source has, this copy should not be promoted. */
static int
note_behind(struct target_log *l, int64_t offset, struct err *e)
{
	l->behind = offset > l->end ? offset : 0;
	return l->behind == 0 ?
	    promote_note_caught_up(l->p.dirfd, l->p.where, e) :
	    promote_note_behind(l->p.dirfd, offset, l->p.where, e);
}

int
target_log_start(struct target *t, struct target_topic *tt,
    struct target_log *l, const struct wire *w, struct err *e)
{
	int64_t common;
	int r;

	if (w->start > w->end || (w->cut < 0 && w->from > w->end))
		return err_set(e, ERR_DATA, "%s: a log that ends before it "
		    "begins was offered", tt->topic.path);
	if (target_log_open(t, tt, l, e) < 0 || learn(tt, l, w, e) < 0)
		return -1;
	if (l->started && l->dirty && target_log_settle(t, tt, l, e) < 0)
		return -1;
	if (compare(l, w, &common, e) < 0)
		return -1;
	if (w->cut >= 0) {
		if (w->cut != common || common >= l->end)
			return err_set(e, ERR_DATA,
			    "%s: the source would have it cut at offset "
			    "%" PRId64 ", but the histories part at %" PRId64,
			    l->p.where, w->cut, common);
		return target_log_cut(t, tt, l, common, e) < 0 ?
		    -1 :
		    target_log_position(t, tt, l, e);
	}
	if (common < l->end)
		return err_set(e, ERR_DATA,
		    "%s: ends at offset %" PRId64 ", but agrees with the "
		    "source only up to %" PRId64,
		    l->p.where, l->end, common);
	if (w->from < l->end || (w->from > l->end && w->from > w->start))
		return err_set(e, ERR_DATA,
		    "%s: ends at offset %" PRId64 ", the source begins at "
		    "%" PRId64, l->p.where, l->end, w->from);
	if (w->from > l->end && target_log_restart(t, l, w->from, e) < 0)
		return -1;
	/* Who was killed after a cut has left it to us. */
	if (target_log_rewind(t, tt, l, l->end, e) < 0 ||
	    append_begin(&l->p, deadline(t), e) < 0)
		return -1;
	r = note_behind(l, w->high < 0 ? w->end : w->high, e);
	if (r == 0)
		r = note_epochs(l, l->end, -1, 0, e);
	append_end(&l->p);
	/* The first time the source takes what is here as acknowledged. */
	if (!l->started)
		l->acked = w->from;
	l->started = r == 0;
	return r;
}

/* Append what was verified, under the lock.  0, or -1. */
static int
append_locked(struct target_log *l, const struct wire *w,
    const struct verbatim *v, struct err *e)
{
	if (l->p.slot.next_offset != v->from)
		return err_set(e, ERR_SYSTEM,
		    "%s: somebody else changed its end from offset %" PRId64
		    " to %" PRId64,
		    l->p.where, v->from, l->p.slot.next_offset);
	if (note_epochs(l, v->end, v->last_epoch, v->from, e) < 0)
		return -1;
	return verbatim_append(
	    &l->p, w->bytes.data, (size_t)w->bytes.len, e);
}

int
target_log_batches(struct target *t, struct target_topic *tt,
    struct target_log *l, const struct wire *w, struct err *e)
{
	struct verbatim v = { .from = l->end,
		.epoch = l->last_epoch,
		.holes = (w->flags & WIRE_HOLES) != 0,
		.batch_max = settings_batch_limit(&tt->topic.settings) };
	int r;

	if (!l->started || w->from != l->end || w->bytes.len == 0)
		return err_set(e, ERR_DATA,
		    "%s/%" PRId32 ": records from offset %" PRId64 " came, but "
		    "the log ends at %" PRId64,
		    tt->topic.path, l->number, w->from, l->end);
	if (verbatim_check(w->bytes.data, (size_t)w->bytes.len, &v, e) < 0)
		return err_prefix(e, "%s/%" PRId32 ": what the source sent",
		    tt->topic.path, l->number);
	if (target_log_open(t, tt, l, e) < 0 ||
	    append_begin(&l->p, deadline(t), e) < 0)
		return -1;
	l->dirty = true;
	r = append_locked(l, w, &v, e);
	atomic_fetch_add(&l->p.state.page->data_seq, 1);
	append_end(&l->p);
	watch_futex_wake(&l->p.state.page->data_seq);
	if (r < 0)
		return -1;
	l->end = v.end;
	l->last_epoch = v.last_epoch;
	l->high = w->high;
	l->source_start = w->start;
	t->unsettled += w->bytes.len;
	t->expects = (w->flags & WIRE_MORE) != 0;
	/* So that the sync finds little left to do. */
	if (w->bytes.len >= WRITEBACK_MIN)
		fsio_start_writeback(l->p.log_fd,
		    l->p.slot.position - w->bytes.len, w->bytes.len);
	t->counts.bytes += w->bytes.len;
	t->counts.batches += v.batches;
	t->counts.records += v.records;
	return 0;
}

int
target_log_news(struct target *t, struct target_topic *tt,
    struct target_log *l, const struct wire *w, struct err *e)
{
	int r;

	if (!l->started || w->start > w->end)
		return err_set(e, ERR_DATA, "%s/%" PRId32 ": news of a log "
		    "that was not begun", tt->topic.path, l->number);
	if (target_log_open(t, tt, l, e) < 0 || learn(tt, l, w, e) < 0 ||
	    target_log_check_news(l, e) < 0 ||
	    append_begin(&l->p, deadline(t), e) < 0)
		return -1;
	r = note_epochs(l, l->end, -1, 0, e);
	append_end(&l->p);
	return r;
}

int
target_log_settle(struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e)
{
	struct wire ack = { .type = WIRE_ACK,
		.topic = (int32_t)(t->count - 1),
		.partition = l->number,
		.end = l->end };

	while (t->topics[ack.topic] != tt)
		ack.topic--;
	if (target_log_open(t, tt, l, e) < 0 ||
	    durable_wait(&l->p, l->end, deadline(t), e) < 0)
		return -1;
	l->dirty = false;
	if (l->behind > 0 && l->end >= l->behind &&
	    note_behind(l, l->end, e) < 0)
		return -1;
	if (target_log_follow(t, tt, l, e) < 0)
		return -1;
	if (!l->started || l->acked == l->end)
		return 0;
	l->acked = l->end;
	return wire_put(t->out, &ack) < 0 ? no_memory(tt, e) : 0;
}
