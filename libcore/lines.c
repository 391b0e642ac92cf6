#include "lines.h"

/* What a record takes at most, besides its value. */
enum { OVERHEAD = 32 };

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

int32_t
lines_add(struct batch_builder *bb, const uint8_t **from, const uint8_t *end,
    uint8_t delimiter, int64_t timestamp, int64_t limit)
{
	struct record r = { .timestamp = timestamp, .key = SLICE_NULL };
	size_t used = bb->count > 0 ? bb->bytes.len : BATCH_HEADER;
	size_t stop = room(bb, used, (size_t)(end - *from), limit);
	const uint8_t *line = *from, *at;
	int64_t delta = 0;
	int32_t before = bb->count, count = before;
	uint8_t *p;

	if (stop - used < OVERHEAD)
		return 0;
	if (before > 0)
		delta = (int64_t)((uint64_t)timestamp -
		    (uint64_t)bb->base_timestamp);
	p = bb->bytes.data + used;
	stop -= OVERHEAD;	/* so that each line is compared once */
	while (count < INT32_MAX &&
	    (at = memchr(line, delimiter, (size_t)(end - line))) != NULL) {
		if ((size_t)(at - line) + (size_t)(p - bb->bytes.data) > stop)
			break;
		r.value = (struct slice){ line, (int32_t)(at - line) };
		p = record_encode(p, &r, delta, count++);
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
