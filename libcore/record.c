#include "record.h"

/*
 * Nearly every varint in a batch is a length or a delta of one or two bytes:
 * those are done here without a call, the others by bytes.c.
 */
static inline int
size32(int32_t v)
{
	uint32_t z = (uint32_t)v << 1 ^ (uint32_t)(v >> 31);

	return (38 - __builtin_clz(z | 1)) / 7;
}

static inline uint8_t *
put32(uint8_t *p, int32_t v)
{
	uint32_t z = (uint32_t)v << 1 ^ (uint32_t)(v >> 31);

	if (z < 0x80) {
		*p = (uint8_t)z;
		return p + 1;
	}
	if (z < 0x4000) {
		p[0] = (uint8_t)(z | 0x80);
		p[1] = (uint8_t)(z >> 7);
		return p + 2;
	}
	return varint_put(p, v);
}

static inline int
get32(const uint8_t **p, const uint8_t *end, int32_t *v)
{
	const uint8_t *s = *p;
	uint32_t z;

	if (end - s < 2)
		return varint_get(p, end, v);
	z = s[0];
	if (z < 0x80) {
		*p = s + 1;
	} else if (s[1] < 0x80) {
		z = (z & 0x7f) | (uint32_t)s[1] << 7;
		*p = s + 2;
	} else {
		return varint_get(p, end, v);
	}
	*v = (int32_t)(z >> 1 ^ (0 - (z & 1)));
	return 0;
}

static inline int
get64(const uint8_t **p, const uint8_t *end, int64_t *v)
{
	uint64_t z;

	if (*p == end || **p >= 0x80)
		return varlong_get(p, end, v);
	z = *(*p)++;
	*v = (int64_t)(z >> 1 ^ (0 - (z & 1)));
	return 0;
}

static inline int64_t
slice_size(struct slice s)
{
	return s.len < 0 ? 1 : (int64_t)size32(s.len) + s.len;
}

static inline uint8_t *
put_slice(uint8_t *p, struct slice s)
{
	if (s.len <= 0)
		return put32(p, s.len < 0 ? -1 : 0);
	p = put32(p, s.len);
	memcpy(p, s.data, (size_t)s.len);
	return p + s.len;
}

/* A length, -1 or more, and the bytes it counts. */
static inline int
get_slice(const uint8_t **p, const uint8_t *end, struct slice *s)
{
	if (get32(p, end, &s->len) < 0 || s->len < -1 || s->len > end - *p)
		return -1;
	if (s->len < 0) {
		s->data = NULL;
		return 0;
	}
	s->data = *p;
	*p += s->len;
	return 0;
}

static inline int64_t
body_size(const struct record *r, int64_t timestamp_delta,
    int32_t offset_delta)
{
	int64_t n = 1;		/* attributes */

	n += timestamp_delta == 0 ? 1 : varlong_size(timestamp_delta);
	n += size32(offset_delta);
	n += slice_size(r->key);
	n += slice_size(r->value);
	n += size32(r->header_count);
	return r->header_count > 0 ? n + r->headers.len : n;
}

int64_t
record_size(const struct record *r, int64_t timestamp_delta,
    int32_t offset_delta)
{
	int64_t n = body_size(r, timestamp_delta, offset_delta);

	if (n > INT32_MAX - VARINT_MAX)
		return -1;
	return n + size32((int32_t)n);
}

uint8_t *
record_encode(uint8_t *p, const struct record *r, int64_t timestamp_delta,
    int32_t offset_delta)
{
	p = put32(p, (int32_t)body_size(r, timestamp_delta, offset_delta));
	*p++ = 0;
	if (timestamp_delta == 0)
		*p++ = 0;
	else
		p = varlong_put(p, timestamp_delta);
	p = put32(p, offset_delta);
	p = put_slice(p, r->key);
	p = put_slice(p, r->value);
	p = put32(p, r->header_count);
	if (r->header_count <= 0)
		return p;
	memcpy(p, r->headers.data, (size_t)r->headers.len);
	return p + r->headers.len;
}

/* Whether count headers fill the list exactly. */
static int
check_headers(struct slice list, int32_t count)
{
	struct header h;

	if (count < 0 || count > list.len)
		return -1;
	for (; count > 0; count--)
		if (header_next(&list, &h) != 1)
			return -1;
	return list.len == 0 ? 0 : -1;
}

int
record_decode(const uint8_t **p, const uint8_t *end, int64_t base_offset,
    int64_t base_timestamp, struct record *r)
{
	const uint8_t *s = *p;
	int64_t timestamp_delta;
	int32_t length, offset_delta;

	if (get32(&s, end, &length) < 0 || length < 1 || length > end - s)
		return -1;
	end = s + length;
	s++;			/* attributes: no bit has a meaning */
	if (get64(&s, end, &timestamp_delta) < 0 ||
	    get32(&s, end, &offset_delta) < 0 ||
	    get_slice(&s, end, &r->key) < 0 ||
	    get_slice(&s, end, &r->value) < 0 ||
	    get32(&s, end, &r->header_count) < 0)
		return -1;
	r->headers = (struct slice){ s, (int32_t)(end - s) };
	if ((r->header_count | r->headers.len) != 0 &&
	    check_headers(r->headers, r->header_count) < 0)
		return -1;
	/* Unsigned, because hostile deltas may wrap, as they do in Java. */
	r->offset = (int64_t)((uint64_t)base_offset +
	    (uint64_t)(int64_t)offset_delta);
	r->timestamp = (int64_t)((uint64_t)base_timestamp +
	    (uint64_t)timestamp_delta);
	*p = end;
	return 0;
}

int
header_append(struct buf *headers, struct slice name, struct slice value)
{
	int64_t n = slice_size(name) + slice_size(value);

	if (n > INT32_MAX || headers->len > (size_t)(INT32_MAX - n) ||
	    buf_reserve(headers, (size_t)n) < 0)
		return -1;
	put_slice(put_slice(headers->data + headers->len, name), value);
	headers->len += (size_t)n;
	return 0;
}

int
header_next(struct slice *rest, struct header *h)
{
	const uint8_t *p = rest->data, *end;

	if (rest->len <= 0)
		return 0;
	end = p + rest->len;
	if (get_slice(&p, end, &h->name) < 0 || h->name.len < 0 ||
	    get_slice(&p, end, &h->value) < 0)
		return -1;
	*rest = (struct slice){ p, (int32_t)(end - p) };
	return 1;
}
