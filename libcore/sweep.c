#include "sweep.h"

#include "fsio.h"

enum {
	ZERO_BLOCK = 1 << 14,
	COPIES_MAX = 64 /* a segment is read again so often */
};

void
sweep_init(struct sweep *s, int fd, int64_t base, int64_t expected,
    int64_t until, int64_t limit, bool strict)
{
	s->base = base;
	s->expected = expected > base ? expected : base;
	s->until = until;
	s->epoch = -1;
	s->strict = strict;
	s->ahead = false;
	s->copies = 0;
	scan_init(&s->scan, fd, 0, limit);
}

void
sweep_release(struct sweep *s)
{
	scan_release(&s->scan);
	buf_release(&s->bytes);
}

/* Look at the header at position and come back. */
static int
peek_at(struct sweep *s, int64_t position, struct batch *b)
{
	int64_t at = s->scan.position;
	int r;

	s->scan.position = position;
	r = scan_peek(&s->scan, b);
	s->scan.position = at;
	return r;
}

/*
 * Read the batch at the position into s->bytes and move behind it: 1; 0 there
 * is none that verifies, *why; SCAN_IO.
 */
static int
take(struct sweep *s, struct batch *b, const char **why)
{
	int64_t at = s->scan.position;
	int r = scan_peek(&s->scan, b);

	*why = r == BATCH_BAD ? "damaged header" :
				"cut off in the middle of a batch";
	if (r == BATCH_WHOLE)
		r = scan_take(&s->scan, b, &s->bytes);
	if (r == SCAN_IO)
		return SCAN_IO;
	if (r == BATCH_WHOLE && batch_verify(s->bytes.data, b))
		return 1;
	if (r == BATCH_WHOLE)
		*why = "checksum mismatch";
	s->scan.position = at;
	return 0;
}

static int
only_zeros(const struct sweep *s, int64_t from)
{
	uint8_t data[ZERO_BLOCK];
	int64_t left;
	ssize_t got, i;

	for (; from < s->scan.limit; from += got) {
		left = s->scan.limit - from;
		got = fsio_read_at(s->scan.fd, data,
		    left < ZERO_BLOCK ? (size_t)left : ZERO_BLOCK, from);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		for (i = 0; i < got; i++)
			if (data[i] != 0)
				return 0;
	}
	return 1;
}

/* Whether a good batch starts where the damaged one's header says it ends:
 * sounder than any that is found by looking for one. */
static int
follows(struct sweep *s, int64_t position, int64_t least, struct batch *b)
{
	int64_t at = s->scan.position;
	const char *why;
	int r;

	s->scan.position = position;
	r = take(s, b, &why);
	s->scan.position = at;
	scan_forget(&s->scan);
	return r > 0 ? b->base_offset >= least : r;
}

/*
 * Whether the base offset of the batch that ends at the position is one that
 * this segment can hold, seen from what follows it.
 */
static int
is_believable(struct sweep *s, int64_t end, const struct batch *b)
{
	struct batch next;
	int r;

	if (b->last_offset - s->base > INT32_MAX ||
	    (s->until >= 0 && b->last_offset >= s->until))
		return 0;
	if (end >= s->scan.limit)
		return 1;
	r = peek_at(s, end, &next);
	if (r == SCAN_IO)
		return -1;
	return r != BATCH_WHOLE || next.base_offset > b->last_offset ||
	    next.base_offset < s->expected;
}

/* What starts at the position is no batch: find where the next one starts. */
static int
damaged(struct sweep *s, const struct batch *b, const char *why,
    struct sweep_piece *p)
{
	int64_t from = s->scan.position;
	struct batch next;
	int r = 0;

	*p = (struct sweep_piece){ .kind = SWEEP_BAD,
		.from = from,
		.offset = s->expected,
		.end = s->expected,
		.why = why };
	if (b->size > 0 && b->size < s->scan.limit - from) {
		r = follows(s, from + b->size, s->expected, &next);
		if (r > 0)
			s->scan.position = from + b->size;
	}
	if (r == 0) {
		r = scan_resync(&s->scan, from + 1, s->expected, &next);
		if (r == SCAN_IO)
			return -1;
		r = r == BATCH_WHOLE;
	}
	if (r < 0)
		return -1;
	if (r > 0) {
		p->to = s->scan.position;
		r = is_believable(s, p->to + next.size, &next);
		if (r > 0)
			p->end = next.base_offset;
		return r < 0 ? -1 : 1;
	}
	p->kind = SWEEP_TAIL;
	p->to = s->scan.position = s->scan.limit;
	if (s->until > p->end)
		p->end = s->until;
	r = only_zeros(s, from);
	if (r < 0)
		return -1;
	if (r > 0)
		p->why = "zeros";
	return 1;
}

/*
 * Leader epochs never fall.  Where one does, either it is wrong or, if what
 * follows is as low, the one before it was: so the next header is asked.
 */
static int
check_epoch(struct sweep *s, const struct batch *b, struct sweep_piece *p)
{
	bool wrong = b->epoch < s->epoch;
	int32_t right = s->epoch;
	struct batch next;
	int r;

	p->epoch = b->epoch;
	if (b->epoch == -1 || b->epoch == s->epoch)
		return 1;
	if (b->epoch > s->epoch && s->scan.position < s->scan.limit) {
		r = peek_at(s, s->scan.position, &next);
		if (r == SCAN_IO)
			return -1;
		wrong = r == BATCH_WHOLE && next.epoch < b->epoch &&
		    next.epoch >= s->epoch;
		if (wrong)
			right = next.epoch;
	}
	if (!wrong) {
		p->epoch = s->epoch = b->epoch;
		return 1;
	}
	p->kind = SWEEP_MOVED;
	p->why = "wrong leader epoch";
	p->epoch = s->epoch = right;
	return 1;
}

/* Whether the batch at from is a copy of one that lies before it. */
static int
is_copy(struct sweep *s, const struct batch *b, int64_t from)
{
	struct scan scan = { .size_max = s->scan.size_max };
	struct batch other;
	int r, found = 0;

	if (b->base_offset < s->base || b->base_offset >= s->expected)
		return 0;
	if (s->copies++ >= COPIES_MAX)
		return 1;
	scan_init(&scan, s->scan.fd, 0, from);
	while (!found && (r = scan_peek(&scan, &other)) == BATCH_WHOLE) {
		found = other.base_offset == b->base_offset &&
		    other.crc == b->crc;
		scan_skip(&scan, &other);
	}
	scan_release(&scan);
	return !found && r == SCAN_IO ? -1 : found;
}

/*
 * A good batch that does not begin at the expected offset.  Its base offset
 * is not covered by the checksum; what follows it tells whether that is wrong
 * or what comes before it is missing.
 */
static int
out_of_order(struct sweep *s, const struct batch *b, struct sweep_piece *p)
{
	int64_t gap = b->last_offset - b->base_offset + 1;
	int64_t fits = s->expected + gap;
	bool last = s->scan.position >= s->scan.limit;
	struct batch next;
	int r = BATCH_SHORT, copy;

	if (!last)
		r = peek_at(s, s->scan.position, &next);
	copy = is_copy(s, b, p->from);
	if (r == SCAN_IO || copy < 0)
		return -1;
	if (!copy &&
	    (r == BATCH_WHOLE ? next.base_offset == fits :
				last && s->until == fits)) {
		if (check_epoch(s, b, p) < 0)
			return -1;
		p->kind = SWEEP_MOVED;
		p->why = "wrong base offset";
		p->offset = s->expected;
		p->end = fits;
		s->expected = fits;
		return 1;
	}
	if (b->base_offset < s->expected) {
		p->kind = SWEEP_AGAIN;
		p->why = "offsets that were there before";
		p->offset = b->base_offset;
		p->end = b->last_offset + 1;
		return 1;
	}
	if ((r == BATCH_WHOLE && next.base_offset <= b->last_offset &&
		next.base_offset >= s->expected) ||
	    (s->until >= 0 && b->last_offset >= s->until) ||
	    b->last_offset - s->base > INT32_MAX) {
		p->kind = SWEEP_BAD;
		p->why = "wrong base offset";
		p->offset = s->expected;
		p->end = r == BATCH_WHOLE && next.base_offset >= s->expected ?
		    next.base_offset :
		    s->expected;
		return 1;
	}
	if (check_epoch(s, b, p) < 0)
		return -1;
	if (s->strict) {
		s->found = *p;
		s->ahead = true;
		p->kind = SWEEP_HOLE;
		p->why = "offsets are missing";
		p->to = p->from;
		p->offset = s->expected;
		p->end = b->base_offset;
	}
	s->expected = b->last_offset + 1;
	return 1;
}

/* Whether the segment ends before the offset where it must. */
static int
missing_end(struct sweep *s, struct sweep_piece *p)
{
	if (!s->strict || s->until <= s->expected)
		return 0;
	*p = (struct sweep_piece){ .kind = SWEEP_HOLE,
		.from = s->scan.position,
		.to = s->scan.position,
		.offset = s->expected,
		.end = s->until,
		.why = "the segment that follows it is missing" };
	s->expected = s->until;
	return 1;
}

int
sweep_next(struct sweep *s, struct sweep_piece *p)
{
	int64_t from = s->scan.position;
	const char *why;
	struct batch b;
	int r;

	if (s->ahead) {
		*p = s->found;
		s->ahead = false;
		return 1;
	}
	if (from >= s->scan.limit)
		return missing_end(s, p);
	r = take(s, &b, &why);
	if (r == SCAN_IO)
		return -1;
	if (r == 0) {
		r = damaged(s, &b, why, p);
		if (r > 0 && s->strict)
			s->expected = p->end;
		return r;
	}
	*p = (struct sweep_piece){ .kind = SWEEP_BATCH,
		.from = from,
		.to = s->scan.position,
		.offset = b.base_offset,
		.end = b.last_offset + 1,
		.batch = b };
	if (b.base_offset != s->expected ||
	    b.last_offset - s->base > INT32_MAX)
		return out_of_order(s, &b, p);
	s->expected = b.last_offset + 1;
	return check_epoch(s, &b, p);
}
