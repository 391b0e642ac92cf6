#include "when.h"

#include <time.h>

#include "test.h"

/* 2026-11-22T10:00:00Z, a Sunday. */
static const int64_t now = 1795341600000;

static void
zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

/* What s means, or -1. */
static int64_t
at(const char *s)
{
	struct err e = { 0 };
	int64_t ms = -1;

	if (when_parse(s, now, &ms, &e) == 0)
		return ms;
	CHECK_EQ_INT(e.code, ERR_USAGE);
	CHECK_EQ_INT(ms, -1);
	return -1;
}

static void
epochs(void)
{
	CHECK_EQ_INT(at("1795341600000"), now);
	CHECK_EQ_INT(at("1795341600"), now);
	CHECK_EQ_INT(at("0000000000"), 0);
	CHECK_EQ_INT(at("179534160000"), -1);
	CHECK_EQ_INT(at("17953416000000"), -1);
	CHECK_EQ_INT(at("0"), -1);
}

static void
utc(void)
{
	zone("Asia/Kolkata");
	CHECK_EQ_INT(at("2026-11-22T10:00Z"), now);
	CHECK_EQ_INT(at("2026-11-22 10:00Z"), now);
	CHECK_EQ_INT(at("2026-11-22T10:00:00Z"), now);
	CHECK_EQ_INT(at("2026-11-22T10:00:00.5Z"), now + 500);
	CHECK_EQ_INT(at("2026-11-22T10:00:00.123Z"), now + 123);
	CHECK_EQ_INT(at("2026-11-22T10:00:00.123999999Z"), now + 123);
	CHECK_EQ_INT(at("2026-11-22T11:30+01:30"), now);
	CHECK_EQ_INT(at("2026-11-22T05:00-0500"), now);
	CHECK_EQ_INT(at("1970-01-01T00:00Z"), 0);
	CHECK_EQ_INT(at("2000-02-29T00:00Z"), 951782400000);
	CHECK_EQ_INT(at("9999-12-31T23:59:59.999Z"), 253402300799999);
}

static void
local(void)
{
	zone("UTC0");
	CHECK_EQ_INT(at("2026-11-22"), now - 36000000);
	zone("Asia/Kolkata");
	CHECK_EQ_INT(at("2026-11-22T15:30"), now);
	CHECK_EQ_INT(at("2026-11-22 15:30:00.001"), now + 1);
	zone("Europe/Berlin");
	CHECK_EQ_INT(at("2026-07-01"), 1782856800000);
	/* The change back: an hour that comes twice is one of the two. */
	CHECK(at("2026-10-25T02:30") == 1792888200000 ||
	    at("2026-10-25T02:30") == 1792891800000);
	/* The hour that is left out is moved, not refused. */
	CHECK(at("2026-03-29T02:30") == 1774744200000 ||
	    at("2026-03-29T02:30") == 1774747800000);
}

static void
relative(void)
{
	zone("UTC0");
	CHECK_EQ_INT(at("now"), now);
	CHECK_EQ_INT(at("today"), now - 36000000);
	CHECK_EQ_INT(at("yesterday"), now - 36000000 - 86400000);
	CHECK_EQ_INT(at("-90m"), now - 5400000);
	CHECK_EQ_INT(at("-1h30m"), now - 5400000);
	CHECK_EQ_INT(at("-250ms"), now - 250);
	CHECK_EQ_INT(at("+7d"), now + 604800000);
	CHECK_EQ_INT(at("+1h30m"), now + 5400000);
	zone("Europe/Berlin");
	CHECK_EQ_INT(at("today"), 1795302000000);
}

static void
refused(void)
{
	static const char *const bad[] = { "", " ", "noon", "Now", "2026",
		"2026-11", "2026-1-2", "2026-11-22T", "2026-11-22T10",
		"2026-11-22T10:0", "2026-11-22T24:00", "2026-11-22T10:60",
		"2026-11-22T10:00:60", "2026-11-22T10:00:00.",
		"2026-11-22T10:00:00.1234567890", "2026-11-22T10:00z",
		"2026-11-22T10:00+1", "2026-11-22T10:00+01",
		"2026-11-22T10:00+24:00", "2026-11-22T10:00+01:60",
		"2026-11-22Z", "2026-11-22T10:00ZZ", "2026-11-22T10:00 Z",
		"2026-02-30", "2026-02-29", "2100-02-29", "2026-00-01",
		"2026-13-01", "2026-04-31", "2026-01-00", "2026-01-32",
		"1969-12-31T23:59Z", "-", "-5", "-5x", "-h", "--5h", "+5",
		"+", "+-5h", "-3000w", "+9223372036854775807ms",
		"2026-11-22T10:00:00,5", "\xff" };
	size_t i;

	zone("UTC0");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ_INT(at(bad[i]), -1);
}

static void
says_why(void)
{
	struct err e = { 0 };
	int64_t ms;

	when_parse("2026-02-30", now, &ms, &e);
	CHECK_EQ_STR(e.text,
	    "\"2026-02-30\" is not a time such as 2026-11-22T10:00, today, "
	    "-2h, +7d or epoch milliseconds");
	when_parse("5h", now, &ms, &e);
	CHECK_EQ_STR(e.text,
	    "\"5h\" is not a time; that long ago is -5h, from now +5h");
	when_parse("-9000w", now, &ms, &e);
	CHECK_EQ_STR(e.text, "\"-9000w\" is before 1970");
}

static void
utc_is(int64_t ms, const char *want)
{
	char out[WHEN_TEXT];

	when_format_utc(ms, out);
	CHECK_EQ_STR(out, want);
}

static void
formatting(void)
{
	char out[WHEN_TEXT];

	utc_is(now + 7, "2026-11-22T10:00:00.007Z");
	utc_is(0, "1970-01-01T00:00:00.000Z");
	utc_is(-1, "1969-12-31T23:59:59.999Z");
	utc_is(951782400000, "2000-02-29T00:00:00.000Z");
	utc_is(INT64_MAX, "292278994-08-17T07:12:55.807Z");
	utc_is(INT64_MIN, "-292275055-05-16T16:47:04.192Z");
	zone("Asia/Kolkata");
	when_format_local(now, out);
	CHECK_EQ_STR(out, "2026-11-22 15:30:00");
	when_format_local(-1, out);
	CHECK_EQ_STR(out, "-");
}

/* Every day of four centuries is read back as it was written. */
static void
round_trip(void)
{
	char out[WHEN_TEXT];
	int64_t ms;

	for (ms = 43200007; ms < 12622780800000; ms += 86400000) {
		when_format_utc(ms, out);
		if (at(out) != ms)
			break;
	}
	CHECK(ms >= 12622780800000);
}

TEST_MAIN(TEST(epochs), TEST(utc), TEST(local), TEST(relative),
    TEST(refused), TEST(says_why), TEST(formatting), TEST(round_trip))
