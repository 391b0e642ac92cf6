#include "copies.h"

#include "test.h"

/*
 * The cases of Kafka's rules (Partition.maybeIncrementLeaderHW,
 * isFollowerInSync; R7, R8): expected values are worked out by hand.
 */

static void
watermark(void)
{
	static const struct {
		int64_t present, durable, acked[3];
		size_t n;
		int64_t wanted, expected;
	} cases[] = {
		/* Nobody counts but the leader. */
		{ 0, 0, { 0 }, 0, 1, 0 },
		{ 0, 10, { 0 }, 0, 1, 10 },
		/* The least of all that are in sync. */
		{ 0, 10, { 7 }, 1, 1, 7 },
		{ 0, 10, { 7 }, 1, 2, 7 },
		{ 3, 10, { 7, 5, 9 }, 3, 2, 5 },
		{ 3, 10, { 10, 10, 10 }, 3, 4, 10 },
		/* Also those that are more than are wanted. */
		{ 3, 10, { 10, 10, 4 }, 3, 2, 4 },
		/* Not what the leader has not synced. */
		{ 3, 8, { 10 }, 1, 2, 8 },
		{ 3, 8, { 10, 9 }, 2, 2, 8 },
		/* Not advanced below the minimum. */
		{ 3, 10, { 0 }, 0, 2, 3 },
		{ 3, 10, { 9 }, 1, 3, 3 },
		{ 3, 10, { 9, 9 }, 2, 4, 3 },
		/* Never falls. */
		{ 9, 10, { 5 }, 1, 2, 9 },
		{ 9, 4, { 5 }, 1, 1, 9 },
		{ 9, 10, { -1 }, 1, 2, 9 },
		/* One that has acknowledged nothing. */
		{ -1, 10, { -1 }, 1, 1, -1 },
		{ 0, 10, { 10, -1 }, 2, 2, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_EQ_INT(copies_watermark(cases[i].present,
				 cases[i].durable, cases[i].acked, cases[i].n,
				 cases[i].wanted),
		    cases[i].expected);
}

static void
joining(void)
{
	/* At the end. */
	CHECK(copies_may_join(10, 10, -1, 10));
	CHECK(copies_may_join(10, 10, -1, 4));
	/* Behind, nothing known. */
	CHECK(!copies_may_join(9, 10, -1, 4));
	/* It has what was there when it last acknowledged. */
	CHECK(copies_may_join(9, 10, 9, 4));
	CHECK(copies_may_join(9, 10, 8, 4));
	CHECK(!copies_may_join(8, 10, 9, 4));
	/* Below what was promised: never. */
	CHECK(!copies_may_join(9, 10, 9, 10));
	CHECK(!copies_may_join(3, 3, 3, 4));
	/* An empty log. */
	CHECK(copies_may_join(0, 0, -1, -1));
	CHECK(copies_may_join(0, 0, -1, 0));
	CHECK(!copies_may_join(-1, 0, -1, 0));
}

/* lag 100 ms; each look is "now, acked, durable -> lags, again". */
static void
lagging(void)
{
	static const struct {
		int64_t now, acked, durable;
		bool lags;
		int64_t again;
	} looks[] = {
		/* It has everything: for ever. */
		{ 0, 5, 5, false, 9999 },
		{ 5000, 5, 5, false, 9999 },
		/* More comes: from now on. */
		{ 5001, 5, 6, false, 5101 },
		{ 5100, 5, 9, false, 5101 },
		/* It has what was there then, not what came since. */
		{ 5100, 6, 9, false, 5200 },
		{ 5199, 8, 9, false, 5200 },
		{ 5199, 9, 9, false, 9999 },
		/* It goes on, but never catches up. */
		{ 6000, 9, 20, false, 6100 },
		{ 6050, 12, 30, false, 6100 },
		{ 6099, 19, 40, false, 6100 },
		{ 6100, 19, 40, true, 9999 },
		{ 6200, 19, 40, true, 9999 },
		/* And is back. */
		{ 6300, 40, 40, false, 9999 },
	};
	struct copies_due due = { 0 };
	int64_t again;
	size_t i;

	for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		again = 9999;
		CHECK_EQ_INT(copies_lag(&due, looks[i].acked, looks[i].durable,
				 looks[i].now, 100, &again),
		    looks[i].lags);
		CHECK_EQ_INT(again, looks[i].again);
	}
	/* No limit. */
	due.any = false;
	again = INT64_MAX;
	CHECK(!copies_lag(&due, 0, 1, 1, INT64_MAX, &again));
	CHECK(!copies_lag(&due, 0, 1, INT64_MAX - 1, INT64_MAX, &again));
}

TEST_MAIN(TEST(watermark), TEST(joining), TEST(lagging))
