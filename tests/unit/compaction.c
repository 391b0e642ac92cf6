#include "keyed.h"

#include "checkpoint.h"

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

TEST_MAIN(TEST(keeps_last), TEST(tombstones))
