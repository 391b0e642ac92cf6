#include "format_items.h"

#include <stdlib.h>

#include "text.h"

struct modifier {
	const char *name;
	const char *letters;	/* that take it */
	enum format_modifier is;
	int width;
};

static const struct modifier modifiers[] = {
	{ "hex", "sktSKRTpoei", FORMAT_HEX, 0 },
	{ "base64", "skt", FORMAT_BASE64, 0 },
	{ "json", "skth", FORMAT_JSON, 0 },
	{ "big64", "SKRTpoei", FORMAT_BIG, 8 },
	{ "big32", "SKRTpoei", FORMAT_BIG, 4 },
	{ "big16", "SKRTpoei", FORMAT_BIG, 2 },
	{ "big8", "SKRTpoei", FORMAT_BIG, 1 },
	{ "little64", "SKRTpoei", FORMAT_LITTLE, 8 },
	{ "little32", "SKRTpoei", FORMAT_LITTLE, 4 },
	{ "little16", "SKRTpoei", FORMAT_LITTLE, 2 },
	{ "little8", "SKRTpoei", FORMAT_LITTLE, 1 },
	{ "compression", "a", FORMAT_COMPRESSION, 0 },
	{ "timestamp-type", "a", FORMAT_TIMESTAMP_TYPE, 0 }
};

enum { MODIFIERS = sizeof(modifiers) / sizeof(modifiers[0]) };

struct compiler {
	const char *start, *next;	/* the argument, where we are */
	struct format *f;
	struct err *e;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "-F: out of memory");
}

static size_t
column(const struct compiler *c, const char *at)
{
	return (size_t)(at - c->start) + 1;
}

static struct format_item *
add(struct compiler *c, char letter, const char *at)
{
	struct format *f = c->f;
	struct format_item *items, *last;

	last = f->count > 0 ? &f->items[f->count - 1] : NULL;
	if (letter == '\0' && last != NULL && last->letter == '\0')
		return last;
	items = realloc(f->items, (f->count + 1) * sizeof(*items));
	if (items == NULL)
		return NULL;
	f->items = items;
	items[f->count] = (struct format_item){ .letter = letter,
		.at = f->text.len, .column = column(c, at) };
	return &items[f->count++];
}

static int
add_byte(struct compiler *c, uint8_t byte, const char *at)
{
	struct format_item *i = add(c, '\0', at);

	if (i == NULL || buf_append(&c->f->text, &byte, 1) < 0)
		return no_memory(c->e);
	i->len++;
	return 0;
}

/* %d{FMT}: kept with a NUL behind it, which is not part of len. */
static int
strftime_format(struct compiler *c, struct format_item *i, const char *text,
    size_t n)
{
	if (n == 0)
		return err_set(c->e, ERR_USAGE, "-F: column %zu: empty time "
		    "format", column(c, text));
	i->modifier = FORMAT_STRFTIME;
	i->at = c->f->text.len;
	i->len = n;
	if (buf_append(&c->f->text, text, n) < 0 ||
	    buf_append(&c->f->text, "", 1) < 0)
		return no_memory(c->e);
	return 0;
}

static int
modify(struct compiler *c, struct format_item *i)
{
	const char *text = c->next + 1, *end = strchr(text, '}');
	size_t n;

	if (end == NULL)
		return err_set(c->e, ERR_USAGE, "-F: column %zu: \"{\" "
		    "without \"}\"", column(c, c->next));
	n = (size_t)(end - text);
	c->next = end + 1;
	if (i->letter == 'd')
		return strftime_format(c, i, text, n);
	for (int k = 0; k < MODIFIERS; k++) {
		const struct modifier *m = &modifiers[k];

		if (strlen(m->name) != n || strncmp(m->name, text, n) != 0)
			continue;
		if (strchr(m->letters, i->letter) == NULL)
			return err_set(c->e, ERR_USAGE, "-F: column %zu: "
			    "%%%c does not take {%s}", column(c, text),
			    i->letter, m->name);
		i->modifier = m->is;
		i->width = m->width;
		return 0;
	}
	return err_set(c->e, ERR_USAGE, "-F: column %zu: unknown modifier "
	    "{%.*s}", column(c, text), (int)n, text);
}

static int
letter(struct compiler *c)
{
	const char *at = c->next;
	struct format_item *i;

	if (at[1] == '\0')
		return err_set(c->e, ERR_USAGE, "-F: column %zu: \"%%\" at "
		    "the end; %%%% is a percent sign", column(c, at));
	c->next = at + 2;
	if (at[1] == '%')
		return add_byte(c, '%', at);
	if (strchr("skthSKRTpoeida", at[1]) == NULL)
		return err_set(c->e, ERR_USAGE, "-F: column %zu: unknown "
		    "\"%%%c\" (known: s S R k K T h t p o d e i a %%)",
		    column(c, at), at[1]);
	i = add(c, at[1], at);
	if (i == NULL)
		return no_memory(c->e);
	if (*c->next == '{' && modify(c, i) < 0)
		return -1;
	if (i->letter == 'a' && i->modifier == FORMAT_PLAIN)
		return err_set(c->e, ERR_USAGE, "-F: column %zu: %%a needs "
		    "{compression} or {timestamp-type}", column(c, at));
	if (i->letter == 'R' && i->modifier == FORMAT_PLAIN) {
		i->modifier = FORMAT_BIG;
		i->width = 4;
	}
	return 0;
}

static int
compile(struct compiler *c)
{
	while (*c->next != '\0') {
		const char *at = c->next;
		uint8_t byte = (uint8_t)*at;

		if (byte == '%') {
			if (letter(c) < 0)
				return -1;
			continue;
		}
		if (byte != '\\')
			c->next++;
		else if (text_escape(&c->next, &byte) < 0)
			return err_set(c->e, ERR_USAGE, "-F: column %zu: "
			    "unknown escape \"%.2s\" (known: \\n \\t \\r "
			    "\\0 \\\\ \\xNN)", column(c, at), at);
		if (add_byte(c, byte, at) < 0)
			return -1;
	}
	if (c->f->count == 0)
		return err_set(c->e, ERR_USAGE, "-F: the format is empty");
	return 0;
}

struct format *
format_new(const char *text, struct err *e)
{
	struct compiler c = { .start = text, .next = text, .e = e };

	c.f = calloc(1, sizeof(*c.f));
	/* The text exists even if all of the format is letters. */
	if (c.f == NULL || buf_reserve(&c.f->text, 1) < 0) {
		free(c.f);
		no_memory(e);
		return NULL;
	}
	if (compile(&c) < 0) {
		format_free(c.f);
		return NULL;
	}
	return c.f;
}

void
format_free(struct format *f)
{
	if (f == NULL)
		return;
	free(f->items);
	buf_release(&f->text);
	free(f);
}
