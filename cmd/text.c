#include "text.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
text_put(struct buf *out, struct slice s)
{
	return s.len > 0 ? buf_append(out, s.data, (size_t)s.len) : 0;
}

struct slice
text_slice(const char *s)
{
	if (s == NULL)
		return SLICE_NULL;
	return (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

int
text_put_int(struct buf *out, int64_t v)
{
	uint8_t digits[20]; /* "-9223372036854775808" */
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	size_t at = sizeof(digits);

	do
		digits[--at] = (uint8_t)('0' + u % 10);
	while ((u /= 10) > 0);
	if (v < 0)
		digits[--at] = '-';
	return buf_append(out, digits + at, sizeof(digits) - at);
}

int
text_get_int(struct slice s, int64_t *v)
{
	bool negative = s.len > 0 && s.data[0] == '-';
	int64_t n = 0;
	int32_t i = negative;

	if (i >= s.len)
		return -1;
	for (; i < s.len; i++) {
		int digit = s.data[i] - '0';

		if (digit < 0 || digit > 9 ||
		    __builtin_mul_overflow(n, (int64_t)10, &n) ||
		    __builtin_add_overflow(n, negative ? -digit : digit, &n))
			return -1;
	}
	*v = n;
	return 0;
}

int
text_put_hex(struct buf *out, struct slice s)
{
	uint8_t *p;

	if (s.len <= 0)
		return 0;
	if (buf_reserve(out, (size_t)s.len * 2) < 0)
		return -1;
	p = out->data + out->len;
	for (int32_t i = 0; i < s.len; i++) {
		*p++ = (uint8_t)hex_digits[s.data[i] >> 4];
		*p++ = (uint8_t)hex_digits[s.data[i] & 15];
	}
	out->len += (size_t)s.len * 2;
	return 0;
}

static int
hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
text_get_hex(struct slice s, struct buf *out)
{
	if (s.len % 2 != 0)
		return -1;
	if (buf_reserve(out, (size_t)s.len / 2) < 0)
		return -2;
	for (int32_t i = 0; i < s.len; i += 2) {
		int high = hex_value(s.data[i]);
		int low = hex_value(s.data[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out->data[out->len++] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int
text_put_base64(struct buf *out, struct slice s)
{
	const char *d = base64_digits;
	int32_t i;
	uint8_t *p;

	if (s.len <= 0)
		return 0;
	if (buf_reserve(out, ((size_t)s.len + 2) / 3 * 4) < 0)
		return -1;
	p = out->data + out->len;
	for (i = 0; i < s.len; i += 3) {
		int32_t left = s.len - i;
		uint32_t v = (uint32_t)s.data[i] << 16;

		if (left > 1)
			v |= (uint32_t)s.data[i + 1] << 8;
		if (left > 2)
			v |= s.data[i + 2];
		*p++ = (uint8_t)d[v >> 18];
		*p++ = (uint8_t)d[v >> 12 & 63];
		*p++ = left > 1 ? (uint8_t)d[v >> 6 & 63] : '=';
		*p++ = left > 2 ? (uint8_t)d[v & 63] : '=';
	}
	out->len = (size_t)(p - out->data);
	return 0;
}

static int
base64_value(int c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

int
text_get_base64(struct slice s, struct buf *out)
{
	int pad = 0;

	if (s.len % 4 != 0)
		return -1;
	if (s.len > 0 && s.data[s.len - 1] == '=')
		pad = s.data[s.len - 2] == '=' ? 2 : 1;
	if (buf_reserve(out, (size_t)s.len / 4 * 3) < 0)
		return -2;
	for (int32_t i = 0; i < s.len; i += 4) {
		int digits = i + 4 == s.len ? 4 - pad : 4;
		uint32_t v = 0;

		for (int k = 0; k < 4; k++) {
			int d = k < digits ? base64_value(s.data[i + k]) : 0;

			if (d < 0)
				return -1;
			v = v << 6 | (uint32_t)d;
		}
		if ((digits == 3 && (v & 0xff) != 0) ||
		    (digits == 2 && (v & 0xffff) != 0))
			return -1;
		for (int k = 0; k < digits - 1; k++)
			out->data[out->len++] = (uint8_t)(v >> (16 - 8 * k));
	}
	return 0;
}

/*
 * Length in bytes (1 to 4) of the well formed character at p, or 0: overlong,
 * surrogate, above U+10FFFF or cut off (Unicode, table 3-7).  p < end.
 */
static int
utf8_step(const uint8_t *p, const uint8_t *end)
{
	uint8_t low = 0x80, high = 0xbf;
	int n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (end - p < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (int i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool
text_is_utf8(struct slice s)
{
	const uint8_t *p = s.data, *end;

	if (s.len <= 0)
		return true;
	for (end = p + s.len; p < end;) {
		uint64_t eight;
		int n;

		if (end - p >= 8) {
			memcpy(&eight, p, 8);
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				p += 8;
				continue;
			}
		}
		n = utf8_step(p, end);
		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

int
text_put_visible(struct buf *out, struct slice s)
{
	const uint8_t *p = s.data, *end;
	uint8_t *to;

	if (s.len <= 0)
		return 0;
	if (buf_reserve(out, (size_t)s.len * 4) < 0)
		return -1;
	to = out->data + out->len;
	for (end = p + s.len; p < end;) {
		int n = utf8_step(p, end);
		bool control = n == 1 && (*p < 0x20 || *p == 0x7f) &&
		    *p != '\n' && *p != '\t';

		if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
			control = true;
		if (n > 0 && !control) {
			memcpy(to, p, (size_t)n);
			to += n;
			p += n;
			continue;
		}
		for (n += n == 0; n > 0; n--, p++) {
			*to++ = '\\';
			*to++ = 'x';
			*to++ = (uint8_t)hex_digits[*p >> 4];
			*to++ = (uint8_t)hex_digits[*p & 15];
		}
	}
	out->len = (size_t)(to - out->data);
	return 0;
}

int
text_escape(const char **p, uint8_t *byte)
{
	static const char names[] = "ntr0\\", bytes[] = "\n\t\r\0\\";
	const char *s = *p + 1, *name;
	int high, low;

	if (s[0] == 'x') {
		high = hex_value((unsigned char)s[1]);
		low = high < 0 ? -1 : hex_value((unsigned char)s[2]);
		if (low < 0)
			return -1;
		*byte = (uint8_t)(high << 4 | low);
		*p = s + 3;
		return 0;
	}
	if (s[0] == '\0' || (name = strchr(names, s[0])) == NULL)
		return -1;
	*byte = (uint8_t)bytes[name - names];
	*p = s + 1;
	return 0;
}

int
text_unescape(const char *what, const char *text, struct buf *out,
    struct err *e)
{
	const char *p = text;

	while (*p != '\0') {
		uint8_t byte = (uint8_t)*p;

		if (byte != '\\')
			p++;
		else if (text_escape(&p, &byte) < 0)
			return err_set(e, ERR_USAGE, "%s: column %td: "
			    "unknown escape \"%.2s\" (known: "
			    "\\n \\t \\r \\0 \\\\ \\xNN)", what,
			    p - text + 1, p);
		if (buf_append(out, &byte, 1) < 0)
			return err_set(e, ERR_SYSTEM, "%s: out of memory",
			    what);
	}
	return 0;
}
