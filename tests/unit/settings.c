#include "settings.h"

#include "conf.h"
#include "place.h"

static void
defaults(void)
{
	struct settings s;

	settings_init(&s);
	CHECK_EQ_INT(s.partitions, 1);
	CHECK_EQ_INT(s.retention_ms, 7 * 86400000LL);
	CHECK_EQ_INT(s.retention_bytes, -1);
	CHECK_EQ_INT(s.segment_bytes, 1 << 30);
	CHECK_EQ_INT(s.segment_ms, 7 * 86400000LL);
	CHECK_EQ_INT(s.segment_index_bytes, 10485760);
	CHECK_EQ_INT(s.cleanup_policy, CLEANUP_DELETE);
	CHECK_EQ_INT(s.max_message_bytes, 1048588);
	CHECK_EQ_INT(s.compression_type, 4);
	CHECK_EQ_INT(s.zstd_level, 1);
	CHECK_EQ_INT(s.index_interval_bytes, 4096);
	CHECK_EQ_INT(s.min_insync_replicas, 1);
	CHECK_EQ_INT(s.replica_lag_ms, 30000);
	CHECK_EQ_INT(s.given, 0);
}

static void
rows(void)
{
	int i;

	for (i = 0; i < SETTINGS_KEYS; i++) {
		CHECK_EQ_INT(settings_find(settings_row(i)->name), i);
		if (i > 0)
			CHECK(strcmp(settings_row(i - 1)->name,
				  settings_row(i)->name) < 0);
	}
	CHECK_EQ_INT(settings_find("retention"), -1);
}

static bool
same(const struct settings *a, const struct settings *b)
{
	char x[128], y[128];
	int i;

	for (i = 0; i < SETTINGS_KEYS; i++) {
		settings_text(a, i, x, sizeof(x));
		settings_text(b, i, y, sizeof(y));
		if (strcmp(x, y) != 0)
			return false;
	}
	return a->given == b->given && a->partitions == b->partitions &&
	    strcmp(a->id, b->id) == 0;
}

/* Text that is taken comes out as want; NULL: refused, nothing changed. */
static void
set(const char *key, const char *value, const char *want)
{
	struct settings s, before;
	struct err e;
	char text[128];
	int r;

	settings_init(&s);
	before = s;
	r = settings_set(&s, key, value, &e);
	if (want == NULL) {
		CHECK_EQ_INT(r, -1);
		CHECK_EQ_INT(e.code, ERR_USAGE);
		CHECK(same(&s, &before));
		if (r == 0)
			fprintf(stderr, "# %s=%s\n", key, value);
		return;
	}
	CHECK_EQ_INT(r, 0);
	settings_text(&s, settings_find(key), text, sizeof(text));
	CHECK_EQ_STR(text, want);
	CHECK_EQ_INT(settings_unset(&s, key, &e), 0);
	CHECK(same(&s, &before));
}

static void
values(void)
{
	set("retention.ms", "7d", "604800000");
	set("retention.ms", "-1", "-1");
	set("retention.ms", "unlimited", "-1");
	set("retention.ms", "-2", NULL);
	set("segment.ms", "-1", NULL);
	set("segment.ms", "0", NULL);
	set("segment.bytes", "4k", "4096");
	set("segment.bytes", "4095", NULL);
	set("segment.bytes", "2G", NULL);
	set("segment.bytes", "2147483647", "2147483647");
	set("segment.bytes", "", NULL);
	set("segment.bytes", "1M ", NULL);
	set("cleanup.policy", "compact,delete", "compact,delete");
	set("cleanup.policy", "delete,compact", "compact,delete");
	set("cleanup.policy", "compact,", NULL);
	set("cleanup.policy", "", NULL);
	set("compression.type", "uncompressed", "none");
	set("compression.type", "producer", "producer");
	set("compression.type", "ZSTD", NULL);
	set("compression.zstd.level", "-131072", "-131072");
	set("compression.zstd.level", "23", NULL);
	set("min.cleanable.dirty.ratio", "0.5", "0.500000");
	set("min.cleanable.dirty.ratio", "1", "1.000000");
	set("min.cleanable.dirty.ratio", "1.0", "1.000000");
	set("min.cleanable.dirty.ratio", "1.000001", NULL);
	set("min.cleanable.dirty.ratio", "1.5", NULL);
	set("min.cleanable.dirty.ratio", "0.", NULL);
	set("min.cleanable.dirty.ratio", "0.0000001", NULL);
	set("min.cleanable.dirty.ratio", "2", NULL);
	set("min.cleanable.dirty.ratio", "", NULL);
	set("message.timestamp.type", "LogAppendTime", "LogAppendTime");
	set("flush.messages", "9223372036854775807", "9223372036854775807");
	set("flush.messages", "9223372036854775808", NULL);
	set("flush.messages", "1k", NULL);
	set("no.such.key", "1", NULL);
}

static int
parse(const struct place *pl, const char *text, size_t n, struct settings *s,
    struct err *e)
{
	place_put(pl->dirfd, CONF_NAME, text, n);
	return conf_read(s, pl->dirfd, "t", e);
}

#define HEAD "version=1\nid=AAAAAAAAAAAAAAAAAAAAAA\npartitions=3\n"

static void
conf(void)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
		{ "", "t/topic.conf: has no version line" },
		{ "version=1\n", "t/topic.conf: has no id line" },
		{ HEAD "segment.bytes=1", "t/topic.conf: line 4: has no end" },
		{ HEAD "junk\n", "t/topic.conf: line 4: is not key=value" },
		{ HEAD "partitions=0\n",
		    "t/topic.conf: line 4: not a number of partitions" },
		{ HEAD "partitions=3 \n",
		    "t/topic.conf: line 4: not a number of partitions" },
		{ HEAD "id=short\n", "t/topic.conf: line 4: not a topic id" },
		{ HEAD "version=x\n", "t/topic.conf: line 4: not a version" },
	};
	struct settings s, back;
	struct place pl;
	struct err e;
	size_t i;

	place_dir(&pl);
	CHECK_EQ_INT(conf_read(&s, pl.dirfd, "t", &e), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ_INT(parse(&pl, bad[i].text, strlen(bad[i].text), &s,
				 &e), -1);
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
		CHECK_EQ_STR(e.text, bad[i].error);
	}
	CHECK_EQ_INT(parse(&pl, HEAD "a\0b=1\n", sizeof(HEAD) + 5, &s, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_INT(parse(&pl, HEAD "no.such=1\n", strlen(HEAD) + 10, &s, &e),
	    -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_INT(parse(&pl, "version=2\n", 10, &s, &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(parse(&pl, "# note\n\n" HEAD, strlen(HEAD) + 8, &s, &e),
	    1);
	CHECK_EQ_INT(s.partitions, 3);
	CHECK_EQ_INT(settings_set(&s, "segment.bytes", "1M", &e), 0);
	CHECK_EQ_INT(settings_set(&s, "retention.ms", "-1", &e), 0);
	CHECK_EQ_INT(conf_write(&s, pl.dirfd, "t", &e), 0);
	CHECK_EQ_INT(conf_read(&back, pl.dirfd, "t", &e), 1);
	CHECK(same(&s, &back));
	place_remove(&pl);
}

static void
together(void)
{
	struct settings s;
	struct err e;

	settings_init(&s);
	CHECK_EQ_INT(settings_set(&s, "segment.bytes", "64k", &e), 0);
	CHECK_EQ_INT(settings_check(&s, &e), 0); /* a default gives way */
	CHECK_EQ_INT(settings_set(&s, "max.message.bytes", "65k", &e), 0);
	CHECK_EQ_INT(settings_check(&s, &e), -1);
	CHECK_EQ_INT(e.code, ERR_USAGE);
}

TEST_MAIN(
    TEST(defaults), TEST(rows), TEST(values), TEST(conf), TEST(together))
