#include "format_items.h"

#include "text.h"

/* What is asked of one record while it is read. */
struct reading {
	const struct format *f;
	const uint8_t *start, *next, *end;
	bool last;			/* nothing comes after end */
	int64_t value_len, key_len;	/* announced; NOT_SAID if not */
	struct format_record *r;
	struct err *e;
};

enum { NOT_SAID = -2 };

/* Whether an item before i gives the length of the text i. */
static bool
is_sized(const struct format *f, const struct format_item *i)
{
	for (const struct format_item *k = f->items; k < i; k++)
		if ((i->letter == 's' && strchr("SR", k->letter) != NULL &&
		    k->letter != '\0') ||
		    (i->letter == 'k' && k->letter == 'K'))
			return true;
	return false;
}

/* Whether the item ends where the literal behind it begins. */
static bool
runs(const struct format *f, const struct format_item *i)
{
	return i->letter != '\0' && i->width == 0 && !is_sized(f, i);
}

static int
readable_item(const struct format *f, const struct format_item *i,
    struct err *e)
{
	size_t k = (size_t)(i - f->items);

	if (i->modifier == FORMAT_JSON && strchr("skh", i->letter) != NULL)
		return err_set(e, ERR_USAGE, "-F: column %zu: {json} is for "
		    "output; to read JSON use -J", i->column);
	if (is_sized(f, i) && i->modifier != FORMAT_PLAIN)
		return err_set(e, ERR_USAGE, "-F: column %zu: %%%c of known "
		    "length takes no modifier on input", i->column,
		    i->letter);
	if (runs(f, i) && k + 1 < f->count && f->items[k + 1].letter != '\0')
		return err_set(e, ERR_USAGE, "-F: column %zu: %%%c needs "
		    "text between it and %%%c on input, to end it", i->column,
		    i->letter, f->items[k + 1].letter);
	for (size_t n = 0; n < k; n++) {
		char a = f->items[n].letter == 'R' ? 'S' : f->items[n].letter;
		char b = i->letter == 'R' ? 'S' : i->letter;

		if (a == b && b != '\0' && strchr("skhTpSK", b) != NULL)
			return err_set(e, ERR_USAGE, "-F: column %zu: %%%c "
			    "comes twice", i->column, i->letter);
	}
	return 0;
}

int
format_readable(struct format *f, struct err *e)
{
	const struct format_item *last = &f->items[f->count - 1];
	struct slice end = format_text(f, last);
	bool value = false, binary = false;

	for (size_t k = 0; k < f->count; k++) {
		const struct format_item *i = &f->items[k];

		if (readable_item(f, i, e) < 0)
			return -1;
		value = value || i->letter == 's';
		binary = binary || (i->letter != '\0' && !runs(f, i));
	}
	if (!value)
		return err_set(e, ERR_USAGE, "-F: no %%s: on input the "
		    "format must say where the value is");
	f->by_end = last->letter == '\0' && !binary;
	f->nth = 1;
	for (size_t k = 0; f->by_end && k + 1 < f->count; k++) {
		struct slice s = format_text(f, &f->items[k]);
		const uint8_t *p = s.data, *stop = s.data + s.len;

		if (f->items[k].letter != '\0')
			continue;
		while ((p = memmem(p, (size_t)(stop - p), end.data,
		    (size_t)end.len)) != NULL) {
			f->nth++;
			p += end.len;
		}
	}
	return 0;
}

bool
format_end(const struct format *f, struct slice *end, int *nth)
{
	*end = format_text(f, &f->items[f->count - 1]);
	*nth = f->nth;
	return f->by_end;
}

void
format_record_release(struct format_record *r)
{
	buf_release(&r->key_bytes);
	buf_release(&r->value_bytes);
	buf_release(&r->header_bytes);
}

static enum format_state
bad(struct reading *g, const struct format_item *i, const char *why)
{
	if (i->letter == '\0')
		err_set(g->e, ERR_DATA, "byte %td: the text of -F column "
		    "%zu %s", g->next - g->start, i->column, why);
	else
		err_set(g->e, ERR_DATA, "byte %td: %%%c of -F column %zu %s",
		    g->next - g->start, i->letter, i->column, why);
	return FORMAT_BAD;
}

static enum format_state
literal(struct reading *g, const struct format_item *i)
{
	struct slice s = format_text(g->f, i);
	size_t left = (size_t)(g->end - g->next);
	size_t n = left < (size_t)s.len ? left : (size_t)s.len;
	bool final = i + 1 == g->f->items + g->f->count;

	if (final && (g->f->by_end || (g->last && left == 0)))
		return FORMAT_WHOLE;
	if (memcmp(g->next, s.data, n) != 0)
		return bad(g, i, "is not there");
	if (n < (size_t)s.len)
		return g->last ? bad(g, i, "is cut off") : FORMAT_SHORT;
	g->next += n;
	return FORMAT_WHOLE;
}

/* The bytes of item i, by its width, its length or what follows it. */
static enum format_state
take(struct reading *g, const struct format_item *i, struct slice *s)
{
	const struct format_item *after = i + 1;
	const struct format_item *stop = g->f->items + g->f->count;
	size_t left = (size_t)(g->end - g->next), n = left;
	int64_t want = i->width > 0 ? i->width : NOT_SAID;
	const uint8_t *at = NULL;

	if (i->letter == 's' || i->letter == 'k')
		want = i->letter == 's' ? g->value_len : g->key_len;
	if (want >= 0) {
		if ((uint64_t)want > left)
			return g->last ? bad(g, i, "is cut off") :
			    FORMAT_SHORT;
		n = (size_t)want;
	} else if (after < stop && !(g->f->by_end && after + 1 == stop)) {
		struct slice end = format_text(g->f, after);

		at = memmem(g->next, left, end.data, (size_t)end.len);
		if (at != NULL)
			n = (size_t)(at - g->next);
		else if (!g->last)
			return FORMAT_SHORT;
		else if (after + 1 < stop)
			return bad(g, i, "has no end");
	} else if (!g->last) {
		return FORMAT_SHORT;
	}
	*s = (struct slice){ g->next, (int32_t)n };
	g->next += n;
	return FORMAT_WHOLE;
}

static int
number(const struct format_item *i, struct slice s, int64_t *v)
{
	uint8_t digits[8];
	struct buf bytes = { digits, 0, sizeof(digits) };
	uint64_t u = 0;

	if (i->modifier == FORMAT_PLAIN)
		return text_get_int(s, v);
	if (i->modifier == FORMAT_HEX) {
		bool minus = s.len > 0 && s.data[0] == '-';
		uint8_t padded[16];
		int32_t n = s.len - minus;

		if (n < 1 || n > 16)
			return -1;
		memset(padded, '0', sizeof(padded));
		memcpy(padded + 16 - n, s.data + minus, (size_t)n);
		if (text_get_hex((struct slice){ padded, 16 }, &bytes) < 0)
			return -1;
		u = get_be64(digits);
		*v = (int64_t)(minus ? 0 - u : u);
		return (*v < 0) == (minus && u != 0) ? 0 : -1;
	}
	for (int k = 0; k < i->width; k++)
		u = u << 8 | s.data[i->modifier == FORMAT_BIG ? k :
		    i->width - 1 - k];
	/* Sign of the width at hand. */
	*v = (int64_t)(u << (64 - 8 * i->width)) >> (64 - 8 * i->width);
	return 0;
}

static enum format_state
take_number(struct reading *g, const struct format_item *i, struct slice s)
{
	int64_t v = -1;

	if (strchr("oei", i->letter) != NULL)
		return FORMAT_WHOLE;
	if (number(i, s, &v) < 0)
		return bad(g, i, "is not a number");
	if (v < -1 || (i->letter != 'T' && v > INT32_MAX))
		return bad(g, i, "is out of range");
	if (i->letter == 'S' || i->letter == 'R')
		g->value_len = v;
	else if (i->letter == 'K')
		g->key_len = v;
	else if (i->letter == 'p')
		g->r->partition = (int32_t)v;
	else
		g->r->timestamp = v;
	g->r->has_timestamp = g->r->timestamp >= 0;
	return FORMAT_WHOLE;
}

static enum format_state
decode(struct reading *g, const struct format_item *i, struct slice s,
    struct buf *bytes, struct slice *to)
{
	int r;

	*to = s;
	if (i->modifier == FORMAT_PLAIN)
		return FORMAT_WHOLE;
	buf_clear(bytes);
	r = buf_reserve(bytes, 1) < 0 ? -2 : i->modifier == FORMAT_HEX ?
	    text_get_hex(s, bytes) : text_get_base64(s, bytes);
	if (r == -1)
		return bad(g, i, i->modifier == FORMAT_HEX ?
		    "is not hexadecimal" : "is not base64");
	if (r < 0) {
		err_set(g->e, ERR_SYSTEM, "out of memory");
		return FORMAT_BAD;
	}
	*to = (struct slice){ bytes->data, (int32_t)bytes->len };
	return FORMAT_WHOLE;
}

/* "a=1,b=2"; a name without "=" has null. */
static enum format_state
take_headers(struct reading *g, struct slice s)
{
	const uint8_t *p = s.data, *end = s.data + s.len;

	while (p < end) {
		const uint8_t *comma = memchr(p, ',', (size_t)(end - p));
		const uint8_t *stop = comma != NULL ? comma : end;
		const uint8_t *sign = memchr(p, '=', (size_t)(stop - p));
		struct slice name = { p, (int32_t)((sign != NULL ? sign :
		    stop) - p) };
		struct slice value = SLICE_NULL;

		if (sign != NULL)
			value = (struct slice){ sign + 1,
			    (int32_t)(stop - sign - 1) };
		if (header_append(&g->r->header_bytes, name, value) < 0) {
			err_set(g->e, ERR_SYSTEM, "out of memory");
			return FORMAT_BAD;
		}
		g->r->header_count++;
		p = comma != NULL ? comma + 1 : end;
	}
	return FORMAT_WHOLE;
}

static enum format_state
item(struct reading *g, const struct format_item *i)
{
	struct format_record *r = g->r;
	enum format_state state;
	struct slice s;

	if (i->letter == '\0')
		return literal(g, i);
	if ((i->letter == 's' && g->value_len == -1) ||
	    (i->letter == 'k' && g->key_len == -1))
		return FORMAT_WHOLE;
	state = take(g, i, &s);
	if (state != FORMAT_WHOLE)
		return state;
	if (i->letter == 's')
		return decode(g, i, s, &r->value_bytes, &r->value);
	if (i->letter == 'k')
		return decode(g, i, s, &r->key_bytes, &r->key);
	if (i->letter == 'h')
		return take_headers(g, s);
	return format_is_number(i->letter) ? take_number(g, i, s) :
	    FORMAT_WHOLE;
}

enum format_state
format_read(const struct format *f, const uint8_t *p, size_t n, bool last,
    size_t *used, struct format_record *r, struct err *e)
{
	struct reading g = { .f = f, .start = p, .next = p, .end = p + n,
		.last = last, .value_len = NOT_SAID, .key_len = NOT_SAID,
		.r = r, .e = e };

	r->key = r->value = SLICE_NULL;
	r->has_timestamp = false;
	r->timestamp = r->partition = -1;
	buf_clear(&r->header_bytes);
	r->header_count = 0;
	for (size_t k = 0; k < f->count; k++) {
		enum format_state state = item(&g, &f->items[k]);

		if (state != FORMAT_WHOLE)
			return state;
	}
	*used = (size_t)(g.next - p);
	return FORMAT_WHOLE;
}
