#include "buf.h"

#include "test.h"

static void
grows(void)
{
	struct buf b = { 0 };
	int i;

	for (i = 0; i < 10000; i++)
		CHECK_EQ_INT(buf_append(&b, "abc", 3), 0);
	CHECK_EQ_INT(b.len, 30000);
	CHECK(b.cap >= b.len);
	for (i = 0; i < 10000; i++)
		if (memcmp(b.data + (size_t)i * 3, "abc", 3) != 0)
			break;
	CHECK_EQ_INT(i, 10000);
	buf_release(&b);
	CHECK(b.data == NULL && b.len == 0 && b.cap == 0);
}

static void
empty(void)
{
	struct buf b = { 0 };

	CHECK_EQ_INT(buf_append(&b, NULL, 0), 0);
	CHECK_EQ_INT(buf_reserve(&b, 0), 0);
	CHECK_EQ_INT(b.len, 0);
	buf_release(&b);
	buf_release(&b);
}

static void
keeps_memory(void)
{
	struct buf b = { 0 };
	uint8_t *data;

	CHECK_EQ_INT(buf_reserve(&b, 1000), 0);
	data = b.data;
	b.len = 1000;
	buf_clear(&b);
	CHECK_EQ_INT(b.len, 0);
	CHECK_EQ_INT(buf_reserve(&b, 1000), 0);
	CHECK(b.data == data);
	buf_release(&b);
}

static void
refuses(void)
{
	struct buf b = { 0 };

	CHECK_EQ_INT(buf_append(&b, "x", 1), 0);
	CHECK_EQ_INT(buf_reserve(&b, SIZE_MAX), -1);
	CHECK_EQ_INT(buf_reserve(&b, SIZE_MAX / 2), -1);
	CHECK_EQ_INT(b.len, 1);
	CHECK_EQ_MEM(b.data, b.len, "x", 1);
	buf_release(&b);
}

TEST_MAIN(TEST(grows), TEST(empty), TEST(keeps_memory), TEST(refuses))
