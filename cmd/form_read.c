/*
 * The reader's bytes: large blocks in, records told apart, nothing copied.
 * A line costs one memchr.
 */
#include "form_inside.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 256 << 10 };

static int64_t
clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
bad_record(struct form_reader *r, struct err *e)
{
	return err_prefix(e, "%s: %s %" PRIu64, r->name,
	    r->o.kind == FORM_LINES || r->o.kind == FORM_JSON ? "line" :
	    "record", r->number);
}

/* Room for a read: what was given out goes, what is left moves down. */
static int
make_room(struct form_reader *r, struct err *e)
{
	size_t limit = r->o.max_record + (size_t)r->end.len + BLOCK;
	size_t keep, cap;
	uint8_t *data;

	if (r->start > 0) {
		memmove(r->data, r->data + r->start, r->stop - r->start);
		r->stop -= r->start;
		r->scanned -= r->start;
		r->tail -= r->skipping ? r->start : 0;
		r->start = 0;
	}
	if (r->skipping) {
		keep = r->stop - r->scanned;
		memmove(r->data + r->tail, r->data + r->scanned, keep);
		r->scanned = r->tail;
		r->stop = r->tail + keep;
	}
	if (r->cap - r->stop >= BLOCK / 4)
		return 0;
	cap = r->cap == 0 ? BLOCK : r->cap * 2;
	if (cap > limit && r->cap > 0)
		cap = limit;
	if (cap <= r->cap)
		return 0;
	data = realloc(r->data, cap);
	if (data == NULL)
		return err_set(e, ERR_SYSTEM, "%s: out of memory", r->name);
	r->data = data;
	r->cap = cap;
	return 0;
}

/* One read(2).  FORM_GOT: bytes came, or the end of the file. */
static enum form_state
fill(struct form_reader *r, int timeout_ms, struct err *e)
{
	struct pollfd ready = { .fd = r->fd, .events = POLLIN };
	ssize_t n;
	int p;

	if (make_room(r, e) < 0)
		return FORM_FAILED;
	for (;;) {
		if (!r->regular && timeout_ms >= 0) {
			p = poll(&ready, 1, timeout_ms);
			if (p == 0)
				return FORM_TIMEOUT;
			if (p < 0)
				break;
		}
		n = read(r->fd, r->data + r->stop, r->cap - r->stop);
		if (n >= 0) {
			r->eof = n == 0;
			r->stop += (size_t)n;
			r->arrived_ms = clock_ms(CLOCK_REALTIME);
			return FORM_GOT;
		}
		if (errno != EAGAIN || r->regular)
			break;
		if (timeout_ms == 0)
			return FORM_TIMEOUT;
		/* Not blocking: wait here, then try again without waiting. */
		p = poll(&ready, 1, timeout_ms);
		if (p < 0)
			break;
		timeout_ms = timeout_ms < 0 ? -1 : 0;
	}
	if (errno == EINTR)
		return FORM_INTERRUPTED;
	err_sys(e, "%s", r->name);
	return FORM_FAILED;
}

/* Where the record ends, or NULL: not in what is there. */
static uint8_t *
find_end(struct form_reader *r)
{
	size_t len = (size_t)r->end.len;

	while (len > 0 && r->scanned < r->stop) {
		uint8_t *from = r->data + r->scanned, *p;
		size_t left = r->stop - r->scanned;

		p = len == 1 ? memchr(from, r->end.data[0], left) :
		    memmem(from, left, r->end.data, len);
		if (p == NULL) {
			if (left >= len)
				r->scanned = r->stop - (len - 1);
			return NULL;
		}
		r->scanned = (size_t)(p - r->data) + len;
		if (++r->seen >= r->nth)
			return p;
	}
	return NULL;
}

static void
begin(struct form_reader *r, struct form_record *out)
{
	r->number++;
	out->rec = (struct record){
		.timestamp = -1,
		.key = SLICE_NULL,
		.value = SLICE_NULL,
		.headers = r->o.headers,
		.header_count = r->o.header_count
	};
	if (!r->plain)
		out->rec.header_count = out->rec.headers.len = 0;
	out->has_timestamp = false;
	if (r->plain && r->o.has_timestamp) {
		out->rec.timestamp = r->o.timestamp;
		out->has_timestamp = true;
	}
	out->partition = -1;
	out->number = r->number;
	out->source = r->name;
	out->arrived_ms = r->arrived_ms;
}

/* The record is start..stop, raw up to after; the next begins at after. */
static void
give_out(struct form_reader *r, size_t stop, size_t after,
    struct form_record *out)
{
	out->raw.data = r->data + r->start;
	out->raw.len = (int32_t)((r->skipping ? stop : after) - r->start);
	r->start = after;
	r->scanned = after;
	r->seen = 0;
	r->skipping = false;
	r->delivered = true;
}

static enum form_state
too_large(struct form_reader *r, struct err *e)
{
	err_set(e, ERR_DATA, "record too large: the limit is %zu bytes",
	    r->o.max_record);
	bad_record(r, e);
	return FORM_BAD;
}

static void
start_skipping(struct form_reader *r)
{
	r->skipping = true;
	r->tail = r->start + r->o.max_record;
	if (r->end.len == 0)
		r->scanned = r->stop;
}

static enum form_state
next_ended(struct form_reader *r, struct form_record *out, struct err *e)
{
	uint8_t *p = find_end(r);
	size_t stop, after;
	enum form_state state;
	struct slice bytes;
	bool skipped = r->skipping;

	if (p == NULL && !r->eof) {
		if (!r->skipping && r->stop - r->start >
		    r->o.max_record + (size_t)r->end.len)
			start_skipping(r);
		if (r->skipping && r->end.len == 0)
			r->scanned = r->stop;
		return (enum form_state)FORM_MORE;
	}
	if (p == NULL && (r->o.follow || (r->start == r->stop &&
	    (r->o.kind != FORM_WHOLE || r->delivered)))) {
		r->eof = !r->o.follow;
		return FORM_END;
	}
	stop = p != NULL ? (size_t)(p - r->data) : r->stop;
	after = p != NULL ? stop + (size_t)r->end.len : r->stop;
	bytes = (struct slice){ r->data + r->start,
	    (int32_t)(stop - r->start) };
	begin(r, out);
	give_out(r, r->skipping ? r->tail : stop, after, out);
	if (skipped || (size_t)bytes.len > r->o.max_record)
		return too_large(r, e);
	state = form_shape(r, bytes, out, e);
	if (state != FORM_GOT)
		bad_record(r, e);
	return state;
}

/* The stream is out of step: no later record can be found. */
static enum form_state
lost(struct form_reader *r, const char *why, struct err *e)
{
	if (why != NULL)
		err_set(e, ERR_DATA, "%s", why);
	bad_record(r, e);
	return FORM_FAILED;
}

static enum form_state
skip_frame(struct form_reader *r, struct form_record *out, struct err *e)
{
	enum frame_state state;
	size_t used;

	state = frame_skip(&r->skip, r->data + r->scanned,
	    r->stop - r->scanned, &used);
	r->scanned += used;
	if (state == FRAME_SHORT && !r->eof)
		return (enum form_state)FORM_MORE;
	begin(r, out);
	if (state != FRAME_WHOLE)
		return lost(r, state == FRAME_BAD ? "not a frame" :
		    "cut off", e);
	give_out(r, r->tail, r->scanned, out);
	return too_large(r, e);
}

static enum frame_state
parse(struct form_reader *r, struct form_record *out, size_t *used,
    struct err *e)
{
	const uint8_t *p = r->data + r->start;
	size_t n = r->stop - r->start;
	enum format_state state;

	if (r->o.kind == FORM_FRAMED) {
		enum frame_state got = frame_get(p, n, used, &out->rec,
		    &r->headers);

		if (got == FRAME_BAD)
			err_set(e, ERR_DATA, "not a frame");
		else if (got == FRAME_NO_MEMORY)
			err_set(e, ERR_SYSTEM, "out of memory");
		return got;
	}
	state = format_read(r->format, p, n, r->eof && !r->o.follow, used,
	    &r->fields, e);
	if (state == FORMAT_WHOLE) {
		out->rec.key = r->fields.key;
		out->rec.value = r->fields.value;
		out->rec.timestamp = r->fields.timestamp;
		out->rec.headers.data = r->fields.header_bytes.data;
		out->rec.headers.len = (int32_t)r->fields.header_bytes.len;
		out->rec.header_count = r->fields.header_count;
		out->partition = r->fields.partition;
		return FRAME_WHOLE;
	}
	return state == FORMAT_SHORT ? FRAME_SHORT : FRAME_BAD;
}

static enum form_state
next_parsed(struct form_reader *r, struct form_record *out, struct err *e)
{
	bool framed = r->o.kind == FORM_FRAMED;
	enum form_state done;
	enum frame_state state;
	size_t used = 0;

	if (r->skipping)
		return skip_frame(r, out, e);
	if (r->start == r->stop && !r->eof)
		return (enum form_state)FORM_MORE;
	if (r->start == r->stop) {
		r->eof = !r->o.follow;
		return FORM_END;
	}
	begin(r, out);
	state = parse(r, out, &used, e);
	if (state == FRAME_SHORT) {
		if (r->eof && !r->o.follow)
			return lost(r, "cut off", e);
		r->number--;
		if (r->eof) {
			r->eof = false;
			return FORM_END;
		}
		if (r->stop - r->start <= r->o.max_record + 16)
			return (enum form_state)FORM_MORE;
		r->number++;
		if (!framed)
			return lost(r, "record too large", e);
		r->number--;
		start_skipping(r);
		r->scanned = r->start;
		r->skip = (struct frame_skip){ 0 };
		return skip_frame(r, out, e);
	}
	if (state != FRAME_WHOLE)
		return lost(r, NULL, e);
	give_out(r, r->start + used, r->start + used, out);
	if (used > r->o.max_record)
		return too_large(r, e);
	done = form_finish(r, out, !framed, e);
	if (done != FORM_GOT)
		bad_record(r, e);
	return done;
}

struct slice
form_reader_rest(const struct form_reader *r, uint8_t *delimiter)
{
	if (!r->plain || r->o.kind != FORM_LINES || r->end.len != 1 ||
	    r->nth > 1 || r->o.has_timestamp || r->o.header_count > 0 ||
	    r->skipping)
		return (struct slice){ r->data, 0 };
	*delimiter = r->end.data[0];
	return (struct slice){ r->data + r->start,
	    (int32_t)(r->stop - r->start) };
}

void
form_reader_take(struct form_reader *r, size_t bytes, uint64_t records)
{
	r->start += bytes;
	r->scanned = r->start;
	r->number += records;
}

enum form_state
form_reader_next(struct form_reader *r, struct form_record *out,
    int timeout_ms, struct err *e)
{
	int64_t deadline = 0;
	int left = timeout_ms;

	for (;;) {
		enum form_state state = r->end.len > 0 ||
		    r->o.kind == FORM_WHOLE ? next_ended(r, out, e) :
		    next_parsed(r, out, e);

		if (state != (enum form_state)FORM_MORE)
			return state;
		if (timeout_ms > 0) {
			int64_t now = clock_ms(CLOCK_MONOTONIC);

			if (deadline == 0)
				deadline = now + timeout_ms;
			left = deadline > now ? (int)(deadline - now) : 0;
		}
		state = fill(r, left, e);
		if (state != FORM_GOT)
			return state;
	}
}
