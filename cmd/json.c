/*
 * The parser is yajl.  Measured on 1 M log lines of 116 bytes, value of a
 * path / 1 M record objects of 270 bytes, CPU seconds: yajl 0.45 / 1.1,
 * json-c 0.16 1.7 / 2.9, jansson 2.14 2.7 / 5.1.  It builds no tree, and is
 * the only one that hands out numbers as written (json-c clamps beyond 64
 * bits, jansson refuses them and rewrites 1.10).  Its two faults are dealt
 * with before it sees a byte: it takes overlong and surrogate UTF-8, and it
 * turns a lone \uD800 into "?" (or trips over it, CVE-2017-16516).
 */
#include "json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "json_path.h"
#include "text.h"

struct json {
	yajl_handle yajl;	/* NULL after a failure */
	const struct json_handler *handler;
	struct err *err;
	int depth;		/* containers that are open */
	int values;		/* at the top level */
	bool told;		/* *err is filled */
	struct json_search search;
};

static int
deliver(struct json *j, enum json_event event, const void *text, size_t len)
{
	struct slice s = SLICE_NULL;

	if (j->depth == 0 && ++j->values > 1) {
		j->told = true;
		err_set(j->err, ERR_DATA, "not JSON: text after the value");
		return 0;
	}
	if (text != NULL)
		s = (struct slice){ text, (int32_t)len };
	if (j->handler->event(j->handler->context, event, s, j->err) < 0) {
		j->told = true;
		return 0;
	}
	return 1;
}

static int
begin(struct json *j, enum json_event event)
{
	if (!deliver(j, event, NULL, 0))
		return 0;
	if (++j->depth <= JSON_DEPTH)
		return 1;
	j->told = true;
	err_set(j->err, ERR_DATA, "not JSON: more than %d levels deep",
	    (int)JSON_DEPTH);
	return 0;
}

/* The end belongs to the inside, so that depth 0 counts values only. */
static int
finish(struct json *j, enum json_event event)
{
	int go_on = deliver(j, event, NULL, 0);

	j->depth--;
	return go_on;
}

static int
on_null(void *j)
{
	return deliver(j, JSON_NULL, NULL, 0);
}

static int
on_boolean(void *j, int value)
{
	return deliver(j, value ? JSON_TRUE : JSON_FALSE, NULL, 0);
}

static int
on_number(void *j, const char *text, size_t len)
{
	return deliver(j, JSON_NUMBER, text, len);
}

static int
on_string(void *j, const unsigned char *text, size_t len)
{
	return deliver(j, JSON_STRING, text, len);
}

static int
on_key(void *j, const unsigned char *text, size_t len)
{
	return deliver(j, JSON_KEY, text, len);
}

static int
on_object(void *j)
{
	return begin(j, JSON_OBJECT);
}

static int
on_object_end(void *j)
{
	return finish(j, JSON_OBJECT_END);
}

static int
on_array(void *j)
{
	return begin(j, JSON_ARRAY);
}

static int
on_array_end(void *j)
{
	return finish(j, JSON_ARRAY_END);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_map_key = on_key,
	.yajl_start_map = on_object,
	.yajl_end_map = on_object_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_array_end
};

struct json *
json_new(void)
{
	return calloc(1, sizeof(struct json));
}

static void
drop_handle(struct json *j)
{
	if (j->yajl != NULL)
		yajl_free(j->yajl);
	j->yajl = NULL;
}

void
json_free(struct json *j)
{
	if (j == NULL)
		return;
	drop_handle(j);
	json_search_release(&j->search);
	free(j);
}

/* The value of four hexadecimal digits, or -1. */
static int
unit(const uint8_t *p, const uint8_t *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int c = p[i] >= 'A' && p[i] <= 'F' ? p[i] + 32 : p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (c - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* Whether every \u is four digits and every surrogate one of a pair. */
static bool
escapes_are_good(struct slice s)
{
	const uint8_t *p = s.data, *end = p + s.len;

	while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		int high, low;

		if (end - p < 2)
			return false;
		if (p[1] != 'u') {
			p += 2;
			continue;
		}
		high = unit(p + 2, end);
		p += 6;
		if (high < 0 || (high & 0xfc00) == 0xdc00)
			return false;
		if ((high & 0xfc00) != 0xd800)
			continue;
		if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
			return false;
		low = unit(p + 2, end);
		if (low < 0 || (low & 0xfc00) != 0xdc00)
			return false;
		p += 6;
	}
	return true;
}

/* What yajl would let pass; also \v and \f, which it takes for spaces. */
static int
check(struct slice s, struct err *e)
{
	if (s.len <= 0)
		return err_set(e, ERR_DATA, "not JSON: nothing there");
	if (!text_is_utf8(s))
		return err_set(e, ERR_DATA, "not JSON: bytes are not UTF-8");
	if (!escapes_are_good(s))
		return err_set(e, ERR_DATA, "not JSON: bad escape or half "
		    "of a surrogate pair");
	if (memchr(s.data, '\v', (size_t)s.len) != NULL ||
	    memchr(s.data, '\f', (size_t)s.len) != NULL)
		return err_set(e, ERR_DATA, "not JSON: control byte");
	return 0;
}

static int
failed(struct json *j, yajl_status status, struct err *e)
{
	unsigned char *text;
	size_t at = yajl_get_bytes_consumed(j->yajl);
	int len;

	if (!j->told && status == yajl_status_error) {
		text = yajl_get_error(j->yajl, 0, NULL, 0);
		len = text == NULL ? 0 : (int)strcspn((char *)text, "\n");
		err_set(e, ERR_DATA, "not JSON: %.*s (byte %zu)", len,
		    text == NULL ? "" : (char *)text, at);
		if (text != NULL)
			yajl_free_error(j->yajl, text);
	} else if (!j->told) {
		err_set(e, ERR_DATA, "not JSON: it ends too early");
	}
	drop_handle(j);
	return -1;
}

int
json_parse(struct json *j, struct slice text, const struct json_handler *h,
    struct err *e)
{
	static const unsigned char newline = '\n';
	yajl_status status;

	if (check(text, e) < 0)
		return -1;
	if (j->yajl == NULL) {
		j->yajl = yajl_alloc(&callbacks, NULL, j);
		if (j->yajl == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		yajl_config(j->yajl, yajl_allow_multiple_values, 1);
		yajl_config(j->yajl, yajl_dont_validate_strings, 1);
	}
	j->handler = h;
	j->err = e;
	j->depth = j->values = 0;
	j->told = false;
	status = yajl_parse(j->yajl, text.data, (size_t)text.len);
	/* Ends a number, and is an error in any other token cut off. */
	if (status == yajl_status_ok)
		status = yajl_parse(j->yajl, &newline, 1);
	if (status != yajl_status_ok || j->depth != 0 || j->values != 1)
		return failed(j, status, e);
	return 0;
}

int
json_lookup(struct json *j, struct slice text,
    struct json_path *const *paths, size_t n, struct json_value *values,
    struct err *e)
{
	struct json_handler h = { json_search_event, &j->search };

	json_search_start(&j->search, paths, n);
	if (json_parse(j, text, &h, e) < 0)
		return -1;
	json_search_end(&j->search, values);
	return 0;
}
