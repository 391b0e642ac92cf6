/* .snapshot: what is known of the producers below the offset in the name. */
#include <inttypes.h>

#include "dump.h"
#include "producers.h"

static void
print_header(struct dump *d, const struct producers *ps, bool valid)
{
	struct line *l = &d->line;

	line_begin(l, NULL, "snapshot");
	line_int(l, "version", "version", ps->version);
	line_int(l, "crc", "crc", ps->crc);
	line_int(l, "count", "count", ps->count);
	line_bool(l, "isvalid", "valid", valid);
	line_end(l, 0, (struct slice){ d->bytes.data, PRODUCERS_HEADER });
}

static void
print_entry(struct dump *d, int32_t i)
{
	int32_t at = PRODUCERS_HEADER + i * PRODUCERS_ENTRY;
	struct line *l = &d->line;
	struct producer pr;
	bool data;

	producers_get(d->bytes.data, i, &pr);
	data = pr.last_offset >= 0;
	line_begin(l, NULL, "producer");
	line_int(l, "producerId", "producer_id", pr.id);
	line_int(l, "producerEpoch", "producer_epoch", pr.epoch);
	line_int(l, "coordinatorEpoch", "coordinator_epoch",
	    pr.coordinator_epoch);
	line_optional(l, "currentTxnFirstOffset", "txn_first_offset",
	    pr.txn_start >= 0, pr.txn_start);
	line_int(l, "lastTimestamp", "timestamp", pr.timestamp);
	/* Without a data batch Kafka's tool leaves these out. */
	line_int(l, data ? "firstSequence" : NULL, "first_sequence",
	    producers_first_sequence(&pr));
	line_int(l, data ? "lastSequence" : NULL, "last_sequence",
	    pr.last_sequence);
	line_int(l, data ? "lastOffset" : NULL, "last_offset",
	    pr.last_offset);
	line_int(l, data ? "offsetDelta" : NULL, "offset_delta",
	    pr.offset_delta);
	line_int(l, data ? "timestamp" : NULL, NULL, pr.timestamp);
	line_end(l, at, (struct slice){ d->bytes.data + at, PRODUCERS_ENTRY });
}

static void
tell_damage(struct dump *d, const struct producers *ps,
    enum producers_state state)
{
	int64_t end = PRODUCERS_HEADER +
	    (int64_t)ps->count * PRODUCERS_ENTRY;

	if (d->bytes.len < PRODUCERS_HEADER)
		dump_bad(d, 0, "%zu bytes are too few for a snapshot",
		    d->bytes.len);
	else if (ps->version != 1)
		dump_bad(d, PRODUCERS_VERSION, "version %d is not 1",
		    ps->version);
	else if (ps->count < 0)
		dump_bad(d, PRODUCERS_COUNT, "%" PRId32 " producers",
		    ps->count);
	else if (state == PRODUCERS_SHORT)
		dump_bad(d, (int64_t)d->bytes.len, "cut off: %" PRId32 " of %"
		    PRId32 " producers are there", ps->present, ps->count);
	else if (end < (int64_t)d->bytes.len)
		dump_bad(d, end, "%" PRId64 " bytes behind the last producer",
		    (int64_t)d->bytes.len - end);
	else
		dump_bad(d, PRODUCERS_CRC, "checksum mismatch");
}

int
dump_snapshot(struct dump *d, struct err *e)
{
	enum producers_state state;
	struct producers ps;
	int32_t i;

	if (dump_load(d, e) < 0)
		return -1;
	state = producers_decode(d->bytes.data, d->bytes.len, &ps);
	if (d->bytes.len >= PRODUCERS_HEADER)
		print_header(d, &ps, state == PRODUCERS_WHOLE);
	for (i = 0; i < ps.present && !d->line.failed; i++)
		print_entry(d, i);
	if (state != PRODUCERS_WHOLE)
		tell_damage(d, &ps, state);
	return 0;
}
