#include "place_crash.h"

/* What a producer that was killed left, in the boot that saw it die. */

static void
adopt_whole_cut_torn(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	add_batch(&pl, LOG(0), 2, 0, 1000);
	add_batch(&pl, LOG(0), 3, 0, 40);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 3);
	CHECK_EQ_INT(pl.p.slot.max_timestamp, 5000);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 219);
	place_remove(&pl);
}

/* Whole batches that do not go on where the log ends are cut. */
static void
adopt_only_what_follows(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	add_batch(&pl, LOG(0), 3, 0, 1000); /* a hole */
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
	add_batch(&pl, LOG(0), 2, 1, 1000); /* another epoch */
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
	add_batch(&pl, LOG(0), 2, 0, 1000);
	place_flip(&pl, LOG(0), 146 + 70);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
	place_fill(&pl, 1, 1000, 1);
	CHECK_EQ_INT(pl.p.slot.next_offset, 3);
	place_remove(&pl);
}

/* What a roll leaves that was killed: files, a time entry, a temporary. */
static void
interrupted_roll(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	place_put(pl.part, LOG(2), "", 0);
	place_put(pl.part, INDEX(2), "", 0);
	place_put(pl.part, ".recovery-point.tmp", "x", 1);
	add(&pl, TIMEINDEX(0), "123456789012", 12);
	atomic_store(&pl.p.state.page->busy, 1);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), -1);
	CHECK_EQ_INT(place_size(&pl, INDEX(2)), -1);
	CHECK_EQ_INT(place_size(&pl, TIMEINDEX(0)), 0);
	CHECK_EQ_INT(place_size(&pl, ".recovery-point.tmp"), -1);
	CHECK_EQ_INT(atomic_load(&pl.p.state.page->busy), 0);
	/* A segment with bytes there is none that we began. */
	place_put(pl.part, LOG(2), "x", 1);
	atomic_store(&pl.p.state.page->busy, 1);
	CHECK_EQ_INT(begin(&pl, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	place_remove(&pl);
}

static void
shorter_than_committed(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	{
		int fd = openat(pl.part, LOG(0), O_WRONLY | O_CLOEXEC);

		CHECK_EQ_INT(fsio_truncate(fd, 100), 0);
		close(fd);
	}
	CHECK_EQ_INT(begin(&pl, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 100);
	place_remove(&pl);
}

TEST_MAIN(TEST(adopt_whole_cut_torn), TEST(adopt_only_what_follows),
    TEST(interrupted_roll), TEST(shorter_than_committed))
