#include "err.h"

#include <errno.h>

#include "test.h"

static void
set(void)
{
	struct err e = { 0 };

	CHECK_EQ_INT(err_set(&e, ERR_DATA, "%s: %d", "line", 7), -1);
	CHECK_EQ_INT(e.code, ERR_DATA);
	CHECK_EQ_INT(e.sys, 0);
	CHECK_EQ_STR(e.text, "line: 7");
}

static void
sys(void)
{
	struct err e = { 0 };

	errno = ENOENT;
	CHECK_EQ_INT(err_sys(&e, "orders/%d", 0), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(e.sys, ENOENT);
	CHECK_EQ_INT(errno, ENOENT);
	CHECK_EQ_STR(e.text, "orders/0: No such file or directory");
}

static void
prefix(void)
{
	struct err e = { 0 };

	err_set(&e, ERR_CORRUPT, "zstd: cut off");
	CHECK_EQ_INT(err_prefix(&e, "offset %d", 42), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_STR(e.text, "offset 42: zstd: cut off");
}

static void
cut(void)
{
	char longer[2 * sizeof(((struct err *)0)->text)];
	struct err e = { 0 };

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	err_set(&e, ERR_DATA, "%s", longer);
	CHECK_EQ_INT(strlen(e.text), sizeof(e.text) - 1);
	err_prefix(&e, "a");
	CHECK_EQ_INT(strlen(e.text), sizeof(e.text) - 1);
	CHECK_EQ_INT(e.text[0], 'a');
	errno = EIO;
	err_sys(&e, "%s", longer);
	CHECK_EQ_INT(strlen(e.text), sizeof(e.text) - 1);
}

TEST_MAIN(TEST(set), TEST(sys), TEST(prefix), TEST(cut))
