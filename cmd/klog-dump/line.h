/*
 * line: one printed line and its fields, in two forms at once: as people and
 * kafka-dump-log have it ("offset: 5 position: 73"), or with --json as one
 * object.  A field has a name in each form; NULL leaves it out of that form.
 *
 * What fails (stdout, memory) is kept: nothing is printed from then on, and
 * line_failed tells why.  Long values go through in pieces, so that a line
 * never takes more memory than OUT_SIZE and a little.
 */
#ifndef KLOG_DUMP_LINE_H
#define KLOG_DUMP_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "err.h"
#include "out.h"

struct line {
	struct out out;		/* of stdout */
	bool json, hex;		/* the options */
	const char *file;	/* the "file" of every object; borrowed */
	bool first;		/* no field of this line was printed yet */
	bool failed;
	struct err err;		/* why, if failed */
};

/* 0, or -1 out of memory. */
int line_init(struct line *l, bool json, bool hex, struct err *e);
void line_release(struct line *l);

/* Write out all there is, before something is said on stderr or at the end. */
void line_flush(struct line *l);

/* Whether something failed; *e is then filled. */
bool line_failed(const struct line *l, struct err *e);

/* A whole line that only the text form has. */
void line_text(struct line *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Begin a line: mark (or NULL) in text, {"file":…,"type":type} in JSON. */
void line_begin(struct line *l, const char *mark, const char *type);

/* A number. */
void line_int(
    struct line *l, const char *name, const char *json, int64_t value);

/* "OptionalLong.empty", as Java says it, and null, unless there is one. */
void line_optional(struct line *l, const char *name, const char *json,
    bool there, int64_t value);

void line_bool(
    struct line *l, const char *name, const char *json, bool value);

/* A word without bytes that need an escape; NULL is null in JSON. */
void line_word(
    struct line *l, const char *name, const char *json, const char *value);

/*
 * Any bytes.  Text: control bytes but tab, and what is not UTF-8, as \xNN;
 * null is left out.  JSON: json_put_bytes.
 */
void line_bytes(
    struct line *l, const char *name, const char *json, struct slice value);

/* The names of an encoded header list in text, names and values in JSON. */
void line_headers(struct line *l, struct slice headers);

/*
 * End the line.  With --hex, bytes (unless null) follow: as "hex" in JSON,
 * below as 16 a line in text, where address is that of the first.
 */
void line_end(struct line *l, int64_t address, struct slice bytes);

#endif
