/*
 * The segments of a partition, batch by batch.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsio.h"
#include "lock.h"
#include "sweep.h"
#include "verify.h"
#include "verify_parts.h"

enum { PROGRESS_BYTES = 1 << 20 };

/* The offset up to which the log is known to have come. */
static int64_t
must_end(const struct verify_part *p)
{
	return p->known ? p->slot.next_offset : p->safe;
}

/*
 * What a piece of the open segment is, if it is no good batch.  Where nothing
 * more was promised, the next producer cuts the log off up to limit: true.
 */
static bool
tell_piece(
    struct verify_part *p, const struct sweep_piece *piece, int64_t limit)
{
	bool torn = (piece->kind == SWEEP_TAIL ||
			(p->promised &&
			    (piece->kind == SWEEP_BAD ||
				piece->kind == SWEEP_AGAIN))) &&
	    p->active && !p->known && p->expected >= p->safe;
	int64_t end = torn ? piece->offset : piece->end;
	char name[SEGMENT_NAME];

	if (piece->kind == SWEEP_TAIL && p->active && !torn)
		end = must_end(p);
	segment_name(name, p->base, SEGMENT_LOG);
	verify_tell(p,
	    (struct trouble){ .base = p->base,
		.position = piece->from,
		.bytes = (torn ? limit : piece->to) - piece->from,
		.offset = piece->offset,
		.end = end,
		.mend = torn ? MEND_TAIL : MEND_SALVAGE },
	    name, "%s", piece->why);
	if (end > p->expected && piece->kind != SWEEP_AGAIN)
		p->expected = end;
	return torn;
}

static void
check_epoch(struct verify_part *p, const struct batch *b)
{
	const struct epochs *es = &p->epochs;
	int32_t epoch = -1;

	if (p->epochs_told || b->epoch < 0)
		return;
	while (p->epoch_at < es->count &&
	    es->list[p->epoch_at].start <= b->base_offset)
		p->epoch_at++;
	if (p->epoch_at > 0)
		epoch = es->list[p->epoch_at - 1].epoch;
	if (epoch == b->epoch)
		return;
	p->epochs_told = true;
	verify_tell(p,
	    (struct trouble){ .about = ABOUT_EPOCHS,
		.base = -1,
		.position = -1,
		.bytes = -1,
		.offset = b->base_offset,
		.end = b->last_offset + 1,
		.mend = MEND_INDEX },
	    "leader-epoch-checkpoint",
	    "disagrees with the log, which has epoch %" PRId32, b->epoch);
}

/* Every record of a good batch. */
static int
check_records(struct verify_part *p, const struct sweep *s,
    const struct sweep_piece *piece, struct err *e)
{
	struct batch_records br;
	char name[SEGMENT_NAME];
	struct record r;
	int got;

	got = batch_records_init(&br, &piece->batch, s->bytes.data, p->v->codec,
	    &p->scratch, (size_t)settings_batch_limit(&p->v->topic->settings),
	    e);
	if (got == 0)
		got = 1;
	while (got > 0)
		got = batch_records_next(&br, &r, e);
	if (got == 0)
		return 0;
	if (e->code != ERR_CORRUPT)
		return -1;
	segment_name(name, p->base, SEGMENT_LOG);
	verify_tell(p,
	    (struct trouble){ .base = p->base,
		.position = piece->from,
		.bytes = piece->to - piece->from,
		.offset = piece->offset,
		.end = piece->end,
		.mend = MEND_NONE },
	    name, "%s", e->text);
	return 0;
}

static int
report_progress(struct verify_part *p, int64_t bytes, int64_t records, bool end,
    struct err *e)
{
	struct verify *v = p->v;

	v->bytes += bytes;
	v->records += records;
	p->unreported += bytes;
	p->unreported_records += records;
	if (v->progress == NULL || (!end && p->unreported < PROGRESS_BYTES))
		return 0;
	bytes = p->unreported;
	records = p->unreported_records;
	p->unreported = p->unreported_records = 0;
	if (v->progress(v->context, bytes, records) == 0)
		return 0;
	return err_set(e, ERR_STOPPED, "stopped");
}

/* 1 look at the next one too, 0 the log ends here, -1. */
static int
check_piece(struct verify_part *p, struct sweep *s,
    const struct sweep_piece *piece, struct err *e)
{
	const struct batch *b = &piece->batch;
	bool whole = piece->kind == SWEEP_BATCH, torn = false;

	if (whole) {
		p->v->batches++;
		verify_index_batch(p, b, piece->from);
		check_epoch(p, b);
		p->expected = piece->end;
	} else {
		torn = tell_piece(p, piece, s->scan.limit);
		/* Entries for what is damaged are no second trouble. */
		p->index.told = p->timeindex.told = true;
	}
	if (whole && p->v->deep && check_records(p, s, piece, e) < 0)
		return -1;
	if (report_progress(
		p, piece->to - piece->from, whole ? b->count : 0, false, e) < 0)
		return -1;
	return !torn;
}

/* Whether nobody is writing: the append lock can be had, or nobody could. */
static bool
nobody_writes(struct verify_part *p)
{
	struct lock l;
	struct err ignored;
	bool idle = false;

	if (lock_open(&l, p->dirfd, "lock", p->where, 0, &ignored) < 0)
		return false;
	if (lock_try(&l, &ignored) > 0) {
		struct state_slot now;

		state_read(&p->state, &now);
		idle = now.position == p->slot.position &&
		    now.base == p->slot.base;
		lock_drop(&l);
	}
	lock_close(&l);
	return idle;
}

/* What lies in the active segment beyond the end that was published. */
static void
check_beyond(struct verify_part *p, int64_t size)
{
	char name[SEGMENT_NAME];

	if (size <= p->slot.position || !nobody_writes(p))
		return;
	segment_name(name, p->base, SEGMENT_LOG);
	verify_tell(p,
	    (struct trouble){ .base = p->base,
		.position = p->slot.position,
		.bytes = size - p->slot.position,
		.offset = p->slot.next_offset,
		.end = p->slot.next_offset,
		.mend = MEND_TAIL },
	    name, "an append that was not ended");
}

/* A segment behind the active one is one that a roll left, and empty. */
static void
check_stray(struct verify_part *p)
{
	char name[SEGMENT_NAME];
	struct stat st;

	if (p->beyond < 0)
		return;
	segment_name(name, p->beyond, SEGMENT_LOG);
	if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_size == 0 || !nobody_writes(p))
		return;
	verify_tell(p,
	    (struct trouble){ .base = p->beyond,
		.position = -1,
		.bytes = st.st_size,
		.offset = -1,
		.end = -1,
		.mend = MEND_SALVAGE },
	    name, "lies beyond the end of the log, offset %" PRId64,
	    p->slot.next_offset);
}

/* A log that ends below what was on disk. */
static void
check_short(struct verify_part *p, int64_t size)
{
	int64_t end = must_end(p);
	char name[SEGMENT_NAME];

	if (p->expected >= end)
		return;
	segment_name(name, p->base, SEGMENT_LOG);
	verify_tell(p,
	    (struct trouble){ .base = p->base,
		.position = size,
		.bytes = 0,
		.offset = p->expected,
		.end = end,
		.mend = MEND_SALVAGE },
	    name, "ends too early%s",
	    p->known ? "" :
		       " (a copy made while it was written to: remove "
		       "its recovery-point)");
	p->expected = end;
}

static int
sweep_segment(struct verify_part *p, int fd, int64_t until, struct err *e)
{
	bool strict = settings_is_strict(&p->v->topic->settings);
	struct sweep s = { 0 };
	struct sweep_piece piece;
	int64_t size = fsio_size(fd), limit = size;
	int r;

	if (p->active && p->known && limit > p->slot.position)
		limit = p->slot.position;
	/* Told by check_short: how much is missing, not only that it is. */
	if (p->active)
		until = -1;
	sweep_init(&s, fd, p->base, p->expected, until, limit, strict);
	s.epoch = p->epoch;
	s.scan.size_max = settings_batch_limit(&p->v->topic->settings);
	do {
		r = sweep_next(&s, &piece);
		if (r < 0)
			err_sys(e, "%s/%020" PRId64 ".log", p->where, p->base);
		if (r > 0)
			r = check_piece(p, &s, &piece, e);
	} while (r > 0);
	p->epoch = s.epoch;
	sweep_release(&s);
	if (r < 0)
		return -1;
	p->ended |= p->active;
	if (p->active) {
		check_short(p, size);
		if (p->known)
			check_beyond(p, size);
	}
	return 0;
}

/* Segment i can't be opened: its owner or kind is told with the files. */
static int
pass_over(struct verify_part *p, size_t i)
{
	const struct segment_list *l = &p->segments;
	int64_t end = i + 1 < l->count ? l->bases[i + 1] : must_end(p);

	if (p->expected < end)
		p->expected = end;
	p->ended |= p->active;
	return 0;
}

int
verify_segment(struct verify_part *p, size_t i, struct err *e)
{
	const struct segment_list *l = &p->segments;
	bool last = i + 1 == l->count;
	struct stat st;
	int fd, r = 0;

	p->base = l->bases[i];
	p->upto = last ? -1 : l->bases[i + 1];
	p->active = p->known ? p->base == p->slot.base : last;
	p->device = p->inode = 0;
	if (p->base < p->expected && verify_is_superseded(p, p->base))
		return 0;
	fd = segment_open(
	    p->dirfd, p->base, SEGMENT_LOG, O_RDONLY, p->where, e);
	/* Retention took it, or compaction. */
	if (fd < 0 && e->code == ERR_NONE)
		return 0;
	if (fd < 0)
		return e->sys == 0 ? pass_over(p, i) : -1;
	if (fstat(fd, &st) < 0)
		r = err_sys(e, "%s/%020" PRId64 ".log", p->where, p->base);
	else
		p->device = st.st_dev, p->inode = st.st_ino;
	if (r == 0 &&
	    (last || p->v->since == 0 ||
		(int64_t)st.st_mtim.tv_sec * 1000 >= p->v->since)) {
		p->v->segments++;
		if (p->expected < p->base)
			p->expected = p->base;
		r = verify_index_open(p, e);
		if (r == 0)
			r = sweep_segment(p, fd, p->upto, e);
		if (r == 0)
			verify_index_end(p);
	} else if (r == 0 && !last) {
		p->expected = l->bases[i + 1];
	}
	close(fd);
	return r;
}

int
verify_log(struct verify_part *p, struct err *e)
{
	const struct segment_list *l = &p->segments;
	struct trouble lost = {
		.base = -1, .position = -1, .bytes = -1, .mend = MEND_SALVAGE
	};

	if (l->count == 0) {
		lost.end = must_end(p);
		verify_tell(p, lost, "", "has no segment");
		return 0;
	}
	p->expected = l->bases[0];
	if (verify_segments(p, e) < 0)
		return -1;
	if (p->known && !p->ended && p->expected < p->slot.next_offset) {
		lost.offset = p->expected;
		lost.end = p->slot.next_offset;
		verify_tell(p, lost, "", "the last segment is missing");
	}
	check_stray(p);
	verify_ends(p);
	return report_progress(p, 0, 0, true, e);
}
