/*
 * json: all JSON of the programs.  Reading is by a library (see json.c),
 * event by event, nothing is built; writing appends to a buf.
 *
 * What is accepted is RFC 8259 and no more: one value, UTF-8 without
 * overlong forms or surrogates, no lone \uD800, no bytes after it, at most
 * JSON_DEPTH levels.  \u0000 is a NUL byte.  Numbers keep their text.
 */
#ifndef KLOG_JSON_H
#define KLOG_JSON_H

#include "buf.h"
#include "bytes.h"
#include "err.h"
#include "record.h"

enum { JSON_DEPTH = 512, JSON_PATHS = 4 };

enum json_event {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,		/* text: as written */
	JSON_STRING,		/* text: decoded */
	JSON_KEY,		/* text: decoded */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END
};

struct json;			/* a parser, used again and again */

struct json *json_new(void);	/* NULL: out of memory */
void json_free(struct json *j);	/* NULL is fine */

/*
 * Called for each event; text is null but where json_event says otherwise,
 * and lives during the call.  Returns 0, or -1 with *e filled to stop.
 */
struct json_handler {
	int (*event)(void *context, enum json_event event, struct slice text,
	    struct err *e);
	void *context;
};

/*
 * Parse one whole value.  0, or -1: ERR_DATA "not JSON: …", ERR_SYSTEM out
 * of memory, or what the handler set.  The handler may have run before that.
 */
int json_parse(struct json *j, struct slice text,
    const struct json_handler *h, struct err *e);

/* ---- the value at a path ---- */

struct json_path;

/*
 * ".a.b", ".a.\"b.c\"", or "." for the whole value.  NULL: ERR_USAGE, with
 * what (an option) in front.
 */
struct json_path *json_path_new(const char *what, const char *text,
    struct err *e);
void json_path_free(struct json_path *p);

struct json_value {
	enum json_event type;	/* JSON_NULL also when it is missing */
	struct slice text;	/* string: its bytes; number, bool: its text;
				 * object, array: compact text; null: null */
};

/*
 * Find n <= JSON_PATHS paths in one go; values[i] is that of paths[i].  Of
 * equal keys the last counts.  The slices live until the parser is used
 * again.  0, or -1 as json_parse.
 */
int json_lookup(struct json *j, struct slice text,
    struct json_path *const *paths, size_t n, struct json_value *values,
    struct err *e);

/* ---- writing: 0, or -1 out of memory ---- */

/* s, which is UTF-8, as a string with its quotes. */
int json_put_string(struct buf *out, struct slice s);

/* Any bytes: null, a string, or {"base64":"…"} where they are not UTF-8. */
int json_put_bytes(struct buf *out, struct slice s);

/* An encoded header list (record.h): [["name","value"],…]. */
int json_put_headers(struct buf *out, struct slice headers);

#endif
