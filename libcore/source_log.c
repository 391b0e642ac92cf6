#include "source_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/resource.h>

#include "append.h"
#include "checkpoint.h"
#include "clock.h"
#include "durable.h"

enum {
	SHARE = 1 << 20, /* bytes of batches in a message */
	FDS_EACH = 8, /* descriptors that an open log may take */
	FDS_KEPT = 32,
	OPEN_MAX = 64
};

void
source_log_close(struct source *s, struct source_log *l)
{
	if (!l->open)
		return;
	cursor_release(&l->cursor);
	view_close(&l->view);
	if (l->writable) {
		insync_release(&l->insync);
		partition_close(&l->log);
	}
	l->open = l->writable = false;
	s->open_count--;
}

/* Close the log that was used longest ago. */
static void
make_room(struct source *s)
{
	struct source_log *oldest = NULL, *l;
	struct rlimit limit;
	size_t i;
	int32_t k;

	if (s->open_max == 0) {
		s->open_max = OPEN_MAX;
		if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
		    limit.rlim_cur < OPEN_MAX * FDS_EACH + FDS_KEPT)
			s->open_max = limit.rlim_cur < FDS_EACH + FDS_KEPT ?
			    1 :
			    (int)(limit.rlim_cur - FDS_KEPT) / FDS_EACH;
	}
	if (s->open_count < s->open_max)
		return;
	for (i = 0; i < s->count; i++)
		for (k = 0; k < s->topics[i]->count; k++) {
			l = &s->topics[i]->logs[k];
			if (l->open &&
			    (oldest == NULL || l->used < oldest->used))
				oldest = l;
		}
	if (oldest != NULL)
		source_log_close(s, oldest);
}

/*
 * With write permission we recover what a writer left and sync what we send;
 * without, we send what others have synced.
 */
static int
open_writable(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e)
{
	if (s->o.read_only)
		return 0;
	if (partition_open(&l->log, t->topic.dirfd, l->number, t->topic.path,
		&t->topic.settings, e) < 0)
		return e->sys == EACCES || e->sys == EROFS || e->sys == EPERM ?
		    0 :
		    -1;
	l->log.use = PARTITION_KEEPER;
	if (append_begin(&l->log, clock_mono_ms() + s->o.wait_ms, e) < 0) {
		partition_close(&l->log);
		return -1;
	}
	append_end(&l->log);
	insync_init(&l->insync, &l->log, l->number, &t->files);
	l->writable = true;
	return 0;
}

int
source_log_open(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e)
{
	l->used = ++s->clock;
	if (l->open)
		return 0;
	make_room(s);
	if (view_open(&l->view, t->topic.dirfd, l->number, t->topic.path, e) <
	    0)
		return -1;
	view_expect(&l->view, &t->topic.settings);
	l->view.past_copies = true;
	if (open_writable(s, t, l, e) < 0) {
		view_close(&l->view);
		return -1;
	}
	cursor_init(&l->cursor, &l->view, l->sent);
	if (s->o.follow && l->watch < 0)
		l->watch = watch_add(
		    &s->watch, l->view.dirfd, WATCH_DATA | WATCH_NAMES);
	l->open = true;
	s->open_count++;
	return 0;
}

/* How far what we can't sync ourselves is known to be on disk. */
static int
known_durable(struct source_log *l, struct err *e)
{
	const struct state_page *page = l->view.state.page;
	char boot[37];

	if (page != NULL &&
	    state_is_valid(&l->view.state, l->view.dirfd, l->view.boot)) {
		l->durable = atomic_load(&page->durable_offset);
		return 0;
	}
	return checkpoint_read_recovery(
		   l->view.dirfd, boot, &l->durable, l->view.where, e) < 0 ?
	    -1 :
	    0;
}

static int
was_cut(const struct source_log *l, int64_t offset, struct err *e)
{
	return err_set(e, ERR_SYSTEM,
	    "%s: was cut off at offset %" PRId64 ", below what was sent: the "
	    "copy has to be compared anew",
	    l->view.where, offset);
}

/*
 * What was sent is still there; else another copy leads, or did, and what is
 * acknowledged may be other records.  0, or -1.
 */
static int
check_cuts(struct source_log *l, struct err *e)
{
	const struct state *st = l->writable ? &l->log.state : &l->view.state;
	int64_t cut;

	if (st->page == NULL || !state_was_cut(st, &l->cuts, &cut) ||
	    cut >= l->sent)
		return 0;
	return was_cut(l, cut, e);
}

int
source_log_note_cuts(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e)
{
	const struct state *st;

	if (source_log_open(s, t, l, e) < 0)
		return -1;
	st = l->writable ? &l->log.state : &l->view.state;
	/* The largest: as many as there are when there is a page. */
	l->cuts = st->page != NULL ? atomic_load(&st->page->cuts) : UINT32_MAX;
	return 0;
}

int
source_log_look(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e)
{
	int64_t deadline = clock_mono_ms() + s->o.wait_ms;

	if (source_log_open(s, t, l, e) < 0 ||
	    view_look(&l->view, &l->start, e) < 0)
		return -1;
	l->durable = l->view.end.next_offset;
	if (!l->writable) {
		if (known_durable(l, e) < 0)
			return -1;
	} else {
		/* Its page may have been made anew. */
		if (!state_is_valid(&l->log.state, l->log.dirfd, l->log.boot)) {
			if (append_begin(&l->log, deadline, e) < 0)
				return -1;
			append_end(&l->log);
		}
		if (durable_wait(&l->log, l->durable, deadline, e) < 0)
			return -1;
	}
	if (l->started && check_cuts(l, e) < 0)
		return -1;
	if (l->durable > l->view.end.next_offset)
		l->durable = l->view.end.next_offset;
	l->high = l->writable ? insync_told(&l->log) : l->view.high_watermark;
	return 0;
}

int
source_log_acked(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e)
{
	struct replica_acked a = { .offset = l->acked };
	int64_t now = clock_wall_ms();
	int r;

	if (t->file.fd < 0)
		return 0;
	if (source_log_open(s, t, l, e) < 0)
		return -1;
	if (!l->writable)
		return 0;
	if (check_cuts(l, e) < 0)
		return -1;
	/* Who does not stay does not join: nobody should wait for him. */
	r = s->o.follow ? 1 : insync_has(&l->insync, t->file.name, e);
	if (r < 0)
		return -1;
	if (r > 0) {
		r = insync_acked(&l->insync, &t->file, l->acked, now, e);
		l->high = insync_told(&l->log);
		l->look |= r == 0 && l->high != l->told_high;
		return r;
	}
	a.caught_up_ms = l->acked >= l->durable ? now : -1;
	return replicas_ack(&t->file, l->number, &a, e);
}

int
source_log_begin(struct source_log *l, int64_t *offset, struct err *e)
{
	struct buf bytes = { 0 };
	struct cursor c;
	struct batch b;
	int r;

	*offset = l->start;
	if (l->start >= l->durable)
		return 0;
	cursor_init(&c, &l->view, l->start);
	r = cursor_next(&c, &b, &bytes, e);
	if (r > 0 && b.count > 0 && b.base_offset < l->start)
		*offset = b.base_offset;
	cursor_release(&c);
	buf_release(&bytes);
	return r < 0 ? -1 : 0;
}

int
source_log_seek(struct source *s, struct source_topic *t,
    struct source_log *l, int64_t offset, struct err *e)
{
	if (source_log_open(s, t, l, e) < 0)
		return -1;
	cursor_release(&l->cursor);
	cursor_init(&l->cursor, &l->view, offset);
	l->sent = offset;
	return 0;
}

/* Whether what was read may be sent: 1, 0 not now, -1. */
static int
check_read(const struct source_log *l, size_t bytes, struct err *e)
{
	if (l->cursor.cut >= 0)
		return was_cut(l, l->cursor.cut, e);
	/* The log's start has moved: the caller tells the target. */
	if (l->cursor.skipped > 0)
		return 0;
	if (bytes > WIRE_BATCHES_MAX)
		return err_set(e, ERR_DATA,
		    "%s: offset %" PRId64 ": a batch of more than %d bytes "
		    "can't be sent",
		    l->view.where, l->sent, WIRE_BATCHES_MAX);
	return 1;
}

int
source_log_send(struct source *s, struct source_topic *t,
    struct source_log *l, int64_t limit, struct err *e)
{
	struct wire w = { .type = WIRE_BATCHES,
		.topic = t->number,
		.partition = l->number,
		.from = l->sent,
		.start = l->start,
		.high = l->high };
	struct bulk got;
	size_t at, payload;
	int r;

	if (source_log_open(s, t, l, e) < 0)
		return -1;
	if (wire_begin(s->out, &w, &at) < 0)
		return source_no_memory(t, e);
	payload = s->out->len;
	r = bulk_read(&l->cursor, limit, s->out, SHARE, &got, e);
	if (r > 0)
		r = check_read(l, s->out->len - payload, e);
	/* What an epoch is must be known before its first batch comes. */
	if (r > 0 && l->cursor.epoch > l->told_epoch) {
		l->epoch_came = true;
		cursor_seek(&l->cursor, l->sent);
		r = 0;
	}
	if (r <= 0) {
		s->out->len = at;
		return r;
	}
	s->out->data[at + WIRE_BATCHES_FLAGS] =
	    (uint8_t)((got.holes ? WIRE_HOLES : 0) |
		(l->cursor.next < limit ? WIRE_MORE : 0));
	wire_end(s->out, at);
	s->counts.bytes += (int64_t)(s->out->len - payload);
	s->counts.batches += got.batches;
	s->counts.records += got.records;
	l->sent = l->cursor.next;
	l->told_start = w.start;
	l->told_high = w.high;
	return 1;
}
