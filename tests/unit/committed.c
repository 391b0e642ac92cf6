#include "committed.h"

#include "test.h"

/* By hand: klog-format(5); the sum by tests/interop/prim.py. */
static const char line[] =
    "00000000000000000042 +0000000003 +0001795341600000000 "
    "00000000000000000007  6fd3c11d \n";

static const struct committed want = { .offset = 42,
	.epoch = 3,
	.timestamp = 1795341600000000,
	.sequence = 7 };

static void
both_ways(void)
{
	char got[COMMITTED_LINE];
	struct committed c;

	CHECK_EQ_INT(sizeof(line) - 1, COMMITTED_LINE);
	committed_encode(got, &want);
	CHECK_EQ_MEM(got, sizeof(got), line, COMMITTED_LINE);
	CHECK_EQ_INT(
	    committed_decode((const uint8_t *)line, COMMITTED_LINE, &c), 0);
	CHECK_EQ_INT(c.offset, 42);
	CHECK_EQ_INT(c.epoch, 3);
	CHECK_EQ_INT(c.timestamp, 1795341600000000);
	CHECK_EQ_INT(c.sequence, 7);
}

static void
any_bit(void)
{
	uint8_t bytes[COMMITTED_LINE];
	struct committed c;
	int i;

	memcpy(bytes, line, sizeof(bytes));
	for (i = 0; i < COMMITTED_LINE * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK_EQ_INT(committed_decode(bytes, sizeof(bytes), &c), -1);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i < COMMITTED_LINE; i++)
		CHECK_EQ_INT(committed_decode(bytes, (size_t)i, &c), -1);
}

static void
the_larger_counts(void)
{
	uint8_t file[COMMITTED_BLOCK + COMMITTED_LINE] = { 0 };
	struct committed c, other = want;

	CHECK_EQ_INT(committed_latest(file, sizeof(file), &c), -1);
	memcpy(file, line, COMMITTED_LINE);
	CHECK_EQ_INT(committed_latest(file, COMMITTED_LINE, &c), 0);
	CHECK_EQ_INT(c.offset, 42);
	other.offset = 43;
	other.sequence = 8;
	committed_encode((char *)file + COMMITTED_BLOCK, &other);
	CHECK_EQ_INT(committed_latest(file, sizeof(file), &c), 1);
	CHECK_EQ_INT(c.offset, 43);
	/* A commit that was torn leaves the one before. */
	file[COMMITTED_BLOCK + 5] = '9';
	CHECK_EQ_INT(committed_latest(file, sizeof(file), &c), 0);
	CHECK_EQ_INT(c.offset, 42);
}

static void
never_written(void)
{
	uint8_t file[COMMITTED_BLOCK * COMMITTED_SLOTS] = { 0 };

	CHECK_EQ_INT(committed_blank(file, 0), 2);
	file[COMMITTED_LINE] = 'x';
	CHECK_EQ_INT(committed_blank(file, sizeof(file)), 2);
	file[COMMITTED_LINE - 1] = '\n';
	CHECK_EQ_INT(committed_blank(file, sizeof(file)), 1);
	CHECK_EQ_INT(committed_blank(file, COMMITTED_LINE), 1);
	file[COMMITTED_BLOCK] = '0';
	CHECK_EQ_INT(committed_blank(file, sizeof(file)), 0);
}

TEST_MAIN(TEST(both_ways), TEST(any_bit), TEST(the_larger_counts),
    TEST(never_written))
