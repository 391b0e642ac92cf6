/*
 * format: the -F language, compiled once (klog-consume(1), FORMATS).
 *
 * Text with backslash escapes and %letters, each with a modifier in braces:
 *
 *	%s %k %t %h	value, key, topic, headers ("name=value,name2=value")
 *	%S %K		length in bytes of value, key; -1 null
 *	%R		as %S{big32}
 *	%T %p %o %e %i	timestamp ms, partition, offset, leader epoch, count
 *	%d		timestamp in ISO 8601, UTC; %d{FMT} strftime(3), UTC
 *	%a{compression}	codec of the batch; {timestamp-type}
 *	%%		a percent sign
 *
 *	{hex} {base64} {json}	of %s %k %t; %h takes json
 *	{big64} … {little8}	of numbers, two's complement; {hex} of them is
 *				lower-case digits after a minus sign, if any
 *
 * Null, and a time of -1 in %d, prints nothing or what null_text says.
 *
 * Reading takes: %s (needed) %k %T %p %h %S %K %R, each once, and %t %o %e
 * %i %d %a, which are passed over.  A text runs up to the literal after it;
 * a value or key whose length (%S %R %K) came before it needs none.
 */
#ifndef KLOG_FORMAT_H
#define KLOG_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "bytes.h"
#include "err.h"
#include "record.h"

struct form_meta {		/* what a record has from its batch and place */
	const char *topic;
	int32_t partition;
	int32_t epoch;		/* leader epoch; -1 unknown */
	const char *codec;	/* "zstd"; of %a{compression} */
	bool append_time;	/* timestamp is log-append time */
};

struct format;

/* NULL: ERR_USAGE "-F: column 5: …", ERR_SYSTEM out of memory. */
struct format *format_new(const char *text, struct err *e);
void format_free(struct format *f);

struct format_source {		/* what is to be printed */
	const struct form_meta *meta;
	const struct record *record;
	int64_t count;			/* %i */
	struct slice null_text;		/* for null; null: nothing */
	bool visible;			/* as text_put_visible does */
};

/*
 * Append to out.  0, or -1: ERR_DATA (a number does not fit its width, a
 * time is beyond strftime), ERR_SYSTEM out of memory; out is then as before.
 */
int format_write(const struct format *f, const struct format_source *from,
    struct buf *out, struct err *e);

/* ---- reading ---- */

/*
 * Whether f can be read back: 0, or -1 with ERR_USAGE saying why not.
 * Must come before the functions below.
 */
int format_readable(struct format *f, struct err *e);

/*
 * How records are told apart.  True: by end, the last literal, at its nth
 * occurrence (an earlier literal may hold it); format_read then gets one
 * record without end.  False: by reading (lengths, or no last literal).
 */
bool format_end(const struct format *f, struct slice *end, int *nth);

struct format_record {		/* what was read; text is still encoded */
	struct slice key, value;	/* null: said so, or no %k */
	bool has_timestamp;
	int64_t timestamp;		/* ms */
	int32_t partition;		/* -1 none */
	struct buf key_bytes, value_bytes;	/* memory of key and value */
	struct buf header_bytes;	/* encoded list, see record.h */
	int32_t header_count;
};

void format_record_release(struct format_record *r);

enum format_state { FORMAT_WHOLE, FORMAT_SHORT, FORMAT_BAD };

/*
 * Read one record at p; n bytes are there, and no more will come if last.
 * WHOLE: *used bytes were taken, r points into p and its own memory.
 * SHORT: more is needed.  BAD: e says why (ERR_DATA, ERR_SYSTEM).
 */
enum format_state format_read(const struct format *f, const uint8_t *p,
    size_t n, bool last, size_t *used, struct format_record *r,
    struct err *e);

#endif
