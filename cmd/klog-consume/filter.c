#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "text.h"

struct wanted_header {
	struct slice name, value;	/* value null: any */
};

struct filter {
	bool by_key;
	struct slice key;
	pcre2_code *regex;
	pcre2_match_data *match;
	struct wanted_header *headers;
	size_t header_count;
};

static int
compile(struct filter *f, const char *text, struct err *e)
{
	PCRE2_UCHAR why[128];
	PCRE2_SIZE at;
	int code;

	f->regex = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0,
	    &code, &at, NULL);
	if (f->regex == NULL) {
		pcre2_get_error_message(code, why, sizeof(why));
		return err_set(e, ERR_USAGE, "-e: \"%s\": column %zu: %s",
		    text, (size_t)at + 1, (const char *)why);
	}
	pcre2_jit_compile(f->regex, PCRE2_JIT_COMPLETE);
	f->match = pcre2_match_data_create_from_pattern(f->regex, NULL);
	return f->match == NULL ? err_set(e, ERR_SYSTEM, "out of memory") : 0;
}

static int
take_headers(struct filter *f, const struct opt_list *list, struct err *e)
{
	struct wanted_header *h;
	const char *equals;
	size_t i;

	f->headers = calloc(list->n + 1, sizeof(*f->headers));
	if (f->headers == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (i = 0; i < list->n; i++) {
		h = &f->headers[f->header_count++];
		h->name = text_slice(list->items[i]);
		h->value = SLICE_NULL;
		equals = strchr(list->items[i], '=');
		if (equals != NULL) {
			h->name.len = (int32_t)(equals - list->items[i]);
			h->value = text_slice(equals + 1);
		}
	}
	return 0;
}

struct filter *
filter_new(const struct options *o, struct err *e)
{
	struct filter *f;

	e->code = ERR_NONE;
	if (o->key == NULL && o->regex == NULL && o->headers.n == 0)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
		return NULL;
	}
	f->by_key = o->key != NULL;
	f->key = text_slice(o->key);
	if ((o->regex != NULL && compile(f, o->regex, e) < 0) ||
	    take_headers(f, &o->headers, e) < 0) {
		filter_free(f);
		return NULL;
	}
	return f;
}

void
filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	pcre2_match_data_free(f->match);
	pcre2_code_free(f->regex);
	free(f->headers);
	free(f);
}

static bool
equal(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len <= 0 || memcmp(a.data, b.data, (size_t)a.len) == 0);
}

static bool
has_header(const struct record *r, const struct wanted_header *wanted)
{
	struct slice rest = r->headers;
	struct header h;

	while (header_next(&rest, &h) > 0)
		if (equal(h.name, wanted->name) &&
		    (wanted->value.len < 0 || equal(h.value, wanted->value)))
			return true;
	return false;
}

int
filter_match(struct filter *f, const struct record *r, struct err *e)
{
	size_t i;
	int got;

	if (f->by_key && !equal(f->key, r->key))
		return 0;
	for (i = 0; i < f->header_count; i++)
		if (!has_header(r, &f->headers[i]))
			return 0;
	if (f->regex == NULL)
		return 1;
	if (r->value.len < 0)
		return 0;
	got = pcre2_match(f->regex, r->value.data, (PCRE2_SIZE)r->value.len,
	    0, 0, f->match, NULL);
	if (got < 0 && got != PCRE2_ERROR_NOMATCH)
		return err_set(e, ERR_DATA, "-e: matching failed at offset "
		    "%lld (PCRE2 error %d)", (long long)r->offset, got);
	return got >= 0;
}
