#include "format.h"

#include "test.h"
#include "text.h"

static const struct form_meta meta = { "orders", 3, 7, "zstd", true };

static void
check_out(const char *fmt, const struct record *r, const char *want, size_t n)
{
	struct err e = { 0 };
	struct format *f = format_new(fmt, &e);
	struct format_source from = { &meta, r, 9, text_slice("NIL"), false };
	struct buf b = { 0 };

	CHECK_EQ_STR(e.text, "");
	if (f == NULL)
		return;
	CHECK_EQ_INT(format_write(f, &from, &b, &e), 0);
	if (b.len != n || memcmp(b.data, want, n) != 0)
		fprintf(stderr, "# %s gave \"%.*s\"\n", fmt, (int)b.len,
		    (char *)b.data);
	CHECK_EQ_MEM(b.data, b.len, want, n);
	buf_release(&b);
	format_free(f);
}

#define OUT(fmt, r, want) check_out((fmt), (r), (want), sizeof(want) - 1)

static void
letters(void)
{
	struct buf h = { 0 };
	struct record r = { .offset = 42, .timestamp = 1763800000123,
		.key = text_slice("k\xff"), .value = text_slice("v\n") };
	struct record nil = { .offset = 0, .timestamp = -1,
		.key = SLICE_NULL, .value = SLICE_NULL,
		.headers = { (const uint8_t *)"", 0 } };

	header_append(&h, text_slice("a"), text_slice("1"));
	header_append(&h, text_slice("b"), SLICE_NULL);
	r.headers = (struct slice){ h.data, (int32_t)h.len };
	r.header_count = 2;
	OUT("%t/%p@%o %e %i %T %%\\n", &r, "orders/3@42 7 9 1763800000123 %\n");
	OUT("%k|%s|%K|%S", &r, "k\xff|v\n|2|2");
	OUT("%k|%s|%K|%S|%R|%d", &nil, "NIL|NIL|-1|-1|\xff\xff\xff\xff|NIL");
	OUT("%h %h{json}", &r, "a=1,b=NIL [[\"a\",\"1\"],[\"b\",null]]");
	OUT("%h%h{json}", &nil, "[]");
	OUT("%d %d{%Y}", &r, "2025-11-22T08:26:40.123Z 2025");
	OUT("%a{compression} %a{timestamp-type}", &r, "zstd logappend");
	OUT("%s{hex} %s{base64} %s{json} %k{json}", &r,
	    "760a dgo= \"v\\n\" {\"base64\":\"a/8=\"}");
	OUT("%S{big32}%S{little16}%o{big8}%o{hex}", &r,
	    "\0\0\0\2\2\0*2a");
	OUT("%K{hex} %K{little64} %R", &nil,
	    "-1 \xff\xff\xff\xff\xff\xff\xff\xff \xff\xff\xff\xff");
	OUT("\\x41\\t\\0\\\\%s{json}", &nil, "A\t\0\\null");
	buf_release(&h);
}

static void
negative_time(void)
{
	struct record r = { .timestamp = -2, .key = SLICE_NULL,
		.value = SLICE_NULL };

	OUT("%d", &r, "1969-12-31T23:59:59.998Z");
}

static void
too_narrow(void)
{
	struct err e = { 0 };
	struct record r = { .offset = 40000 };
	struct format *f = format_new("x%o{big16}", &e);
	struct format_source from = { &meta, &r, 1, SLICE_NULL, false };
	struct buf b = { 0 };

	CHECK_EQ_INT(format_write(f, &from, &b, &e), -1);
	CHECK_EQ_STR(e.text, "-F: column 2: 40000 does not fit 2 bytes");
	CHECK_EQ_INT(b.len, 0);
	buf_release(&b);
	format_free(f);
}

static void
refused(void)
{
	static const char *const bad[][2] = {
		{ "", "-F: the format is empty" },
		{ "ab%", "-F: column 3: \"%\" at the end; %% is a percent "
		    "sign" },
		{ "a%z", "-F: column 2: unknown \"%z\" (known: s S R k K T h "
		    "t p o d e i a %)" },
		{ "%s{foo}", "-F: column 4: unknown modifier {foo}" },
		{ "%s{big32}", "-F: column 4: %s does not take {big32}" },
		{ "%s{", "-F: column 3: \"{\" without \"}\"" },
		{ "%a", "-F: column 1: %a needs {compression} or "
		    "{timestamp-type}" },
		{ "x\\q", "-F: column 2: unknown escape \"\\q\" (known: \\n "
		    "\\t \\r \\0 \\\\ \\xNN)" },
		{ "%d{}", "-F: column 4: empty time format" } };
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(format_new(bad[i][0], &e) == NULL);
		CHECK_EQ_STR(e.text, bad[i][1]);
		CHECK_EQ_INT(e.code, ERR_USAGE);
	}
}

static void
unreadable(void)
{
	static const char *const bad[][2] = {
		{ "%k%s", "-F: column 1: %k needs text between it and %s on "
		    "input, to end it" },
		{ "%k\\n", "-F: no %s: on input the format must say where "
		    "the value is" },
		{ "%s\\n%s\\n", "-F: column 5: %s comes twice" },
		{ "%S %R %s", "-F: column 4: %R comes twice" },
		{ "%R%s{hex}", "-F: column 3: %s of known length takes no "
		    "modifier on input" },
		{ "%s{json}\\n", "-F: column 1: {json} is for output; to "
		    "read JSON use -J" } };
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct format *f = format_new(bad[i][0], &e);

		CHECK(f != NULL && format_readable(f, &e) == -1);
		CHECK_EQ_STR(e.text, bad[i][1]);
		format_free(f);
	}
}

static void
ends(void)
{
	static const struct {
		const char *text, *end;
		int nth;
		bool by_end;
	} t[] = { { "%k\\t%s\\n", "\n", 1, true },
		{ "%k\\n%s\\n", "\n", 2, true },
		{ "\\n\\n%s\\n", "\n", 3, true },
		{ "%s\\n--\\n", "\n--\n", 1, true },
		{ "%R%s\\n", "\n", 1, false }, { "%k %s", "", 1, false } };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e;
		struct format *f = format_new(t[i].text, &e);
		struct slice end;
		int nth;

		CHECK_EQ_INT(format_readable(f, &e), 0);
		CHECK_EQ_INT(format_end(f, &end, &nth), t[i].by_end);
		if (t[i].by_end)
			CHECK_EQ_MEM(end.data, (size_t)end.len, t[i].end,
			    strlen(t[i].end));
		CHECK_EQ_INT(nth, t[i].nth);
		format_free(f);
	}
}

/* What is written, cut anywhere, is SHORT; whole, it is read back. */
static void
sized(void)
{
	struct err e = { 0 };
	struct format *f = format_new("%K{little16}%k%T %R%s%p{big8}!", &e);
	struct record r = { .timestamp = 12345, .key = text_slice("a!\n"),
		.value = SLICE_NULL };
	struct format_source from = { &meta, &r, 1, SLICE_NULL, false };
	struct format_record got = { 0 };
	struct buf b = { 0 };
	size_t used;

	CHECK_EQ_INT(format_readable(f, &e), 0);
	CHECK_EQ_INT(format_write(f, &from, &b, &e), 0);
	for (size_t n = 0; n < b.len; n++)
		CHECK_EQ_INT(format_read(f, b.data, n, false, &used, &got,
		    &e), FORMAT_SHORT);
	CHECK_EQ_INT(format_read(f, b.data, b.len, false, &used, &got, &e),
	    FORMAT_WHOLE);
	CHECK_EQ_INT(used, b.len);
	CHECK_EQ_INT(got.timestamp, 12345);
	CHECK_EQ_INT(got.partition, 3);
	CHECK_EQ_INT(got.value.len, -1);
	CHECK_EQ_MEM(got.key.data, (size_t)got.key.len, "a!\n", 3);
	b.data[b.len - 1] = '?';
	CHECK_EQ_INT(format_read(f, b.data, b.len, false, &used, &got, &e),
	    FORMAT_BAD);
	CHECK_EQ_STR(e.text, "byte 16: the text of -F column 30 is not "
	    "there");
	buf_release(&b);
	format_record_release(&got);
	format_free(f);
}

TEST_MAIN(TEST(letters), TEST(negative_time), TEST(too_narrow), TEST(refused),
    TEST(unreadable), TEST(ends), TEST(sized))
