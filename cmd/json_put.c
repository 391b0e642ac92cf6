#include "json.h"
#include "text.h"

/* Escapes may take six times the room: asked for a piece at a time. */
enum { PIECE = 4096 };

static const char hex_digits[] = "0123456789abcdef";

/*
 * Bit 7 of each byte of the result is set where v holds a control byte, a
 * quote or a backslash, or a byte of 0x80 and more (which is looked at
 * again); never clear where there is one.
 */
static inline uint64_t
special(uint64_t v)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = ones * 0x80;
	uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';

	return ((v - ones * 0x20) | (quote - ones) | (backslash - ones) | v) &
	    tops;
}

static uint8_t *
put_escape(uint8_t *to, uint8_t c)
{
	static const char names[] = { ['\b'] = 'b', ['\t'] = 't',
		['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
		['\\'] = '\\' };

	*to++ = '\\';
	if (names[c] != '\0') {
		*to++ = (uint8_t)names[c];
		return to;
	}
	memcpy(to, "u00", 3);
	to[3] = (uint8_t)hex_digits[c >> 4];
	to[4] = (uint8_t)hex_digits[c & 15];
	return to + 5;
}

/* Append the characters of at most PIECE bytes. */
static int
put_piece(struct buf *out, const uint8_t *p, const uint8_t *end)
{
	uint8_t *to;

	if (buf_reserve(out, (size_t)(end - p) * 6) < 0)
		return -1;
	to = out->data + out->len;
	while (p < end) {
		uint64_t eight;

		if (end - p >= 8) {
			memcpy(&eight, p, 8);
			if (special(eight) == 0) {
				memcpy(to, p, 8);
				to += 8;
				p += 8;
				continue;
			}
		}
		if (*p < 0x20 || *p == '"' || *p == '\\')
			to = put_escape(to, *p++);
		else
			*to++ = *p++;
	}
	out->len = (size_t)(to - out->data);
	return 0;
}

int
json_put_string(struct buf *out, struct slice s)
{
	if (buf_append(out, "\"", 1) < 0)
		return -1;
	for (int32_t i = 0; i < s.len; i += PIECE) {
		int32_t n = s.len - i < PIECE ? s.len - i : PIECE;

		if (put_piece(out, s.data + i, s.data + i + n) < 0)
			return -1;
	}
	return buf_append(out, "\"", 1);
}

int
json_put_bytes(struct buf *out, struct slice s)
{
	if (s.len < 0)
		return buf_append(out, "null", 4);
	if (text_is_utf8(s))
		return json_put_string(out, s);
	if (buf_append(out, "{\"base64\":\"", 11) < 0 ||
	    text_put_base64(out, s) < 0)
		return -1;
	return buf_append(out, "\"}", 2);
}

int
json_put_headers(struct buf *out, struct slice headers)
{
	struct header h;
	bool first = true;

	if (buf_append(out, "[", 1) < 0)
		return -1;
	for (; header_next(&headers, &h) == 1; first = false)
		if ((!first && buf_append(out, ",", 1) < 0) ||
		    buf_append(out, "[", 1) < 0 ||
		    json_put_bytes(out, h.name) < 0 ||
		    buf_append(out, ",", 1) < 0 ||
		    json_put_bytes(out, h.value) < 0 ||
		    buf_append(out, "]", 1) < 0)
			return -1;
	return buf_append(out, "]", 1);
}
