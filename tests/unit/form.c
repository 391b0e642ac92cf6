#include "forms.h"

#include "text.h"

static void
show(struct buf *b, struct slice s)
{
	if (s.len < 0)
		text_put(b, text_slice("NIL"));
	else
		text_put_visible(b, s);
}

/* One line a record: "key|value|headers|timestamp|partition" or the error. */
static void
read_all(struct form_reader *r, int fd, struct buf *b)
{
	static const struct form_options headers = { .kind = FORM_FORMAT,
		.format = "%h" };
	struct form_writer *w;
	struct form_record x;
	struct err e;
	enum form_state s;

	w = form_writer_new(&headers, &e);
	form_reader_open(r, fd, "in");
	while ((s = form_reader_next(r, &x, -1, &e)) != FORM_END) {
		if (s == FORM_GOT) {
			show(b, x.rec.key);
			text_put(b, text_slice("|"));
			show(b, x.rec.value);
			text_put(b, text_slice("|"));
			form_write(w, &meta, &x.rec, b, &e);
			text_put(b, text_slice("|"));
			text_put_int(b, x.rec.timestamp);
			text_put(b, text_slice("|"));
			text_put_int(b, x.partition);
			CHECK_EQ_INT(x.has_timestamp, x.rec.timestamp >= 0);
		} else {
			text_put(b, text_slice(e.text));
		}
		text_put(b, text_slice(";"));
		if (s == FORM_FAILED)
			break;
	}
	form_writer_free(w);
}

static void
check_in(const struct form_options *o, const char *in, size_t n,
    const char *want)
{
	struct err e = { 0 };
	struct form_reader *r = form_reader_new(o, &e);
	struct buf b = { 0 };
	int fd = file_of(in, n);

	CHECK_EQ_STR(e.text, "");
	if (r != NULL)
		read_all(r, fd, &b);
	buf_append(&b, "", 1);
	CHECK_EQ_STR((char *)b.data, want);
	close(fd);
	buf_release(&b);
	form_reader_free(r);
}

#define IN(in, want, ...) \
	check_in(&(struct form_options){ __VA_ARGS__ }, (in), sizeof(in) - 1, \
	    (want))
#define S(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static void
lines(void)
{
	IN("", "", .kind = FORM_LINES);
	IN("a\n\nb\r\nc", "NIL|a||-1|-1;NIL|||-1|-1;NIL|b\\x0d||-1|-1;"
	    "NIL|c||-1|-1;", .kind = FORM_LINES);
	IN("a\0b\n\0", "NIL|a||-1|-1;NIL|b\n||-1|-1;", .delimiter = S("\0"));
	IN("a--b---c", "NIL|a||-1|-1;NIL|b||-1|-1;NIL|-c||-1|-1;",
	    .delimiter = S("--"));
	IN("k=v=w\nx\n=\n", "k|v=w||5|-1;NIL|x||5|-1;|||5|-1;",
	    .key_separator = S("="), .has_timestamp = true, .timestamp = 5);
	IN("k=\n=\nx\n", "k|NIL||-1|-1;D|NIL||-1|-1;D|x||-1|-1;",
	    .key_separator = S("="), .null_empty = true, .key = S("D"));
	IN("one\ntwo", "NIL|one\ntwo||-1|-1;", .kind = FORM_WHOLE);
	IN("", "NIL|||-1|-1;", .kind = FORM_WHOLE);
	IN("abc\nabcd\nabc", "NIL|abc||-1|-1;in: line 2: record too large: "
	    "the limit is 3 bytes;NIL|abc||-1|-1;", .max_record = 3);
}

static void
keys_and_times(void)
{
	IN("{\"a\":{\"b\":7},\"t\":1763800000}\n{\"t\":\"2025-11-22T08:26:40."
	    "5Z\"}\nx\n{\"t\":\"now\"}\n",
	    "7|{\"a\":{\"b\":7},\"t\":1763800000}||1763800000000|-1;"
	    "D|{\"t\":\"2025-11-22T08:26:40.5Z\"}||1763800000500|-1;"
	    "in: line 3: not JSON: lexical error: invalid char in json text. "
	    "(byte 1);in: line 4: .t is not a time;",
	    .key_json = ".a.b", .time_json = ".t", .key = S("D"));
}

static void
json(void)
{
	IN("{}\n{\"key\":null,\"value\":\"v\\u0000\"}\n"
	    "{\"topic\":\"x\",\"partition\":4,\"offset\":1,\"ts\":9,\"key\":"
	    "{\"base64\":\"/w==\"},\"payload\":\"\",\"headers\":[\"a\",\"1\","
	    "\"b\",null],\"broker\":{\"x\":[1]}}\n"
	    "{\"headers\":[[\"a\",{\"base64\":\"eA==\"}],[\"a\",null]]}",
	    "NIL|NIL||-1|-1;NIL|v\\x00||-1|-1;\\xff||a=1,b=|9|4;"
	    "NIL|NIL|a=x,a=|-1|-1;", .kind = FORM_JSON,
	    .keep_partition = true);
}

static void
json_refused(void)
{
	IN("[]\n{\"key\":1}\n{\"value\":{\"x\":1}}\n{\"value\":{}}\n"
	    "{\"value\":{\"base64\":\"/x==\"}}\n{\"ts\":\"1\"}\n"
	    "{\"ts\":1.5}\n{\"partition\":-2}\n{\"headers\":[\"a\"]}\n"
	    "{\"headers\":[[\"a\"]]}\n{\"headers\":{\"a\":\"b\"}}\n"
	    "{\"value\":\"\",\"payload\":\"\"}\n\n{\"value\":\"\xff\"}\n"
	    "{\"headers\":[[\"a\",\"b\",\"c\",\"d\"]]}\n",
	    "in: line 1: not a JSON object;"
	    "in: line 2: \"key\" is not a string, null or "
	    "{\"base64\":\"...\"};"
	    "in: line 3: \"value\" is not a string, null or "
	    "{\"base64\":\"...\"};"
	    "in: line 4: \"value\" is not a string, null or "
	    "{\"base64\":\"...\"};"
	    "in: line 5: \"value\": not base64;"
	    "in: line 6: \"ts\" is not a whole number in range;"
	    "in: line 7: \"ts\" is not a whole number in range;"
	    "in: line 8: \"partition\" is not a whole number in range;"
	    "in: line 9: \"headers\" is not [[\"name\",\"value\"],...];"
	    "in: line 10: \"headers\" is not [[\"name\",\"value\"],...];"
	    "in: line 11: \"headers\" is not [[\"name\",\"value\"],...];"
	    "in: line 12: \"value\" comes twice;"
	    "in: line 13: not JSON: nothing there;"
	    "in: line 14: not JSON: bytes are not UTF-8;"
	    "in: line 15: \"headers\" is not [[\"name\",\"value\"],...];",
	    .kind = FORM_JSON);
}

static void
formats(void)
{
	IN("a\t1\nb\nc\t2", "a|1||-1|-1;in: record 2: byte 0: %k of -F "
	    "column 1 has no end;c|2||-1|-1;", .kind = FORM_FORMAT,
	    .format = "%k\\t%s\\n");
	IN("k\nv\nk2\nv2\n", "k|v||-1|-1;k2|v2||-1|-1;",
	    .kind = FORM_FORMAT, .format = "%k\\n%s\\n");
	IN("5 a=1,b [6162] 2\n", "NIL|ab|a=1,b=|5|2;", .kind = FORM_FORMAT,
	    .format = "%T %h [%s{hex}] %p\\n", .keep_partition = true);
	IN("\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0\0\0", "NIL|ab||-1|-1;"
	    "NIL|NIL||-1|-1;NIL|||-1|-1;in: record 4: byte 0: %R of "
	    "-F column 1 is cut off;",
	    .kind = FORM_FORMAT, .format = "%R%s");
	IN("a b c", "a|b c||-1|-1;", .kind = FORM_FORMAT,
	    .format = "%k %s");
}

#define FRAME \
	"\0\0\0\1k\xff\xff\xff\xff\0\0\0\1\0\0\0\1h\0\0\0\0" \
	"\0\0\0\0\0\0\0\5"
#define BIG \
	"\0\0\0\1k\0\0\0\x10" \
	"0123456789abcdef\0\0\0\1\0\0\0\1h" \
	"\0\0\0\x13" \
	"0123456789abcdef012\0\0\0\0\0\0\0\5"

static void
framed(void)
{
	IN(FRAME FRAME, "k|NIL|h=|5|-1;k|NIL|h=|5|-1;", .kind = FORM_FRAMED);
	IN(FRAME "\0\0", "k|NIL|h=|5|-1;in: record 2: cut off;",
	    .kind = FORM_FRAMED);
	IN(FRAME "\xff\xff\xff\xfe", "k|NIL|h=|5|-1;in: record 2: not a "
	    "frame;", .kind = FORM_FRAMED);
	IN(FRAME BIG FRAME, "k|NIL|h=|5|-1;in: record 2: record too large: "
	    "the limit is 40 bytes;k|NIL|h=|5|-1;", .kind = FORM_FRAMED,
	    .max_record = 40);
	IN(FRAME, "k|NIL|h=,x=y|7|-1;", .kind = FORM_FRAMED,
	    .headers = S("\2x\2y"), .header_count = 1,
	    .has_timestamp = true, .timestamp = 7);
}

static void
options_refused(void)
{
	static const struct form_options bad[] = {
		{ .kind = FORM_JSON, .key_separator = S(":") },
		{ .key_separator = S("") }, { .delimiter = S("") },
		{ .kind = FORM_FORMAT, .format = "%k%s" },
		{ .key_json = "a" }, { .time_json = "" },
		{ .kind = FORM_WHOLE, .follow = true },
		{ .max_record = SIZE_MAX } };
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e.code = ERR_NONE;
		CHECK(form_reader_new(&bad[i], &e) == NULL);
		CHECK_EQ_INT(e.code, ERR_USAGE);
	}
}

static void
check_out(const struct form_options *o, const struct record *r,
    const char *want)
{
	struct err e;
	struct form_writer *w = form_writer_new(o, &e);
	struct buf b = { 0 };

	CHECK_EQ_INT(form_write(w, &meta, r, &b, &e), 0);
	buf_append(&b, "", 1);
	CHECK_EQ_STR((char *)b.data, want);
	buf_release(&b);
	form_writer_free(w);
}

#define OUT(r, want, ...) \
	check_out(&(struct form_options){ __VA_ARGS__ }, (r), (want))

static void
writing(void)
{
	struct record a = { .offset = 5, .timestamp = 9,
		.key = text_slice("k"), .value = text_slice("v\033\xc3\xbc"),
		.headers = S("\2h\1"), .header_count = 1 };
	struct record nil = { .offset = 6, .timestamp = -1,
		.key = SLICE_NULL, .value = SLICE_NULL, .headers = S("") };

	OUT(&a, "v\033\xc3\xbc\n", .kind = FORM_LINES);
	OUT(&a, "k:v\\x1b\xc3\xbc--", .key_separator = S(":"),
	    .delimiter = S("--"), .visible = true);
	OUT(&nil, "\n", .kind = FORM_LINES);
	OUT(&nil, "NULL:NULL\n", .key_separator = S(":"), .null_empty = true);
	OUT(&nil, "~\n", .null_as = "~", .null_empty = true);
	OUT(&a, "v\033\xc3\xbc", .kind = FORM_WHOLE);
	OUT(&a, "{\"topic\":\"orders\",\"partition\":3,\"offset\":5,\"ts\":9,"
	    "\"tstype\":\"create\",\"key\":\"k\",\"value\":\"v\\u001b\xc3\xbc"
	    "\",\"headers\":[[\"h\",null]]}\n", .kind = FORM_JSON);
	OUT(&nil, "{\"topic\":\"orders\",\"partition\":3,\"offset\":6,\"ts\":"
	    "-1,\"tstype\":\"create\",\"key\":null,\"value\":null,"
	    "\"headers\":[]}\n", .kind = FORM_JSON);
}

static struct slice
random_bytes(unsigned *seed, uint8_t *room, size_t most)
{
	size_t n = (size_t)rand_r(seed) % (most + 2);
	bool ascii = rand_r(seed) % 2 == 0;

	if (n > most)
		return SLICE_NULL;
	for (size_t i = 0; i < n; i++)
		room[i] = (uint8_t)(rand_r(seed) >> 4 & (ascii ? 0x7f : 0xff));
	return (struct slice){ room, (int32_t)n };
}

static bool
same(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len <= 0 || memcmp(a.data, b.data, (size_t)a.len) == 0);
}

/* One random record, the same for the same seed. */
static void
make(unsigned seed, struct record *r, uint8_t room[400], struct buf *headers)
{
	uint8_t name[20], value[40];

	buf_clear(headers);
	*r = (struct record){ .timestamp = rand_r(&seed) % 9 - 1 };
	r->key = random_bytes(&seed, room, 40);
	r->value = random_bytes(&seed, room + 40, 300);
	r->header_count = rand_r(&seed) % 3;
	for (int i = 0; i < r->header_count; i++) {
		struct slice n = random_bytes(&seed, name, sizeof(name));
		struct slice v = random_bytes(&seed, value, sizeof(value));

		n.len = n.len < 0 ? 0 : n.len;
		header_append(headers, n, v);
	}
	r->headers = (struct slice){ headers->data, (int32_t)headers->len };
}

static void
round_trip(enum form_kind kind)
{
	enum { COUNT = 5000 };
	const struct form_options o = { .kind = kind };
	struct err e;
	struct form_writer *w = form_writer_new(&o, &e);
	struct form_reader *r = form_reader_new(&o, &e);
	struct buf out = { 0 }, headers = { 0 };
	struct form_record got;
	struct record want;
	uint8_t room[400];
	int fd;

	for (unsigned seed = 1; seed <= COUNT; seed++) {
		make(seed, &want, room, &headers);
		CHECK_EQ_INT(form_write(w, &meta, &want, &out, &e), 0);
	}
	fd = file_of(out.data, out.len);
	form_reader_open(r, fd, "in");
	for (unsigned seed = 1; seed <= COUNT; seed++) {
		make(seed, &want, room, &headers);
		if (form_reader_next(r, &got, -1, &e) != FORM_GOT) {
			CHECK_EQ_STR(e.text, "");
			break;
		}
		CHECK(same(got.rec.key, want.key));
		CHECK(same(got.rec.value, want.value));
		CHECK(same(got.rec.headers, want.headers));
		CHECK_EQ_INT(got.rec.header_count, want.header_count);
		CHECK_EQ_INT(got.rec.timestamp, want.timestamp);
	}
	CHECK_EQ_INT(form_reader_next(r, &got, -1, &e), FORM_END);
	close(fd);
	buf_release(&out);
	buf_release(&headers);
	form_reader_free(r);
	form_writer_free(w);
}

static void
round_trips(void)
{
	round_trip(FORM_JSON);
	round_trip(FORM_FRAMED);
}

TEST_MAIN(TEST(lines), TEST(keys_and_times), TEST(json), TEST(json_refused),
    TEST(formats), TEST(framed), TEST(options_refused), TEST(writing),
    TEST(round_trips))
