#include "form_frame.h"

static int
put32(struct buf *out, int32_t v)
{
	uint8_t b[4];

	put_be32(b, (uint32_t)v);
	return buf_append(out, b, sizeof(b));
}

static int
put_field(struct buf *out, struct slice s)
{
	if (put32(out, s.len) < 0)
		return -1;
	return s.len > 0 ? buf_append(out, s.data, (size_t)s.len) : 0;
}

int
frame_put(struct buf *out, const struct record *r)
{
	size_t before = out->len;
	struct slice rest = r->headers;
	struct header h;
	uint8_t time[8];

	put_be64(time, (uint64_t)r->timestamp);
	if (put_field(out, r->key) < 0 || put_field(out, r->value) < 0 ||
	    put32(out, r->header_count) < 0)
		goto fail;
	while (header_next(&rest, &h) == 1)
		if (put_field(out, h.name) < 0 || put_field(out, h.value) < 0)
			goto fail;
	if (buf_append(out, time, sizeof(time)) == 0)
		return 0;
fail:
	out->len = before;
	return -1;
}

struct cursor {
	const uint8_t *next, *end;
	enum frame_state state;
};

static int32_t
get32(struct cursor *c, int32_t least)
{
	int32_t v;

	if (c->state != FRAME_WHOLE)
		return 0;
	if (c->end - c->next < 4) {
		c->state = FRAME_SHORT;
		return 0;
	}
	v = (int32_t)get_be32(c->next);
	c->next += 4;
	if (v < least)
		c->state = FRAME_BAD;
	return v;
}

static struct slice
get_field(struct cursor *c, int32_t least)
{
	struct slice s = { NULL, get32(c, least) };

	if (c->state != FRAME_WHOLE || s.len < 0)
		return s;
	if (c->end - c->next < s.len)
		c->state = FRAME_SHORT;
	else
		s.data = c->next;
	if (c->state == FRAME_WHOLE)
		c->next += s.len;
	return s;
}

enum frame_state
frame_get(const uint8_t *p, size_t n, size_t *used, struct record *r,
    struct buf *headers)
{
	struct cursor c = { p, p + n, FRAME_WHOLE };

	buf_clear(headers);
	r->key = get_field(&c, -1);
	r->value = get_field(&c, -1);
	r->header_count = get32(&c, 0);
	for (int32_t i = 0; c.state == FRAME_WHOLE && i < r->header_count;
	    i++) {
		struct slice name = get_field(&c, 0);
		struct slice value = get_field(&c, -1);

		if (c.state == FRAME_WHOLE &&
		    header_append(headers, name, value) < 0)
			return FRAME_NO_MEMORY;
	}
	if (c.state != FRAME_WHOLE)
		return c.state;
	if (c.end - c.next < 8)
		return FRAME_SHORT;
	r->timestamp = (int64_t)get_be64(c.next);
	if (r->timestamp < -1)
		return FRAME_BAD;
	r->headers = (struct slice){ headers->data, (int32_t)headers->len };
	*used = (size_t)(c.next + 8 - p);
	return FRAME_WHOLE;
}

enum { SKIP_KEY, SKIP_VALUE, SKIP_COUNT, SKIP_NAME, SKIP_HEADER, SKIP_TIME };

/* After the number v, which stage it was is known: what comes next. */
static void
skip_number(struct frame_skip *s, int32_t v)
{
	switch (s->stage) {
	case SKIP_COUNT:
		s->headers = v;
		break;
	case SKIP_HEADER:
		s->headers--;
		/* FALLTHROUGH */
	default:
		s->todo = v > 0 ? (uint64_t)v : 0;
		break;
	}
	if (s->stage < SKIP_COUNT || s->stage == SKIP_NAME)
		s->stage++;
	else
		s->stage = s->headers > 0 ? SKIP_NAME : SKIP_TIME;
}

enum frame_state
frame_skip(struct frame_skip *s, const uint8_t *p, size_t n, size_t *used)
{
	size_t at = 0;
	int32_t v;

	for (;;) {
		size_t drop = s->todo < n - at ? (size_t)s->todo : n - at;

		at += drop;
		s->todo -= drop;
		*used = at;
		if (s->todo > 0)
			return FRAME_SHORT;
		if (s->stage == SKIP_TIME) {
			if (n - at < 8)
				return FRAME_SHORT;
			*used = at + 8;
			return FRAME_WHOLE;
		}
		if (n - at < 4)
			return FRAME_SHORT;
		v = (int32_t)get_be32(p + at);
		if (v < (s->stage == SKIP_COUNT || s->stage == SKIP_NAME ?
		    0 : -1))
			return FRAME_BAD;
		at += 4;
		skip_number(s, v);
	}
}
