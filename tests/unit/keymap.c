#include "keymap.h"

#include "test.h"

/* Put 1000 keys of clustered hashes, twice: the larger offset stays. */
static void
last_wins(void)
{
	struct keymap m;
	uint64_t i, hash[2];

	CHECK_EQ_INT(keymap_init(&m, 1300 * sizeof(struct keymap_entry)), 0);
	for (i = 0; i < 2000; i++) {
		hash[0] = (i % 4) << 62 | (i % 1000) % 7;
		hash[1] = i % 1000;
		CHECK_EQ_INT(keymap_put(&m, hash, (int64_t)i), 0);
	}
	CHECK_EQ_INT((int64_t)m.count, 1000);
	for (i = 0; i < 1000; i++) {
		hash[0] = (i % 4) << 62 | i % 7;
		hash[1] = i;
		CHECK_EQ_INT(keymap_get(&m, hash), (int64_t)i + 1000);
	}
	hash[1] = 1000;
	CHECK_EQ_INT(keymap_get(&m, hash), -1);
	keymap_clear(&m);
	CHECK_EQ_INT(keymap_get(&m, (uint64_t[2]){ 0, 0 }), -1);
	keymap_release(&m);
}

/* An earlier offset changes nothing; offset 0 is one. */
static void
earlier(void)
{
	static const uint64_t a[2] = { UINT64_MAX, 1 };
	static const uint64_t b[2] = { UINT64_MAX, 2 };
	struct keymap m;

	CHECK_EQ_INT(keymap_init(&m, 10 * sizeof(struct keymap_entry)), 0);
	CHECK_EQ_INT(keymap_put(&m, a, 0), 0);
	CHECK_EQ_INT(keymap_get(&m, a), 0);
	CHECK_EQ_INT(keymap_put(&m, b, 7), 0);
	CHECK_EQ_INT(keymap_put(&m, b, 5), 0);
	CHECK_EQ_INT(keymap_get(&m, b), 7);
	CHECK_EQ_INT(keymap_get(&m, a), 0);
	keymap_release(&m);
}

/* 4 of 5 slots may be taken; keys that are in it can still be put. */
static void
full(void)
{
	struct keymap m;
	uint64_t i;

	CHECK_EQ_INT(keymap_init(&m, 10 * sizeof(struct keymap_entry)), 0);
	for (i = 0; i < 8; i++)
		CHECK_EQ_INT(
		    keymap_put(&m, (uint64_t[2]){ i << 60, i }, 1), 0);
	CHECK_EQ_INT(keymap_put(&m, (uint64_t[2]){ 9, 9 }, 1), -1);
	CHECK_EQ_INT(keymap_put(&m, (uint64_t[2]){ 0, 0 }, 2), 0);
	CHECK_EQ_INT(keymap_get(&m, (uint64_t[2]){ 0, 0 }), 2);
	keymap_release(&m);
}

/* It grows, and none of what is in it gets lost. */
static void
grows(void)
{
	const size_t limit = 200000;
	struct keymap m;
	uint64_t i, n = 0, hash[2];

	CHECK_EQ_INT(
	    keymap_init(&m, limit * sizeof(struct keymap_entry)), 0);
	CHECK(m.size < limit);
	for (i = 0; i < limit; i++) {
		hash[0] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		hash[1] = i;
		if (keymap_put(&m, hash, (int64_t)i) < 0)
			break;
	}
	CHECK_EQ_INT((int64_t)i, (int64_t)limit / 5 * 4);
	CHECK_EQ_INT((int64_t)m.size, (int64_t)limit);
	while (i-- > 0) {
		hash[0] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		hash[1] = i;
		n += keymap_get(&m, hash) == (int64_t)i;
	}
	CHECK_EQ_INT((int64_t)n, (int64_t)limit / 5 * 4);
	keymap_release(&m);
}

TEST_MAIN(TEST(grows), TEST(last_wins), TEST(earlier), TEST(full))
