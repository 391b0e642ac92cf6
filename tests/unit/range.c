#include "range.h"

#include "test.h"

static const int64_t now = 1795341600000;	/* 2026-11-22T10:00Z */

static void
is(const char *s, enum bound_kind from, int64_t from_value,
    enum bound_kind to, int64_t to_value)
{
	struct err e = { 0 };
	struct range r = { { BOUND_NONE, -1 }, { BOUND_NONE, -1 } };

	CHECK_EQ_INT(range_parse(s, now, &r, &e), 0);
	CHECK_EQ_INT(r.from.kind, from);
	CHECK_EQ_INT(r.from.value, from_value);
	CHECK_EQ_INT(r.to.kind, to);
	CHECK_EQ_INT(r.to.value, to_value);
	if (e.text[0] != '\0')
		fprintf(stderr, "# %s: %s\n", s, e.text);
}

static void
offsets(void)
{
	is("start", BOUND_START, 0, BOUND_NONE, 0);
	is("end", BOUND_END, 0, BOUND_NONE, 0);
	is("42", BOUND_OFFSET, 42, BOUND_NONE, 0);
	is("10:20", BOUND_OFFSET, 10, BOUND_OFFSET, 20);
	is("10:10", BOUND_OFFSET, 10, BOUND_OFFSET, 10);
	is(":20", BOUND_START, 0, BOUND_OFFSET, 20);
	is("start:20", BOUND_START, 0, BOUND_OFFSET, 20);
	is(":end", BOUND_START, 0, BOUND_END, 0);
	is("10:end", BOUND_OFFSET, 10, BOUND_END, 0);
	is("+5", BOUND_FROM_START, 5, BOUND_NONE, 0);
	is("-5", BOUND_FROM_END, 5, BOUND_NONE, 0);
	is("-0", BOUND_FROM_END, 0, BOUND_NONE, 0);
	is("9223372036854775807", BOUND_OFFSET, INT64_MAX, BOUND_NONE, 0);
}

static void
times(void)
{
	is("@now", BOUND_TIME, now, BOUND_NONE, 0);
	is("@-1h", BOUND_TIME, now - 3600000, BOUND_NONE, 0);
	is("@-1h:now", BOUND_TIME, now - 3600000, BOUND_TIME, now);
	is("@-1h:end", BOUND_TIME, now - 3600000, BOUND_END, 0);
	is("@1795341600", BOUND_TIME, now, BOUND_NONE, 0);
	is("@2026-11-22T10:00Z", BOUND_TIME, now, BOUND_NONE, 0);
	is("@2026-11-22T10:00:00Z:end", BOUND_TIME, now, BOUND_END, 0);
	is("@2026-11-22T11:00+01:00:2026-11-22T10:00:01.5Z", BOUND_TIME, now,
	    BOUND_TIME, now + 1500);
	is("@2026-11-22T09:00Z:-30m", BOUND_TIME, now - 3600000, BOUND_TIME,
	    now - 1800000);
}

static void
local_times(void)
{
	setenv("TZ", "UTC0", 1);
	is("@2026-11-22T10:00", BOUND_TIME, now, BOUND_NONE, 0);
	is("@2026-11-22T10:00:00", BOUND_TIME, now, BOUND_NONE, 0);
	is("@2026-11-22T10:00:00:end", BOUND_TIME, now, BOUND_END, 0);
	is("@2026-11-22T10:00:2026-11-22T10:01", BOUND_TIME, now, BOUND_TIME,
	    now + 60000);
	is("@2026-11-22:2026-11-22T10:00", BOUND_TIME, now - 36000000,
	    BOUND_TIME, now);
}

static void
refused(void)
{
	static const char *const bad[] = { "", ":", "::", "begining", "Start",
		"1:2:3", "5:", "a:b", "1:b", "+", "-", "+-1", "--1", "1-2",
		" 1", "1 ", "+1:2", "-1:end", "end:5", "@", "@:", "@x",
		"@:now", "@now:", "@now:5", "@now:start", "@now:now:now",
		"9223372036854775808", "0x10", "1.5", "earliest" };
	struct range r = { { BOUND_END, 7 }, { BOUND_END, 8 } };
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e.code = ERR_NONE;
		CHECK_EQ_INT(range_parse(bad[i], now, &r, &e), -1);
		CHECK_EQ_INT(e.code, ERR_USAGE);
	}
	CHECK_EQ_INT(r.from.value, 7);
	CHECK_EQ_INT(r.to.value, 8);
	range_parse("begining", now, &r, &e);
	CHECK_EQ_STR(e.text, "\"begining\" is not a range: start, end, N, A:B, "
	    ":B, N:end, +N, -N, @T, @T1:T2 or @T:end");
	CHECK_EQ_INT(range_parse("20:10", now, &r, &e), -1);
	CHECK_EQ_STR(e.text, "\"20:10\" ends before it starts");
	CHECK_EQ_INT(range_parse("@now:-1h", now, &r, &e), -1);
	CHECK_EQ_STR(e.text, "\"@now:-1h\" ends before it starts");
}

/* The list that s means, for the caller to free. */
static int32_t *
list_of(const char *s, size_t *n)
{
	struct err e = { 0 };
	int32_t *list = NULL;

	*n = 0;
	CHECK_EQ_INT(range_partitions(s, &list, n, &e), 0);
	return list;
}

static void
partitions(void)
{
	static const int32_t want[] = { 0, 2, 5, 6, 7 };
	int32_t *some, *last, *most;
	size_t n;

	some = list_of("5-7,0,2,6,0", &n);
	CHECK_EQ_MEM(some, n * sizeof(*some), want, sizeof(want));
	free(some);
	last = list_of("2147483647", &n);
	CHECK_EQ_INT(n, 1);
	CHECK(last != NULL && last[0] == INT32_MAX);
	free(last);
	most = list_of("0-99999", &n);
	CHECK_EQ_INT(n, 100000);
	free(most);
}

static void
partitions_refused(void)
{
	static const char *const bad[] = { "", ",", "1,", ",1", "1,,2", "-1",
		"1-", "3-1", "1-2-3", "a", " 1", "1 ", "2147483648",
		"0-100000", "0-99999,5", "0-2147483647",
		"1000000000000000000000000000000000000000000000000000000000"
	};
	struct err e = { 0 };
	char zeros[66] = "";
	int32_t *list = NULL;
	size_t n = 9;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ_INT(range_partitions(bad[i], &list, &n, &e), -1);
		CHECK_EQ_INT(e.code, ERR_USAGE);
	}
	CHECK(list == NULL && n == 9);
	memset(zeros, '0', sizeof(zeros) - 1);
	CHECK_EQ_INT(range_partitions(zeros, &list, &n, &e), -1);
}

static void
options(void)
{
	struct range r = { 0 };
	struct partitions p = { 0 };
	struct err e = { 0 };

	CHECK_EQ_INT(range_option(&r, "5", &e), 0);
	CHECK_EQ_INT(range_option_until(&r, "1795341600", &e), 0);
	CHECK_EQ_INT(r.from.kind, BOUND_OFFSET);
	CHECK_EQ_INT(r.to.kind, BOUND_TIME);
	CHECK_EQ_INT(r.to.value, now);
	CHECK_EQ_INT(range_option_since(&r, "1795341599", &e), 0);
	CHECK_EQ_INT(r.from.kind, BOUND_TIME);
	CHECK_EQ_INT(range_option_since(&r, "soon", &e), -1);
	CHECK_EQ_INT(r.from.value, now - 1000);
	CHECK_EQ_INT(range_option_partitions(&p, "1,2", &e), 0);
	CHECK_EQ_INT(range_option_partitions(&p, "3", &e), 0);
	CHECK_EQ_INT(p.n, 1);
	CHECK_EQ_INT(p.list[0], 3);
	range_partitions_release(&p);
	CHECK(p.list == NULL);
}

TEST_MAIN(TEST(offsets), TEST(times), TEST(local_times), TEST(refused),
    TEST(partitions), TEST(partitions_refused), TEST(options))
