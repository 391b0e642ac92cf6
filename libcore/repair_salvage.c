/*
 * Salvage: a damaged segment is written anew with every batch that still
 * verifies, and takes the old one's name.  Empty batches stand for the
 * offsets that are lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "epochs.h"
#include "fsio.h"
#include "recovery.h"
#include "repair_parts.h"
#include "segment.h"
#include "sweep.h"
#include "topic.h"

enum { COPY_BLOCK = 1 << 18 };

static const char new_name[] = ".salvage.tmp";

struct salvage {
	struct repair_part *rp;
	bool strict;
	int64_t end; /* offset where the log must end at least */
	bool known; /* a valid state says so, not the recovery point */
	int64_t limit; /* bytes of the last segment, or -1: its size */
	int64_t next; /* the offset that comes next */

	/* the segment at hand */
	int64_t base;
	int fd, out; /* the old file and the new one */
	int64_t at; /* bytes written to out */
	int32_t epoch; /* of the batch before; -1 */
	struct epochs epochs; /* as the checkpoint has them */
};

static int
log_error(const struct salvage *s, struct err *e)
{
	return err_sys(e, "%s/%020" PRId64 ".log", s->rp->p.where, s->base);
}

static int
put(struct salvage *s, const void *data, size_t n, struct err *e)
{
	if (fsio_write_at(s->out, data, n, s->at) < 0)
		return err_sys(e, "%s/%s", s->rp->p.where, new_name);
	s->at += (int64_t)n;
	return 0;
}

/* The epoch that an offset had, if the checkpoint says so, at most max. */
static int32_t
epoch_of(const struct salvage *s, int64_t offset, int32_t max)
{
	int32_t epoch = s->epoch, is;
	size_t i;

	for (i = 0; i < s->epochs.count; i++) {
		is = s->epochs.list[i].epoch;
		if (s->epochs.list[i].start <= offset && is > epoch &&
		    is <= max)
			epoch = is;
	}
	return epoch;
}

/* Where, above offset and below end, another epoch begins; else end. */
static int64_t
epoch_ends(const struct salvage *s, int64_t offset, int64_t end)
{
	size_t i;

	for (i = 0; i < s->epochs.count; i++)
		if (s->epochs.list[i].start > offset &&
		    s->epochs.list[i].start < end)
			return s->epochs.list[i].start;
	return end;
}

/*
 * Let empty batches stand for offsets [s->next, end), of epochs of at most
 * max.
 */
static int
put_lost(struct salvage *s, int64_t end, int32_t max, struct err *e)
{
	uint8_t bytes[BATCH_HEADER];
	int64_t to;

	if (end <= s->next)
		return 0;
	if (end - 1 - s->base > INT32_MAX)
		return err_set(e, ERR_CORRUPT, "%s: offsets %" PRId64 " to "
		    "%" PRId64 " are missing, too many for one segment (if "
		    "recovery-point is what is wrong: remove it)",
		    s->rp->p.where, s->next, end - 1);
	for (; s->next < end; s->next = to) {
		to = epoch_ends(s, s->next, end);
		s->epoch = epoch_of(s, s->next, max);
		batch_empty(bytes, s->next, to - 1, s->epoch);
		if (put(s, bytes, sizeof(bytes), e) < 0)
			return -1;
	}
	return 0;
}

static int
save_piece(struct salvage *s, const struct sweep_piece *piece, struct err *e)
{
	struct cut *c = repair_cut(s->rp, e);
	char name[SEGMENT_NAME], lost[96] = "";

	if (c == NULL ||
	    (piece->to > piece->from &&
		cut_save(c, s->fd, s->base, piece->from, piece->to, e) < 0))
		return -1;
	if (piece->end > piece->offset && piece->kind != SWEEP_AGAIN)
		snprintf(lost, sizeof(lost),
		    "; offsets %" PRId64 " to %" PRId64 " are lost",
		    piece->offset, piece->end - 1);
	segment_name(name, s->base, SEGMENT_LOG);
	if (piece->to > piece->from)
		repair_did(s->rp, name,
		    "position %" PRId64 ": %s: %" PRId64
		    " bytes taken out, saved as %s/%s%s",
		    piece->from, piece->why, piece->to - piece->from, c->where,
		    c->last, lost);
	else
		repair_did(s->rp, name, "position %" PRId64 ": %s%s",
		    piece->from, piece->why, lost);
	return 0;
}

static int
keep_batch(struct salvage *s, const struct sweep_piece *piece,
    struct buf *bytes, struct err *e)
{
	char name[SEGMENT_NAME];
	int32_t epoch = piece->epoch;

	if (s->strict && put_lost(s, piece->offset, piece->epoch, e) < 0)
		return -1;
	if (epoch != piece->batch.epoch && s->epochs.count > 0)
		epoch = epoch_of(s, piece->offset, epoch);
	if (epoch > s->epoch)
		s->epoch = epoch;
	if (piece->kind == SWEEP_MOVED) {
		batch_place(bytes->data, piece->offset, epoch);
		segment_name(name, s->base, SEGMENT_LOG);
		repair_did(s->rp, name,
		    "position %" PRId64 ": base offset is %" PRId64
		    " now (was %" PRId64 "), leader epoch %" PRId32
		    " (was %" PRId32 ")",
		    piece->from, piece->offset, piece->batch.base_offset, epoch,
		    piece->batch.epoch);
	}
	if (put(s, bytes->data, bytes->len, e) < 0)
		return -1;
	s->next = piece->end;
	return 0;
}

/* Go through the segment: only to see whether anything is wrong (out < 0),
 * or writing it anew.  1 something is, 0 nothing, -1. */
static int
go_through(
    struct salvage *s, int64_t until, int64_t limit, bool last, struct err *e)
{
	struct sweep sweep = { 0 };
	struct sweep_piece piece;
	int r, found = 0;

	sweep_init(&sweep, s->fd, s->base, s->next, until, limit, s->strict);
	sweep.epoch = s->epoch;
	sweep.scan.size_max = settings_batch_limit(&s->rp->topic->settings);
	while ((r = sweep_next(&sweep, &piece)) > 0) {
		bool good = piece.kind == SWEEP_BATCH;

		/* A torn end may simply be cut off, if it is no more. */
		if (!good &&
		    !(piece.kind == SWEEP_TAIL && last && !s->known &&
			piece.offset >= s->end))
			found = 1;
		if (s->out < 0 && piece.end > s->next &&
		    piece.kind != SWEEP_AGAIN)
			s->next = piece.end;
		if (s->out >= 0 &&
		    (good || piece.kind == SWEEP_MOVED ?
			    keep_batch(s, &piece, &sweep.bytes, e) :
			    save_piece(s, &piece, e)) < 0)
			break;
	}
	sweep_release(&sweep);
	if (r < 0)
		return log_error(s, e);
	if (r == 0 && found == 0)
		s->epoch = sweep.epoch;
	return r > 0 ? -1 : found;
}

/* Give the new file the old one's name, for good. */
static int
take_over(struct salvage *s, struct err *e)
{
	const struct partition *p = &s->rp->p;
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, s->base, SEGMENT_LOG);
	if (fstat(s->fd, &st) < 0 || fchmod(s->out, st.st_mode & 07777) < 0 ||
	    fsio_sync(s->out) < 0 ||
	    fsio_rename(p->dirfd, new_name, name, true) < 0 ||
	    fsio_sync_dir(p->dirfd) < 0)
		return err_sys(e, "%s/%s", p->where, name);
	return 0;
}

static int
rewrite(
    struct salvage *s, int64_t until, int64_t limit, bool last, struct err *e)
{
	const struct partition *p = &s->rp->p;
	char name[SEGMENT_NAME];
	int r;

	unlinkat(p->dirfd, new_name, 0);
	s->out = fsio_open(
	    p->dirfd, new_name, O_RDWR | O_CREAT | O_EXCL, 0666, p->where, e);
	if (s->out < 0)
		return -1;
	s->at = 0;
	repair_hold(s->rp);
	r = go_through(s, until, limit, last, e) < 0 ? -1 : 0;
	segment_name(name, s->base, SEGMENT_LOG);
	if (r == 0 && last && s->next < s->end)
		repair_did(s->rp, name, "ended too early: offsets %" PRId64
		    " to %" PRId64 " are lost", s->next, s->end - 1);
	if (!last)
		limit = s->strict ? until : s->next;
	if (r == 0)
		r = put_lost(s, last ? s->end : limit, INT32_MAX, e);
	if (r == 0)
		r = take_over(s, e);
	repair_unhold(s->rp, r == 0);
	if (r < 0)
		unlinkat(p->dirfd, new_name, 0);
	close(s->out);
	s->out = -1;
	return r;
}

/* One segment; until: where the next one starts, or -1. */
static int
salvage_segment(struct salvage *s, int64_t base, int64_t until, struct err *e)
{
	const struct partition *p = &s->rp->p;
	bool last = until < 0;
	int64_t start = s->next, limit;
	int r;

	s->base = base;
	s->fd = segment_open(
	    p->dirfd, base, SEGMENT_LOG, O_RDONLY, p->where, e);
	if (s->fd < 0)
		return e->code != ERR_NONE ?
		    -1 :
		    err_set(e, ERR_SYSTEM, "%s/%020" PRId64 ".log: is gone",
			p->where, base);
	if (start < base)
		start = base;
	limit = fsio_size(s->fd);
	if (last && s->limit >= 0 && s->limit < limit)
		limit = s->limit;
	s->next = start;
	r = limit < 0 ? log_error(s, e) : go_through(s, until, limit, last, e);
	if (r == 0 && last && s->next < s->end)
		r = 1;
	if (r > 0) {
		s->next = start;
		/* Also what lies beyond the end is kept if it is good. */
		r = rewrite(s, until, fsio_size(s->fd), last, e);
		if (r == 0 && !last)
			r = recovery_reindex_sealed(&s->rp->p, base, e);
	}
	close(s->fd);
	return r;
}

/* No segment is left, or not the first ones: the log starts later. */
static int
start_later(struct salvage *s, struct segment_list *l, struct err *e)
{
	const struct partition *p = &s->rp->p;
	int64_t start;
	int fd, known;

	if (l->count == 0) {
		fd = segment_open(p->dirfd, s->end, SEGMENT_LOG,
		    O_RDWR | O_CREAT, p->where, e);
		if (fd < 0)
			return -1;
		close(fd);
		if (fsio_sync_dir(p->dirfd) < 0)
			return err_sys(e, "%s", p->where);
		repair_did(s->rp, NULL,
		    "has no segment: one was made that starts at %" PRId64,
		    s->end);
		if (segment_list_read(l, p->dirfd, p->where, e) < 0)
			return -1;
	}
	known = checkpoint_read_start(p->dirfd, &start, p->where, e);
	if (known < 0 || start >= l->bases[0])
		return known < 0 && e->code != ERR_CORRUPT ? -1 : 0;
	if (checkpoint_write_start(p->dirfd, l->bases[0], p->where, e) < 0)
		return -1;
	repair_did(s->rp, "log-start-offset",
	    "was %" PRId64 ", is now %" PRId64 ": segments are missing", start,
	    l->bases[0]);
	return 0;
}

/* A segment beyond the end of the log. */
static int
take_away(struct salvage *s, int64_t base, struct err *e)
{
	const struct partition *p = &s->rp->p;
	char name[SEGMENT_NAME];
	struct stat st;
	int i, r = 0;

	/* A roll that was killed leaves it, recovery takes it away. */
	segment_name(name, base, SEGMENT_LOG);
	if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_size == 0)
		return 0;
	for (i = SEGMENT_TIMEINDEX; r == 0 && i >= SEGMENT_LOG; i--) {
		segment_name(name, base, (enum segment_file)i);
		if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			r = repair_away(s->rp, name, e);
		else if (errno != ENOENT)
			r = err_sys(e, "%s/%s", p->where, name);
	}
	return r;
}

int
repair_salvage(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct salvage s = { .rp = rp, .limit = -1, .fd = -1, .out = -1,
		.epoch = -1 };
	struct segment_list l = { 0 };
	struct state_slot slot = { 0 };
	char boot[37];
	int64_t promised;
	size_t i;
	int r;

	s.strict = settings_is_strict(&rp->topic->settings);
	unlinkat(p->dirfd, new_name, 0);
	if (checkpoint_read_recovery(p->dirfd, boot, &s.end, p->where, e) < 0)
		return -1;
	promised = s.end;
	if (state_is_valid(&p->state, p->dirfd, p->boot)) {
		state_read(&p->state, &slot);
		s.end = slot.next_offset;
		/* Not if it was salvaged a moment ago, by who was killed. */
		s.known = segment_is(
		    p->dirfd, slot.base, slot.device, slot.inode);
	}
	if (s.known)
		s.limit = slot.position;
	/* Without them an epoch is guessed. */
	r = epochs_read(&s.epochs, p->dirfd, p->where, e);
	if (r == 0 || e->code == ERR_CORRUPT)
		r = segment_list_read(&l, p->dirfd, p->where, e);
	while (r == 0 && s.known && l.count > 1 &&
	    l.bases[l.count - 1] > slot.base)
		r = take_away(&s, l.bases[--l.count], e);
	if (r == 0)
		r = start_later(&s, &l, e);
	for (i = 0; r == 0 && i < l.count; i++)
		r = salvage_segment(&s, l.bases[i],
		    i + 1 < l.count ? l.bases[i + 1] : -1, e);
	segment_list_release(&l);
	epochs_release(&s.epochs);
	if (r == 0 && s.known && promised > slot.next_offset) {
		p->slot = slot;
		r = repair_recovery(rp, e);
	}
	return r < 0 ? -1 : recovery_rebuild(p, e);
}
