#include "keyed.h"

/* More keys than the least memory has room for; sums of many values. */

enum { RECORDS = 400000, KEYS = 350000, BATCH = 2000 };

static uint32_t last[KEYS]; /* number of the last record of each key */
static uint64_t total[KEYS];
static uint32_t times[KEYS];

static uint32_t
key_of(uint32_t i, bool hot)
{
	uint64_t x = (uint64_t)(i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);

	return hot && i % 4 != 0 ? 7 : (uint32_t)(x >> 33) % KEYS;
}

/* RECORDS records, the value of each is its number; all but a last sealed. */
static void
fill(struct keyed *k, bool hot)
{
	struct batch_builder bb = { 0 };
	struct codec *c = codec_new();
	struct buf scratch = { 0 };
	uint8_t key[4], value[40] = { 0 }, *bytes;
	int64_t base;
	struct err e;
	size_t size;
	uint32_t i;

	memset(total, 0, sizeof(total));
	memset(times, 0, sizeof(times));
	k->set.segment_bytes = 1 << 20;
	for (i = 0; i < RECORDS; i++) {
		struct record r = { .timestamp = KEYED_NOW,
			.key = { key, sizeof(key) },
			.value = { value, sizeof(value) } };

		put_be32(key, key_of(i, hot));
		put_be32(value, i);
		last[key_of(i, hot)] = i;
		total[key_of(i, hot)] += i;
		times[key_of(i, hot)]++;
		place_need(batch_builder_add(&bb, &r) == 0, "add", NULL);
		if ((i + 1) % BATCH != 0)
			continue;
		place_need(batch_builder_finish(&bb, c, CODEC_ZSTD, 1,
			       &scratch, &bytes, &size, &e) == 0 &&
			append_batch(&k->pl.p, bytes, size, 0, &base, &e) == 0,
		    "append", &e);
		batch_builder_clear(&bb);
	}
	keyed_roll(k);
	batch_builder_release(&bb);
	buf_release(&scratch);
	codec_free(c);
}

/* Hand each record that is read to fn. */
static void
each(struct keyed *k, void (*fn)(const struct record *r))
{
	struct codec *codec = codec_new();
	struct buf bytes = { 0 }, scratch = { 0 };
	struct batch_records br;
	struct cursor c;
	struct record r;
	struct batch b;
	struct view v;
	struct err e;

	v = place_view(&k->pl);
	v.strict = true;
	cursor_init(&c, &v, 0);
	while (cursor_next(&c, &b, &bytes, &e) > 0) {
		place_need(batch_records_init(&br, &b, bytes.data, codec,
			       &scratch, 1 << 25, &e) == 0,
		    "records", &e);
		while (batch_records_next(&br, &r, &e) > 0)
			fn(&r);
	}
	CHECK_EQ_INT(c.next, RECORDS);
	cursor_release(&c);
	view_close(&v);
	buf_release(&bytes);
	buf_release(&scratch);
	codec_free(codec);
}

static int64_t met, wrong;

static void
is_last(const struct record *r)
{
	uint32_t key = get_be32(r->key.data);

	met++;
	wrong += r->offset != last[key] || get_be32(r->value.data) != last[key];
}

static int64_t
distinct(void)
{
	int64_t n = 0;
	int i;

	for (i = 0; i < KEYS; i++)
		n += times[i] > 0;
	return n;
}

/* The same comes out of the table and of the spilled parts. */
static void
check_last(int64_t memory, int passes)
{
	struct compaction c = { .force = true, .memory = memory };
	struct keyed k;
	struct err e;

	keyed_make(&k);
	fill(&k, false);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.passes, passes);
	CHECK_EQ_INT(c.spilled > 0, passes > 2);
	CHECK_EQ_INT(c.records_read, RECORDS);
	CHECK_EQ_INT(c.records_kept, distinct());
	met = wrong = 0;
	each(&k, is_last);
	CHECK_EQ_INT(met, distinct());
	CHECK_EQ_INT(wrong, 0);
	place_remove(&k.pl);
}

static void
in_memory(void)
{
	check_last(COMPACTION_MEMORY, 2);
}

static void
spilled(void)
{
	check_last(COMPACTION_MEMORY_MIN, 3);
}

static struct {
	uint64_t sum;
	int64_t count, keys, before;
	bool rising;
	uint8_t bytes[48];
} sums;

static int
sum_begin(void *context, struct slice key, struct err *e)
{
	(void)context, (void)e;
	sums.rising &= key.len == 4;
	sums.sum = 0;
	sums.before = -1;
	sums.keys++;
	return 0;
}

static int
sum_value(void *context, struct slice value, struct err *e)
{
	(void)context, (void)e;
	sums.rising &= value.len == 40 &&
	    (int64_t)get_be32(value.data) > sums.before;
	sums.before = get_be32(value.data);
	sums.sum += get_be32(value.data);
	sums.count++;
	return 0;
}

static int
sum_end(void *context, struct slice *value, struct err *e)
{
	(void)context, (void)e;
	put_be64(sums.bytes, sums.sum);
	*value = (struct slice){ sums.bytes, 8 };
	return 0;
}

static void
is_sum(const struct record *r)
{
	uint32_t key = get_be32(r->key.data);

	met++;
	wrong += r->offset != last[key];
	if (times[key] == 1)
		wrong += r->value.len != 40;
	else
		wrong += r->value.len != 8 ||
		    get_be64(r->value.data) != total[key];
}

/* 3 of 4 records are of one key, whose values do not fit into memory. */
static void
reduced(void)
{
	static const struct compaction_reduce sum = { sum_begin, sum_value,
		sum_end, NULL };
	struct compaction c = { .force = true,
		.memory = COMPACTION_MEMORY_MIN,
		.reduce = &sum };
	int64_t twice = 0, values = 0;
	struct keyed k;
	struct err e;
	int i;

	keyed_make(&k);
	fill(&k, true);
	memset(&sums, 0, sizeof(sums));
	sums.rising = true;
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	for (i = 0; i < KEYS; i++)
		if (times[i] > 1) {
			twice++;
			values += times[i];
		}
	CHECK(sums.rising);
	CHECK_EQ_INT(sums.keys, twice);
	CHECK_EQ_INT(sums.count, values);
	CHECK_EQ_INT(c.records_kept, distinct());
	met = wrong = 0;
	each(&k, is_sum);
	CHECK_EQ_INT(met, distinct());
	CHECK_EQ_INT(wrong, 0);
	place_remove(&k.pl);
}

TEST_MAIN(TEST(in_memory), TEST(spilled), TEST(reduced))
