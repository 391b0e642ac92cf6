/*
 * .log: its batches, in the lines of kafka-dump-log.  Behind damage it goes
 * on at the next batch that verifies.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "codec.h"
#include "dump.h"
#include "fsio.h"
#include "scan.h"

struct walk {
	struct dump *d;
	struct scan scan;
	int64_t next;	/* no offset below it may come now */
	bool close;	/* the batch before was good: it ends at next - 1 */
};

enum { GO_ON = 0, STOP = 1 };	/* besides -1 */

static int
failed(const struct dump *d, struct err *e)
{
	return err_sys(e, "%s", d->path);
}

/* Sequences go on at 0 behind INT32_MAX; -1 is none. */
static int32_t
last_sequence(const struct batch *b)
{
	int64_t last = b->base_sequence + (b->last_offset - b->base_offset);

	if (b->base_sequence < 0)
		return -1;
	return (int32_t)(last > INT32_MAX ? last - INT32_MAX - 1 : last);
}

static void
print_batch(struct dump *d, const struct batch *b, const uint8_t *p,
    int64_t position, bool valid)
{
	bool stamped = (b->attributes & BATCH_APPEND_TIME) != 0;
	bool horizon = (b->attributes & BATCH_HORIZON) != 0;
	struct line *l = &d->line;

	line_begin(l, NULL, "batch");
	line_int(l, "baseOffset", "base_offset", b->base_offset);
	line_int(l, "lastOffset", "last_offset", b->last_offset);
	line_int(l, "count", "count", b->count);
	line_int(l, "baseSequence", "base_sequence", b->base_sequence);
	line_int(l, "lastSequence", "last_sequence", last_sequence(b));
	line_int(l, "producerId", "producer_id", b->producer_id);
	line_int(l, "producerEpoch", "producer_epoch", b->producer_epoch);
	line_int(l, "partitionLeaderEpoch", "leader_epoch", b->epoch);
	line_bool(l, "isTransactional", "transactional",
	    (b->attributes & BATCH_TRANSACTIONAL) != 0);
	line_bool(l, "isControl", "control",
	    (b->attributes & BATCH_CONTROL) != 0);
	line_optional(l, "deleteHorizonMs", "delete_horizon", horizon,
	    b->base_timestamp);
	line_int(l, "position", "position", position);
	line_int(l, stamped ? "LogAppendTime" : "CreateTime", "max_timestamp",
	    b->max_timestamp);
	line_int(l, NULL, "base_timestamp", b->base_timestamp);
	line_word(l, NULL, "tstype", stamped ? "logappend" : "create");
	line_int(l, "size", "size", b->size);
	line_int(l, "magic", "magic", p[BATCH_MAGIC]);
	line_word(l, "compresscodec", "codec",
	    codec_name(b->attributes & BATCH_CODEC_MASK));
	line_int(l, NULL, "attributes", b->attributes);
	line_int(l, "crc", "crc", b->crc);
	line_bool(l, "isvalid", "valid", valid);
	line_end(l, position, (struct slice){ p, BATCH_HEADER });
}

/* [from, to) is no batch: told, and shown with --hex. */
static int
print_invalid(struct walk *w, int64_t from, int64_t to, struct err *e)
{
	enum { PIECE = 64 << 10 };
	const char *slash = strrchr(w->d->path, '/');
	const char *name = slash == NULL ? w->d->path : slash + 1;
	struct line *l = &w->d->line;
	struct buf *b = &w->d->bytes;
	int64_t at;
	ssize_t got;

	if (to == w->d->size)
		line_text(l, "Found %" PRId64 " invalid bytes at the end of %s",
		    to - from, name);
	else
		line_text(l, "Found %" PRId64 " invalid bytes at position %"
		    PRId64 " of %s", to - from, from, name);
	if (!l->hex && !l->json)
		return 0;
	buf_clear(b);
	if (buf_reserve(b, PIECE) < 0) {
		errno = ENOMEM;
		return failed(w->d, e);
	}
	for (at = from; at < to && !l->failed; at += got) {
		got = fsio_read_at(w->d->fd, b->data,
		    to - at < PIECE ? (size_t)(to - at) : PIECE, at);
		if (got < 0)
			return failed(w->d, e);
		if (got == 0)
			break;
		line_begin(l, NULL, "invalid");
		line_int(l, NULL, "position", at);
		line_int(l, NULL, "size", l->hex ? got : to - from);
		line_end(l, at, (struct slice){ b->data, (int32_t)got });
		if (!l->hex)
			break;
	}
	return 0;
}

/* Where in a header the damage shows. */
static void
explain(struct dump *d, int64_t at, int state, char *text, size_t size)
{
	uint8_t p[BATCH_HEADER];
	ssize_t got = fsio_read_at(d->fd, p, sizeof(p), at);
	int32_t length;

	if (got < BATCH_HEADER) {
		snprintf(text, size, "%" PRId64 " bytes are too few for a "
		    "batch", d->size - at);
		return;
	}
	length = (int32_t)get_be32(p + BATCH_LENGTH);
	if (p[BATCH_MAGIC] != 2)
		snprintf(text, size, "no batch: magic %d",
		    (int8_t)p[BATCH_MAGIC]);
	else if (length < BATCH_LENGTH_MIN ||
	    length > INT32_MAX - BATCH_OVERHEAD)
		snprintf(text, size, "no batch: length %" PRId32, length);
	else if (state == BATCH_SHORT)
		snprintf(text, size, "a batch is cut off: %" PRId64 " of %"
		    PRId64 " bytes are there", d->size - at,
		    (int64_t)length + BATCH_OVERHEAD);
	else if (state == BATCH_WHOLE)
		snprintf(text, size, "a batch of %" PRId64 " bytes is too "
		    "large", (int64_t)length + BATCH_OVERHEAD);
	else
		snprintf(text, size, "no batch: attributes, offsets or count "
		    "are impossible");
}

/* What scan_peek answered with state at position is no batch to print. */
static int
pass_over(struct walk *w, int state, struct err *e)
{
	int64_t at = w->scan.position;
	struct dump *d = w->d;
	struct batch b;
	char what[128];
	int64_t end;
	int r;

	end = dump_zeros(d, at, e);
	if (end < 0)
		return -1;
	if (end == d->size) {
		dump_strange(d, at, "zeros from here to the end, as in a file "
		    "that Kafka allocated ahead");
		return print_invalid(w, at, d->size, e) < 0 ? -1 : STOP;
	}
	explain(d, at, state, what, sizeof(what));
	r = scan_resync(&w->scan, at + 1, w->next, &b);
	if (r == SCAN_IO)
		return failed(d, e);
	w->close = false;
	if (r == BATCH_WHOLE) {
		dump_bad(d, at, "%s; the next good batch is at position %"
		    PRId64, what, w->scan.position);
		return print_invalid(w, at, w->scan.position, e);
	}
	dump_bad(d, at, "%s", what);
	return print_invalid(w, at, d->size, e) < 0 ? -1 : STOP;
}

/*
 * The checksum of the batch before position was wrong.  Its length may be
 * wrong too: if nothing good follows it, look for good batches inside.
 */
static int
find_next(struct walk *w, int64_t at, struct err *e)
{
	int64_t behind = w->scan.position;
	struct batch b;
	int r;

	w->close = false;
	r = scan_peek(&w->scan, &b);
	if (r == SCAN_IO)
		return failed(w->d, e);
	if (behind == w->d->size ||
	    (r == BATCH_WHOLE && b.base_offset >= w->next)) {
		dump_bad(w->d, at, "checksum mismatch");
		return GO_ON;
	}
	r = scan_resync(&w->scan, at + 1, w->next, &b);
	if (r == SCAN_IO)
		return failed(w->d, e);
	if (r == BATCH_WHOLE && w->scan.position < behind) {
		dump_bad(w->d, at, "checksum mismatch; the next good batch is "
		    "at position %" PRId64, w->scan.position);
		return GO_ON;
	}
	dump_bad(w->d, at, "checksum mismatch");
	w->scan.position = behind;
	return GO_ON;
}

/* Offsets must rise; holes are left by compaction and transactions. */
static void
check_order(struct walk *w, const struct batch *b, int64_t at)
{
	if (b->base_offset < w->next)
		dump_bad(w->d, at, "offset %" PRId64 " comes where %" PRId64
		    " or more should", b->base_offset, w->next);
	else if (w->close && b->base_offset > w->next)
		dump_note(w->d, at, "offset %" PRId64 " is followed by %"
		    PRId64, w->next - 1, b->base_offset);
	if (b->last_offset >= w->next)
		w->next = b->last_offset + 1;
	w->close = true;
}

static int
one_batch(struct walk *w, const struct batch *b, struct err *e)
{
	int64_t at = w->scan.position;
	struct dump *d = w->d;
	bool valid;
	int r;

	r = scan_take(&w->scan, b, &d->bytes);
	if (r == SCAN_IO)
		return failed(d, e);
	if (r != BATCH_WHOLE) {
		dump_bad(d, at, "the file became shorter");
		return STOP;
	}
	valid = batch_verify(d->bytes.data, b);
	print_batch(d, b, d->bytes.data, at, valid);
	if (d->o->records)
		dump_records(d, b, d->bytes.data, at, valid);
	if (!valid)
		return find_next(w, at, e);
	check_order(w, b, at);
	return GO_ON;
}

int
dump_log(struct dump *d, struct err *e)
{
	struct walk w = { .d = d, .next = d->base < 0 ? 0 : d->base };
	struct batch b;
	int r = GO_ON;

	if (d->base >= 0)
		line_text(&d->line, "Log starting offset: %" PRId64, d->base);
	w.scan.size_max = d->o->max_batch;
	scan_init(&w.scan, d->fd, 0, d->size);
	while (r == GO_ON && w.scan.position < d->size && !d->line.failed) {
		r = scan_peek(&w.scan, &b);
		if (r == SCAN_IO)
			r = failed(d, e);
		else if (r == BATCH_WHOLE)
			r = one_batch(&w, &b, e);
		else
			r = pass_over(&w, r, e);
	}
	scan_release(&w.scan);
	return r < 0 ? -1 : 0;
}
