/*
 * Logs that are cut back; a batch of one record has 73 bytes.
 */
#include "truncate.h"

#include "checkpoint.h"
#include "durable.h"
#include "origins.h"
#include "place_crash.h"

/* Of five batches a segment, 17 in all: 0-4, 5-9, 10-14, 15-16. */
static void
make(struct place *pl)
{
	place_make(pl);
	pl->topic.settings.segment_bytes = 365;
	pl->topic.settings.index_interval_bytes = 100;
	place_fill(pl, 17, 1000, 1);
	CHECK_EQ_INT(pl->p.slot.base, 10 + 5);
}

static int
cut(struct place *pl, struct truncate *t, int64_t offset, struct err *e)
{
	t->partition = &pl->p;
	t->offset = offset;
	return truncate_log(t, 0, e);
}

static int64_t
recovery_point(const struct place *pl)
{
	char boot[37];
	int64_t offset;
	struct err e;

	CHECK_EQ_INT(
	    checkpoint_read_recovery(pl->part, boot, &offset, "x", &e), 1);
	return offset;
}

/* What a reader of the state page and the next producer find. */
static void
goes_on(struct place *pl, int64_t end)
{
	struct state_slot slot;
	struct err e;

	CHECK(state_is_valid(&pl->p.state, pl->part, pl->p.boot));
	state_read(&pl->p.state, &slot);
	CHECK_EQ_INT(slot.next_offset, end);
	CHECK_EQ_INT(atomic_load(&pl->p.state.page->durable_offset), end);
	CHECK_EQ_INT(recovery_point(pl), end);
	place_fill(pl, 1, 3000, 1);
	CHECK_EQ_INT(pl->p.slot.next_offset, end + 1);
	CHECK_EQ_INT(durable_wait(&pl->p, end + 1, 0, &e), 0);
}

static void
within_a_segment(void)
{
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	make(&pl);
	CHECK_EQ_INT(cut(&pl, &t, 16, &e), 0);
	CHECK_EQ_INT(t.end, 16);
	CHECK_EQ_INT(t.records, 1);
	CHECK_EQ_INT(t.bytes, 73);
	CHECK_EQ_INT(t.files, 1);
	CHECK_EQ_STR(strrchr(t.saved_in, '/'), "/cut");
	CHECK_EQ_INT(cut_size(&pl), 73);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000015.log"), 73);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000015.index"), 0);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000015.timeindex"), 0);
	goes_on(&pl, 16);
	place_remove(&pl);
}

static void
over_segments(void)
{
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	make(&pl);
	CHECK_EQ_INT(checkpoint_write_cleaner(pl.part, 10, "x", &e), 0);
	CHECK_EQ_INT(cut(&pl, &t, 7, &e), 0);
	CHECK_EQ_INT(t.end, 7);
	CHECK_EQ_INT(t.records, 10);
	CHECK_EQ_INT(t.bytes, 730);
	CHECK_EQ_INT(t.files, 3);
	CHECK_EQ_INT(cut_size(&pl), 730);
	CHECK_EQ_INT(place_size(&pl, LOG(5)), 146);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000010.log"), -1);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000010.index"), -1);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000015.log"), -1);
	CHECK_EQ_STR(place_hex(&pl, "cleaner-checkpoint"), "370a");
	CHECK_EQ_STR(place_hex(&pl, INDEX(5)), "");
	goes_on(&pl, 7);
	place_remove(&pl);
}

static void
at_the_edges(void)
{
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	make(&pl);
	CHECK_EQ_INT(cut(&pl, &t, 17, &e), 0);
	CHECK_EQ_INT(t.files, 0);
	CHECK_EQ_INT(t.end, 17);
	CHECK_EQ_INT(cut(&pl, &t, 15, &e), 0);
	CHECK_EQ_INT(t.bytes, 146);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000015.log"), 0);
	CHECK_EQ_INT(cut(&pl, &t, 10, &e), 0);
	CHECK_EQ_INT(t.bytes, 365);
	goes_on(&pl, 10);
	CHECK_EQ_INT(cut(&pl, &t, 0, &e), 0);
	CHECK_EQ_INT(t.records, 11);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 0);
	CHECK_EQ_INT(place_size(&pl, LOG(5)), -1);
	goes_on(&pl, 0);
	place_remove(&pl);
}

static void
inside_a_batch(void)
{
	static const int64_t stamps[] = { 1, 2, 3, 4 };
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	place_make(&pl);
	CHECK_EQ_INT(place_append(&pl, stamps, 4, &e), 0);
	CHECK_EQ_INT(place_append(&pl, stamps, 4, &e), 4);
	t = (struct truncate){ .partition = &pl.p, .offset = 6 };
	CHECK_EQ_INT(truncate_look(&t, 0, &e), 0);
	CHECK_EQ_INT(t.end, 4);
	CHECK_EQ_INT(t.records, 4);
	CHECK_EQ_INT(cut(&pl, &t, 6, &e), 0);
	CHECK_EQ_INT(t.end, 4);
	CHECK_EQ_INT(t.records, 4);
	goes_on(&pl, 4);
	place_remove(&pl);
}

static void
with_epochs(void)
{
	struct epochs es = { 0 };
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	make(&pl);
	CHECK_EQ_INT(epochs_assign(&es, 0, 0, 1), 0);
	CHECK_EQ_INT(epochs_assign(&es, 3, 6, 2), 0);
	CHECK_EQ_INT(epochs_assign(&es, 5, 9, 3), 0);
	CHECK_EQ_INT(epochs_assign(&es, 7, 17, 4), 0);
	CHECK_EQ_INT(origins_save(&es, pl.part, "x", &e), 0);
	/* Nothing of the log goes, but an epoch that covers nothing. */
	CHECK_EQ_INT(cut(&pl, &t, 17, &e), 0);
	CHECK_EQ_INT(origins_read(&es, pl.part, "x", &e), 0);
	CHECK_EQ_INT(epochs_newest(&es), 5);
	CHECK_EQ_INT(pl.p.slot.epoch, 5);
	CHECK_EQ_INT(cut(&pl, &t, 9, &e), 0);
	CHECK_EQ_INT(origins_read(&es, pl.part, "x", &e), 0);
	CHECK_EQ_INT(es.count, 2);
	CHECK_EQ_INT(es.list[1].epoch, 3);
	CHECK(es.list[1].origin == 2);
	CHECK_EQ_INT(pl.p.slot.epoch, 3);
	epochs_release(&es);
	place_remove(&pl);
}

static void
refused(void)
{
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	make(&pl);
	CHECK_EQ_INT(checkpoint_write_start(pl.part, 8, "x", &e), 0);
	CHECK_EQ_INT(cut(&pl, &t, 7, &e), -1);
	CHECK_EQ_INT(e.code, ERR_DATA);
	CHECK_EQ_STR(strstr(e.text, "/t/0: "), "/t/0: can't be cut back to "
	    "offset 7: the log starts at 8");
	atomic_store(&pl.p.state.page->high_watermark, 12);
	CHECK_EQ_INT(cut(&pl, &t, 11, &e), -1);
	CHECK_EQ_INT(e.code, ERR_DATA);
	CHECK_EQ_STR(strstr(e.text, "/t/0: "), "/t/0: can't be cut back to "
	    "offset 11: all below 12 is on enough copies (high watermark)");
	CHECK_EQ_INT(place_size(&pl, "00000000000000000015.log"), 146);
	CHECK_EQ_INT(faccessat(pl.part, "cut", F_OK, 0), -1);
	t.force = true;
	CHECK_EQ_INT(checkpoint_write_high(pl.part, 12, "x", &e), 0);
	CHECK_EQ_INT(cut(&pl, &t, 7, &e), 0);
	CHECK_EQ_INT(atomic_load(&pl.p.state.page->high_watermark), 7);
	CHECK_EQ_STR(place_hex(&pl, "log-start-offset"), "370a");
	/* Who holds clean.lock may be replacing segments. */
	CHECK_EQ_INT(partition_begin_clean(&pl.p, &e), 0);
	place_close(&pl);
	place_remove(&pl);
}

/* A snapshot shares the file: it keeps all of it. */
static void
shared_with_a_snapshot(void)
{
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	make(&pl);
	CHECK_EQ_INT(linkat(pl.part, LOG(5), pl.dirfd, "log", 0), 0);
	CHECK_EQ_INT(linkat(pl.part, INDEX(5), pl.dirfd, "index", 0), 0);
	CHECK_EQ_INT(cut(&pl, &t, 6, &e), 0);
	CHECK_EQ_INT(place_size(&pl, LOG(5)), 73);
	CHECK_EQ_INT(place_size(&pl, "../../log"), 365);
	CHECK(place_size(&pl, "../../index") > 0);
	goes_on(&pl, 6);
	place_remove(&pl);
}

/* What stays must be good as far as it is looked at. */
static void
damaged(void)
{
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	make(&pl);
	place_flip(&pl, LOG(5), 8);
	CHECK_EQ_INT(cut(&pl, &t, 7, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000015.log"), 146);
	place_remove(&pl);
}

/* Who waits for a sync of what was cut off is not told that it is safe. */
static void
waiters(void)
{
	struct truncate t = { 0 };
	struct place pl;
	struct err e;

	make(&pl);
	CHECK_EQ_INT(cut(&pl, &t, 9, &e), 0);
	CHECK_EQ_INT(durable_wait(&pl.p, 17, 0, &e), -1);
	CHECK(strstr(e.text, "the log was cut off at offset 9") != NULL);
	CHECK_EQ_INT(durable_wait(&pl.p, 9, 0, &e), 0);
	place_remove(&pl);
}

TEST_MAIN(TEST(within_a_segment), TEST(over_segments), TEST(at_the_edges),
    TEST(inside_a_batch), TEST(with_epochs), TEST(refused),
    TEST(shared_with_a_snapshot), TEST(damaged), TEST(waiters))
