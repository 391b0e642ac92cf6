#include "json.h"

#include "test.h"
#include "text.h"

static struct json *parser;

static int
ignore(void *context, enum json_event event, struct slice text, struct err *e)
{
	(void)context;
	(void)event;
	(void)text;
	(void)e;
	return 0;
}

static bool
accepts_bytes(const char *text, size_t n)
{
	const struct json_handler h = { ignore, NULL };
	struct err e;

	return json_parse(parser, (struct slice){ (const uint8_t *)text,
	    (int32_t)n }, &h, &e) == 0;
}

static bool
accepts(const char *text)
{
	return accepts_bytes(text, strlen(text));
}

static void
grammar(void)
{
	static const char *const good[] = { "1", "-0", "1.5e3", "\"\"",
		" [ 1 , 2 ] ", "{}", "{\"a\":{\"a\":[null,true,false]}}",
		"\"\\u0000\\ud83d\\ude00\\/\"", "\"\xf0\x9f\x98\x80\"",
		"123456789012345678901234567890", "\"\x7f\"",
		"\"\\\\ud800\"" };
	static const char *const bad[] = { "", " ", "01", "1.", "-", "+1",
		"NaN", "[1,]", "{\"a\"}", "{a:1}", "1 2", "{}{}", "[", "{",
		"\"", "nul", "/**/1", "\v1", "1\f", "\"\t\"", "\"\\x41\"",
		"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
		"\"\\ud800\\n\"", "\"\\u12\"", "\"\\", "\"\xff\"",
		"\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
		"\"\xe2\x82\"", "\xef\xbb\xbf{}", "[1 2]", "truefalse",
		"{}\"", "1\"x", "{}\"\\", "{}tru", "[]-" };

	/* A bad one in between must not spoil what comes after. */
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *g = good[i % (sizeof(good) / sizeof(good[0]))];

		test_check(!accepts(bad[i]), __FILE__, __LINE__, bad[i]);
		test_check(accepts(g), __FILE__, __LINE__, g);
	}
	CHECK(!accepts_bytes("1\0", 2));
	CHECK(!accepts_bytes("\"a\0b\"", 5));
}

static void
depth(void)
{
	char text[2 * (JSON_DEPTH + 1) + 1];

	memset(text, '[', JSON_DEPTH + 1);
	memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
	text[sizeof(text) - 1] = '\0';
	CHECK(!accepts(text));
	CHECK(accepts_bytes(text + 1, 2 * JSON_DEPTH));
}

static void
check_path(const char *path, const char *text, const char *want)
{
	struct err e = { 0 };
	struct json_path *p = json_path_new("--key-json", path, &e);
	struct json_value v;

	if (p == NULL) {
		CHECK_EQ_STR(e.text, "");
		return;
	}
	CHECK_EQ_INT(json_lookup(parser, text_slice(text), &p, 1, &v, &e), 0);
	CHECK_EQ_INT(v.text.len, want == NULL ? -1 : (int)strlen(want));
	if (want != NULL && v.text.len >= 0)
		CHECK_EQ_MEM(v.text.data, (size_t)v.text.len, want,
		    strlen(want));
	json_path_free(p);
}

static void
paths(void)
{
	static const char *const refused[] = { "", "a", ".a.", "..", ".a b\"",
		".\"a", ".a[0]", ". a\"x\"" };
	struct err e;

	check_path(".a.b", "{\"x\":1,\"a\":{\"c\":2,\"b\":\"v\"}}", "v");
	check_path(".a.b", "{\"a\":{\"b\":1.10}}", "1.10");
	check_path(".a.b", "{\"a\":{\"b\":18446744073709551616}}",
	    "18446744073709551616");
	check_path(".a.b", "{\"a\":{\"b\":true}}", "true");
	check_path(".a.b", "{\"a\":{\"b\":\"\"}}", "");
	check_path(".a.b", "{\"a\":{\"b\":null}}", NULL);
	check_path(".a.b", "{\"a\":[{\"b\":1}]}", NULL);
	check_path(".a.b", "{\"z\":{\"a\":{\"b\":1}},\"b\":2}", NULL);
	check_path(".a.b", "{\"a\":{\"z\":{\"b\":1}}}", NULL);
	check_path(".a.b", "[1]", NULL);
	check_path(".a", "{\"a\":1,\"a\":2}", "2");
	check_path(".a.b", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}", NULL);
	check_path(".a", "{\"a\": [ 1, {\"b\" : \"x\\n\"}, [], null ] }",
	    "[1,{\"b\":\"x\\n\"},[],null]");
	check_path(".\"a.b\"", "{\"a.b\":7}", "7");
	check_path(".a.\"\\\"\"", "{\"a\":{\"\\\"\":7}}", "7");
	check_path(".", " 5 ", "5");
	check_path(".", "{\"a\" : 1}", "{\"a\":1}");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		test_check(json_path_new("-x", refused[i], &e) == NULL,
		    __FILE__, __LINE__, refused[i]);
}

/* Values of which one is inside the other. */
static void
two_paths(void)
{
	struct json_path *p[2];
	struct json_value v[2];
	struct err e;

	p[0] = json_path_new("-", ".a", &e);
	p[1] = json_path_new("-", ".a.b", &e);
	CHECK_EQ_INT(json_lookup(parser, text_slice("{\"a\":{\"b\":\"x\","
	    "\"c\":1}}"), p, 2, v, &e), 0);
	CHECK_EQ_MEM(v[0].text.data, (size_t)v[0].text.len,
	    "{\"b\":\"x\",\"c\":1}", 15);
	CHECK_EQ_MEM(v[1].text.data, (size_t)v[1].text.len, "x", 1);
	json_path_free(p[0]);
	json_path_free(p[1]);
}

static void
check_put(const char *bytes, size_t n, const char *want)
{
	struct buf b = { 0 };

	CHECK_EQ_INT(json_put_bytes(&b, (struct slice){
	    (const uint8_t *)bytes, (int32_t)n }), 0);
	CHECK_EQ_MEM(b.data, b.len, want, strlen(want));
	buf_release(&b);
}

static void
writing(void)
{
	struct buf b = { 0 };

	check_put("", 0, "\"\"");
	check_put("a\"\\\b\t\n\f\r\0\x1f\x7f", 11,
	    "\"a\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\"");
	check_put("gr\xc3\xbc\xc3\x9f", 6, "\"gr\xc3\xbc\xc3\x9f\"");
	check_put("\xff", 1, "{\"base64\":\"/w==\"}");
	check_put("\xed\xa0\x80", 3, "{\"base64\":\"7aCA\"}");
	CHECK_EQ_INT(json_put_bytes(&b, SLICE_NULL), 0);
	CHECK_EQ_MEM(b.data, b.len, "null", 4);
	buf_release(&b);
}

/* Every byte at every place of the eight that are looked at together. */
static void
every_byte(void)
{
	struct json_path *p;
	struct err e;
	char text[24];

	p = json_path_new("-", ".", &e);
	for (int place = 0; place < 16; place++)
		for (int c = 0; c < 128; c++) {
			struct buf b = { 0 };
			struct json_value v;
			struct slice s = { (uint8_t *)text, sizeof(text) };

			memset(text, 'x', sizeof(text));
			text[place] = (char)c;
			json_put_bytes(&b, s);
			CHECK_EQ_INT(json_lookup(parser, (struct slice){
			    b.data, (int32_t)b.len }, &p, 1, &v, &e), 0);
			CHECK_EQ_MEM(v.text.data, (size_t)v.text.len, text,
			    sizeof(text));
			buf_release(&b);
		}
	json_path_free(p);
}

int
main(void)
{
	const struct test tests[] = { TEST(grammar), TEST(depth), TEST(paths),
		TEST(two_paths), TEST(writing), TEST(every_byte) };
	int failed;

	parser = json_new();
	failed = test_run(tests, sizeof(tests) / sizeof(tests[0]));
	json_free(parser);
	return failed;
}
