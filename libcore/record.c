#include "record.h"

/*
 * Nearly every varint in a batch is a length or a delta of one or two bytes:
 * those are done here without a call, the others by bytes.c.  Reading
 * positions are passed by value and returned (NULL: malformed), so that they
 * stay in registers.
 */
static inline uint32_t
zigzag(int32_t v)
{
	return (uint32_t)v << 1 ^ (uint32_t)(v >> 31);
}

static inline int
size32(int32_t v)
{
	uint32_t z = zigzag(v) | 1;

	/* Bits / 7, rounded up, without a division. */
	return ((31 - __builtin_clz(z)) * 9 + 73) >> 6;
}

static inline int
size64(int64_t v)
{
	return v >= -64 && v < 64 ? 1 : varlong_size(v);
}

static inline uint8_t *
put32(uint8_t *p, int32_t v)
{
	uint32_t z = zigzag(v);

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

static inline uint8_t *
put64(uint8_t *p, int64_t v)
{
	if (v < -64 || v >= 64)
		return varlong_put(p, v);
	*p = (uint8_t)zigzag((int32_t)v);
	return p + 1;
}

static const uint8_t *
get32_slow(const uint8_t *s, const uint8_t *end, uint32_t *z)
{
	int32_t v;

	if (varint_get(&s, end, &v) < 0)
		return NULL;
	*z = zigzag(v);
	return s;
}

static const uint8_t *
get64_slow(const uint8_t *s, const uint8_t *end, int64_t *v)
{
	return varlong_get(&s, end, v) < 0 ? NULL : s;
}

/* *z stays in zig-zag: even is v * 2, 1 is -1. */
static inline const uint8_t *
get32(const uint8_t *s, const uint8_t *end, uint32_t *z)
{
	uint32_t a, b;

	if (end - s < 2)
		return get32_slow(s, end, z);
	a = s[0];
	if (a < 0x80) {
		*z = a;
		return s + 1;
	}
	b = s[1];
	if (b >= 0x80)
		return get32_slow(s, end, z);
	*z = (a & 0x7f) | b << 7;
	return s + 2;
}

static inline const uint8_t *
get64(const uint8_t *s, const uint8_t *end, int64_t *v)
{
	uint32_t z;

	if (s == end || *s >= 0x80)
		return get64_slow(s, end, v);
	z = *s;
	*v = (int32_t)(z >> 1 ^ (0 - (z & 1)));
	return s + 1;
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
static inline const uint8_t *
get_slice(const uint8_t *s, const uint8_t *end, struct slice *out)
{
	uint32_t z;

	s = get32(s, end, &z);
	if (s == NULL)
		return NULL;
	if ((z & 1) != 0) {
		*out = SLICE_NULL;
		return z == 1 ? s : NULL;
	}
	if (z >> 1 > end - s)
		return NULL;
	out->data = s;
	out->len = (int32_t)(z >> 1);
	return s + (z >> 1);
}

static inline int64_t
body_size(const struct record *r, int64_t timestamp_delta,
    int32_t offset_delta)
{
	int64_t n = 1;		/* attributes */

	n += size64(timestamp_delta);
	n += size32(offset_delta);
	n += slice_size(r->key);
	n += slice_size(r->value);
	if (r->header_count <= 0)
		return n + 1;
	return n + size32(r->header_count) + r->headers.len;
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

static inline uint8_t *
put_body(uint8_t *p, const struct record *r, int64_t timestamp_delta,
    int32_t offset_delta)
{
	*p++ = 0;		/* attributes */
	p = put64(p, timestamp_delta);
	p = put32(p, offset_delta);
	p = put_slice(p, r->key);
	p = put_slice(p, r->value);
	if (r->header_count <= 0) {
		*p = 0;
		return p + 1;
	}
	p = put32(p, r->header_count);
	memcpy(p, r->headers.data, (size_t)r->headers.len);
	return p + r->headers.len;
}

/*
 * The length comes first, but is known last.  All but the payload takes 6 to
 * 31 bytes: where the length has one width for both, the body is written
 * behind it and measured, which saves summing it up beforehand.
 */
uint8_t *
record_encode(uint8_t *p, const struct record *r, int64_t timestamp_delta,
    int32_t offset_delta)
{
	int64_t payload = (int64_t)r->key.len + r->value.len;
	uint8_t *end;
	uint32_t z;

	if (payload >= 64 && payload < 8192 - 32 && r->header_count <= 0) {
		end = put_body(p + 2, r, timestamp_delta, offset_delta);
		z = (uint32_t)(end - p - 2) << 1;
		p[0] = (uint8_t)(z | 0x80);
		p[1] = (uint8_t)(z >> 7);
		return end;
	}
	p = put32(p, (int32_t)body_size(r, timestamp_delta, offset_delta));
	return put_body(p, r, timestamp_delta, offset_delta);
}

/* The header count and, exactly up to end, as many headers. */
static int
get_headers(const uint8_t *s, const uint8_t *end, struct record *r)
{
	struct slice rest;
	struct header h;
	uint32_t z, left;

	s = get32(s, end, &z);
	if (s == NULL || (z & 1) != 0 || z >> 1 > end - s)
		return -1;
	r->header_count = (int32_t)(z >> 1);
	r->headers = rest = (struct slice){ s, (int32_t)(end - s) };
	for (left = z >> 1; left > 0; left--)
		if (header_next(&rest, &h) != 1)
			return -1;
	return rest.len == 0 ? 0 : -1;
}

int
record_decode(const uint8_t **p, const uint8_t *end, int64_t base_offset,
    int64_t base_timestamp, struct record *r)
{
	const uint8_t *s;
	int64_t timestamp_delta;
	uint32_t length, offset_delta;

	s = get32(*p, end, &length);
	if (s == NULL || (length & 1) != 0 || length == 0 ||
	    length >> 1 > end - s)
		return -1;
	end = s + (length >> 1);
	s++;			/* attributes: no bit has a meaning */
	if ((s = get64(s, end, &timestamp_delta)) == NULL ||
	    (s = get32(s, end, &offset_delta)) == NULL ||
	    (offset_delta & 1) != 0 ||
	    (s = get_slice(s, end, &r->key)) == NULL ||
	    (s = get_slice(s, end, &r->value)) == NULL)
		return -1;
	if (end - s == 1 && *s == 0) {
		r->headers = (struct slice){ end, 0 };
		r->header_count = 0;
	} else if (get_headers(s, end, r) < 0) {
		return -1;
	}
	/* Unsigned, because hostile sums may wrap, as they do in Java. */
	r->offset = (int64_t)((uint64_t)base_offset + (offset_delta >> 1));
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
	p = get_slice(p, end, &h->name);
	if (p == NULL || h->name.len < 0)
		return -1;
	p = get_slice(p, end, &h->value);
	if (p == NULL)
		return -1;
	*rest = (struct slice){ p, (int32_t)(end - p) };
	return 1;
}
