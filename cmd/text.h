/*
 * text: bytes as text and back.  Decimal, hexadecimal, base64 (RFC 4648),
 * UTF-8, backslash escapes.  Everything is strict: what is not exactly right
 * is refused.  Pure; nothing is owned here.
 *
 * text_put_* append to out: 0, or -1 out of memory (what was already appended
 * may stay).  text_get_* decode: 0, or -1 not that kind of text, or -2 out of
 * memory.
 */
#ifndef KLOG_TEXT_H
#define KLOG_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "bytes.h"
#include "err.h"

/* Append the bytes of s; null appends nothing. */
int text_put(struct buf *out, struct slice s);

/* A slice over a C string, which must outlive it; NULL gives SLICE_NULL. */
struct slice text_slice(const char *s);

/* Decimal. */
int text_put_int(struct buf *out, int64_t v);

/* [-]digits and nothing else, in the range of an int64. */
int text_get_int(struct slice s, int64_t *v);

/* Two lower-case digits a byte; reading takes both cases, no separators. */
int text_put_hex(struct buf *out, struct slice s);
int text_get_hex(struct slice s, struct buf *out);

/*
 * The standard alphabet, padded, without line breaks; reading refuses
 * missing padding and stray bits in the last character.
 */
int text_put_base64(struct buf *out, struct slice s);
int text_get_base64(struct slice s, struct buf *out);

/* Whether all of s is well formed UTF-8; fast where it is ASCII. */
bool text_is_utf8(struct slice s);

/*
 * For a terminal: control bytes, DEL, C1 controls and bytes that are not
 * UTF-8 as \xNN; newline, tab and printable characters as they are.
 */
int text_put_visible(struct buf *out, struct slice s);

/*
 * Decode the escapes \n \t \r \0 \\ \xNN of a command-line argument into out,
 * which is appended to.  0, or -1: ERR_USAGE naming what (an option, say
 * "-D") and the bad escape, ERR_SYSTEM out of memory.
 */
int text_unescape(const char *what, const char *text, struct buf *out,
    struct err *e);

/*
 * One escape at *p, which points to its backslash; *p moves past it.
 * 0, or -1: it is none of the above.
 */
int text_escape(const char **p, uint8_t *byte);

#endif
