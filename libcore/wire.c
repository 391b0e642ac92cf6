#include "wire.h"

#include <stdio.h>
#include <string.h>

static const char magic[] = "klog-replicate ";

enum kind {
	KIND_END,
	KIND_U8,
	KIND_I32,
	KIND_I64,
	KIND_ID,     /* WIRE_ID bytes */
	KIND_DIGEST, /* WIRE_DIGEST_SIZE bytes */
	KIND_NAME,   /* length (2), bytes */
	KIND_TEXT,   /* length (4), bytes */
	KIND_NAMES,  /* length (4) of all, then names */
	KIND_EPOCHS, /* length (4) of all, then entries of WIRE_EPOCH */
	KIND_REST    /* all that follows */
};

struct field {
	enum kind kind;
	size_t offset; /* in struct wire */
	int64_t min, max;
};

enum { FIELDS_MAX = 9, TEXT_MAX = 64 << 10 };

#define U8(f, lo, hi)                                               \
	{                                                           \
		KIND_U8, offsetof(struct wire, f), (lo), (hi)       \
	}
#define I32(f, lo)                                                  \
	{                                                           \
		KIND_I32, offsetof(struct wire, f), (lo), INT32_MAX \
	}
#define I64(f, lo)                                                  \
	{                                                           \
		KIND_I64, offsetof(struct wire, f), (lo), INT64_MAX \
	}
#define SLICE(kind, f, hi)                                          \
	{                                                           \
		KIND_##kind, offsetof(struct wire, f), 0, (hi)      \
	}
#define WHOSE I32(topic, 0), I32(partition, 0)

/* Every layout, once, for both directions. */
static const struct field layouts[WIRE_TYPES][FIELDS_MAX] = {
	[WIRE_HELLO] = { U8(direction, WIRE_PULL, WIRE_COMPARE),
	    U8(flags, 0, WIRE_FOLLOW | WIRE_GROUPS),
	    SLICE(NAME, name, WIRE_NAME_MAX), SLICE(NAMES, names, TEXT_MAX) },
	[WIRE_TOPIC] = { I32(topic, 0), SLICE(ID, id, WIRE_ID),
	    SLICE(NAME, name, WIRE_NAME_MAX),
	    SLICE(NAME, origin, WIRE_NAME_MAX), I32(partitions, 1),
	    SLICE(TEXT, text, TEXT_MAX) },
	[WIRE_POSITION] = { WHOSE, I64(end, 0), I64(start, 0),
	    I64(high, -1), SLICE(EPOCHS, epochs, WIRE_LIST_MAX) },
	[WIRE_START] = { WHOSE, I64(from, 0), I64(cut, -1), I64(end, 0),
	    I64(start, 0), I64(high, -1),
	    SLICE(EPOCHS, epochs, WIRE_LIST_MAX) },
	[WIRE_BATCHES] = { WHOSE, U8(flags, 0, WIRE_HOLES | WIRE_MORE),
	    I64(from, 0),
	    I64(start, 0), I64(high, -1),
	    SLICE(REST, bytes, WIRE_BATCHES_MAX) },
	[WIRE_ACK] = { WHOSE, I64(end, 0) },
	[WIRE_NEWS] = { WHOSE, I64(end, 0), I64(start, 0), I64(high, -1),
	    SLICE(EPOCHS, epochs, WIRE_LIST_MAX) },
	[WIRE_SETTINGS] = { I32(topic, 0), I32(partitions, 1),
	    SLICE(TEXT, text, TEXT_MAX) },
	[WIRE_GROUP] = { WHOSE, SLICE(NAME, name, WIRE_NAME_MAX), I64(from, 0),
	    I32(epoch, -1), I64(time, 0) },
	[WIRE_READY] = { I32(topic, 0) },
	[WIRE_DIGEST] = { I32(number, 0), WHOSE, U8(flags, 0, WIRE_LIST),
	    I64(from, 0), I64(end, 0) },
	[WIRE_EXTENT] = { I32(number, 0), I64(end, 0), I64(start, 0),
	    I64(high, -1), I64(cleaned, 0) },
	[WIRE_DIGESTED] = { I32(number, 0), I64(from, 0), I64(end, 0),
	    I64(records, 0), SLICE(DIGEST, digest, 0) },
	[WIRE_LISTED] = { I32(number, 0), I64(from, 0), I64(end, 0),
	    SLICE(REST, bytes, WIRE_LISTED_MAX) },
	[WIRE_ERROR] = { U8(status, 1, UINT8_MAX),
	    SLICE(TEXT, text, TEXT_MAX) },
};

static const int fixed_size[] = { [KIND_U8] = 1,
	[KIND_I32] = 4,
	[KIND_I64] = 8,
	[KIND_ID] = WIRE_ID,
	[KIND_DIGEST] = WIRE_DIGEST_SIZE,
	[KIND_NAME] = 2,
	[KIND_TEXT] = 4,
	[KIND_NAMES] = 4,
	[KIND_EPOCHS] = 4,
	[KIND_REST] = 0 };

size_t
wire_greet(char line[WIRE_GREETING_MAX])
{
	return (size_t)snprintf(
	    line, WIRE_GREETING_MAX, "%s%d\n", magic, WIRE_VERSION);
}

int
wire_greeted(const uint8_t *p, size_t n, int *version)
{
	size_t most = n < WIRE_GREETING_MAX ? n : WIRE_GREETING_MAX;
	size_t len = sizeof(magic) - 1, i;
	int theirs = 0;

	if (n == 0)
		return 0; /* p may be NULL */
	if (memcmp(p, magic, most < len ? most : len) != 0)
		return -1;
	if (most <= len)
		return 0;
	for (i = len; i < most && p[i] >= '0' && p[i] <= '9'; i++)
		if (theirs < 100000)
			theirs = theirs * 10 + (p[i] - '0');
	if (i == n && n < WIRE_GREETING_MAX)
		return 0;
	if (i == most || p[i] != '\n' || theirs < 1)
		return -1;
	*version = theirs < WIRE_VERSION ? theirs : WIRE_VERSION;
	return (int)i + 1;
}

/* The address of a field: u8, int32, int64 or slice. */
static const void *
at_field(const struct wire *w, const struct field *f)
{
	return (const char *)w + f->offset;
}

static int
put_field(struct buf *out, const struct wire *w, const struct field *f)
{
	const void *from = at_field(w, f);
	const struct slice *s = from;
	size_t n = (size_t)fixed_size[f->kind];
	uint8_t *p;

	if (buf_reserve(out, n) < 0)
		return -1;
	p = out->data + out->len;
	switch (f->kind) {
	case KIND_U8:
		*p = *(const uint8_t *)from;
		break;
	case KIND_I32:
		put_be32(p, (uint32_t) * (const int32_t *)from);
		break;
	case KIND_I64:
		put_be64(p, (uint64_t) * (const int64_t *)from);
		break;
	case KIND_ID:
	case KIND_DIGEST:
		memcpy(p, s->data, n);
		break;
	case KIND_NAME:
		put_be16(p, (uint16_t)s->len);
		break;
	case KIND_TEXT:
	case KIND_NAMES:
	case KIND_EPOCHS:
		put_be32(p, (uint32_t)s->len);
		break;
	case KIND_REST:
	case KIND_END:
		break;
	}
	out->len += n;
	if (f->kind < KIND_NAME || s->len <= 0)
		return 0;
	return buf_append(out, s->data, (size_t)s->len);
}

int
wire_begin(struct buf *out, const struct wire *w, size_t *at)
{
	const struct field *f;
	uint8_t header[WIRE_HEADER] = { (uint8_t)w->type };

	*at = out->len;
	if (buf_append(out, header, sizeof(header)) < 0)
		return -1;
	for (f = layouts[w->type]; f->kind != KIND_END; f++)
		if (put_field(out, w, f) < 0) {
			out->len = *at;
			return -1;
		}
	return 0;
}

void
wire_end(struct buf *out, size_t at)
{
	put_be32(
	    out->data + at + 1, (uint32_t)(out->len - at - WIRE_HEADER));
}

int
wire_put(struct buf *out, const struct wire *w)
{
	size_t at;

	if (wire_begin(out, w, &at) < 0)
		return -1;
	wire_end(out, at);
	return 0;
}

/* The most bytes that the payload of a type may have. */
static int64_t
payload_max(const struct field *f)
{
	int64_t n = 0;

	for (; f->kind != KIND_END; f++) {
		n += fixed_size[f->kind];
		if (f->kind >= KIND_NAME)
			n += f->max;
	}
	return n;
}

/* The bytes of a slice of len at *p: 0, or -1 there are not so many. */
static int
get_slice(const uint8_t **p, const uint8_t *end, const struct field *f,
    size_t len, struct slice *s)
{
	if (len > (size_t)(end - *p) || (int64_t)len > f->max)
		return -1;
	*s = (struct slice){ *p, (int32_t)len };
	*p += len;
	return 0;
}

static bool
in_range(int64_t v, const struct field *f)
{
	return v >= f->min && v <= f->max;
}

static int
get_field(const uint8_t **p, const uint8_t *end, const struct field *f,
    struct wire *w)
{
	const uint8_t *at = *p;
	void *to = (char *)w + f->offset;
	struct slice *s = to;

	if (end - at < fixed_size[f->kind])
		return -1;
	*p += fixed_size[f->kind];
	switch (f->kind) {
	case KIND_U8:
		*(uint8_t *)to = *at;
		return in_range(*at, f) ? 0 : -1;
	case KIND_I32:
		*(int32_t *)to = (int32_t)get_be32(at);
		return in_range(*(int32_t *)to, f) ? 0 : -1;
	case KIND_I64:
		*(int64_t *)to = (int64_t)get_be64(at);
		return in_range(*(int64_t *)to, f) ? 0 : -1;
	case KIND_ID:
	case KIND_DIGEST:
		*s = (struct slice){ at, fixed_size[f->kind] };
		return 0;
	case KIND_NAME:
		return get_slice(p, end, f, get_be16(at), s) < 0 ||
			memchr(s->data, '\0', (size_t)s->len) != NULL ?
		    -1 :
		    0;
	case KIND_TEXT:
		return get_slice(p, end, f, get_be32(at), s) < 0 ||
			memchr(s->data, '\0', (size_t)s->len) != NULL ?
		    -1 :
		    0;
	case KIND_NAMES:
		return get_slice(p, end, f, get_be32(at), s) < 0 ||
			!wire_names_are_good(*s) ?
		    -1 :
		    0;
	case KIND_EPOCHS:
		return get_slice(p, end, f, get_be32(at), s) < 0 ||
			!wire_epochs_are_good(*s) ?
		    -1 :
		    0;
	case KIND_REST:
		return get_slice(p, end, f, (size_t)(end - at), s);
	case KIND_END:
		break;
	}
	return -1;
}

int
wire_get(
    const uint8_t *p, size_t n, struct wire *w, size_t *size, struct err *e)
{
	const struct field *f;
	const uint8_t *end;
	uint32_t len;

	*size = 0;
	if (n == 0)
		return 0;
	if (p[0] < WIRE_HELLO || p[0] == WIRE_NO_TYPE || p[0] >= WIRE_TYPES)
		return err_set(e, ERR_DATA,
		    "a message of type %d came, which is none", p[0]);
	if (n < WIRE_HEADER)
		return 0;
	len = get_be32(p + 1);
	f = layouts[p[0]];
	if (len > payload_max(f))
		return err_set(e, ERR_DATA,
		    "a message of type %d with %u bytes came: too large",
		    p[0], (unsigned)len);
	*size = WIRE_HEADER + (size_t)len;
	if (n < *size)
		return 0;
	*w = (struct wire){ .type = (enum wire_type)p[0] };
	end = p + *size;
	for (p += WIRE_HEADER; f->kind != KIND_END; f++)
		if (get_field(&p, end, f, w) < 0)
			return err_set(e, ERR_DATA,
			    "a message of type %d came that can't be right",
			    w->type);
	if (p != end)
		return err_set(e, ERR_DATA,
		    "a message of type %d with %td bytes too many came",
		    w->type, end - p);
	return 1;
}
