#include "format_items.h"

#include <time.h>

#include "json.h"
#include "text.h"

enum { TIME_MAX = 4096 };	/* bytes that one %d{FMT} may print */

static int
put_shown(struct buf *out, struct slice s, const struct format_source *from)
{
	return from->visible ? text_put_visible(out, s) : text_put(out, s);
}

static int
put_null(struct buf *out, const struct format_source *from)
{
	return text_put(out, from->null_text);
}

static int
put_text(struct buf *out, const struct format_item *i, struct slice s,
    const struct format_source *from)
{
	if (i->modifier == FORMAT_JSON)
		return json_put_bytes(out, s);
	if (s.len < 0)
		return put_null(out, from);
	if (i->modifier == FORMAT_HEX)
		return text_put_hex(out, s);
	if (i->modifier == FORMAT_BASE64)
		return text_put_base64(out, s);
	return put_shown(out, s, from);
}

static int
put_headers(struct buf *out, const struct format_item *i,
    const struct format_source *from)
{
	struct slice rest = from->record->headers;
	struct header h;
	bool first = true;

	if (i->modifier == FORMAT_JSON)
		return json_put_headers(out, rest);
	for (; header_next(&rest, &h) == 1; first = false) {
		if ((!first && buf_append(out, ",", 1) < 0) ||
		    put_shown(out, h.name, from) < 0 ||
		    buf_append(out, "=", 1) < 0)
			return -1;
		if (h.value.len < 0 ? put_null(out, from) < 0 :
		    put_shown(out, h.value, from) < 0)
			return -1;
	}
	return 0;
}

/* Whether v is in the range of a signed integer of so many bytes. */
static bool
fits(int64_t v, int width)
{
	int64_t limit;

	if (width == 8)
		return true;
	limit = INT64_C(1) << (8 * width - 1);
	return v >= -limit && v < limit;
}

static int
put_number(struct buf *out, const struct format_item *i, int64_t v,
    struct err *e)
{
	uint8_t bytes[8], hex[24];
	uint64_t u = (uint64_t)v;
	int n;

	switch (i->modifier) {
	case FORMAT_PLAIN:
		return text_put_int(out, v);
	case FORMAT_HEX:
		n = snprintf((char *)hex, sizeof(hex), "%s%" PRIx64,
		    v < 0 ? "-" : "", v < 0 ? 0 - u : u);
		return buf_append(out, hex, (size_t)n);
	default:
		break;
	}
	if (!fits(v, i->width))
		return err_set(e, ERR_DATA, "-F: column %zu: %" PRId64
		    " does not fit %d bytes", i->column, v, i->width);
	for (int k = 0; k < i->width; k++) {
		int shift = i->modifier == FORMAT_LITTLE ? k :
		    i->width - 1 - k;

		bytes[k] = (uint8_t)(u >> (8 * shift));
	}
	return buf_append(out, bytes, (size_t)i->width);
}

static int
put_time(struct buf *out, const struct format *f, const struct format_item *i,
    const struct format_source *from, struct err *e)
{
	int64_t ms = from->record->timestamp;
	int64_t milli = (ms % 1000 + 1000) % 1000;
	time_t seconds = (ms - milli) / 1000;
	struct tm tm;
	char iso[64];
	size_t n;

	if (ms == -1)
		return put_null(out, from);
	if (gmtime_r(&seconds, &tm) == NULL)
		return err_set(e, ERR_DATA, "-F: column %zu: timestamp %"
		    PRId64 " is beyond the calendar", i->column, ms);
	if (i->modifier == FORMAT_STRFTIME) {
		if (buf_reserve(out, TIME_MAX) < 0)
			return -1;
		n = strftime((char *)out->data + out->len, TIME_MAX,
		    (const char *)f->text.data + i->at, &tm);
		out->len += n;
		return 0;
	}
	n = strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(iso + n, sizeof(iso) - n, ".%03dZ", (int)milli);
	return buf_append(out, iso, n);
}

static int64_t
number(char letter, const struct format_source *from)
{
	switch (letter) {
	case 'S':
	case 'R':
		return from->record->value.len;
	case 'K':
		return from->record->key.len;
	case 'T':
		return from->record->timestamp;
	case 'p':
		return from->meta->partition;
	case 'o':
		return from->record->offset;
	case 'e':
		return from->meta->epoch;
	default:
		return from->count;
	}
}

static int
put_item(const struct format *f, const struct format_item *i,
    const struct format_source *from, struct buf *out, struct err *e)
{
	const char *word;

	switch (i->letter) {
	case '\0':
		return text_put(out, format_text(f, i));
	case 's':
		return put_text(out, i, from->record->value, from);
	case 'k':
		return put_text(out, i, from->record->key, from);
	case 't':
		return put_text(out, i, text_slice(from->meta->topic), from);
	case 'h':
		return put_headers(out, i, from);
	case 'd':
		return put_time(out, f, i, from, e);
	case 'a':
		word = i->modifier == FORMAT_COMPRESSION ? from->meta->codec :
		    from->meta->append_time ? "logappend" : "create";
		return text_put(out, text_slice(word));
	default:
		return put_number(out, i, number(i->letter, from), e);
	}
}

int
format_write(const struct format *f, const struct format_source *from,
    struct buf *out, struct err *e)
{
	size_t before = out->len;

	e->code = ERR_NONE;
	for (size_t k = 0; k < f->count; k++)
		if (put_item(f, &f->items[k], from, out, e) < 0) {
			out->len = before;
			return e->code != ERR_NONE ? -1 :
			    err_set(e, ERR_SYSTEM, "-F: out of memory");
		}
	return 0;
}
