/*
 * form_inside: the reader's insides, shared by form_read.c (bytes), form_
 * shape.c (options) and form_json.c, and by nobody else.
 */
#ifndef KLOG_FORM_INSIDE_H
#define KLOG_FORM_INSIDE_H

#include "form.h"
#include "form_frame.h"
#include "json.h"

enum { FORM_MORE = 100 };	/* a form_state inside: read on */

struct form_json {		/* what a JSON object said */
	int depth;		/* open containers */
	int field, base64, list;	/* where we are, see form_json.c */
	unsigned seen;		/* fields that came */
	bool name_next;		/* in headers */
	int32_t pair;		/* header_count where a pair began */
	struct buf key, value, name, headers, scratch;
	bool has_key, has_value;
	int32_t header_count;
	int64_t timestamp, partition;
};

struct form_reader {
	struct form_options o;
	bool plain;		/* the line is the value, nothing else */
	struct slice end;	/* ends a record; len 0: read by parsing, or
				 * the end of the file */
	int nth;		/* which end counts */
	struct format *format;
	struct format_record fields;
	struct json *json;
	struct form_json object;
	struct json_path *paths[2];	/* of key, of time; those given */
	size_t path_count;
	int path_key, path_time;	/* their places in paths, or -1 */
	struct buf headers;		/* its own, encoded */

	int fd;
	const char *name;
	bool regular, eof, delivered;
	uint64_t number;
	int64_t arrived_ms;

	uint8_t *data;
	size_t cap, start, stop;	/* bytes not given out: start..stop */
	size_t scanned;			/* no end begins before this */
	int seen;			/* ends passed, below nth */
	bool skipping;			/* record too large: only what is */
	size_t tail;			/* before tail is kept */
	struct frame_skip skip;
};

/*
 * Make rec of the bytes of one record, by kind and options.  FORM_GOT, or
 * FORM_BAD or FORM_FAILED with e not yet naming the place.
 */
enum form_state form_shape(struct form_reader *r, struct slice bytes,
    struct form_record *out, struct err *e);

/* The options, once key, value, headers and timestamp are there. */
enum form_state form_finish(struct form_reader *r, struct form_record *out,
    bool empty_key_is_null, struct err *e);

/* Parse one JSON object into r->object and out; results as form_shape. */
enum form_state form_json(struct form_reader *r, struct slice bytes,
    struct form_record *out, struct err *e);

/* Free what form_json keeps. */
void form_json_release(struct form_json *j);

#endif
