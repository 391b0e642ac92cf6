/*
 * form_frame: the framed form, one record (klog-format(5), FRAMED STREAMS).
 * All integers are big-endian; a length of -1 is null:
 *
 *	int32 key length, key, int32 value length, value, int32 headers,
 *	each: int32 name length, name, int32 value length, value;
 *	int64 timestamp in ms, -1 none
 */
#ifndef KLOG_FORM_FRAME_H
#define KLOG_FORM_FRAME_H

#include <stdbool.h>

#include "record.h"

/* Append r; 0, or -1 out of memory. */
int frame_put(struct buf *out, const struct record *r);

enum frame_state { FRAME_WHOLE, FRAME_SHORT, FRAME_BAD, FRAME_NO_MEMORY };

/*
 * Read one at p, n bytes are there.  WHOLE: *used bytes; r points into p,
 * its headers into *headers (old content lost).
 */
enum frame_state frame_get(const uint8_t *p, size_t n, size_t *used,
    struct record *r, struct buf *headers);

/* Passing over a frame too large to keep; zero it to start. */
struct frame_skip {
	int stage;
	int32_t headers;	/* left */
	uint64_t todo;		/* bytes to drop before the next number */
};

/* WHOLE: the frame ends after *used bytes.  SHORT: *used were taken. */
enum frame_state frame_skip(struct frame_skip *s, const uint8_t *p, size_t n,
    size_t *used);

#endif
