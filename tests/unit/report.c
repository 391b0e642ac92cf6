#include "report.h"

#include "test.h"

static void
escapes(void)
{
	char out[64];

	CHECK_EQ_INT(report_escape(out, sizeof(out), "plain"), 5);
	CHECK_EQ_STR(out, "plain");
	report_escape(out, sizeof(out), "a\nb\x1b[31m\x7f\tgr\xc3\xbcn");
	CHECK_EQ_STR(out, "a\\x0ab\\x1b[31m\\x7f\\x09gr\xc3\xbcn");
}

static void
cuts(void)
{
	char out[8];

	CHECK_EQ_INT(report_escape(out, sizeof(out), "1234567890"), 7);
	CHECK_EQ_STR(out, "1234567");
	/* No half escape. */
	CHECK_EQ_INT(report_escape(out, sizeof(out), "1234\n"), 4);
	CHECK_EQ_STR(out, "1234");
	CHECK_EQ_INT(report_escape(out, sizeof(out), "123\n4"), 7);
	CHECK_EQ_STR(out, "123\\x0a");
}

static void
remembers(void)
{
	report_init("klog-test", true, 2);
	CHECK_EQ_STR(report_name(), "klog-test");
	CHECK(report_quiet());
	CHECK_EQ_INT(report_verbose(), 2);
}

TEST_MAIN(TEST(escapes), TEST(cuts), TEST(remembers))
