#include "place_files.h"

#include "swap.h"

static int
parse(struct swap *s, const char *text)
{
	return swap_parse(s, (const uint8_t *)text, strlen(text));
}

#define LINE(a, b) "0000000000000000000" #a " 0000000000000000000" #b "\n"

static void
text_and_back(void)
{
	struct swap s = { 0 };
	struct buf out = { 0 };

	CHECK_EQ_INT(swap_add(&s, 0, 3), 0);
	CHECK_EQ_INT(swap_add(&s, 5, 9), 0);
	CHECK_EQ_INT(swap_text(&s, &out), 0);
	CHECK_EQ_INT(buf_append(&out, "", 1), 0);
	CHECK_EQ_STR((const char *)out.data, LINE(0, 3) LINE(5, 9));
	CHECK_EQ_INT(parse(&s, LINE(0, 3) LINE(5, 9)), 0);
	CHECK_EQ_INT((int64_t)s.count, 2);
	CHECK(!swap_supersedes(&s, 0));
	CHECK(swap_supersedes(&s, 2));
	CHECK(!swap_supersedes(&s, 3));
	CHECK(!swap_supersedes(&s, 5));
	CHECK(swap_supersedes(&s, 8));
	CHECK(!swap_supersedes(&s, 9));
	buf_release(&out);
	swap_release(&s);
}

static void
malformed(void)
{
	static const char *const bad[] = { "", "x", LINE(3, 3), LINE(3, 2),
		LINE(0, 3) LINE(2, 5), LINE(0, 3) "0", "0 3\n",
		"0000000000000000000x 00000000000000000003\n" };
	struct swap s = { 0 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ_INT(parse(&s, bad[i]), -1);
	swap_release(&s);
}

/* Three segments 0, 2, 4 and an active one at 6; 0 to 5 become one. */
static void
make(struct place *pl)
{
	struct err e;
	int i;

	place_make(pl);
	for (i = 0; i < 3; i++) {
		place_fill(pl, 2, 1000, 1);
		place_need(append_begin(&pl->p, 0, &e) == 0 &&
			append_roll(&pl->p, &e) == 0,
		    "roll", &e);
		append_end(&pl->p);
	}
}

static void
put_new(struct place *pl, int64_t last)
{
	uint8_t bytes[BATCH_HEADER];

	batch_empty(bytes, 0, last, 0);
	place_put(pl->part, LOG(0) ".cleaned", bytes, sizeof(bytes));
	place_put(pl->part, INDEX(0) ".cleaned", "", 0);
	place_put(pl->part, TIMEINDEX(0) ".cleaned", "", 0);
}

static void
check_done(struct place *pl)
{
	CHECK_EQ_INT(place_size(pl, LOG(0)), BATCH_HEADER);
	CHECK_EQ_INT(place_size(pl, LOG(0) ".cleaned"), -1);
	CHECK_EQ_INT(place_size(pl, INDEX(0) ".cleaned"), -1);
	CHECK_EQ_INT(place_size(pl, LOG(2)), -1);
	CHECK_EQ_INT(place_size(pl, INDEX(2)), -1);
	CHECK_EQ_INT(place_size(pl, LOG(4)), -1);
	CHECK_EQ_INT(place_size(pl, TIMEINDEX(4)), -1);
	CHECK_EQ_INT(place_size(pl, LOG(6)), 0);
	CHECK_EQ_INT(place_size(pl, "swap"), -1);
}

/* Whatever a kill left of it is ended, and a second time changes nothing. */
static void
finishes(void)
{
	struct place pl;
	struct err e;
	int killed;

	for (killed = 0; killed < 5; killed++) {
		make(&pl);
		put_new(&pl, 5);
		place_put(pl.part, "swap", LINE(0, 6), 42);
		if (killed > 0)
			fsio_rename(
			    pl.part, INDEX(0) ".cleaned", INDEX(0), true);
		if (killed > 1)
			fsio_rename(pl.part, LOG(0) ".cleaned", LOG(0), true);
		if (killed > 2)
			unlinkat(pl.part, INDEX(2), 0);
		if (killed > 3)
			unlinkat(pl.part, LOG(4), 0);
		CHECK_EQ_INT(swap_finish(pl.part, "t", &e), 0);
		check_done(&pl);
		CHECK_EQ_INT(swap_finish(pl.part, "t", &e), 0);
		check_done(&pl);
		place_remove(&pl);
	}
}

/* Without the new segment nothing is removed. */
static void
refuses(void)
{
	struct place pl;
	struct err e;

	make(&pl);
	place_put(pl.part, "swap", LINE(0, 6), 42);
	CHECK_EQ_INT(swap_finish(pl.part, "t", &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_STR(e.text,
	    "t/swap: speaks of a segment 00000000000000000000 that goes to "
	    "offset 6, which is not there; what it stands for is left");
	CHECK_EQ_INT(place_size(&pl, LOG(2)), 2 * 73);
	place_remove(&pl);
}

/* Without swap what was begun goes; other files stay. */
static void
leftovers(void)
{
	struct place pl;
	struct err e;

	make(&pl);
	put_new(&pl, 1);
	place_put(pl.part, ".spill.tmp", "x", 1);
	place_put(pl.part, ".swap.tmp", "x", 1);
	place_put(pl.part, "notes.cleaned", "x", 1);
	CHECK_EQ_INT(swap_finish(pl.part, "t", &e), 0);
	CHECK_EQ_INT(place_size(&pl, LOG(0) ".cleaned"), -1);
	CHECK_EQ_INT(place_size(&pl, ".spill.tmp"), -1);
	CHECK_EQ_INT(place_size(&pl, ".swap.tmp"), -1);
	CHECK_EQ_INT(place_size(&pl, "notes.cleaned"), 1);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 2 * 73);
	place_remove(&pl);
}

TEST_MAIN(TEST(text_and_back), TEST(malformed), TEST(finishes), TEST(refuses),
    TEST(leftovers))
