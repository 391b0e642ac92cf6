/* What runs that are not of work() share: they fill a log themselves. */
#include "model.h"

#include <stdlib.h>

#include "append.h"
#include "clock.h"
#include "durable.h"

enum { VALUE = 150 };

void
model_partition(
    struct partition *p, const struct topic *t, const struct way *way)
{
	struct err e;

	if (partition_open(p, t->dirfd, 0, t->path, &t->settings, &e) < 0)
		model_fail(way, "partition: %s", e.text);
	p->use = PARTITION_KEEPER;
}

void
model_recover(struct partition *p, const struct way *way)
{
	struct err e;

	if (append_begin(p, CLOCK_NEVER, &e) < 0)
		model_fail(way, "recovery: %s", e.text);
	append_end(p);
}

const uint8_t *
model_append(struct partition *p, uint64_t *random, int32_t *size,
    const struct way *way)
{
	static struct batch_builder bb;
	static uint8_t value[VALUE];
	struct record r = { .key = SLICE_NULL, .timestamp = 1600000000000 };
	int64_t base, end = p->slot.next_offset;
	int i, records = 1 + random_below(random, 3);
	struct buf none = { 0 };
	uint8_t *bytes;
	struct err e;
	size_t n;

	batch_builder_clear(&bb);
	for (i = 0; i < VALUE; i++)
		value[i] = (uint8_t)random_below(random, 256);
	r.value = (struct slice){ value, 8 + random_below(random, VALUE - 8) };
	for (; records > 0; records--)
		if (batch_builder_add(&bb, &r) < 0)
			exit(2);
	if (batch_builder_finish(
		&bb, NULL, CODEC_NONE, 0, &none, &bytes, &n, &e) < 0 ||
	    append_batch(p, bytes, n, CLOCK_NEVER, &base, &e) < 0)
		model_fail(way, "append: %s", e.text);
	if (base != end)
		model_fail(way, "append: at %lld, the end was %lld",
		    (long long)base, (long long)end);
	*size = (int32_t)n;
	return bytes;
}

void
model_sync(struct partition *p, const struct way *way)
{
	struct err e;

	if (durable_wait(p, p->slot.next_offset, CLOCK_NEVER, &e) < 0)
		model_fail(way, "sync: %s", e.text);
}

void
model_fill(struct partition *p, uint64_t *random, int batches, int synced,
    const struct way *way)
{
	const uint8_t *bytes;
	int32_t size;
	int i;

	for (i = 0; i < batches; i++) {
		bytes = model_append(p, random, &size, way);
		past_publish(past_add(bytes, size));
		if (i >= synced)
			continue;
		model_sync(p, way);
		past_acknowledge(p->slot.next_offset);
	}
}

void
model_create(struct disk *d, struct topic *t)
{
	struct way way = { NULL, 0, NONE };
	struct settings s;
	struct err e;

	past_clear();
	files_begin(d);
	calls_disk = d;
	calls_actor = 0;
	calls_point = NULL;
	settings_init(&s);
	if (topic_create(MODEL_TOPIC, &s, false, &e) < 0)
		model_fail(&way, "create: %s", e.text);
	past.created = true;
	model_open(t, &way);
}
