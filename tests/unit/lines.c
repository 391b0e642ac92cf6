#include "lines.h"

#include "test.h"

/* The same records, one at a time. */
static void
add(struct batch_builder *bb, const char *value, int32_t len, int64_t time)
{
	struct record r = { .timestamp = time, .key = SLICE_NULL,
		.value = { (const uint8_t *)value, len } };

	CHECK_EQ_INT(batch_builder_add(bb, &r), 0);
}

static void
check_same(const struct batch_builder *a, const struct batch_builder *b)
{
	CHECK_EQ_INT(a->count, b->count);
	CHECK_EQ_INT(a->base_timestamp, b->base_timestamp);
	CHECK_EQ_INT(a->max_timestamp, b->max_timestamp);
	CHECK_EQ_MEM(a->bytes.data + BATCH_HEADER, a->bytes.len - BATCH_HEADER,
	    b->bytes.data + BATCH_HEADER, b->bytes.len - BATCH_HEADER);
}

static void
same_as_one_by_one(void)
{
	static const int32_t sizes[] = { 0, 1, 50, 63, 64, 100, 8000, 8191,
		8192, 20000, 0 };
	struct batch_builder bulk = { 0 }, single = { 0 };
	struct buf text = { 0 };
	const uint8_t *from;
	char *line = malloc(20001);
	int32_t round, i, n = (int32_t)(sizeof(sizes) / sizeof(sizes[0]));

	memset(line, 'x', 20000);
	line[20000] = '\n';
	for (i = 0; i < n; i++)
		CHECK_EQ_INT(buf_append(&text, line + 20000 - sizes[i],
		    (size_t)sizes[i] + 1), 0);
	CHECK_EQ_INT(buf_append(&text, "rest", 4), 0);
	for (round = 0; round < 20; round++) {
		from = text.data;
		CHECK_EQ_INT(lines_add(&bulk, &from, text.data + text.len,
		    '\n', 1000 - round * 70, 1 << 20), n);
		CHECK_EQ_INT(text.data + text.len - from, 4);
		for (i = 0; i < n; i++)
			add(&single, line, sizes[i], 1000 - round * 70);
	}
	check_same(&bulk, &single);
	/* Offset deltas of three bytes, and time deltas of many. */
	buf_clear(&text);
	for (i = 0; i < 9000; i++) {
		CHECK_EQ_INT(buf_append(&text, line + 20000 - 70, 71), 0);
		add(&single, line, 70, 1000 + (1LL << 60));
	}
	from = text.data;
	CHECK_EQ_INT(lines_add(&bulk, &from, text.data + text.len, '\n',
	    1000 + (1LL << 60), INT32_MAX), 9000);
	check_same(&bulk, &single);
	batch_builder_release(&bulk);
	batch_builder_release(&single);
	buf_release(&text);
	free(line);
}

static void
limits(void)
{
	static const uint8_t text[] = "first\0second\0third";
	struct batch_builder bb = { 0 };
	const uint8_t *from = text, *end = text + sizeof(text) - 1;
	int32_t count = 0;
	int64_t limit;

	/* No delimiter, no room, not even for a header. */
	CHECK_EQ_INT(lines_add(&bb, &from, end, '\n', 0, 1 << 20), 0);
	CHECK_EQ_INT(lines_add(&bb, &from, end, 0, 0, 10), 0);
	CHECK_EQ_INT(lines_add(&bb, &from, end, 0, 0, BATCH_HEADER), 0);
	CHECK(from == text);
	for (limit = BATCH_HEADER; limit < 200; limit++) {
		count += lines_add(&bb, &from, end, 0, 7, limit);
		CHECK(bb.count == 0 || (int64_t)bb.bytes.len <= limit);
	}
	CHECK_EQ_INT(count, 2);
	CHECK_EQ_INT(bb.count, 2);
	CHECK_EQ_INT(end - from, 5);
	CHECK_EQ_INT(bb.base_timestamp, 7);
	batch_builder_release(&bb);
}

/* Records of every kind: null and empty, keys, headers, odd times. */
static void
add_some(struct batch_builder *bb, uint32_t i)
{
	static uint8_t bytes[20000];
	static const int32_t sizes[] = { -1, 0, 1, 63, 64, 100, 8192, 20000 };
	struct buf headers = { 0 };
	struct record r = { .timestamp = (int64_t)(i % 7) * 100000 - 5,
		.key = SLICE_NULL, .value = { bytes, sizes[i % 8] } };

	bytes[i % sizeof(bytes)] = (uint8_t)i;
	if (i % 11 == 0)
		r.key = (struct slice){ bytes, (int32_t)(i % 90) };
	if (i % 13 == 0) {
		CHECK_EQ_INT(header_append(&headers, r.value.len < 0 ?
		    (struct slice){ bytes, 2 } : r.value, SLICE_NULL), 0);
		r.headers = (struct slice){ headers.data,
			(int32_t)headers.len };
		r.header_count = 1;
	}
	CHECK_EQ_INT(batch_builder_add(bb, &r), 0);
	buf_release(&headers);
}

/* One by one from br: value and newline each. */
static int
take_one(struct batch_records *br, struct buf *out)
{
	struct record r;
	struct err e;
	int got = batch_records_next(br, &r, &e);

	if (got > 0 && r.value.len > 0)
		CHECK_EQ_INT(buf_append(out, r.value.data,
		    (size_t)r.value.len), 0);
	if (got > 0)
		CHECK_EQ_INT(buf_append(out, "\n", 1), 0);
	return got;
}

static void
taken_as_one_by_one(void)
{
	struct batch_builder bb = { 0 };
	struct batch_records bulk, single;
	struct buf scratch = { 0 }, fast = { 0 }, slow = { 0 };
	struct codec *c = codec_new();
	struct batch b;
	struct err e;
	uint8_t *bytes;
	size_t size;
	uint32_t i;
	int32_t taken = 0, n;

	for (i = 0; i < 1000; i++)
		add_some(&bb, i);
	CHECK_EQ_INT(batch_builder_finish(&bb, c, CODEC_NONE, 0, &scratch,
	    &bytes, &size, &e), 0);
	CHECK_EQ_INT(batch_decode(bytes, size, &b), BATCH_WHOLE);
	CHECK_EQ_INT(batch_records_init(&bulk, &b, bytes, c, &scratch,
	    1 << 26, &e), 0);
	single = bulk;
	while (take_one(&single, &slow) > 0)
		continue;
	do {
		while ((n = lines_take(&bulk, '\n', fast.len + 5000,
		    &fast)) > 0)
			taken += n;
	} while (take_one(&bulk, &fast) > 0);
	CHECK(taken > 700);
	CHECK_EQ_INT(bulk.left, 0);
	CHECK_EQ_INT(fast.len, slow.len);
	CHECK(memcmp(fast.data, slow.data, slow.len) == 0);
	batch_builder_release(&bb);
	buf_release(&scratch);
	buf_release(&fast);
	buf_release(&slow);
	codec_free(c);
}

TEST_MAIN(
    TEST(same_as_one_by_one), TEST(limits), TEST(taken_as_one_by_one))
