#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "codec.h"
#include "main.h"
#include "produce.h"
#include "report.h"
#include "units.h"
#include "where.h"

enum { AWAITS_MS = 5000 };	/* of waiting for copies, before it is told */

/*
 * Write what there is.  Asked to stop while nobody takes it: what was stored
 * is stored, and the output ends here.
 */
static int
write_out(struct producer *p, struct err *e)
{
	enum out_state state;

	while (!p->mute) {
		state = out_flush(&p->out, e);
		if (state != OUT_INTERRUPTED)
			return state == OUT_DONE ? 0 : -1;
		p->mute = main_stopped() != 0;
	}
	buf_clear(&p->out.bytes);
	p->out.sent = 0;
	return 0;
}

/* What is said of a wait for copies, in p->awaits. */
static void
describe_wait(struct producer *p, const struct insync_delay *d)
{
	char waited[UNITS_TEXT];
	size_t n;

	units_format_duration(d->waited_ms, waited);
	n = (size_t)snprintf(p->awaits, sizeof(p->awaits),
	    "%s: waiting for copies for %s: %zu in sync of %" PRIu32
	    " that are needed, all have what lies below offset %" PRId64,
	    d->where, waited, d->in_sync, d->wanted, d->copied);
	if (n < sizeof(p->awaits) && *d->behind != '\0')
		snprintf(p->awaits + n, sizeof(p->awaits) - n,
		    ", behind are: %s", d->behind);
}

void
ack_waits(void *ctx, const struct insync_delay *d)
{
	const struct accumulator_totals *t;
	struct producer *p = ctx;

	describe_wait(p, d);
	p->progress.what = p->awaits;
	progress_tick(&p->progress, 0, 0);
	if (p->awaits_told || d->waited_ms < AWAITS_MS)
		return;
	p->awaits_told = true;
	t = accumulator_totals(p->accumulator);
	report_warn("%s; %" PRIu64 " %s safe so far", p->awaits, t->safe,
	    t->safe == 1 ? "record is" : "records are");
}

int
ack_batch(void *ctx, const struct accumulator_ack *ack, struct err *e)
{
	struct producer *p = ctx;
	struct form_meta meta = {
		.topic = p->topic.name, .partition = ack->partition,
		.epoch = -1, .codec = codec_name((int)p->compression.codec),
		.append_time = p->topic.settings.append_time != 0,
	};
	const uint8_t *at = ack->records, *end = at + ack->size;
	struct record r;
	struct format_source from = { .meta = &meta, .record = &r,
		.null_text = SLICE_NULL };
	int32_t i;

	for (i = 0; p->report != NULL && i < ack->count; i++) {
		if (record_decode(&at, end, ack->base_offset,
		    ack->base_timestamp, &r) < 0)
			return err_set(e, ERR_CORRUPT, "out of step");
		if (ack->append_time >= 0)
			r.timestamp = ack->append_time;
		from.count++;
		if (format_write(p->report, &from, &p->out.bytes, e) < 0)
			return -1;
		if (out_is_full(&p->out) && write_out(p, e) < 0)
			return -1;
	}
	return 0;
}

int
ack_flush(struct producer *p, struct err *e)
{
	if (buf_append(&p->out.bytes, p->tee.data, p->tee.len) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	buf_clear(&p->tee);
	return write_out(p, e);
}

void
ack_failed(struct producer *p, struct err *e)
{
	const struct accumulator_totals *t =
	    accumulator_totals(p->accumulator);
	struct err ignored;
	char place[512];
	uint64_t lowest;
	size_t used;

	(void)where_advise(e, p->topic.path);
	used = strlen(e->text);
	/* Records that wait in open batches are as good as ever. */
	accumulator_flush(p->accumulator, &ignored);
	lowest = accumulator_salvage(p->accumulator);
	ack_flush(p, &ignored);
	/* What was read but never added begins behind what was taken. */
	if (lowest > p->taken)
		lowest = p->taken + 1;
	files_place(p, lowest, place, sizeof(place));
	used += (size_t)snprintf(e->text + used, sizeof(e->text) - used,
	    "; %" PRIu64 " %s %s", t->safe,
	    t->safe == 1 ? "record is" : "records are",
	    p->o->acks == ACKS_NONE ? "appended" : "safe");
	if (used < sizeof(e->text) && t->durable > t->safe)
		used += (size_t)snprintf(e->text + used,
		    sizeof(e->text) - used, ", %" PRIu64
		    " more %s on this disk and may be stored twice",
		    t->durable - t->safe,
		    t->durable - t->safe == 1 ? "is" : "are");
	if (used < sizeof(e->text))
		snprintf(e->text + used, sizeof(e->text) - used,
		    "; go on from %s", place);
}

void
ack_cut(const struct producer *p)
{
	const struct accumulator_lane *lane;
	int32_t i;

	for (i = 0; i < p->topic.settings.partitions; i++) {
		lane = accumulator_lane(p->accumulator, i);
		if (lane->cut_bytes > 0)
			report_warn("%s/%" PRId32 ": %" PRId64 " bytes from "
			    "offset %" PRId64 " on were not whole after a "
			    "crash; they are kept in %s/%" PRId32 "/cut",
			    p->topic.path, i, lane->cut_bytes,
			    lane->cut_offset, p->topic.path, i);
	}
}

void
ack_summary(struct producer *p)
{
	const struct accumulator_totals *t =
	    accumulator_totals(p->accumulator);
	const struct accumulator_lane *lane;
	char raw[UNITS_TEXT], stored[UNITS_TEXT], rate[UNITS_TEXT];
	int64_t ms = clock_mono_ms() - p->started;
	int32_t i;

	if (p->skipped > 0)
		report_warn("%" PRIu64 " %s not taken", p->skipped,
		    p->skipped == 1 ? "record was" : "records were");
	if (!isatty(STDERR_FILENO) && report_verbose() == 0)
		return;
	if (ms < 1)
		ms = 1;
	units_format_size((int64_t)p->bytes, raw);
	units_format_size((int64_t)t->stored_bytes, stored);
	units_format_size((int64_t)((double)p->bytes * 1000 / (double)ms),
	    rate);
	report_warn("%" PRIu64 " %s, %s in %" PRIu64 " %s, %s stored (%s, "
	    "ratio %.2f), %" PRId64 ".%03" PRId64 " s, %s/s", t->safe,
	    t->safe == 1 ? "record" : "records", raw, t->batches,
	    t->batches == 1 ? "batch" : "batches", stored,
	    codec_name((int)p->compression.codec), t->stored_bytes == 0 ?
	    1.0 : (double)t->raw_bytes / (double)t->stored_bytes, ms / 1000,
	    ms % 1000, rate);
	for (i = 0; i < p->topic.settings.partitions; i++) {
		lane = accumulator_lane(p->accumulator, i);
		if (lane->records > 0)
			report_warn("%s/%" PRId32 ": %" PRIu64
			    " %s, offsets %" PRId64 " to %" PRId64,
			    p->topic.path, i, lane->records,
			    lane->records == 1 ? "record" : "records",
			    lane->first_offset, lane->end_offset - 1);
	}
}
