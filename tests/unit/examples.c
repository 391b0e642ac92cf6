#include "batch.h"

#include "examples.h"
#include "test.h"

/* The worked examples of klog-format(5); B is in examples.h. */
static const char example_a[] =
    "00000000000000000000003d0000000002e641a44b0000000000000000018bcfe56800"
    "0000018bcfe56800ffffffffffffffffffffffffffff0000000116000000010a68656c"
    "6c6f00";
static const char example_c[] =
    "0000000000000003000000420000000302468ac37a0030000000000000018bcfe56fd0"
    "0000018bcfe56fd00000000000000fa00001ffffffff00000001200000000800000000"
    "0c00000000000700";
static const char example_d[] =
    "000000000000000400000039000000030256b2e5180000000000000000018bcfe573b8"
    "0000018bcfe573b8ffffffffffffffffffffffffffff000000010e00000002610100";
static const char example_e[] =
    "000000000000000a0000004800000009021d18d1e10040000000020000018bd50d4aa0"
    "0000018bcfe56801000000000000004d000200000005000000021600bf8abf52000261"
    "0231001400bd8abf520202620100";
static const char example_f[] =
    "000000000000000a0000003100000009028f3c180b000000000002ffffffffffffffff"
    "0000018bcfe56802000000000000004d00020000000500000000";

static void
check_built(struct batch_builder *bb, int64_t offset, int32_t epoch,
    const char *hex)
{
	uint8_t want[ROOM], *out;
	size_t n = test_hex(hex, want, ROOM), size;
	struct err e;

	CHECK_EQ_INT(batch_builder_finish(bb, NULL, CODEC_NONE, 0, NULL, &out,
	    &size, &e), 0);
	CHECK_EQ_INT(get_be64(out + BATCH_BASE_OFFSET), 0);
	CHECK_EQ_INT((int32_t)get_be32(out + BATCH_EPOCH), -1);
	batch_place(out, offset, epoch);
	CHECK_EQ_MEM(out, size, want, n);
	batch_builder_release(bb);
}

static void
example_one(void)
{
	struct batch_builder bb = { 0 };
	struct batch_records br;
	struct record r = { .timestamp = T * 1000LL, .key = SLICE_NULL,
	    .value = text("hello"), .headers = text("") };
	uint8_t p[ROOM];
	struct batch b;

	CHECK_EQ_INT(batch_builder_size_with(&bb, &r), 73);
	CHECK_EQ_INT(batch_builder_add(&bb, &r), 0);
	check_built(&bb, 0, 0, example_a);
	load(example_a, p, &b);
	CHECK_EQ_INT(b.crc, 0xe641a44b);
	CHECK_EQ_INT(b.max_timestamp, T * 1000LL);
	CHECK_EQ_INT(b.producer_id, -1);
	CHECK_EQ_INT(b.producer_epoch, -1);
	CHECK_EQ_INT(b.base_sequence, -1);
	start(&br, &b, p);
	next(&br, &r, 0, T * 1000LL, NULL, "hello");
	CHECK_EQ_INT(r.header_count, 0);
	finished(&br);
}

static void
example_two(void)
{
	struct batch_builder bb = { 0 };
	struct batch_records br;
	struct buf headers = { 0 };
	struct record r = { .timestamp = T * 1000LL + 5, .key = text("k1"),
	    .value = text("v1"), .headers = text("") };
	struct header h;
	uint8_t p[ROOM];
	struct batch b;

	CHECK_EQ_INT(batch_builder_add(&bb, &r), 0);
	CHECK_EQ_INT(header_append(&headers, text("h1"), text("x")), 0);
	CHECK_EQ_INT(header_append(&headers, text("h2"), SLICE_NULL), 0);
	r = (struct record){ .timestamp = T * 1000LL + 1005,
	    .key = text("k2"), .value = text("v2"), .header_count = 2,
	    .headers = { headers.data, (int32_t)headers.len } };
	CHECK_EQ_INT(batch_builder_size_with(&bb, &r), 93);
	CHECK_EQ_INT(batch_builder_add(&bb, &r), 0);
	buf_release(&headers);
	check_built(&bb, 1, 3, example_b);
	load(example_b, p, &b);
	CHECK_EQ_INT(b.base_offset, 1);
	CHECK_EQ_INT(b.last_offset, 2);
	CHECK_EQ_INT(b.epoch, 3);
	start(&br, &b, p);
	next(&br, &r, 1, T * 1000LL + 5, "k1", "v1");
	next(&br, &r, 2, T * 1000LL + 1005, "k2", "v2");
	CHECK_EQ_INT(r.header_count, 2);
	CHECK_EQ_INT(header_next(&r.headers, &h), 1);
	check_text(h.name, "h1");
	check_text(h.value, "x");
	CHECK_EQ_INT(header_next(&r.headers, &h), 1);
	check_text(h.name, "h2");
	check_text(h.value, NULL);
	CHECK_EQ_INT(header_next(&r.headers, &h), 0);
	finished(&br);
}

static void
example_marker(void)
{
	struct batch_records br;
	struct record r;
	uint8_t p[ROOM];
	struct batch b;
	struct err e;

	load(example_c, p, &b);
	CHECK_EQ_INT(b.attributes, BATCH_CONTROL | BATCH_TRANSACTIONAL);
	CHECK_EQ_INT(b.producer_id, 4000);
	CHECK_EQ_INT(b.producer_epoch, 1);
	start(&br, &b, p);
	CHECK_EQ_INT(batch_records_next(&br, &r, &e), 1);
	CHECK_EQ_INT(r.offset, 3);
	CHECK_EQ_MEM(r.key.data, (size_t)r.key.len, "\0\0\0\0", 4);
	CHECK_EQ_MEM(r.value.data, (size_t)r.value.len, "\0\0\0\0\0\7", 6);
	finished(&br);
}

static void
example_tombstone(void)
{
	struct batch_builder bb = { 0 };
	struct batch_records br;
	struct record r = { .timestamp = T * 1000LL + 3000, .key = text("a"),
	    .value = SLICE_NULL, .headers = text("") };
	uint8_t p[ROOM];
	struct batch b;

	CHECK_EQ_INT(batch_builder_add(&bb, &r), 0);
	check_built(&bb, 4, 3, example_d);
	load(example_d, p, &b);
	start(&br, &b, p);
	next(&br, &r, 4, T * 1000LL + 3000, "a", NULL);
	finished(&br);
}

static void
example_compacted(void)
{
	struct batch_records br;
	struct record r;
	uint8_t p[ROOM];
	struct batch b;

	load(example_e, p, &b);
	CHECK_EQ_INT(b.attributes, BATCH_HORIZON);
	CHECK_EQ_INT(b.base_timestamp, 1700086500000);
	CHECK_EQ_INT(b.last_offset, 12);
	CHECK_EQ_INT(b.base_sequence, 5);
	start(&br, &b, p);
	next(&br, &r, 10, T * 1000LL, "a", "1");
	next(&br, &r, 11, T * 1000LL + 1, "b", NULL);
	finished(&br);
}

static void
example_empty(void)
{
	struct batch_records br;
	uint8_t p[ROOM];
	struct batch b;

	load(example_f, p, &b);
	CHECK_EQ_INT(b.count, 0);
	CHECK_EQ_INT(b.base_timestamp, -1);
	CHECK_EQ_INT(b.last_offset, 12);
	start(&br, &b, p);
	finished(&br);
	b.attributes |= CODEC_ZSTD;
	start(&br, &b, p);
	finished(&br);
}

TEST_MAIN(TEST(example_one), TEST(example_two), TEST(example_marker),
    TEST(example_tombstone), TEST(example_compacted), TEST(example_empty))
