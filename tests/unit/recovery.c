#include "place_crash.h"

#include "durable.h"
#include "epochs.h"

static void
state_is_deleted(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	pl.topic.settings.index_interval_bytes = 100;
	place_fill(&pl, 5, 1000, 1);
	unlinkat(pl.part, "state", 0);
	add_batch(&pl, LOG(0), 5, 0, 60);
	place_put(pl.part, INDEX(0), "rubbish", 7);
	place_put(pl.part, TIMEINDEX(0), "rubbishrubbish", 14);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 5);
	CHECK_EQ_INT(pl.p.slot.epoch, 1); /* something was cut */
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 365);
	CHECK_EQ_STR(place_hex(&pl, INDEX(0)),
	    "00000002"
	    "00000092"
	    "00000004"
	    "00000124");
	CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(0)),
	    "00000000000003ea"
	    "00000002"
	    "00000000000003ec"
	    "00000004");
	CHECK_EQ_INT(durable_wait(&pl.p, 5, 0, &e), 0);
	place_remove(&pl);
}

static void
new_epoch_after_a_restart(void)
{
	struct epochs es = { 0 };
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 3, 1000, 1);
	place_flip(&pl, LOG(0), 146 + 70);
	reboot(&pl, 1);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 2);
	CHECK_EQ_INT(pl.p.slot.epoch, 1);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
	CHECK_EQ_INT(cut_size(&pl), 73);
	CHECK_EQ_INT(epochs_read(&es, pl.part, "x", &e), 0);
	CHECK_EQ_INT(es.count, 2);
	CHECK_EQ_INT(es.list[0].epoch, 0);
	CHECK_EQ_INT(es.list[0].start, 0);
	CHECK_EQ_INT(es.list[1].epoch, 1);
	CHECK_EQ_INT(es.list[1].start, 2);
	epochs_release(&es);
	place_fill(&pl, 1, 1000, 1);
	CHECK_EQ_INT(pl.p.slot.next_offset, 3);
	/* Whole, but what readers saw behind it may never have come here. */
	reboot(&pl, 1);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.cut_bytes, 0);
	CHECK_EQ_INT(pl.p.slot.epoch, 2);
	place_remove(&pl);
}

/* Only who leads begins epochs; but what is gone leaves the list. */
static void
no_epoch_in_a_replica(void)
{
	static const char *const roles[] = { "replica of h:/t\n",
		"fenced by epoch 5\n" };
	struct epochs es = { 0 };
	struct place pl;
	struct err e;
	size_t i;

	for (i = 0; i < 2; i++) {
		place_make(&pl);
		place_fill(&pl, 3, 1000, 1);
		place_put(pl.topic.dirfd, "role", roles[i], strlen(roles[i]));
		place_put(pl.part, "leader-epoch-checkpoint",
		    "0\n3\n0 0\n1 2\n2 3\n", 16);
		place_flip(&pl, LOG(0), 146 + 70);
		reboot(&pl, 1);
		pl.p.use = PARTITION_KEEPER;
		CHECK_EQ_INT(begin(&pl, &e), 0);
		CHECK_EQ_INT(pl.p.slot.next_offset, 2);
		CHECK_EQ_INT(cut_size(&pl), 73);
		CHECK_EQ_INT(epochs_read(&es, pl.part, "x", &e), 0);
		CHECK_EQ_INT(es.count, 2);
		CHECK_EQ_INT(epochs_newest(&es), 1);
		epochs_release(&es);
		place_remove(&pl);
	}
}

/* Without the file, an epoch begins where the log first has it. */
static void
epochs_from_the_log(void)
{
	struct epochs es = { 0 };
	struct place pl;
	struct err e;

	place_make(&pl);
	place_put(pl.part, LOG(0), "", 0);
	add_batch(&pl, LOG(0), 0, 3, 1000);
	add_batch(&pl, LOG(0), 1, 5, 1000);
	add_batch(&pl, LOG(0), 2, 5, 1000);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.epoch, 5);
	CHECK_EQ_INT(epochs_read(&es, pl.part, "x", &e), 0);
	CHECK_EQ_INT(es.count, 1);
	CHECK_EQ_INT(es.list[0].epoch, 5);
	CHECK_EQ_INT(es.list[0].start, 1);
	epochs_release(&es);
	place_remove(&pl);
}

static void
never_below_the_recovery_point(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 3, 1000, 1);
	place_flip(&pl, LOG(0), 73 + 70);
	reboot(&pl, 2);
	CHECK_EQ_INT(begin(&pl, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 219);
	/* Nor when the end is just not there. */
	place_close(&pl);
	place_open(&pl);
	place_put(pl.part, LOG(0), "", 0);
	CHECK_EQ_INT(begin(&pl, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	place_remove(&pl);
}

/* Only the last segment may lose its end. */
static void
damage_before_the_last(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	pl.topic.settings.segment_bytes = 146;
	place_fill(&pl, 5, 1000, 1);
	place_flip(&pl, LOG(2), 70);
	reboot(&pl, 0);
	CHECK_EQ_INT(begin(&pl, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK(strstr(e.text, LOG(2)) != NULL);
	CHECK_EQ_INT(place_size(&pl, LOG(4)), 73);
	place_remove(&pl);
}

/* A killed roll, then a torn append in the old segment, then a restart. */
static void
torn_before_an_unborn(void)
{
	struct place pl;
	struct err e;
	int64_t safe;

	for (safe = 0; safe <= 2; safe++) {
		place_make(&pl);
		place_fill(&pl, 2, 1000, 1);
		add_batch(&pl, LOG(0), 2, 0, 50);
		reboot(&pl, safe);
		place_put(pl.part, LOG(2), "", 0);
		CHECK_EQ_INT(begin(&pl, &e), 0);
		CHECK_EQ_INT(pl.p.slot.base, 2);
		CHECK_EQ_INT(pl.p.slot.next_offset, 2);
		CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
		/* The older one is at rest: its largest time ends it. */
		CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(0)),
		    "00000000000003e9"
		    "00000001");
		place_remove(&pl);
	}
}

/* The same, with the unborn one's removal lost in a power cut. */
static void
unborn_is_back(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 3, 1000, 1);
	reboot(&pl, 2);
	place_put(pl.part, LOG(2), "", 0);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.base, 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 3);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), -1);
	place_fill(&pl, 1, 2000, 1);
	CHECK_EQ_INT(pl.p.slot.next_offset, 4);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 292);
	place_remove(&pl);
}

static void
first_batch_not_at_base(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_put(pl.part, LOG(0), "", 0);
	add_batch(&pl, LOG(0), 90, 0, 1000);
	add_batch(&pl, LOG(0), 95, 0, 1000);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 96);
	/* One below the base is damage. */
	reboot(&pl, 0);
	place_put(pl.part, LOG(0), "", 0);
	unlinkat(pl.part, LOG(0), 0);
	place_put(pl.part, LOG(9), "", 0);
	add_batch(&pl, LOG(9), 8, 0, 1000);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 9);
	CHECK_EQ_INT(place_size(&pl, LOG(9)), 0);
	place_remove(&pl);
}

/* No offset comes behind 2^63-1. */
static void
last_offsets(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	unlinkat(pl.part, LOG(0), 0);
	place_put(pl.part, "09223372034707292160.log", "", 0);
	CHECK_EQ_INT(begin(&pl, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	place_put(pl.part, "09223372034707292159.log", "", 0);
	add_batch(&pl, "09223372034707292159.log", INT64_MAX, 0, 1000);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(place_size(&pl, "09223372034707292159.log"), 0);
	place_remove(&pl);
}

/* The log start that recovery makes of one behind the end, which is 2. */
static int64_t
settled(int64_t start, bool restarted)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	place_need(
	    checkpoint_write_start(pl.part, start, "x", &e) == 0, "start", &e);
	if (restarted)
		reboot(&pl, 0);
	else
		unlinkat(pl.part, "state", 0);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(checkpoint_read_start(pl.part, &start, "x", &e), 1);
	place_remove(&pl);
	return start;
}

/* What no power cut can have brought about hides nothing. */
static void
start_damaged(void)
{
	CHECK_EQ_INT(settled(7, true), 2);
	CHECK_EQ_INT(settled(7, false), 0);
	CHECK_EQ_INT(settled((int64_t)INT32_MAX + 1, true), 2);
	CHECK_EQ_INT(settled((int64_t)INT32_MAX + 2, true), 0);
	CHECK_EQ_INT(settled(INT64_MAX, true), 0);
	CHECK_EQ_INT(settled(2, false), 2);
}

/* A trim that is behind the end moves back to it. */
static void
start_behind_the_end(void)
{
	struct place pl;
	struct err e;
	int64_t start;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	CHECK_EQ_INT(checkpoint_write_start(pl.part, 7, "x", &e), 0);
	reboot(&pl, 0);
	CHECK_EQ_INT(begin(&pl, &e), 0);
	CHECK_EQ_INT(checkpoint_read_start(pl.part, &start, "x", &e), 1);
	CHECK_EQ_INT(start, 2);
	place_remove(&pl);
}

static void
no_segment(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	unlinkat(pl.part, LOG(0), 0);
	CHECK_EQ_INT(begin(&pl, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	place_remove(&pl);
}

TEST_MAIN(TEST(state_is_deleted), TEST(new_epoch_after_a_restart),
    TEST(no_epoch_in_a_replica),
    TEST(epochs_from_the_log), TEST(never_below_the_recovery_point),
    TEST(damage_before_the_last), TEST(torn_before_an_unborn),
    TEST(unborn_is_back), TEST(first_batch_not_at_base), TEST(last_offsets),
    TEST(start_behind_the_end),
    TEST(start_damaged), TEST(no_segment))
