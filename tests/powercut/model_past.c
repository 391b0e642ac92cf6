/* What was ever written. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct history past;

void
past_clear(void)
{
	int i;

	past.count = 0;
	past.used = 0;
	past.stamp = 0;
	past.created = false;
	past.start_kept = past.start_tried = 0;
	for (i = 0; i < BASES; i++)
		past.first[i] = NONE;
}

int
past_match(const uint8_t *bytes, int32_t n)
{
	const struct past *p;
	int64_t base;
	int i;

	if (n < BATCH_HEADER)
		return NONE;
	base = (int64_t)get_be64(bytes);
	if (base < 0 || base >= BASES)
		return NONE;
	for (i = past.first[base]; i != NONE; i = p->next) {
		p = &past.list[i];
		if (p->size <= n && !p->lost &&
		    memcmp(p->bytes, bytes, (size_t)p->size) == 0)
			return i;
	}
	return NONE;
}

int
past_add(const uint8_t *bytes, int32_t size)
{
	struct past *p = &past.list[past.count];
	int64_t base = (int64_t)get_be64(bytes);

	if (past.count == PAST || base >= BASES ||
	    past.used + size > PAST_BYTES) {
		fprintf(stderr, "# model: too many batches\n");
		exit(2);
	}
	memcpy(past.bytes + past.used, bytes, (size_t)size);
	*p = (struct past){
		.base = base,
		.last = base + (int32_t)get_be32(bytes + BATCH_LAST_DELTA),
		.epoch = (int32_t)get_be32(bytes + BATCH_EPOCH),
		.size = size,
		.bytes = past.bytes + past.used,
		.next = past.first[base],
	};
	past.used += size;
	past.first[base] = (int16_t)past.count;
	return past.count++;
}

void
past_publish(int i)
{
	struct past *p = &past.list[i], *q;
	int k;

	p->visible = true;
	for (k = past.first[p->base]; k != NONE; k = q->next) {
		q = &past.list[k];
		if (k != i && q->epoch == p->epoch)
			q->lost = true;
	}
}

bool
past_has(int64_t base, int32_t epoch)
{
	int i;

	if (base >= BASES)
		return false;
	for (i = past.first[base]; i != NONE; i = past.list[i].next)
		if (past.list[i].visible && past.list[i].epoch == epoch)
			return true;
	return false;
}

void
past_acknowledge(int64_t offset)
{
	struct past *p;
	int i;

	for (i = 0; i < past.count; i++) {
		p = &past.list[i];
		if (p->visible && !p->lost && p->last < offset)
			p->kept = true;
	}
}
