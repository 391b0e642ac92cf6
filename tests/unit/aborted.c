#include "aborted.h"

#include "test.h"

/* Of pid 10, aborted at 5 and 9 while pid 11 had one open from 3 to 8. */
static const char first[] =
    "0000 000000000000000a 0000000000000000 0000000000000005 0000000000000003";
static const char second[] =
    "0000 000000000000000a 0000000000000006 0000000000000009 000000000000000a";

static void
decode(void)
{
	uint8_t p[ABORTED_ENTRY];
	struct aborted a;

	CHECK_EQ_INT(test_hex(first, p, sizeof(p)), ABORTED_ENTRY);
	CHECK_EQ_INT(aborted_decode(p, sizeof(p), &a), ABORTED_WHOLE);
	CHECK_EQ_INT(a.version, 0);
	CHECK_EQ_INT(a.producer_id, 10);
	CHECK_EQ_INT(a.first_offset, 0);
	CHECK_EQ_INT(a.last_offset, 5);
	CHECK_EQ_INT(a.stable_offset, 3);
	CHECK_EQ_INT(aborted_decode(p, ABORTED_ENTRY - 1, &a), ABORTED_SHORT);
	CHECK_EQ_INT(a.producer_id, 0);
	CHECK_EQ_INT(aborted_decode(NULL, 0, &a), ABORTED_SHORT);
}

static void
damage(void)
{
	static const size_t signs[] = { 0, 1, 10, 18, 26 };
	uint8_t p[ABORTED_ENTRY];
	struct aborted a;
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		test_hex(second, p, sizeof(p));
		p[signs[i]] ^= 0x80;
		CHECK_EQ_INT(aborted_decode(p, sizeof(p), &a), ABORTED_BAD);
	}
	test_hex(second, p, sizeof(p));
	p[25] = 5; /* the marker before the data */
	CHECK_EQ_INT(aborted_decode(p, sizeof(p), &a), ABORTED_BAD);
	CHECK_EQ_INT(a.last_offset, 5);
}

static void
encode(void)
{
	const struct aborted a = { 0, 10, 6, 9, 10 };
	uint8_t got[ABORTED_ENTRY], want[ABORTED_ENTRY];

	aborted_encode(got, &a);
	test_hex(second, want, sizeof(want));
	CHECK_EQ_MEM(got, sizeof(got), want, sizeof(want));
}

TEST_MAIN(TEST(decode), TEST(damage), TEST(encode))
