#include "keyed.h"

#include "checkpoint.h"
#include "reverse.h"
#include "swap.h"
#include "verify.h"

static void
check_reads(struct keyed *k, bool ranges, const char *want)
{
	char *got = keyed_read(k, ranges);

	CHECK_EQ_STR(got, want);
	free(got);
}

/* The last of each key stays, where it was; the active segment as it is. */
static void
keeps_last(void)
{
	struct compaction c = { .force = true };
	struct keyed k;
	int64_t clean;
	struct err e;

	keyed_make(&k);
	keyed_append(&k, "a=1 b=1 c=1", CODEC_NONE);
	keyed_append(&k, "a=2", CODEC_ZSTD);
	keyed_append(&k, "b=2", CODEC_NONE);
	keyed_append(&k, "d=1", CODEC_NONE);
	keyed_roll(&k);
	keyed_append(&k, "a=3 d=2", CODEC_NONE);
	keyed_roll(&k);
	keyed_append(&k, "a=4 c=4", CODEC_NONE);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_FORCED);
	check_reads(&k, true,
	    "2:c=1 [3-3] 4:b=2 [5-5] 6:a=3 7:d=2 8:a=4 9:c=4");
	CHECK_EQ_INT(c.start, 0);
	CHECK_EQ_INT(c.dirty, 0);
	CHECK_EQ_INT(c.end, 8);
	CHECK_EQ_INT(c.records_read, 8);
	CHECK_EQ_INT(c.records_kept, 4);
	CHECK_EQ_INT(c.segments_before, 2);
	CHECK_EQ_INT(c.segments_after, 1);
	CHECK_EQ_INT(c.segments_written, 1);
	CHECK_EQ_INT(place_size(&k.pl, LOG(6)), -1);
	CHECK_EQ_INT(place_size(&k.pl, INDEX(6)), -1);
	CHECK_EQ_INT(place_size(&k.pl, LOG(0)), c.bytes_after);
	CHECK_EQ_INT(place_size(&k.pl, "swap"), -1);
	CHECK_EQ_INT(
	    checkpoint_read_cleaner(k.pl.part, &clean, "t", &e), 1);
	CHECK_EQ_INT(clean, 8);
	place_remove(&k.pl);
}

/* With roll the active segment is closed if that makes it due; it is empty
 * then. */
static void
rolls(void)
{
	struct compaction c = { .roll = true };
	struct keyed k;
	struct lock l;
	struct err e;

	keyed_make(&k);
	keyed_append(&k, "a=1 b=1", CODEC_NONE);
	c.bounded = true;
	c.bound = 1;
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_NOTHING);
	c.bounded = false;
	c.dry_run = true;
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_RATIO);
	CHECK_EQ_INT(c.segments_before, 1);
	CHECK_EQ_INT(place_size(&k.pl, LOG(2)), -1);
	c.dry_run = false;
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.end, 2);
	CHECK_EQ_INT(place_size(&k.pl, LOG(2)), 0);
	/* Nothing was appended, then too little. */
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_CLEAN);
	keyed_append(&k, "a=2", CODEC_NONE);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_BELOW_RATIO);
	CHECK_EQ_INT(place_size(&k.pl, LOG(3)), -1);
	/* Too young is all but what is clean. */
	k.set.min_compaction_lag_ms = 1000;
	c.force = true;
	CHECK_EQ_INT(keyed_compact(&k, &c, 999, &e), 0);
	CHECK_EQ_INT(c.end, 2);
	CHECK_EQ_INT(place_size(&k.pl, LOG(3)), -1);
	CHECK_EQ_INT(keyed_compact(&k, &c, 1001, &e), 0);
	CHECK_EQ_INT(place_size(&k.pl, LOG(3)), 0);
	check_reads(&k, true, "1:b=1 2:a=2");
	/* A producer that has it is waited for, for no time. */
	keyed_append(&k, "a=3", CODEC_NONE);
	place_need(lock_open(&l, k.pl.part, "lock", "t/0", 1, &e) == 0 &&
		lock_try(&l, &e) == 1,
	    "lock", &e);
	CHECK_EQ_INT(keyed_compact(&k, &c, 1001, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	lock_close(&l);
	place_remove(&k.pl);
}

/* A tombstone stays until its horizon has passed, then it goes. */
static void
tombstones(void)
{
	struct compaction c = { .force = true };
	struct keyed k;
	struct err e;

	keyed_make(&k);
	k.set.delete_retention_ms = 1000;
	keyed_append(&k, "a=1 b=1", CODEC_NONE);
	keyed_append(&k, "a b=2", CODEC_NONE);
	keyed_roll(&k);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	check_reads(&k, false, "2:a 3:b=2");
	CHECK_EQ_INT(keyed_compact(&k, &c, 999, &e), 0);
	CHECK_EQ_INT(c.segments_written, 0);
	check_reads(&k, false, "2:a 3:b=2");
	CHECK_EQ_INT(keyed_compact(&k, &c, 1000, &e), 0);
	check_reads(&k, true, "[0-1] 3:b=2");
	place_remove(&k.pl);
}

/* Segments of two records each: a=0 b=0, a=1 b=1, and so on. */
static void
make_pairs(struct keyed *k, int count)
{
	char words[32];
	int i;

	keyed_make(k);
	for (i = 0; i < count; i++) {
		snprintf(words, sizeof(words), "a=%d b=%d", i, i);
		keyed_append(k, words, CODEC_NONE);
		keyed_roll(k);
	}
}

static void
open_view(struct view *v, struct keyed *k)
{
	*v = place_view(&k->pl);
	v->strict = true;
}

/* A reader in segment `in` when all become one goes on where it was. */
static void
check_reader(int in, bool to_its_end)
{
	struct compaction c = { .force = true };
	struct buf bytes = { 0 };
	struct cursor reader;
	struct keyed k;
	struct batch b;
	struct view v;
	struct err e;
	int64_t next, records = 0;
	int i, got;

	make_pairs(&k, 5);
	open_view(&v, &k);
	cursor_init(&reader, &v, 0);
	for (i = 0; i < in + to_its_end; i++)
		CHECK_EQ_INT(cursor_next(&reader, &b, &bytes, &e), 1);
	if (!to_its_end)
		cursor_seek(&reader, 2 * (int64_t)in);
	next = 2 * (int64_t)(in + to_its_end);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.segments_after, 1);
	while ((got = cursor_next(&reader, &b, &bytes, &e)) > 0) {
		/* One batch may go back to what it stands for. */
		CHECK(b.base_offset <= next && b.last_offset >= next);
		CHECK(b.count == 0 || b.base_offset == next);
		next = b.last_offset + 1;
		records += b.count;
	}
	CHECK_EQ_INT(got, 0);
	CHECK_EQ_INT(next, 10);
	/* The last two. */
	CHECK_EQ_INT(records, in == 4 && to_its_end ? 0 : 2);
	CHECK_EQ_INT(reader.skipped, 0);
	cursor_release(&reader);
	view_close(&v);
	buf_release(&bytes);
	place_remove(&k.pl);
}

static void
readers_go_on(void)
{
	int in;

	for (in = 0; in < 5; in++) {
		check_reader(in, false);
		check_reader(in, true);
	}
}

/* Backwards too, and nothing comes twice. */
static void
backwards(void)
{
	struct compaction c = { .force = true };
	struct buf bytes = { 0 };
	struct reverse r;
	struct keyed k;
	struct batch b;
	struct view v;
	struct err e;
	int64_t start, before = 8;
	int got;

	make_pairs(&k, 5);
	open_view(&v, &k);
	place_need(view_look(&v, &start, &e) == 0, "look", &e);
	reverse_init(&r, &v, 10);
	CHECK_EQ_INT(reverse_next(&r, &b, &bytes, &e), 1);
	CHECK_EQ_INT(b.base_offset, 8);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	while ((got = reverse_next(&r, &b, &bytes, &e)) > 0) {
		CHECK(b.last_offset < 8 && b.base_offset < before);
		before = b.base_offset;
	}
	CHECK_EQ_INT(got, 0);
	CHECK_EQ_INT(before, 0);
	reverse_release(&r);
	view_close(&v);
	buf_release(&bytes);
	place_remove(&k.pl);
}

/* Kafka's conditions; nothing is done that was not asked for. */
static void
decides(void)
{
	struct compaction c = { .dry_run = true };
	struct keyed k;
	struct err e;

	make_pairs(&k, 4);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_RATIO);
	CHECK(c.picked);
	CHECK_EQ_INT(c.end, 8);
	CHECK_EQ_INT(c.segments_before, 4);
	CHECK_EQ_INT(place_size(&k.pl, "cleaner-checkpoint"), -1);
	k.set.min_compaction_lag_ms = 1000;
	CHECK_EQ_INT(keyed_compact(&k, &c, 999, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_NOTHING);
	CHECK_EQ_INT(keyed_compact(&k, &c, 1000, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_RATIO);
	c.bounded = true;
	c.bound = 5;
	CHECK_EQ_INT(keyed_compact(&k, &c, 1000, &e), 0);
	CHECK_EQ_INT(c.end, 4);
	c.bounded = c.dry_run = false;
	CHECK_EQ_INT(keyed_compact(&k, &c, 1000, &e), 0);
	CHECK_EQ_INT(keyed_compact(&k, &c, 1000, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_CLEAN);
	keyed_append(&k, "z", CODEC_NONE);
	keyed_roll(&k);
	k.set.dirty_ratio = 900000;
	CHECK_EQ_INT(keyed_compact(&k, &c, 1001, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_BELOW_RATIO);
	k.set.max_compaction_lag_ms = 1000;
	CHECK_EQ_INT(keyed_compact(&k, &c, 1001, &e), 0);
	CHECK_EQ_INT(c.why, COMPACTION_LAG);
	place_remove(&k.pl);
}

/* Another that cleans is not waited for. */
static void
busy(void)
{
	struct compaction c = { .force = true };
	struct keyed k;
	struct lock l;
	struct err e;

	make_pairs(&k, 2);
	place_need(lock_open(&l, k.pl.part, "clean.lock", "t", 0, &e) == 0 &&
		lock_try(&l, &e) == 1,
	    "lock", &e);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	lock_close(&l);
	place_remove(&k.pl);
}

/* What is damaged is not compacted, and nothing is left of the try. */
static void
damage(void)
{
	struct compaction c = { .force = true };
	struct keyed k;
	struct err e;

	make_pairs(&k, 3);
	place_flip(&k.pl, LOG(2), 70);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_INT(place_size(&k.pl, LOG(0) ".cleaned"), -1);
	CHECK_EQ_INT(place_size(&k.pl, "swap"), -1);
	CHECK(place_size(&k.pl, LOG(4)) > 0);
	place_remove(&k.pl);
}

static char said[512];

static void
say(void *context, const struct trouble *t)
{
	size_t n = strlen(said);

	(void)context;
	snprintf(said + n, sizeof(said) - n, "%s: %s; ", t->file, t->what);
}

static const char *
verified(struct keyed *k)
{
	struct verify v = { .topic = &k->pl.topic, .deep = true, .told = say };
	struct err e;

	said[0] = '\0';
	place_need(verify_partition(&v, 0, &e) == 0, "verify", &e);
	verify_release(&v);
	return said;
}

/* A swap that was not ended is told, and nothing of what it is doing. */
static void
left_swap(void)
{
	static const char line[] =
	    "00000000000000000000 00000000000000000006\n";
	struct compaction c = { .force = true };
	struct keyed k;
	struct err e;

	make_pairs(&k, 3);
	CHECK_EQ_STR(verified(&k), "");
	place_need(linkat(k.pl.part, LOG(2), k.pl.part, "kept", 0) == 0,
	    "link", NULL);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_STR(verified(&k), "");
	place_put(k.pl.part, "swap", line, sizeof(line) - 1);
	fsio_rename(k.pl.part, "kept", LOG(2), true);
	CHECK_EQ_STR(verified(&k), "0/swap: a compaction that was not ended; ");
	check_reads(&k, false, "4:a=2 5:b=2");
	CHECK_EQ_INT(swap_finish(k.pl.part, "t", &e), 0);
	CHECK_EQ_STR(verified(&k), "");
	CHECK_EQ_INT(place_size(&k.pl, LOG(2)), -1);
	place_put(k.pl.part, "cleaner-checkpoint", "99\n", 3);
	CHECK_EQ_STR(verified(&k),
	    "0/cleaner-checkpoint: names offset 99, but the log ends at 6; ");
	place_remove(&k.pl);
}

TEST_MAIN(TEST(keeps_last), TEST(rolls), TEST(tombstones), TEST(readers_go_on),
    TEST(backwards), TEST(decides), TEST(busy), TEST(damage), TEST(left_swap))
