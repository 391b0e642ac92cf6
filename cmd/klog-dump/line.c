#include "line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "record.h"
#include "text.h"

enum {
	PIECE = 48 << 10,	/* bytes put at once: a multiple of 3 and 16 */
	HEX_ROW = 16
};

int
line_init(struct line *l, bool json, bool hex, struct err *e)
{
	*l = (struct line){ .json = json, .hex = hex };
	if (out_init(&l->out, STDOUT_FILENO, "stdout") < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

void
line_release(struct line *l)
{
	out_release(&l->out);
}

void
line_flush(struct line *l)
{
	enum out_state state = OUT_INTERRUPTED;

	while (!l->failed && state == OUT_INTERRUPTED)
		state = out_flush(&l->out, &l->err);
	if (state == OUT_FAILED)
		l->failed = true;
}

bool
line_failed(const struct line *l, struct err *e)
{
	if (l->failed)
		*e = l->err;
	return l->failed;
}

/* What an appending function answered; room for more is made. */
static void
done(struct line *l, int r)
{
	if (r < 0 && !l->failed) {
		l->failed = true;
		err_set(&l->err, ERR_SYSTEM, "out of memory");
	}
	if (out_is_full(&l->out))
		line_flush(l);
}

static void
put(struct line *l, const char *text)
{
	if (!l->failed)
		done(l, buf_append(&l->out.bytes, text, strlen(text)));
}

void
line_begin(struct line *l, const char *mark, const char *type)
{
	l->first = true;
	if (l->json) {
		put(l, "{");
		line_bytes(l, NULL, "file", text_slice(l->file));
		line_word(l, NULL, "type", type);
	} else if (mark != NULL) {
		put(l, mark);
		l->first = false;
	}
}

/* Put the name of a field; whether this form has it. */
static bool
begin(struct line *l, const char *name, const char *json)
{
	const char *mine = l->json ? json : name;

	if (mine == NULL || l->failed)
		return false;
	if (!l->first)
		put(l, l->json ? "," : " ");
	l->first = false;
	if (l->json)
		put(l, "\"");
	put(l, mine);
	put(l, l->json ? "\":" : ": ");
	return true;
}

void
line_int(struct line *l, const char *name, const char *json, int64_t value)
{
	if (begin(l, name, json))
		done(l, text_put_int(&l->out.bytes, value));
}

void
line_optional(struct line *l, const char *name, const char *json, bool there,
    int64_t value)
{
	if (there && l->json) {
		line_int(l, name, json, value);
	} else if (begin(l, name, json)) {
		put(l, l->json ? "null" : "OptionalLong");
		if (there) {
			put(l, "[");
			done(l, text_put_int(&l->out.bytes, value));
			put(l, "]");
		} else if (!l->json) {
			put(l, ".empty");
		}
	}
}

void
line_bool(struct line *l, const char *name, const char *json, bool value)
{
	if (begin(l, name, json))
		put(l, value ? "true" : "false");
}

void
line_word(
    struct line *l, const char *name, const char *json, const char *value)
{
	bool quoted = l->json && value != NULL;

	if (value == NULL && !l->json)
		return;
	if (!begin(l, name, json))
		return;
	put(l, quoted ? "\"" : "");
	put(l, value != NULL ? value : "null");
	put(l, quoted ? "\"" : "");
}

/* The first bytes of *rest, at most PIECE; no character is cut in two. */
static struct slice
take(struct slice *rest)
{
	struct slice piece = *rest;
	int back;

	if (piece.len > PIECE) {
		piece.len = PIECE;
		for (back = 0; back < 3 &&
		     (rest->data[piece.len - back] & 0xc0) == 0x80;
		     back++)
			;
		piece.len -= back;
	}
	rest->data += piece.len;
	rest->len -= piece.len;
	return piece;
}

/* Text of one line: a newline in it is a control byte as any other. */
static void
put_shown(struct line *l, struct slice s)
{
	struct slice piece, part;
	const uint8_t *newline;

	while (s.len > 0 && !l->failed) {
		piece = take(&s);
		while (piece.len > 0) {
			newline = memchr(piece.data, '\n', (size_t)piece.len);
			part = piece;
			if (newline != NULL)
				part.len = (int32_t)(newline - piece.data);
			done(l, text_put_visible(&l->out.bytes, part));
			if (newline != NULL) {
				put(l, "\\x0a");
				part.len++;
			}
			piece.data += part.len;
			piece.len -= part.len;
		}
	}
}

void
line_text(struct line *l, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	if (l->json || l->failed)
		return;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		done(l, -1);
		return;
	}
	put_shown(l, text_slice(text));
	free(text);
	put(l, "\n");
}

/* A string as json_put_string has it, without its quotes. */
static void
put_string_part(struct line *l, struct slice piece)
{
	struct buf *b = &l->out.bytes;
	size_t before = b->len;

	if (json_put_string(b, piece) < 0) {
		done(l, -1);
		return;
	}
	b->len -= 2;
	memmove(b->data + before, b->data + before + 1, b->len - before);
	done(l, 0);
}

static void
put_json_bytes(struct line *l, struct slice s)
{
	bool utf8 = s.len >= 0 && text_is_utf8(s);
	struct slice piece;

	if (s.len <= PIECE) {
		done(l, json_put_bytes(&l->out.bytes, s));
		return;
	}
	put(l, utf8 ? "\"" : "{\"base64\":\"");
	while (s.len > 0 && !l->failed) {
		if (utf8) {
			put_string_part(l, take(&s));
			continue;
		}
		piece = s;
		piece.len = s.len < PIECE ? s.len : PIECE;
		done(l, text_put_base64(&l->out.bytes, piece));
		s.data += piece.len;
		s.len -= piece.len;
	}
	put(l, utf8 ? "\"" : "\"}");
}

void
line_bytes(
    struct line *l, const char *name, const char *json, struct slice value)
{
	if (value.len < 0 && !l->json)
		return;
	if (!begin(l, name, json))
		return;
	if (l->json)
		put_json_bytes(l, value);
	else
		put_shown(l, value);
}

void
line_headers(struct line *l, struct slice headers)
{
	const char *comma = "";
	struct header h;

	if (!begin(l, "headerKeys", "headers"))
		return;
	put(l, "[");
	for (; !l->failed && header_next(&headers, &h) == 1; comma = ",") {
		put(l, comma);
		if (!l->json) {
			put_shown(l, h.name);
			continue;
		}
		put(l, "[");
		put_json_bytes(l, h.name);
		put(l, ",");
		put_json_bytes(l, h.value);
		put(l, "]");
	}
	put(l, "]");
}

/* As hexdump -C: address, 16 bytes, what of them is printable ASCII. */
static void
put_row(struct line *l, int64_t address, const uint8_t *p, int n)
{
	static const char digits[] = "0123456789abcdef";
	char text[HEX_ROW * 3 + 1];
	char shown[HEX_ROW + 1] = "";
	char row[96];
	int i, at;

	memset(text, ' ', sizeof(text));
	for (i = 0; i < n; i++) {
		at = i * 3 + (i >= HEX_ROW / 2);
		text[at] = digits[p[i] >> 4];
		text[at + 1] = digits[p[i] & 15];
		shown[i] = p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '.';
	}
	snprintf(row, sizeof(row), "%08llx  %.*s |%s|\n",
	    (unsigned long long)address, (int)sizeof(text), text, shown);
	put(l, row);
}

void
line_end(struct line *l, int64_t address, struct slice bytes)
{
	struct slice piece;
	bool hex = l->hex && bytes.len >= 0;

	if (l->json && hex)
		put(l, ",\"hex\":\"");
	else if (!l->json)
		put(l, "\n");
	while (hex && bytes.len > 0 && !l->failed) {
		int32_t most = l->json ? PIECE : HEX_ROW;

		piece = bytes;
		piece.len = bytes.len < most ? bytes.len : most;
		if (l->json)
			done(l, text_put_hex(&l->out.bytes, piece));
		else
			put_row(l, address, piece.data, piece.len);
		address += piece.len;
		bytes.data += piece.len;
		bytes.len -= piece.len;
	}
	if (l->json)
		put(l, hex ? "\"}\n" : "}\n");
}
