/*
 * The indexes of a segment against the batches they are of.  The rules are
 * Kafka's (4.x, LogSegment.append): an .index entry names the last offset of
 * what one append wrote and where that starts; a .timeindex entry the largest
 * timestamp so far and the last offset of the first batch that had it.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "fsio.h"
#include "index.h"
#include "verify_parts.h"

enum {
	/* So much without an entry is no interval's doing. */
	UNINDEXED_MAX = 16 << 20
};

static void
tell(struct verify_part *p, struct verify_index *x, enum segment_file which,
    int64_t position, const char *what)
{
	char name[SEGMENT_NAME];

	if (x->told)
		return;
	x->told = true;
	segment_name(name, p->base, which);
	verify_tell(p,
	    (struct trouble){ .about = ABOUT_INDEX,
		.base = p->base,
		.position = position,
		.bytes = -1,
		.offset = -1,
		.end = -1,
		.mend = MEND_INDEX },
	    name, "%s", what);
}

/* Without the zeros that Kafka preallocates an active index with. */
static void
trim_zeros(struct buf *data, size_t width)
{
	static const uint8_t zeros[TIMEINDEX_ENTRY];

	while (data->len > width &&
	    memcmp(data->data + data->len - width, zeros, width) == 0)
		data->len -= width;
}

/*
 * Whether retention is removing the segment at hand, or was killed in it: its
 * indexes go first.  The log start may have been raised since we began.
 */
static bool
is_going(const struct verify_part *p)
{
	struct err ignored;
	int64_t start;

	return p->upto >= 0 &&
	    checkpoint_read_start(p->dirfd, &start, p->where, &ignored) > 0 &&
	    p->upto <= start;
}

/* Whose log was being cut back: the indexes of what stays are made last. */
static bool
is_coming(const struct verify_part *p)
{
	return !p->known && p->upto < 0 &&
	    state_is_withdrawn(&p->state, p->boot);
}

static int
open_one(struct verify_part *p, struct verify_index *x,
    enum segment_file which, size_t width, struct err *e)
{
	char name[SEGMENT_NAME];
	int r;

	segment_name(name, p->base, which);
	x->at = 0;
	x->wanted = x->last[0] = x->last[1] = -1;
	x->told = false;
	r = fsio_read_file(
	    p->dirfd, name, &x->data, INDEX_BYTES_MAX, p->where, e);
	x->there = r > 0;
	if (r == 0 && !is_going(p) && !is_coming(p))
		tell(p, x, which, -1, "is missing");
	if (r < 0 && e->code == ERR_CORRUPT)
		tell(p, x, which, -1, "is too large");
	else if (r < 0 && e->code == ERR_SYSTEM && e->sys != 0)
		return -1;
	if (r <= 0) {
		/* Of another owner, a link: told with the files. */
		x->there = false;
		return 0;
	}
	if (x->data.len % width != 0 && !(p->active && p->known))
		tell(p, x, which, (int64_t)(x->data.len - x->data.len % width),
		    "ends in the middle of an entry");
	x->data.len -= x->data.len % width;
	return 0;
}

/* Of the active segment count the entries that are published. */
static void
only_published(struct verify_part *p, struct verify_index *x,
    enum segment_file which, size_t size)
{
	if (!x->there)
		return;
	if (x->data.len < size)
		tell(p, x, which, (int64_t)x->data.len, "entries are missing");
	else
		x->data.len = size;
}

int
verify_index_open(struct verify_part *p, struct err *e)
{
	struct verify_index *x = &p->index, *t = &p->timeindex;

	p->max_timestamp = -1;
	p->since_index = 0;
	if (open_one(p, x, SEGMENT_INDEX, INDEX_ENTRY, e) < 0 ||
	    open_one(p, t, SEGMENT_TIMEINDEX, TIMEINDEX_ENTRY, e) < 0)
		return -1;
	if (p->active && p->known) {
		only_published(p, x, SEGMENT_INDEX,
		    (size_t)p->slot.index_entries * INDEX_ENTRY);
		only_published(p, t, SEGMENT_TIMEINDEX,
		    (size_t)p->slot.timeindex_entries * TIMEINDEX_ENTRY);
	} else if (p->active) {
		trim_zeros(&x->data, INDEX_ENTRY);
		trim_zeros(&t->data, TIMEINDEX_ENTRY);
	}
	return 0;
}

static void
meet_index(struct verify_part *p, const struct batch *b, int64_t position)
{
	struct verify_index *x = &p->index;
	struct index_entry en;

	while (x->at < x->data.len) {
		en = index_get(x->data.data + x->at, p->base);
		if (en.position > position)
			break;
		if (x->wanted >= 0 || en.position < position ||
		    en.position <= x->last[1] || en.offset <= x->last[0] ||
		    en.offset < b->base_offset) {
			tell(p, x, SEGMENT_INDEX, (int64_t)x->at,
			    "an entry that names no batch");
			return;
		}
		x->last[0] = x->wanted = en.offset;
		x->last[1] = en.position;
		x->at += INDEX_ENTRY;
		p->since_index = 0;
	}
	if (x->wanted >= 0 && b->last_offset >= x->wanted) {
		if (b->last_offset > x->wanted)
			tell(p, x, SEGMENT_INDEX, (int64_t)x->at - INDEX_ENTRY,
			    "an entry with an offset that ends no batch");
		x->wanted = -1;
	}
}

static void
meet_timeindex(struct verify_part *p, const struct batch *b)
{
	struct verify_index *x = &p->timeindex;
	struct timeindex_entry en;

	for (; x->at < x->data.len; x->at += TIMEINDEX_ENTRY) {
		en = timeindex_get(x->data.data + x->at, p->base);
		if (en.offset > b->last_offset)
			break;
		if (en.offset < b->base_offset ||
		    en.timestamp != b->max_timestamp ||
		    en.timestamp <= p->max_timestamp ||
		    en.timestamp <= x->last[0]) {
			tell(p, x, SEGMENT_TIMEINDEX, (int64_t)x->at,
			    "an entry that agrees with no batch");
			return;
		}
		x->last[0] = en.timestamp;
	}
}

void
verify_index_batch(
    struct verify_part *p, const struct batch *b, int64_t position)
{
	if (p->index.there && !p->index.told)
		meet_index(p, b, position);
	if (p->timeindex.there && !p->timeindex.told)
		meet_timeindex(p, b);
	if (p->index.there && p->since_index > UNINDEXED_MAX)
		tell(p, &p->index, SEGMENT_INDEX, (int64_t)p->index.at,
		    "entries are missing");
	p->since_index += b->size;
	if (b->max_timestamp > p->max_timestamp)
		p->max_timestamp = b->max_timestamp;
}

void
verify_index_end(struct verify_part *p)
{
	struct verify_index *x = &p->index, *t = &p->timeindex;

	if (x->there && (x->at < x->data.len || x->wanted >= 0))
		tell(p, x, SEGMENT_INDEX, (int64_t)x->at,
		    "an entry beyond the end of the log");
	if (t->there && t->at < t->data.len)
		tell(p, t, SEGMENT_TIMEINDEX, (int64_t)t->at,
		    "an entry beyond the end of the log");
	/* Retention and search by time rely on the last one. */
	if (t->there && !p->active && p->max_timestamp > t->last[0])
		tell(p, t, SEGMENT_TIMEINDEX, (int64_t)t->at,
		    "the entry that ends it is missing");
}

void
verify_index_release(struct verify_part *p)
{
	buf_release(&p->index.data);
	buf_release(&p->timeindex.data);
}
