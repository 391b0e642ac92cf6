#include "router.h"

#include "test.h"

static const struct {
	const char *key;
	uint32_t hash;
	int32_t of3, of10, of12;
} vectors[] = {
	{ "", 0x106e08d9, 0, 1, 9 },
	{ "a", 0xa2d0b27c, 1, 4, 4 },
	{ "b", 0x918c0ff4, 2, 6, 8 },
	{ "21", 0xc5f2f8ec, 0, 0, 0 },
	{ "abc", 0x1c94221b, 0, 7, 3 },
	{ "key1", 0x01b38bc4, 2, 0, 8 },
	{ "key2", 0x63d2aceb, 2, 1, 11 },
	{ "hello", 0x7f1ddbbd, 0, 9, 9 },
	{ "h\xc3\xa4\xc3\x9f", 0x14245ee4, 0, 8, 0 },
	{ "kafka", 0xd067cf64, 1, 0, 4 },
	{ "foobar", 0xd0e47bbe, 0, 6, 6 },
	{ "user-1", 0x53b136cc, 2, 8, 8 },
	{ "order-1234567890", 0xde5636cf, 0, 1, 3 }
};

static void
java(void)
{
	size_t i, n;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		n = strlen(vectors[i].key);
		CHECK_EQ_INT(router_hash(vectors[i].key, n), vectors[i].hash);
		CHECK_EQ_INT(router_partition(vectors[i].key, n, 3),
		    vectors[i].of3);
		CHECK_EQ_INT(router_partition(vectors[i].key, n, 10),
		    vectors[i].of10);
		CHECK_EQ_INT(router_partition(vectors[i].key, n, 12),
		    vectors[i].of12);
		CHECK_EQ_INT(router_partition(vectors[i].key, n, 1), 0);
	}
	CHECK_EQ_INT(router_partition(NULL, 0, 10), 1);
}

TEST_MAIN(TEST(java))
