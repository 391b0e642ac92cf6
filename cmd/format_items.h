/*
 * format_items: a compiled -F text, shared by the two directions (format.c,
 * format_read.c) and nobody else.
 */
#ifndef KLOG_FORMAT_ITEMS_H
#define KLOG_FORMAT_ITEMS_H

#include "format.h"

enum format_modifier {
	FORMAT_PLAIN,
	FORMAT_HEX,
	FORMAT_BASE64,
	FORMAT_JSON,
	FORMAT_BIG,		/* width bytes */
	FORMAT_LITTLE,
	FORMAT_STRFTIME,	/* text is its format */
	FORMAT_COMPRESSION,
	FORMAT_TIMESTAMP_TYPE
};

struct format_item {
	char letter;		/* 0: a literal */
	enum format_modifier modifier;
	int width;		/* bytes, of BIG and LITTLE */
	size_t at, len;		/* bytes in text: literal or strftime format,
				 * which is ended by NUL */
	size_t column;		/* from 1, in the argument */
};

struct format {
	struct format_item *items;
	size_t count;
	struct buf text;	/* of all items */
	bool by_end;		/* see format_end */
	int nth;
};

static inline struct slice
format_text(const struct format *f, const struct format_item *i)
{
	return (struct slice){ f->text.data + i->at, (int32_t)i->len };
}

static inline bool
format_is_number(char letter)
{
	return letter != '\0' && strchr("SKRTpoei", letter) != NULL;
}

#endif
