#include "bytes.h"

#include "test.h"

struct vector {
	int64_t value;
	const char *hex;
};

static const struct vector ints[] = {
	{ 0, "00" }, { -1, "01" }, { 1, "02" }, { -2, "03" }, { 63, "7e" },
	{ -64, "7f" }, { 64, "8001" }, { -65, "8101" }, { 300, "d804" },
	{ -300, "d704" }, { 1000, "d00f" }, { INT32_MAX, "feffffff0f" },
	{ INT32_MIN, "ffffffff0f" }
};

static const struct vector longs[] = {
	{ INT64_MAX, "feffffffffffffffff01" },
	{ INT64_MIN, "ffffffffffffffffff01" }
};

static void
check_int(int32_t v, const uint8_t *want, size_t n)
{
	uint8_t got[VARINT_MAX];
	const uint8_t *p = got;
	int32_t back = ~v;
	size_t i;

	CHECK_EQ_INT(varint_put(got, v) - got, n);
	CHECK_EQ_INT(varint_size(v), n);
	if (want != NULL)
		CHECK_EQ_MEM(got, n, want, n);
	CHECK_EQ_INT(varint_get(&p, got + n, &back), 0);
	CHECK_EQ_INT(back, v);
	CHECK_EQ_INT(p - got, n);
	for (i = 0; i < n; i++) {
		p = got;
		CHECK_EQ_INT(varint_get(&p, got + i, &back), -1);
	}
}

static void
check_long(int64_t v, const uint8_t *want, size_t n)
{
	uint8_t got[VARLONG_MAX];
	const uint8_t *p = got;
	int64_t back = ~v;
	size_t i;

	CHECK_EQ_INT(varlong_put(got, v) - got, n);
	CHECK_EQ_INT(varlong_size(v), n);
	if (want != NULL)
		CHECK_EQ_MEM(got, n, want, n);
	CHECK_EQ_INT(varlong_get(&p, got + n, &back), 0);
	CHECK_EQ_INT(back, v);
	CHECK_EQ_INT(p - got, n);
	for (i = 0; i < n; i++) {
		p = got;
		CHECK_EQ_INT(varlong_get(&p, got + i, &back), -1);
	}
}

static void
vectors(void)
{
	uint8_t want[VARLONG_MAX];
	size_t i, n;

	for (i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
		n = test_hex(ints[i].hex, want, sizeof(want));
		check_int((int32_t)ints[i].value, want, n);
		check_long(ints[i].value, want, n);
	}
	for (i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
		n = test_hex(longs[i].hex, want, sizeof(want));
		check_long(longs[i].value, want, n);
	}
}

/* Both sides of every change of width, both signs. */
static void
widths(void)
{
	int64_t edge;
	int n;

	for (n = 1; n < VARINT_MAX; n++) {
		edge = (int64_t)1 << (7 * n - 1);
		check_int((int32_t)(edge - 1), NULL, (size_t)n);
		check_int((int32_t)-edge, NULL, (size_t)n);
		check_int((int32_t)edge, NULL, (size_t)n + 1);
		check_int((int32_t)(-edge - 1), NULL, (size_t)n + 1);
	}
	for (n = 1; n < VARLONG_MAX; n++) {
		edge = (int64_t)1 << (7 * n - 1);
		check_long(edge - 1, NULL, (size_t)n);
		check_long(-edge, NULL, (size_t)n);
		check_long(edge, NULL, (size_t)n + 1);
		check_long(-edge - 1, NULL, (size_t)n + 1);
	}
}

static void
too_long(void)
{
	static const uint8_t run[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
	    0x80, 0x80, 0x80, 0x80, 0x00 };
	const uint8_t *p = run;
	int32_t v;
	int64_t w;

	CHECK_EQ_INT(varint_get(&p, run + sizeof(run), &v), -1);
	p = run;
	CHECK_EQ_INT(varlong_get(&p, run + sizeof(run), &w), -1);
	/* Ten bytes are the longest long, and a padded zero is a zero. */
	p = run + 1;
	CHECK_EQ_INT(varlong_get(&p, run + sizeof(run), &w), 0);
	CHECK_EQ_INT(w, 0);
	p = run + 6;
	CHECK_EQ_INT(varint_get(&p, run + sizeof(run), &v), 0);
	CHECK_EQ_INT(v, 0);
}

static void
big_endian(void)
{
	uint8_t b[8];

	put_be16(b, 0x0102);
	CHECK_EQ_MEM(b, 2, "\1\2", 2);
	CHECK_EQ_INT(get_be16(b), 0x0102);
	put_be32(b, 0xe641a44b);
	CHECK_EQ_MEM(b, 4, "\xe6\x41\xa4\x4b", 4);
	CHECK_EQ_INT(get_be32(b), 0xe641a44b);
	put_be64(b, 0x0102030405060708);
	CHECK_EQ_MEM(b, 8, "\1\2\3\4\5\6\7\10", 8);
	CHECK_EQ_INT(get_be64(b), 0x0102030405060708);
}

TEST_MAIN(TEST(vectors), TEST(widths), TEST(too_long), TEST(big_endian))
