#include "lines.h"

#include <stdbool.h>
#include <string.h>

enum {
	OVERHEAD = 32,	/* what a record takes at most, besides its value */
	TWO_MIN = 64,	/* a varint of two bytes counts from here */
	TWO_MAX = 8192,	/* to below here */
	TAKE_MAX = 4 << 20	/* a batch that is larger is not plain */
};

/*
 * Room for the lines in n bytes, most of them not very short; none if the
 * batch is at its limit anyway.
 */
static size_t
room(struct batch_builder *bb, size_t used, size_t n, int64_t limit)
{
	size_t want = used + n + n / 4 + OVERHEAD;

	if (limit > INT32_MAX)
		limit = INT32_MAX;
	if (limit <= (int64_t)used)
		return used;
	if (want > (size_t)limit)
		want = (size_t)limit;
	if (want > bb->bytes.cap &&
	    buf_reserve(&bb->bytes, want - bb->bytes.len) < 0)
		return used;
	return bb->bytes.cap < (size_t)limit ? bb->bytes.cap : (size_t)limit;
}

/* What the records of one call have in common at their start. */
struct start {
	uint8_t bytes[16];	/* attributes, timestamp delta */
	size_t len;
};

static inline uint8_t *
put_two(uint8_t *p, size_t n)
{
	p[0] = (uint8_t)(n << 1 | 0x80);
	p[1] = (uint8_t)(n >> 6);
	return p + 2;
}

/*
 * record_encode of a value alone whose length takes two bytes, as the
 * record's then does: the most of a log, in a third of the instructions.
 */
static inline uint8_t *
put_plain(uint8_t *p, const struct start *start, int32_t offset_delta,
    const uint8_t *line, size_t len)
{
	uint8_t *at = p + 2;

	memcpy(at, start->bytes, sizeof(start->bytes));
	at += start->len;
	if (offset_delta >= TWO_MIN && offset_delta < TWO_MAX)
		at = put_two(at, (size_t)offset_delta);
	else
		at = varint_put(at, offset_delta);
	*at++ = 1;		/* no key */
	at = put_two(at, len);
	memcpy(at, line, len);
	at += len;
	*at++ = 0;		/* no headers */
	put_two(p, (size_t)(at - p - 2));
	return at;
}

int32_t
lines_add(struct batch_builder *bb, const uint8_t **from, const uint8_t *end,
    uint8_t delimiter, int64_t timestamp, int64_t limit)
{
	struct record r = { .timestamp = timestamp, .key = SLICE_NULL };
	size_t used = bb->count > 0 ? bb->bytes.len : BATCH_HEADER;
	size_t stop = room(bb, used, (size_t)(end - *from), limit);
	const uint8_t *line = *from, *at;
	struct start start = { 0 };
	int64_t delta = 0;
	size_t len;
	int32_t before = bb->count, count = before;
	uint8_t *p;

	if (stop - used < OVERHEAD)
		return 0;
	if (before > 0)
		delta = (int64_t)((uint64_t)timestamp -
		    (uint64_t)bb->base_timestamp);
	start.len = (size_t)(varlong_put(start.bytes + 1, delta) -
	    start.bytes);
	p = bb->bytes.data + used;
	stop -= OVERHEAD;	/* so that each line is compared once */
	while (count < INT32_MAX &&
	    (at = memchr(line, delimiter, (size_t)(end - line))) != NULL) {
		len = (size_t)(at - line);
		if (len + (size_t)(p - bb->bytes.data) > stop)
			break;
		if (len >= TWO_MIN && len < TWO_MAX - OVERHEAD) {
			p = put_plain(p, &start, count++, line, len);
		} else {
			r.value = (struct slice){ line, (int32_t)len };
			p = record_encode(p, &r, delta, count++);
		}
		line = at + 1;
	}
	if (count == before)
		return 0;
	if (before == 0)
		bb->base_timestamp = bb->max_timestamp = timestamp;
	else if (timestamp > bb->max_timestamp)
		bb->max_timestamp = timestamp;
	bb->bytes.len = (size_t)(p - bb->bytes.data);
	bb->count = count;
	*from = line;
	return count - before;
}

/* A varint that is one to three bytes; false: it is left to the general way. */
static inline bool
short_varint(const uint8_t **p, const uint8_t *end, int32_t *v)
{
	uint32_t n;
	int bytes = 1;

	if (end - *p < 4)
		return false;
	n = **p & 0x7f;
	if ((*p)[0] & 0x80) {
		n |= (uint32_t)((*p)[1] & 0x7f) << 7;
		bytes = 2;
		if ((*p)[1] & 0x80) {
			if ((*p)[2] & 0x80)
				return false;
			n |= (uint32_t)(*p)[2] << 14;
			bytes = 3;
		}
	}
	*p += bytes;
	*v = (int32_t)(n >> 1) ^ -(int32_t)(n & 1);
	return true;
}

/*
 * The value of the plain record at *p, which moves behind it.  What is not
 * seen to be right here is judged by record_decode.
 */
static inline bool
plain_record(
    const uint8_t **p, const uint8_t *end, int32_t *delta, struct slice *value)
{
	const uint8_t *at = *p, *stop;
	int32_t length, ignored;

	if (!short_varint(&at, end, &length) || length > end - at ||
	    length < 6)
		return false;
	stop = at + length;
	if (*at++ != 0 || !short_varint(&at, stop, &ignored) ||
	    !short_varint(&at, stop, delta) || at >= stop || *at++ != 1)
		return false;
	/* The last byte is the number of headers, so "stop" bounds this too. */
	if (stop - at < 4) {
		if (at >= stop || (*at & 0x80) != 0)
			return false;
		value->len = (*at >> 1) ^ -(*at & 1);
		at++;
	} else if (!short_varint(&at, stop, &value->len)) {
		return false;
	}
	value->data = at;
	if (value->len < -1 ||
	    stop - at != (value->len > 0 ? value->len : 0) + 1 ||
	    stop[-1] != 0)
		return false;
	*p = stop;
	return true;
}

int32_t
lines_take(struct batch_records *br, uint8_t delimiter, size_t full,
    struct buf *out)
{
	const uint8_t *p = br->next;
	struct slice value;
	int64_t offset;
	int32_t taken = 0, delta;
	uint8_t *to;

	/* A record is longer than its value and a delimiter. */
	if (p == br->end || br->end - p > TAKE_MAX ||
	    buf_reserve(out, (size_t)(br->end - p)))
		return 0;
	to = out->data + out->len;
	while (taken < br->left && to < out->data + full &&
	    plain_record(&p, br->end, &delta, &value)) {
		offset = br->batch->base_offset + delta;
		if (delta < 0 || offset <= br->last_offset ||
		    offset > br->batch->last_offset)
			break;
		br->last_offset = offset;
		br->next = p;
		if (value.len > 0) {
			memcpy(to, value.data, (size_t)value.len);
			to += value.len;
		}
		*to++ = delimiter;
		taken++;
	}
	out->len = (size_t)(to - out->data);
	br->left -= taken;
	return taken;
}
