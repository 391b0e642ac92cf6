#include "units.h"

#include "test.h"

static int64_t
an_int(const char *s, int64_t min, int64_t max)
{
	int64_t v = -777;
	int result = units_int(s, min, max, &v);

	CHECK_EQ_INT(result, v == -777 ? -1 : 0);
	return v;
}

static int64_t
a_size(const char *s)
{
	int64_t v = -1;
	int result = units_size(s, &v);

	CHECK_EQ_INT(result, v == -1 ? -1 : 0);
	return v;
}

static int64_t
a_duration(const char *s)
{
	int64_t v = -1;
	int result = units_duration(s, &v);

	CHECK_EQ_INT(result, v == -1 ? -1 : 0);
	return v;
}

static void
integers(void)
{
	CHECK_EQ_INT(an_int("0", 0, 10), 0);
	CHECK_EQ_INT(an_int("10", 0, 10), 10);
	CHECK_EQ_INT(an_int("007", 0, 10), 7);
	CHECK_EQ_INT(an_int("-5", -5, 5), -5);
	CHECK_EQ_INT(an_int("-0", -5, 5), 0);
	CHECK_EQ_INT(an_int("9223372036854775807", 0, INT64_MAX), INT64_MAX);
	CHECK_EQ_INT(an_int("-9223372036854775808", INT64_MIN, 0), INT64_MIN);
}

static void
integers_refused(void)
{
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1x",
		"0x10", "1.0", "--1", "11", "-6", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999", "\xd9\xa1" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ_INT(an_int(bad[i], -5, 10), -777);
	CHECK_EQ_INT(an_int("-0", 0, 10), -777);
	CHECK_EQ_INT(an_int("9223372036854775808", INT64_MIN, INT64_MAX), -777);
	CHECK_EQ_INT(an_int("-9223372036854775809", INT64_MIN, INT64_MAX),
	    -777);
}

static void
sizes(void)
{
	CHECK_EQ_INT(a_size("0"), 0);
	CHECK_EQ_INT(a_size("4096"), 4096);
	CHECK_EQ_INT(a_size("64k"), 65536);
	CHECK_EQ_INT(a_size("64K"), 65536);
	CHECK_EQ_INT(a_size("1M"), 1048576);
	CHECK_EQ_INT(a_size("1MiB"), 1048576);
	CHECK_EQ_INT(a_size("1g"), 1073741824);
	CHECK_EQ_INT(a_size("2T"), 2199023255552);
	CHECK_EQ_INT(a_size("8388607T"), 8388607LL << 40);
}

static void
sizes_refused(void)
{
	static const char *const bad[] = { "", "k", "-1", "+1", "1 k", "1kB",
		"1B", "1Mi", "1MB", "1.5M", "1kk", "1x", "8388608T",
		"9223372036854775808", "1MiBs" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ_INT(a_size(bad[i]), -1);
}

static void
durations(void)
{
	CHECK_EQ_INT(a_duration("0"), 0);
	CHECK_EQ_INT(a_duration("250"), 250);
	CHECK_EQ_INT(a_duration("250ms"), 250);
	CHECK_EQ_INT(a_duration("30s"), 30000);
	CHECK_EQ_INT(a_duration("10m"), 600000);
	CHECK_EQ_INT(a_duration("2h"), 7200000);
	CHECK_EQ_INT(a_duration("7d"), 604800000);
	CHECK_EQ_INT(a_duration("1w"), 604800000);
	CHECK_EQ_INT(a_duration("1h30m"), 5400000);
	CHECK_EQ_INT(a_duration("1w2d3h4m5s6ms"), 788645006);
	CHECK_EQ_INT(a_duration("90m"), 5400000);
}

static void
durations_refused(void)
{
	static const char *const bad[] = { "", "s", "-1s", "1h30", "30m1h",
		"1h1h", "1 h", "1H", "1.5h", "1y", "1hm", "1ms1s",
		"15250284453w", "9223372036854775808",
		"9223372036854775807ms1", "9223372036854775s808ms" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ_INT(a_duration(bad[i]), -1);
}

static void
size_is(int64_t bytes, const char *want)
{
	char out[UNITS_TEXT];

	units_format_size(bytes, out);
	CHECK_EQ_STR(out, want);
}

static void
duration_is(int64_t ms, const char *want)
{
	char out[UNITS_TEXT];

	units_format_duration(ms, out);
	CHECK_EQ_STR(out, want);
}

static void
formatting(void)
{
	size_is(0, "0");
	size_is(1023, "1023");
	size_is(1024, "1.0k");
	size_is(1535, "1.4k");
	size_is(1536, "1.5k");
	size_is(65536, "64k");
	size_is(1048575, "1023k");
	size_is(1LL << 31, "2.0G");
	size_is(-1, "-1");
	size_is(-2048, "-2.0k");
	size_is(INT64_MAX, "7.9E");
	size_is(INT64_MIN, "-8.0E");
	duration_is(0, "0ms");
	duration_is(250, "250ms");
	duration_is(1000, "1s");
	duration_is(5399, "5.3s");
	duration_is(30000, "30s");
	duration_is(90000, "1m30s");
	duration_is(7500000, "2h5m");
	duration_is(604800000, "7d");
	duration_is(273600000, "3d4h");
	duration_is(-250, "-250ms");
	duration_is(INT64_MIN, "-106751991167d7h");
}

TEST_MAIN(TEST(integers), TEST(integers_refused), TEST(sizes),
    TEST(sizes_refused), TEST(durations), TEST(durations_refused),
    TEST(formatting))
