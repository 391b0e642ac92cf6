#include "verbatim.h"

#include <inttypes.h>

#include "append.h"
#include "clock.h"
#include "roll.h"

static int
refuse(const struct batch *b, const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "batch of offset %" PRId64 ": %s",
	    b->base_offset, why);
}

static int
check_one(const uint8_t *bytes, size_t n, const struct verbatim *v,
    struct batch *b, struct err *e)
{
	enum batch_state state = batch_decode(bytes, n, b);

	if (state != BATCH_WHOLE)
		return err_set(e, ERR_CORRUPT, "after offset %" PRId64 ": %s",
		    v->end,
		    state == BATCH_SHORT ? "a batch that is cut off" :
					   "no batch");
	if (b->size > v->batch_max)
		return refuse(b, "is larger than a batch may be", e);
	if (!batch_verify(bytes, b))
		return refuse(b, "checksum mismatch", e);
	if (b->base_offset < v->end)
		return refuse(b, "these offsets are there already", e);
	if (b->base_offset > v->end && !v->holes)
		return refuse(b, "offsets before it are missing", e);
	if (b->last_offset >= INT64_MAX - INT32_MAX)
		return refuse(b, "is out of range", e);
	if (b->epoch < v->last_epoch)
		return refuse(b, "has an older leader epoch", e);
	return 0;
}

int
verbatim_check(
    const uint8_t *bytes, size_t n, struct verbatim *v, struct err *e)
{
	struct batch b;

	v->end = v->from;
	v->batches = v->records = 0;
	v->last_epoch = v->epoch;
	for (; n > 0; bytes += b.size, n -= (size_t)b.size) {
		if (check_one(bytes, n, v, &b, e) < 0)
			return -1;
		v->end = b.last_offset + 1;
		v->last_epoch = b.epoch;
		v->batches++;
		v->records += b.count;
	}
	return 0;
}

/* What partition_note will make of the slot, near enough to see a roll. */
static void
foresee(const struct settings *s, struct state_slot *slot,
    const struct batch *b)
{
	if (slot->position == 0)
		slot->first_timestamp = b->max_timestamp;
	if (slot->since_index > s->index_interval_bytes) {
		slot->index_entries++;
		slot->timeindex_entries++;
		slot->since_index = 0;
	}
	slot->since_index += b->size;
	slot->position += b->size;
	slot->next_offset = b->last_offset + 1;
}

/* How many bytes, in whole batches, still go into the active segment. */
static size_t
run_length(const struct partition *p, const uint8_t *bytes, size_t n)
{
	struct state_slot slot = p->slot;
	int64_t now = clock_wall_ms();
	size_t length = 0;
	struct batch b;

	while (length < n) {
		(void)batch_decode(bytes + length, n - length, &b);
		/* Offsets that are missing before it count as well. */
		slot.next_offset = b.base_offset;
		if (roll_is_due(p->settings, &slot, &b, now) ||
		    b.last_offset - slot.base > INT32_MAX)
			break;
		foresee(p->settings, &slot, &b);
		length += (size_t)b.size;
	}
	return length;
}

int
verbatim_append(
    struct partition *p, const uint8_t *bytes, size_t n, struct err *e)
{
	struct batch b;
	int64_t base;
	size_t run;

	while (n > 0) {
		(void)batch_decode(bytes, n, &b);
		run = run_length(p, bytes, n);
		if (run == 0) {
			base = p->slot.next_offset;
			if (b.last_offset - base > INT32_MAX)
				base = b.base_offset;
			if (append_roll_to(p, base, e) < 0)
				return -1;
			run = (size_t)b.size;
		}
		p->slot.epoch = b.epoch > p->slot.epoch ? b.epoch :
							  p->slot.epoch;
		if (append_placed(p, bytes, run, e) < 0)
			return -1;
		bytes += run;
		n -= run;
	}
	return 0;
}
