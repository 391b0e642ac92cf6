#include "record.h"

#include "test.h"

static struct slice
text(const char *s)
{
	return (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

static void
check_slice(struct slice got, struct slice want)
{
	CHECK_EQ_INT(got.len, want.len);
	if (got.len > 0 && got.len == want.len)
		CHECK_EQ_MEM(got.data, (size_t)got.len, want.data,
		    (size_t)want.len);
}

/* Encode r, compare with hex unless NULL, decode, compare with r. */
static void
check_record(const struct record *r, int64_t base_timestamp,
    int64_t base_offset, const char *hex)
{
	int64_t delta = (int64_t)((uint64_t)r->timestamp -
	    (uint64_t)base_timestamp);
	int32_t offset_delta = (int32_t)(r->offset - base_offset);
	int64_t n = record_size(r, delta, offset_delta);
	struct buf b = { 0 };
	uint8_t want[256];
	const uint8_t *p;
	struct record back;

	if (n <= 0 || buf_reserve(&b, (size_t)n + 1) < 0) {
		CHECK(n > 0);
		return;
	}
	b.data[n] = 0xa5;
	CHECK_EQ_INT(record_encode(b.data, r, delta, offset_delta) - b.data,
	    n);
	CHECK_EQ_INT(b.data[n], 0xa5);
	if (hex != NULL)
		CHECK_EQ_MEM(b.data, (size_t)n, want,
		    test_hex(hex, want, sizeof(want)));
	p = b.data;
	CHECK_EQ_INT(record_decode(&p, b.data + n, base_offset,
	    base_timestamp, &back), 0);
	CHECK_EQ_INT(p - b.data, n);
	CHECK_EQ_INT(back.offset, r->offset);
	CHECK_EQ_INT(back.timestamp, r->timestamp);
	check_slice(back.key, r->key);
	check_slice(back.value, r->value);
	check_slice(back.headers, r->headers);
	CHECK_EQ_INT(back.header_count, r->header_count);
	buf_release(&b);
}

static void
examples(void)
{
	struct buf headers = { 0 };
	struct record r = { .offset = 0, .timestamp = 1700000000000,
	    .key = SLICE_NULL, .value = text("hello"), .headers = text("") };

	check_record(&r, r.timestamp, 0, "16 00 00 00 01 0a68656c6c6f 00");
	r.key = text("k1");
	r.value = text("v1");
	check_record(&r, r.timestamp, 0, "14 00 00 00 046b31 047631 00");
	CHECK_EQ_INT(header_append(&headers, text("h1"), text("x")), 0);
	CHECK_EQ_INT(header_append(&headers, text("h2"), SLICE_NULL), 0);
	r = (struct record){ .offset = 2, .timestamp = 1001, .key = text("k2"),
	    .value = text("v2"), .header_count = 2,
	    .headers = { headers.data, (int32_t)headers.len } };
	check_record(&r, 1, 1,
	    "28 00 d00f 02 046b32 047632 04 046831 0278 046832 01");
	r = (struct record){ .key = text("a"), .value = SLICE_NULL,
	    .headers = text("") };
	check_record(&r, 0, 0, "0e 00 00 00 0261 01 00");
	r.key = text("");
	check_record(&r, 0, 0, "0c 00 00 00 00 01 00");
	buf_release(&headers);
}

/* Lengths around every change of a varint's width, with and without key. */
static void
sizes(void)
{
	static const int32_t lens[] = { 0, 1, 40, 50, 55, 56, 57, 58, 63, 64,
	    100, 8100, 8150, 8159, 8160, 8161, 8180, 8184, 8185, 8191, 8192,
	    8193, 70000, 1048560, 1048576 };
	static const int64_t times[] = { 0, -1, 63, -64, 64, 1000, INT32_MAX,
	    INT64_MIN, INT64_MAX };
	static uint8_t data[1 << 20];
	struct record r;
	size_t i, j;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 255);
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (j = 0; j < sizeof(times) / sizeof(times[0]); j++) {
			r = (struct record){ .timestamp = times[j],
			    .key = SLICE_NULL, .value = { data, lens[i] },
			    .headers = { data, 0 } };
			check_record(&r, 0, 0, NULL);
			r.offset = INT32_MAX;
			check_record(&r, 0, 0, NULL);
			r.key = (struct slice){ data, 7 };
			check_record(&r, 1700000000000, 8192, NULL);
			r.key = r.value;
			check_record(&r, 0, 64, NULL);
			r.value = SLICE_NULL;
			check_record(&r, 0, 64, NULL);
		}
}

static void
too_large(void)
{
	struct record r = { .key = { NULL, INT32_MAX / 2 },
	    .value = { NULL, INT32_MAX / 2 }, .headers = { NULL, 0 } };

	CHECK_EQ_INT(record_size(&r, 0, 0), -1);
	r.value.len -= 40;
	CHECK_EQ_INT(record_size(&r, 0, 0),
	    (int64_t)r.key.len + r.value.len + 5 + 1 + 1 + 1 + 5 + 5 + 1);
}

static void
headers(void)
{
	struct buf b = { 0 };
	struct slice rest;
	struct header h;
	int i;

	CHECK_EQ_INT(header_append(&b, text("a"), text("")), 0);
	CHECK_EQ_INT(header_append(&b, text(""), SLICE_NULL), 0);
	CHECK_EQ_INT(header_append(&b, text("a"), text("again")), 0);
	for (i = 0; i < 2; i++) {
		rest = (struct slice){ b.data, (int32_t)b.len };
		CHECK_EQ_INT(header_next(&rest, &h), 1);
		check_slice(h.name, text("a"));
		check_slice(h.value, text(""));
		CHECK_EQ_INT(header_next(&rest, &h), 1);
		check_slice(h.name, text(""));
		CHECK_EQ_INT(h.value.len, -1);
		CHECK_EQ_INT(header_next(&rest, &h), 1);
		check_slice(h.value, text("again"));
		CHECK_EQ_INT(header_next(&rest, &h), 0);
	}
	rest = (struct slice){ b.data, (int32_t)b.len - 1 };
	CHECK_EQ_INT(header_next(&rest, &h), 1);
	CHECK_EQ_INT(header_next(&rest, &h), 1);
	CHECK_EQ_INT(header_next(&rest, &h), -1);
	rest = (struct slice){ (const uint8_t *)"\1\1", 2 };
	CHECK_EQ_INT(header_next(&rest, &h), -1);
	buf_release(&b);
}

static int
decode_hex(const char *hex)
{
	uint8_t bytes[64];
	size_t n = test_hex(hex, bytes, sizeof(bytes));
	uint8_t *copy = malloc(n > 0 ? n : 1);
	const uint8_t *p = copy;
	struct record r;
	int result;

	memcpy(copy, bytes, n);
	result = record_decode(&p, copy + n, 0, 0, &r);
	free(copy);
	return result;
}

static void
malformed(void)
{
	static const char *const bad[] = {
		"",				/* nothing */
		"00", "01",			/* length 0, -1 */
		"16",				/* no body */
		"1600000001 0a68656c6c6f",	/* no header count */
		"1800000001 0a68656c6c6f 00 00",	/* body left over */
		"1400000001 0a68656c6c6f 00",	/* body too short */
		"16000000010c68656c6c6f00",	/* value past the body */
		"16000000030a68656c6c6f00",	/* key length -2 */
		"1600000001036868656c6c00",	/* value length -2 */
		"16000001010a68656c6c6f00",	/* offset delta -1 */
		"16000000010a68656c6c6f01",	/* header count -1 */
		"16000000010a68656c6c6f02",	/* a header, but none there */
		"12000000010102 0101",		/* header name null */
		"10000000010102 00",		/* header without value */
		"0e000000010104",		/* more headers than bytes */
		"feffffff0f000000010100",	/* length beyond the end */
		"ffffffffff0f", "8080808080"
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (decode_hex(bad[i]) != -1)
			fprintf(stderr, "# %s was taken\n", bad[i]);
		CHECK_EQ_INT(decode_hex(bad[i]), -1);
	}
	CHECK_EQ_INT(decode_hex("16000000010a68656c6c6f00"), 0);
}

static void
cut_off(void)
{
	static const char whole[] =
	    "2800d00f02046b32047632040468310278046832 01";
	uint8_t bytes[64];
	size_t n = test_hex(whole, bytes, sizeof(bytes)), i;
	uint8_t *copy;
	const uint8_t *p;
	struct record r;

	for (i = 0; i < n; i++) {
		copy = malloc(i > 0 ? i : 1);
		memcpy(copy, bytes, i);
		p = copy;
		CHECK_EQ_INT(record_decode(&p, copy + i, 0, 0, &r), -1);
		free(copy);
	}
}

TEST_MAIN(TEST(examples), TEST(sizes), TEST(too_large), TEST(headers),
    TEST(malformed), TEST(cut_off))
