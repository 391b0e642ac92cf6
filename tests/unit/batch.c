#include "batch.h"

#include "examples.h"
#include "test.h"

static void
cut_off(void)
{
	uint8_t p[ROOM], *copy;
	struct batch b;
	size_t n = load(example_b, p, &b), i;

	for (i = 0; i < n; i++) {
		copy = malloc(i > 0 ? i : 1);
		memcpy(copy, p, i);
		CHECK_EQ_INT(batch_decode(copy, i, &b), BATCH_SHORT);
		CHECK_EQ_INT(b.size, i < BATCH_HEADER ? 0 : (int)n);
		free(copy);
	}
	CHECK_EQ_INT(batch_decode(p, n + 1, &b), BATCH_WHOLE);
}

/* Every bit flipped is noticed, but in base offset and epoch. */
static void
flips(void)
{
	uint8_t p[ROOM];
	struct batch b, good;
	size_t n = load(example_b, p, &good), i;
	enum batch_state state;
	int bit;

	for (i = 0; i < 8 * n; i++) {
		bit = 1 << i % 8;
		p[i / 8] ^= (uint8_t)bit;
		state = batch_decode(p, n, &b);
		if (state == BATCH_WHOLE && batch_verify(p, &b)) {
			CHECK(i / 8 < 8 || (i / 8 >= 12 && i / 8 < 16));
			CHECK(b.base_offset != good.base_offset ||
			    b.epoch != good.epoch);
			CHECK_EQ_INT(b.last_offset - b.base_offset, 1);
			b.base_offset = good.base_offset;
			b.last_offset = good.last_offset;
			b.epoch = good.epoch;
			CHECK_EQ_INT(b.size, good.size);
			CHECK_EQ_INT(b.crc, good.crc);
			CHECK_EQ_INT(b.count, good.count);
			CHECK_EQ_INT(b.max_timestamp, good.max_timestamp);
		} else if (state == BATCH_SHORT) {
			CHECK(i / 8 >= 8 && i / 8 < 12);
		}
		p[i / 8] ^= (uint8_t)bit;
	}
}

static void
patch_is_bad(size_t at, uint32_t value, int width)
{
	uint8_t p[ROOM];
	struct batch b;
	size_t n = load(example_b, p, &b);

	if (width == 1)
		p[at] = (uint8_t)value;
	else if (width == 2)
		put_be16(p + at, (uint16_t)value);
	else
		put_be32(p + at, value);
	CHECK_EQ_INT(batch_decode(p, n, &b), BATCH_BAD);
}

static void
impossible(void)
{
	uint8_t p[ROOM];
	struct batch b;

	patch_is_bad(BATCH_MAGIC, 1, 1);
	patch_is_bad(BATCH_MAGIC, 3, 1);
	patch_is_bad(BATCH_LENGTH, 48, 4);
	patch_is_bad(BATCH_LENGTH, 0, 4);
	patch_is_bad(BATCH_LENGTH, 0x80000000, 4);
	patch_is_bad(BATCH_LENGTH, 0x7ffffff4, 4);
	patch_is_bad(BATCH_ATTRIBUTES, 5, 2);
	patch_is_bad(BATCH_ATTRIBUTES, 7, 2);
	patch_is_bad(BATCH_ATTRIBUTES, 0x80, 2);
	patch_is_bad(BATCH_ATTRIBUTES, 0x8000, 2);
	patch_is_bad(BATCH_LAST_DELTA, 0xffffffff, 4);
	patch_is_bad(BATCH_LAST_DELTA, 0, 4);
	patch_is_bad(BATCH_COUNT, 3, 4);
	patch_is_bad(BATCH_COUNT, 0xffffffff, 4);
	patch_is_bad(BATCH_BASE_OFFSET, 0x80000000, 4);
	/* Offsets up to the last there is, and not one more. */
	load(example_b, p, &b);
	batch_place(p, INT64_MAX - 1, 0);
	CHECK_EQ_INT(batch_decode(p, ROOM, &b), BATCH_WHOLE);
	CHECK(b.last_offset == INT64_MAX);
	batch_place(p, INT64_MAX, 0);
	CHECK_EQ_INT(batch_decode(p, ROOM, &b), BATCH_BAD);
}

static void
append_time(void)
{
	struct batch_records br;
	struct record r;
	uint8_t p[ROOM];
	struct batch b;
	size_t n = load(example_b, p, &b);

	batch_stamp(p, T * 1000LL + 77777);
	CHECK_EQ_INT(batch_decode(p, n, &b), BATCH_WHOLE);
	CHECK(batch_verify(p, &b));
	CHECK_EQ_INT(b.attributes, BATCH_APPEND_TIME);
	CHECK_EQ_INT(b.max_timestamp, T * 1000LL + 77777);
	CHECK_EQ_INT(b.base_timestamp, T * 1000LL + 5);
	start(&br, &b, p);
	next(&br, &r, 1, T * 1000LL + 77777, "k1", "v1");
	next(&br, &r, 2, T * 1000LL + 77777, "k2", "v2");
	finished(&br);
}

/* Walk the records of a batch that was changed; 0 or -1 with ERR_CORRUPT. */
static int
walk(const uint8_t *p, size_t n, struct codec *c)
{
	struct buf scratch = { 0 };
	struct batch_records br;
	struct record r;
	struct batch b;
	struct err e = { 0 };
	int got;

	CHECK_EQ_INT(batch_decode(p, n, &b), BATCH_WHOLE);
	got = batch_records_init(&br, &b, p, c, &scratch, 1 << 20, &e);
	if (got == 0)
		while ((got = batch_records_next(&br, &r, &e)) == 1)
			continue;
	if (got < 0)
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
	buf_release(&scratch);
	return got;
}

static void
bad_records(void)
{
	uint8_t p[ROOM];
	struct batch b;
	size_t n = load(example_b, p, &b);

	CHECK_EQ_INT(walk(p, n, NULL), 0);
	p[BATCH_HEADER + 3] = 2;	/* both records have delta 1 */
	CHECK_EQ_INT(walk(p, n, NULL), -1);
	p[BATCH_HEADER + 3] = 4;	/* past the last offset */
	CHECK_EQ_INT(walk(p, n, NULL), -1);
	p[BATCH_HEADER + 3] = 1;	/* before the first */
	CHECK_EQ_INT(walk(p, n, NULL), -1);
	p[BATCH_HEADER + 3] = 0;
	put_be32(p + BATCH_COUNT, 1);	/* one more than counted */
	CHECK_EQ_INT(walk(p, n, NULL), -1);
	put_be32(p + BATCH_COUNT, 0);
	CHECK_EQ_INT(walk(p, n, NULL), -1);
	put_be32(p + BATCH_COUNT, 3);	/* one less */
	put_be32(p + BATCH_LAST_DELTA, 2);
	CHECK_EQ_INT(walk(p, n, NULL), -1);
}

/* Many records, each codec, from a builder and a scratch used again. */
static void
codecs(void)
{
	struct batch_builder bb = { 0 };
	struct codec *c = codec_new();
	struct buf scratch = { 0 }, plain = { 0 };
	struct batch_records br;
	struct batch b;
	struct record r;
	struct err e;
	uint8_t *out;
	char key[32], value[128];
	size_t size;
	int id, i;

	for (id = CODEC_NONE; id <= CODEC_ZSTD; id++) {
		batch_builder_clear(&bb);
		for (i = 0; i < 20000; i++) {
			snprintf(key, sizeof(key), "%d", i * 7919);
			snprintf(value, sizeof(value), "{\"n\":%d,\"s\":"
			    "\"%d of twenty thousand values\"}", i, i);
			r = (struct record){ .timestamp = 1000 - i,
			    .key = text(key), .value = text(value),
			    .headers = text("") };
			size = (size_t)batch_builder_size_with(&bb, &r);
			CHECK_EQ_INT(batch_builder_add(&bb, &r), 0);
			CHECK_EQ_INT(bb.bytes.len, size);
		}
		CHECK_EQ_INT(batch_builder_finish(&bb, c, (enum codec_id)id,
		    CODEC_LEVEL_DEFAULT, &scratch, &out, &size, &e), 0);
		CHECK(id == CODEC_NONE || size < bb.bytes.len / 2);
		batch_place(out, 5000, 1);
		CHECK_EQ_INT(batch_decode(out, size, &b), BATCH_WHOLE);
		CHECK(batch_verify(out, &b));
		CHECK_EQ_INT(b.attributes, id);
		CHECK_EQ_INT(b.last_offset, 24999);
		CHECK_EQ_INT(b.base_timestamp, 1000);
		CHECK_EQ_INT(b.max_timestamp, 1000);
		CHECK_EQ_INT(batch_records_init(&br, &b, out, c, &plain,
		    bb.bytes.len, &e), 0);
		for (i = 0; i < 20000; i++) {
			snprintf(key, sizeof(key), "%d", i * 7919);
			snprintf(value, sizeof(value), "{\"n\":%d,\"s\":"
			    "\"%d of twenty thousand values\"}", i, i);
			next(&br, &r, 5000 + i, 1000 - i, key, value);
		}
		finished(&br);
		if (id == CODEC_NONE)
			continue;
		CHECK_EQ_INT(batch_records_init(&br, &b, out, c, &plain,
		    1000, &e), -1);
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
		put_be32(out + BATCH_COUNT, 19999);
		CHECK_EQ_INT(walk(out, size, c), -1);
	}
	batch_builder_release(&bb);
	buf_release(&scratch);
	buf_release(&plain);
	codec_free(c);
}

/* Nothing is gained by compressing a few bytes: codec none is noted. */
static void
not_worth_it(void)
{
	struct batch_builder bb = { 0 };
	struct codec *c = codec_new();
	struct buf scratch = { 0 };
	struct record r = { .key = SLICE_NULL, .value = text("hello"),
	    .headers = text("") };
	uint8_t *out;
	size_t size;
	struct err e;
	int id;

	CHECK_EQ_INT(batch_builder_finish(&bb, c, CODEC_ZSTD, 1, &scratch,
	    &out, &size, &e), -1);
	CHECK_EQ_INT(batch_builder_add(&bb, &r), 0);
	for (id = CODEC_GZIP; id <= CODEC_ZSTD; id++) {
		CHECK_EQ_INT(batch_builder_finish(&bb, c, (enum codec_id)id,
		    CODEC_LEVEL_DEFAULT, &scratch, &out, &size, &e), 0);
		CHECK_EQ_INT(size, 73);
		CHECK_EQ_INT(get_be16(out + BATCH_ATTRIBUTES), 0);
	}
	batch_builder_release(&bb);
	buf_release(&scratch);
	codec_free(c);
}

/* A record that cannot be held leaves the builder as it was. */
static void
too_large(void)
{
	struct batch_builder bb = { 0 };
	struct record r = { .key = SLICE_NULL, .value = text("hello"),
	    .headers = text("") };
	struct record huge = { .key = SLICE_NULL,
	    .value = { NULL, INT32_MAX - 20 }, .headers = text("") };

	CHECK_EQ_INT(batch_builder_add(&bb, &huge), -1);
	CHECK_EQ_INT(bb.bytes.len, 0);
	CHECK_EQ_INT(batch_builder_add(&bb, &r), 0);
	CHECK_EQ_INT(batch_builder_add(&bb, &huge), -1);
	CHECK_EQ_INT(bb.bytes.len, 73);
	CHECK_EQ_INT(bb.count, 1);
	huge.value.len = INT32_MAX;
	CHECK_EQ_INT(batch_builder_size_with(&bb, &huge), INT64_MAX);
	batch_builder_release(&bb);
}

TEST_MAIN(TEST(cut_off), TEST(flips), TEST(impossible), TEST(append_time),
    TEST(bad_records), TEST(codecs), TEST(not_worth_it), TEST(too_large))
