#include "scan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fsio.h"
#include "index.h"

enum {
	AHEAD_FIRST = 16 << 10, /* a short log is read in one call */
	AHEAD_MIN = 1 << 10,
	AHEAD_MAX = 64 << 10,
	SMALL_GAP = 16 << 10, /* of log, between index entries */
	EXPECT_MAX = (1 << 20) + AHEAD_MAX /* a batch of the largest default */
};

void
scan_init(struct scan *s, int fd, int64_t position, int64_t limit)
{
	s->fd = fd;
	s->position = position;
	s->limit = limit;
	s->ahead = AHEAD_FIRST;
	scan_forget(s);
}

void
scan_release(struct scan *s)
{
	buf_release(&s->window);
}

void
scan_forget(struct scan *s)
{
	buf_clear(&s->window);
	s->window_at = s->position;
}

/* So many bytes are likely to be wanted: the next read takes them at once. */
static void
expect(struct scan *s, int64_t bytes)
{
	s->ahead = bytes > EXPECT_MAX ? EXPECT_MAX :
	    bytes < AHEAD_FIRST	      ? AHEAD_FIRST :
					(size_t)bytes;
}

/* Bytes at position that the window holds. */
static size_t
buffered(const struct scan *s)
{
	int64_t end = s->window_at + (int64_t)s->window.len;

	if (s->position < s->window_at || s->position >= end)
		return 0;
	return (size_t)(end - s->position);
}

/*
 * Read ahead from position: more while batches are small, less when each
 * lies beyond what was read.
 */
static int
fill(struct scan *s)
{
	int64_t left = s->limit - s->position;
	ssize_t got;

	if (s->window.len > 0 && buffered(s) == 0)
		s->ahead = AHEAD_MIN;
	else if (s->window.len > 0)
		s->ahead = s->ahead < AHEAD_MAX ? s->ahead * 2 : AHEAD_MAX;
	buf_clear(&s->window);
	s->window_at = s->position;
	if (buf_reserve(&s->window,
		s->ahead > AHEAD_MAX ? s->ahead : AHEAD_MAX) < 0) {
		errno = ENOMEM;
		return SCAN_IO;
	}
	if (left <= 0)
		return 0;
	got = fsio_read_at(s->fd, s->window.data,
	    left < (int64_t)s->ahead ? (size_t)left : s->ahead, s->position);
	if (got < 0)
		return SCAN_IO;
	s->window.len = (size_t)got;
	return 0;
}

int
scan_peek(struct scan *s, struct batch *b)
{
	enum batch_state state;
	int64_t size;

	if (buffered(s) < BATCH_HEADER && fill(s) < 0)
		return SCAN_IO;
	state = batch_decode(
	    s->window.data + (s->position - s->window_at), buffered(s), b);
	/* No offset behind it, or more than memory should be spent on. */
	if (state != BATCH_BAD && (b->last_offset == INT64_MAX ||
		b->size > (s->size_max > 0 ? s->size_max : SCAN_SIZE_MAX)))
		return BATCH_BAD;
	if (state != BATCH_SHORT || b->size == 0)
		return (int)state;
	if (s->position + b->size > s->limit)
		return BATCH_SHORT;
	size = fsio_size(s->fd);
	if (size < 0)
		return SCAN_IO;
	return s->position + b->size <= size ? BATCH_WHOLE : BATCH_SHORT;
}

int
scan_take(struct scan *s, const struct batch *b, struct buf *bytes)
{
	size_t size = (size_t)b->size, have = buffered(s);
	ssize_t got;

	if (have > size)
		have = size;
	buf_clear(bytes);
	if (buf_reserve(bytes, size) < 0) {
		errno = ENOMEM;
		return SCAN_IO;
	}
	if (have > 0)
		memcpy(bytes->data,
		    s->window.data + (s->position - s->window_at), have);
	if (have < size) {
		got = fsio_read_at(s->fd, bytes->data + have, size - have,
		    s->position + (int64_t)have);
		if (got < 0)
			return SCAN_IO;
		if ((size_t)got < size - have) {
			scan_forget(s);
			return BATCH_SHORT;
		}
	}
	bytes->len = size;
	s->position += b->size;
	return BATCH_WHOLE;
}

void
scan_skip(struct scan *s, const struct batch *b)
{
	s->position += b->size;
}

void
scan_trim(struct scan *s)
{
	if (s->window.cap <= AHEAD_MAX || buffered(s) > 0)
		return;
	buf_release(&s->window);
	s->ahead = AHEAD_MIN;
}

/*
 * Whether a batch at position, in what goes on to end, begins within base to
 * offset: the scan stands there, *found is its base offset.
 */
static bool
stand_at(struct scan *s, int64_t position, int64_t end, int64_t base,
    int64_t offset, int64_t *found)
{
	struct batch b;

	if (position > s->limit)
		return false;
	scan_init(s, s->fd, position, s->limit);
	expect(s, (end < s->limit ? end : s->limit) - position);
	if (scan_peek(s, &b) != BATCH_WHOLE || b.base_offset > offset ||
	    b.base_offset < base)
		return false;
	*found = b.base_offset;
	return true;
}

int64_t
scan_find(struct scan *s, int fd, int64_t base, int64_t offset)
{
	struct index_span at;
	int64_t end, found;

	if (index_find(fd, base, offset, &at) < 0)
		return base;
	end = at.after;
	if (at.offset == offset) {
		end = at.next;
	} else if (at.next - at.position > SMALL_GAP) {
		/* Batches so large have an entry each: it is the next one's,
		 * or, less likely, one of those without. */
		if (stand_at(s, at.next, at.after, base, offset, &found))
			return found;
		end = at.next;
	}
	if ((at.position > 0 || end < INT64_MAX) &&
	    stand_at(s, at.position, end, base, offset, &found))
		return found;
	scan_init(s, s->fd, 0, s->limit);
	return base;
}

/* Whether a whole batch with a good checksum starts at position. */
static int
verified(struct scan *s, int64_t least, struct batch *b, struct buf *bytes)
{
	int64_t at = s->position;
	int r = scan_peek(s, b);

	if (r != BATCH_WHOLE)
		return r == SCAN_IO ? SCAN_IO : 0;
	if (b->base_offset < least)
		return 0;
	r = scan_take(s, b, bytes);
	s->position = at;
	if (r != BATCH_WHOLE)
		return r == SCAN_IO ? SCAN_IO : 0;
	return batch_verify(bytes->data, b);
}

int
scan_resync(struct scan *s, int64_t from, int64_t least, struct batch *b)
{
	struct buf bytes = { 0 };
	const uint8_t *magic;
	size_t have;
	int r = 0;

	s->position = from;
	while (r == 0) {
		if (buffered(s) < BATCH_HEADER && fill(s) < 0) {
			r = SCAN_IO;
			break;
		}
		have = buffered(s);
		if (have < BATCH_HEADER)
			break;
		/* Only a byte 2 in the magic's place can start a batch. */
		magic = s->window.data + (s->position - s->window_at) +
		    BATCH_MAGIC;
		magic = memchr(magic, 2, have - BATCH_MAGIC);
		if (magic == NULL) {
			s->position += (int64_t)(have - BATCH_MAGIC);
			continue;
		}
		s->position = s->window_at + (magic - s->window.data) -
		    BATCH_MAGIC;
		r = verified(s, least, b, &bytes);
		if (r == 0)
			s->position++;
	}
	buf_release(&bytes);
	if (r == SCAN_IO)
		return SCAN_IO;
	return r == 1 ? BATCH_WHOLE : BATCH_SHORT;
}
