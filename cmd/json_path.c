#include "json_path.h"

#include <stdlib.h>

#include "text.h"

struct json_path {
	int steps;
	struct slice *keys;	/* one a step, into text */
	char text[];		/* the argument, quotes taken out */
};

/*
 * Cut p->text into keys in place.  A quoted key loses its quotes; inside
 * them a backslash protects the next character.
 */
static int
split(struct json_path *p)
{
	char *from = p->text;

	if (from[0] == '.' && from[1] == '\0')
		return 0;
	while (*from == '.') {
		char *to = ++from, *start = from;

		if (*from == '"') {
			for (from++; *from != '"'; *to++ = *from++) {
				if (*from == '\\')
					from++;
				if (*from == '\0')
					return -1;
			}
			from++;
		} else {
			from += strcspn(from, ".\"[]");
			to = from;
			if (to == start)
				return -1;
		}
		p->keys[p->steps++] = (struct slice){ (uint8_t *)start,
		    (int32_t)(to - start) };
	}
	return *from == '\0' && p->steps > 0 ? 0 : -1;
}

struct json_path *
json_path_new(const char *what, const char *text, struct err *e)
{
	size_t len = strlen(text);
	struct json_path *p = calloc(1, sizeof(*p) + len + 1);

	if (p != NULL)
		p->keys = calloc(len + 1, sizeof(*p->keys));
	if (p == NULL || p->keys == NULL) {
		free(p);
		err_set(e, ERR_SYSTEM, "%s: out of memory", what);
		return NULL;
	}
	memcpy(p->text, text, len + 1);
	if (split(p) < 0 || p->steps > JSON_DEPTH) {
		json_path_free(p);
		err_set(e, ERR_USAGE, "%s: \"%s\" is not a path: .a.b or "
		    ".a.\"b c\" is wanted", what, text);
		return NULL;
	}
	return p;
}

void
json_path_free(struct json_path *p)
{
	if (p != NULL)
		free(p->keys);
	free(p);
}

void
json_search_start(struct json_search *s, struct json_path *const *paths,
    size_t n)
{
	s->count = n;
	s->depth = 0;
	for (size_t i = 0; i < n; i++) {
		struct json_track *t = &s->tracks[i];

		t->path = paths[i];
		t->hit = paths[i]->steps == 0;
		t->chain = t->copying = 0;
		t->type = JSON_NULL;
		buf_clear(&t->text);
	}
}

/* Add one event to the compact text of an object or array. */
static int
copy(struct json_track *t, enum json_event event, struct slice text)
{
	static const char *const words[] = {
		[JSON_NULL] = "null", [JSON_FALSE] = "false",
		[JSON_TRUE] = "true", [JSON_OBJECT] = "{",
		[JSON_OBJECT_END] = "}", [JSON_ARRAY] = "[",
		[JSON_ARRAY_END] = "]"
	};
	struct buf *out = &t->text;
	uint8_t last = out->len > 0 ? out->data[out->len - 1] : '{';
	bool ends = event == JSON_OBJECT_END || event == JSON_ARRAY_END;

	if (!ends && last != '{' && last != '[' && last != ':' &&
	    buf_append(out, ",", 1) < 0)
		return -1;
	if (event == JSON_OBJECT || event == JSON_ARRAY)
		t->copying++;
	else if (ends)
		t->copying--;
	if (event == JSON_STRING || event == JSON_KEY) {
		if (json_put_string(out, text) < 0)
			return -1;
		return event == JSON_KEY ? buf_append(out, ":", 1) : 0;
	}
	if (event == JSON_NUMBER)
		return text_put(out, text);
	return buf_append(out, words[event], strlen(words[event]));
}

/* The value at the end of the path begins. */
static int
found(struct json_track *t, enum json_event event, struct slice text)
{
	t->type = event;
	buf_clear(&t->text);
	if (event == JSON_STRING)
		return text_put(&t->text, text);
	return event == JSON_NULL ? 0 : copy(t, event, text);
}

static bool
same(const struct slice *want, struct slice text)
{
	return want->len == text.len &&
	    memcmp(want->data, text.data, (size_t)text.len) == 0;
}

static int
track(const struct json_search *s, struct json_track *t, enum json_event event,
    struct slice text)
{
	bool hit = t->hit;

	if (t->copying > 0)
		return copy(t, event, text);
	if (event == JSON_OBJECT_END || event == JSON_ARRAY_END) {
		if (s->depth == t->chain)
			t->chain--;
		return 0;
	}
	if (event == JSON_KEY) {
		t->hit = t->chain > 0 && s->depth == t->chain &&
		    same(&t->path->keys[t->chain - 1], text);
		if (t->hit)
			t->type = JSON_NULL;
		return 0;
	}
	t->hit = false;
	if (hit && t->chain == t->path->steps)
		return found(t, event, text);
	if (event == JSON_OBJECT && (hit || s->depth == 0))
		t->chain++;
	return 0;
}

int
json_search_event(void *context, enum json_event event, struct slice text,
    struct err *e)
{
	struct json_search *s = context;

	for (size_t i = 0; i < s->count; i++)
		if (track(s, &s->tracks[i], event, text) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
	if (event == JSON_OBJECT || event == JSON_ARRAY)
		s->depth++;
	else if (event == JSON_OBJECT_END || event == JSON_ARRAY_END)
		s->depth--;
	return 0;
}

void
json_search_end(const struct json_search *s, struct json_value *values)
{
	static const uint8_t nothing[1];

	for (size_t i = 0; i < s->count; i++) {
		const struct json_track *t = &s->tracks[i];

		values[i].type = t->type;
		values[i].text = SLICE_NULL;
		if (t->type == JSON_NULL)
			continue;
		values[i].text.data = t->text.len > 0 ? t->text.data :
		    nothing;
		values[i].text.len = (int32_t)t->text.len;
	}
}

void
json_search_release(struct json_search *s)
{
	for (size_t i = 0; i < JSON_PATHS; i++)
		buf_release(&s->tracks[i].text);
}
