/*
 * Any bytes as records: what decodes is encoded again, decoded again, and
 * must be the same record; its headers can all be walked.
 */
#include "record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(struct slice a, struct slice b)
{
	if (a.len != b.len ||
	    (a.len > 0 && memcmp(a.data, b.data, (size_t)a.len) != 0))
		abort();
}

static void
again(const struct record *r)
{
	int64_t n = record_size(r, r->timestamp, (int32_t)r->offset);
	struct buf b = { 0 };
	struct record back;
	const uint8_t *p;

	if (n <= 0 || buf_reserve(&b, (size_t)n) < 0)
		abort();
	if (record_encode(b.data, r, r->timestamp, (int32_t)r->offset) !=
	    b.data + n)
		abort();
	p = b.data;
	if (record_decode(&p, b.data + n, 0, 0, &back) < 0 ||
	    p != b.data + n || back.offset != r->offset ||
	    back.timestamp != r->timestamp ||
	    back.header_count != r->header_count)
		abort();
	same(back.key, r->key);
	same(back.value, r->value);
	same(back.headers, r->headers);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *p = data, *end = data + size;
	struct record r;
	struct slice rest;
	struct header h;
	int32_t left;

	while (p < end && record_decode(&p, end, 0, 0, &r) == 0) {
		rest = r.headers;
		for (left = r.header_count; left > 0; left--)
			if (header_next(&rest, &h) != 1)
				abort();
		if (header_next(&rest, &h) != 0)
			abort();
		again(&r);
	}
	return 0;
}
