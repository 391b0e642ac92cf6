#include "deadletter.h"

#include <errno.h>
#include <sys/prctl.h>

#include "clock.h"
#include "cursor.h"
#include "lock.h"
#include "spawned.h"

enum { PARTITIONS = 5, LIMIT = 1 << 20 };

static const char error[] = "exit status 3";

static char *
path(void)
{
	static char text[80];

	snprintf(text, sizeof(text), "%s/dead", spawned_place.dir);
	return text;
}

static struct deadletter *
make(const char *key, const char *value, int64_t timeout_ms)
{
	struct deadletter *d;
	struct settings s;
	struct err e;

	spawned_enter();
	settings_init(&s);
	s.partitions = PARTITIONS;
	place_need(key == NULL || settings_set(&s, key, value, &e) == 0, "set",
	    &e);
	place_need(topic_create(path(), &s, false, &e) == 0, "create", &e);
	d = deadletter_open(path(), false, timeout_ms, &e);
	place_need(d != NULL, "deadletter_open", &e);
	CHECK_EQ_STR(deadletter_topic(d)->name, "dead");
	return d;
}

static struct record
record_of(const char *key, const char *value)
{
	return (struct record){ .timestamp = 1700000000123,
		.key = key == NULL ? SLICE_NULL : spawned_text(key),
		.value = value == NULL ? SLICE_NULL : spawned_text(value),
		.headers = { NULL, 0 } };
}

static void
put_text(struct buf *out, struct slice s)
{
	if (s.len < 0)
		s = spawned_text("NULL");
	place_need(buf_append(out, s.data, (size_t)s.len) == 0, "buf", NULL);
}

/* "offset time key=value name=value ...\n" of one record. */
static void
print(struct buf *out, const struct record *r)
{
	struct slice rest = r->headers;
	struct header h;
	char number[48];
	int count = 0;

	snprintf(number, sizeof(number), "%" PRId64 " %" PRId64 " ", r->offset,
	    r->timestamp);
	put_text(out, spawned_text(number));
	put_text(out, r->key);
	put_text(out, spawned_text("="));
	put_text(out, r->value);
	for (; header_next(&rest, &h) > 0; count++) {
		put_text(out, spawned_text(" "));
		put_text(out, h.name);
		put_text(out, spawned_text("="));
		put_text(out, h.value);
	}
	CHECK_EQ_INT(count, r->header_count);
	put_text(out, spawned_text("\n"));
}

/* What a reader finds in the partition, as text; until the next call. */
static const char *
contents(const struct deadletter *d, int32_t partition)
{
	static char text[4096];
	struct buf out = { 0 }, bytes = { 0 }, raw = { 0 };
	struct codec *codec = codec_new();
	const uint8_t *at;
	struct record r;
	struct cursor c;
	struct batch b;
	struct view v;
	struct err e;
	int32_t i;

	place_need(codec != NULL && view_open(&v, deadletter_topic(d)->dirfd,
	    partition, path(), &e) == 0, "view", &e);
	cursor_init(&c, &v, 0);
	while (cursor_next(&c, &b, &bytes, &e) > 0) {
		buf_clear(&raw);
		place_need(codec_decompress(codec,
		    (enum codec_id)(b.attributes & 7),
		    bytes.data + BATCH_HEADER, (size_t)b.size -
		    BATCH_HEADER, &raw, LIMIT, &e) == 0, "decompress", &e);
		for (at = raw.data, i = 0; i < b.count; i++) {
			place_need(record_decode(&at, raw.data + raw.len,
			    b.base_offset, b.base_timestamp, &r) == 0,
			    "decode", NULL);
			print(&out, &r);
		}
	}
	snprintf(text, sizeof(text), "%.*s", (int)out.len, (char *)out.data);
	cursor_release(&c);
	view_close(&v);
	codec_free(codec);
	buf_release(&out);
	buf_release(&bytes);
	buf_release(&raw);
	return text;
}

static void
put(struct deadletter *d, const struct record *r, const char *source,
    int64_t attempts)
{
	struct err e;

	place_need(deadletter_put(d, r, source, attempts, error, &e) == 0,
	    "deadletter_put", &e);
}

/* Partitions: Kafka's Utils.murmur2 of its own test's words, modulo 5. */
static void
as_it_was(void)
{
	struct deadletter *d = make(NULL, NULL, -1);
	struct record r = record_of("foobar", "value");
	struct buf headers = { 0 };

	put(d, &r, "orders/3/1041", 4);
	CHECK_EQ_STR(contents(d, 1), "0 1700000000123 foobar=value "
	    "klog.error=exit status 3 klog.source=orders/3/1041 "
	    "klog.attempts=4\n");
	/* Headers of its own come first, whatever their names. */
	place_need(header_append(&headers, spawned_text("a"),
	    SLICE_NULL) == 0 && header_append(&headers,
	    spawned_text("klog.error"), spawned_text("old")) == 0, "header",
	    NULL);
	r = record_of("21", NULL);
	r.headers = (struct slice){ headers.data, (int32_t)headers.len };
	r.header_count = 2;
	r.timestamp = 7;
	put(d, &r, "orders/0/0", 1);
	CHECK_EQ_STR(contents(d, 0), "0 7 21=NULL a=NULL klog.error=old "
	    "klog.error=exit status 3 klog.source=orders/0/0 "
	    "klog.attempts=1\n");
	CHECK_EQ_INT(r.header_count, 2);
	r = record_of("a-little-bit-long-string", "");
	put(d, &r, "t/0/1", 0);
	put(d, &r, "t/0/2", 0);
	CHECK_EQ_STR(contents(d, 2), "0 1700000000123 "
	    "a-little-bit-long-string= klog.error=exit status 3 "
	    "klog.source=t/0/1 klog.attempts=0\n"
	    "1 1700000000123 a-little-bit-long-string= "
	    "klog.error=exit status 3 klog.source=t/0/2 klog.attempts=0\n");
	buf_release(&headers);
	deadletter_close(d);
	spawned_leave();
}

/* Records without key take turns; one without time gets the present. */
static void
without(void)
{
	struct deadletter *d = make(NULL, NULL, -1);
	struct record r = record_of(NULL, "v");
	int64_t time, before = clock_wall_ms();
	const char *text;
	int32_t i;

	r.timestamp = -1;
	for (i = 0; i < PARTITIONS; i++)
		put(d, &r, "t/0/0", 1);
	for (i = 0; i < PARTITIONS; i++) {
		text = contents(d, i);
		CHECK(strncmp(text, "0 ", 2) == 0);
		time = strtoll(text + 2, NULL, 10);
		CHECK(time >= before && time <= clock_wall_ms());
		CHECK_EQ_STR(strchr(text + 2, ' '), " NULL=v "
		    "klog.error=exit status 3 klog.source=t/0/0 "
		    "klog.attempts=1\n");
	}
	deadletter_close(d);
	spawned_leave();
}

static void
check_refused(struct deadletter *d, const struct record *r, enum err_code code,
    const char *what)
{
	char text[200];
	struct err e;

	CHECK_EQ_INT(deadletter_put(d, r, "t/0/9", 1, error, &e), -1);
	CHECK_EQ_INT(e.code, code);
	snprintf(text, sizeof(text), "%s%s", path(), what);
	CHECK_EQ_STR(e.text, text);
}

/* It says why, and takes the next one all the same. */
static void
refused(void)
{
	char large[2000] = "";
	struct record r;
	struct deadletter *d = make("max.message.bytes", "1500", -1);

	memset(large, 'x', sizeof(large) - 1);
	r = record_of("foobar", large);
	check_refused(d, &r, ERR_DATA, ": t/0/9: larger than "
	    "max.message.bytes (1500) with its new headers");
	r = record_of("foobar", "small");
	put(d, &r, "t/0/10", 2);
	CHECK_EQ_STR(contents(d, 1), "0 1700000000123 foobar=small "
	    "klog.error=exit status 3 klog.source=t/0/10 klog.attempts=2\n");
	deadletter_close(d);
	spawned_leave();

	d = make("cleanup.policy", "compact", -1);
	r = record_of(NULL, "v");
	check_refused(d, &r, ERR_DATA,
	    ": t/0/9: has no key, which a compacted topic needs");
	deadletter_close(d);
	spawned_leave();

	d = make("message.timestamp.after.max.ms", "1h", -1);
	r = record_of("k", "v");
	r.timestamp = clock_wall_ms() + 7200000;
	check_refused(d, &r, ERR_DATA, ": t/0/9: its time is too far ahead of "
	    "the clock (message.timestamp.after.max.ms)");
	deadletter_close(d);
	spawned_leave();
}

/* Somebody holds the partition; when he lets go, it can be put again. */
static void
busy(void)
{
	struct deadletter *d = make(NULL, NULL, 10);
	struct record r = record_of("foobar", "v");
	struct lock l;
	struct err e;
	char text[80], name[16];
	int part;

	part = openat(deadletter_topic(d)->dirfd, "1", O_RDONLY | O_CLOEXEC);
	place_need(lock_open(&l, part, "lock", "x", 0, &e) == 0 &&
	    lock_try(&l, &e) == 1, "lock", &e);
	place_need(prctl(PR_GET_NAME, name) == 0, "prctl", NULL);
	snprintf(text, sizeof(text), "/1/lock: locked by process %d (%s)",
	    (int)getpid(), name);
	check_refused(d, &r, ERR_BUSY, text);
	lock_close(&l);
	close(part);
	put(d, &r, "t/0/9", 1);
	CHECK_EQ_STR(contents(d, 1), "0 1700000000123 foobar=v "
	    "klog.error=exit status 3 klog.source=t/0/9 klog.attempts=1\n");
	deadletter_close(d);
	spawned_leave();
}

/* It is never made here. */
static void
missing(void)
{
	struct err e;

	spawned_enter();
	CHECK(deadletter_open(path(), false, -1, &e) == NULL);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(e.sys, ENOENT);
	CHECK(access(path(), F_OK) < 0);
	place_put(spawned_place.dirfd, "dead", "x", 1);
	CHECK(deadletter_open(path(), false, -1, &e) == NULL);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	deadletter_close(NULL);
	spawned_leave();
}

TEST_MAIN(TEST(as_it_was), TEST(without), TEST(refused), TEST(busy),
    TEST(missing))
