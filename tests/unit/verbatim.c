#include "verbatim.h"

#include "test.h"

/* Batches without records stand for offsets as well as others do. */
static size_t
put(uint8_t *p, int64_t base, int64_t last, int32_t epoch)
{
	batch_empty(p, base, last, epoch);
	return BATCH_HEADER;
}

static int
check(const uint8_t *p, size_t n, struct verbatim *v)
{
	struct err e = { .code = ERR_NONE };
	int r = verbatim_check(p, n, v, &e);

	CHECK(r == 0 || e.code == ERR_CORRUPT);
	return r;
}

static void
taken(void)
{
	struct verbatim v = { .from = 10, .epoch = 2, .batch_max = 1000 };
	uint8_t p[3 * BATCH_HEADER];
	size_t n = put(p, 10, 19, 2);

	n += put(p + n, 20, 20, 2);
	n += put(p + n, 21, 30, 4);
	CHECK_EQ_INT(check(p, n, &v), 0);
	CHECK_EQ_INT(v.end, 31);
	CHECK_EQ_INT(v.batches, 3);
	CHECK_EQ_INT(v.records, 0);
	CHECK_EQ_INT(v.last_epoch, 4);
}

static void
any_bit_of_what_is_summed(void)
{
	struct verbatim v = { .from = 10, .epoch = -1, .batch_max = 1000 };
	uint8_t p[BATCH_HEADER];
	size_t n = put(p, 10, 19, 2), i;

	for (i = BATCH_CRC * 8; i < n * 8; i++) {
		p[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK_EQ_INT(check(p, n, &v), -1);
		p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK_EQ_INT(check(p, n, &v), 0);
}

static void
refused(void)
{
	struct verbatim v = { .from = 10, .epoch = 2, .batch_max = 1000 };
	uint8_t p[2 * BATCH_HEADER];
	size_t n, k;

	n = put(p, 9, 19, 2); /* there already */
	CHECK_EQ_INT(check(p, n, &v), -1);
	n = put(p, 11, 19, 2); /* a gap */
	CHECK_EQ_INT(check(p, n, &v), -1);
	v.holes = true; /* that is one at the source, too */
	CHECK_EQ_INT(check(p, n, &v), 0);
	v.holes = false;
	n = put(p, 10, 19, 1); /* an older epoch */
	CHECK_EQ_INT(check(p, n, &v), -1);
	n = put(p, 10, 19, 2);
	for (k = 1; k < n; k++) /* cut off */
		CHECK_EQ_INT(check(p, k, &v), -1);
	n += put(p + n, 19, 20, 2); /* twice the same */
	CHECK_EQ_INT(check(p, n, &v), -1);
	n = put(p, 10, 19, 2);
	n += put(p + n, 20, 29, 1);
	CHECK_EQ_INT(check(p, n, &v), -1);
	v.batch_max = BATCH_HEADER - 1;
	CHECK_EQ_INT(check(p, BATCH_HEADER, &v), -1);
	v = (struct verbatim){ .from = INT64_MAX - 20, .batch_max = 1000 };
	n = put(p, INT64_MAX - 20, INT64_MAX - 10, 0);
	CHECK_EQ_INT(check(p, n, &v), -1);
}

TEST_MAIN(TEST(taken), TEST(any_bit_of_what_is_summed), TEST(refused))
