#include "table.h"

#include "test.h"

static const struct table_column columns[] = {
	{ "NAME", TABLE_LEFT },
	{ "BYTES", TABLE_RIGHT },
	{ "ROLE", TABLE_LEFT },
};

static void
prints(const struct table *t, bool header, const char *want)
{
	struct err e = { 0 };
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	CHECK_EQ_INT(table_print(t, header, f, &e), 0);
	fclose(f);
	CHECK_EQ_STR(text, want);
	free(text);
}

static void
aligned(void)
{
	struct table t;

	table_init(&t, columns, 3);
	table_cell(&t, "%s", "orders");
	table_cell(&t, "%d", 5);
	table_cell(&t, "%s", "leader");
	table_cell(&t, "%s", "x");
	table_cell(&t, "%d", 1234567);
	table_cell(&t, "%s", "");
	prints(&t, true, "NAME      BYTES  ROLE\n"
			 "orders        5  leader\n"
			 "x       1234567\n");
	prints(&t, false, "orders        5  leader\n"
			  "x       1234567\n");
	table_release(&t);
}

static void
empty(void)
{
	struct table t;

	table_init(&t, columns, 3);
	prints(&t, true, "NAME  BYTES  ROLE\n");
	prints(&t, false, "");
	table_release(&t);
}

static void
code_points(void)
{
	struct table t;

	table_init(&t, columns, 3);
	table_cell(&t, "%s", "gr\xc3\xb6\xc3\x9f" "er");
	table_cell(&t, "%s", "");
	table_cell(&t, "%s", "a");
	table_cell(&t, "%s", "bigger");
	table_cell(&t, "%s", "1");
	table_cell(&t, "%s", "b");
	prints(&t, false, "gr\xc3\xb6\xc3\x9f" "er         a\n"
			  "bigger      1  b\n");
	table_release(&t);
}

static void
control_bytes(void)
{
	struct table t;

	table_init(&t, columns, 3);
	table_cell(&t, "%s", "a\nb\x1b");
	table_cell(&t, "%s", "1");
	prints(&t, false, "a\\x0ab\\x1b      1\n");
	table_release(&t);
}

TEST_MAIN(TEST(aligned), TEST(empty), TEST(code_points), TEST(control_bytes))
