#include "place_files.h"

#include "checkpoint.h"
#include "clock.h"
#include "retention.h"
#include "view.h"

/*
 * What kafka-format's rules say of segments of two batches, 146 bytes each,
 * stamped 1000, 1001, ... (place_fill).
 */

static void
make(struct place *pl, int batches)
{
	place_make(pl);
	pl->topic.settings.segment_bytes = 146;
	pl->topic.settings.retention_ms = -1;
	place_fill(pl, batches, 1000, 1);
}

/* Plan at now; the list as "base-end why" words. */
static const char *
plan(struct place *pl, struct retention *r, int64_t now)
{
	static const char *const why[] = { "start", "size", "time" };
	static char out[1024];
	struct view v;
	struct err e;
	size_t i, n = 0;

	r->settings = &pl->topic.settings;
	r->now_ms = now;
	place_need(view_open(&v, pl->topic.dirfd, 0, pl->topic.path, &e) == 0,
	    "view", &e);
	view_expect(&v, &pl->topic.settings);
	place_need(retention_plan(r, &v, &e) == 0, "plan", &e);
	view_close(&v);
	out[0] = '\0';
	for (i = 0; i < r->count; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n,
		    "%s%" PRId64 "-%" PRId64 " %s%s", n > 0 ? ", " : "",
		    r->list[i].base, r->list[i].end, why[r->list[i].why],
		    r->list[i].active ? "!" : "");
	return out;
}

static void
by_start(void)
{
	struct retention r = { 0 };
	struct place pl;
	struct err e;

	make(&pl, 8);
	CHECK_EQ_STR(plan(&pl, &r, 0), "");
	/* Within a segment: what it holds before that stays too. */
	CHECK_EQ_INT(retention_raise(&pl.p, 3, &e), 0);
	CHECK_EQ_STR(plan(&pl, &r, 0), "0-2 start");
	r.raise = 6;
	CHECK_EQ_STR(plan(&pl, &r, 0), "0-2 start, 2-4 start, 4-6 start");
	r.raise = 8;
	CHECK_EQ_STR(plan(&pl, &r, 0),
	    "0-2 start, 2-4 start, 4-6 start, 6-8 start!");
	/* Also where nothing else may go. */
	r.raise = 0;
	pl.topic.settings.cleanup_policy = CLEANUP_COMPACT;
	pl.topic.settings.retention_ms = 0;
	pl.topic.settings.retention_bytes = 0;
	CHECK_EQ_STR(plan(&pl, &r, 1000000), "0-2 start");
	retention_release(&r);
	place_remove(&pl);
}

/* What remains is never below retention.bytes. */
static void
by_size(void)
{
	struct retention r = { 0 };
	struct place pl;

	make(&pl, 7);
	pl.topic.settings.retention_bytes = 7 * 73;
	CHECK_EQ_STR(plan(&pl, &r, 0), "");
	pl.topic.settings.retention_bytes = 5 * 73 + 1;
	CHECK_EQ_STR(plan(&pl, &r, 0), "");
	pl.topic.settings.retention_bytes = 5 * 73;
	CHECK_EQ_STR(plan(&pl, &r, 0), "0-2 size");
	pl.topic.settings.retention_bytes = 73;
	CHECK_EQ_STR(plan(&pl, &r, 0), "0-2 size, 2-4 size, 4-6 size");
	pl.topic.settings.retention_bytes = 0;
	CHECK_EQ_STR(plan(&pl, &r, 0),
	    "0-2 size, 2-4 size, 4-6 size, 6-7 size!");
	r.start_only = true;
	CHECK_EQ_STR(plan(&pl, &r, 0), "");
	retention_release(&r);
	place_remove(&pl);
}

/* What lies above the high watermark counts, and never goes. */
static void
by_size_unreplicated(void)
{
	struct retention r = { 0 };
	struct place pl;
	struct err e;

	make(&pl, 7);
	place_need(checkpoint_write_high(pl.part, 3, "t/0", &e) == 0, "high",
	    &e);
	atomic_store(&pl.p.state.page->high_watermark, 3);
	pl.topic.settings.retention_bytes = 5 * 73 + 1;
	CHECK_EQ_STR(plan(&pl, &r, 0), "");
	pl.topic.settings.retention_bytes = 5 * 73;
	CHECK_EQ_STR(plan(&pl, &r, 0), "0-2 size");
	pl.topic.settings.retention_bytes = 0;
	CHECK_EQ_STR(plan(&pl, &r, 0), "0-2 size");
	atomic_store(&pl.p.state.page->high_watermark, 4);
	CHECK_EQ_STR(plan(&pl, &r, 0), "0-2 size, 2-4 size");
	retention_release(&r);
	place_remove(&pl);
}

static void
by_time(void)
{
	struct retention r = { 0 };
	struct place pl;

	make(&pl, 6);
	pl.topic.settings.retention_ms = 100;
	/* 1001 is the newest of the first: exactly 100 old is not older. */
	CHECK_EQ_STR(plan(&pl, &r, 1101), "");
	CHECK_EQ_INT(r.newest_kept, 1001);
	CHECK_EQ_STR(plan(&pl, &r, 1102), "0-2 time");
	CHECK_EQ_INT(r.list[0].newest, 1001);
	CHECK_EQ_INT(r.list[0].bytes, 146);
	CHECK_EQ_STR(plan(&pl, &r, 1104), "0-2 time, 2-4 time");
	CHECK_EQ_STR(plan(&pl, &r, 1106), "0-2 time, 2-4 time, 4-6 time!");
	pl.topic.settings.retention_ms = INT64_MAX;
	CHECK_EQ_STR(plan(&pl, &r, 1106), "");
	retention_release(&r);
	place_remove(&pl);
}

/* The oldest that stays keeps all behind it, however old. */
static void
future(void)
{
	struct retention r = { 0 };
	struct place pl;

	make(&pl, 2);
	place_fill(&pl, 2, 9000000, 1);
	place_fill(&pl, 2, 1000, 1);
	pl.topic.settings.retention_ms = 100;
	CHECK_EQ_STR(plan(&pl, &r, 5000), "0-2 time");
	CHECK_EQ_INT(r.newest_kept, 9000001);
	retention_release(&r);
	place_remove(&pl);
}

/* Records without a time: their file's counts. */
static void
without_time(void)
{
	struct retention r = { 0 };
	struct place pl;
	int64_t now = clock_wall_ms();

	place_make(&pl);
	pl.topic.settings.segment_bytes = 146;
	place_fill(&pl, 4, -1, 0);
	pl.topic.settings.retention_ms = 3600000;
	CHECK_EQ_STR(plan(&pl, &r, now), "");
	CHECK_EQ_STR(plan(&pl, &r, now + 7200000), "0-2 time, 2-4 time!");
	retention_release(&r);
	place_remove(&pl);
}

static void
all_rules(void)
{
	struct retention r = { 0 };
	struct place pl;
	struct err e;

	make(&pl, 8);
	CHECK_EQ_INT(retention_raise(&pl.p, 2, &e), 0);
	pl.topic.settings.retention_bytes = 4 * 73;
	pl.topic.settings.retention_ms = 100;
	CHECK_EQ_STR(plan(&pl, &r, 1106), "0-2 start, 2-4 size, 4-6 time");
	/* The bound holds for two of them. */
	r.bounded = true;
	r.bound = 4;
	CHECK_EQ_STR(plan(&pl, &r, 1106), "0-2 start, 2-4 size");
	CHECK(r.held);
	r.bound = 3;
	CHECK_EQ_STR(plan(&pl, &r, 1106), "0-2 start");
	CHECK(r.held);
	r.bound = 6;
	CHECK_EQ_STR(plan(&pl, &r, 1106), "0-2 start, 2-4 size, 4-6 time");
	CHECK(!r.held);
	retention_release(&r);
	place_remove(&pl);
}

static void
removed(void)
{
	struct retention r = { 0 };
	struct place pl;
	struct err e;
	int64_t start;

	make(&pl, 6);
	pl.topic.settings.retention_ms = 100;
	place_put(pl.part, "00000000000000000002.snapshot", "", 0);
	place_put(pl.part, "00000000000000000002.txnindex", "", 0);
	CHECK_EQ_STR(plan(&pl, &r, 1104), "0-2 time, 2-4 time");
	CHECK_EQ_INT(partition_begin_clean(&pl.p, &e), 0);
	CHECK_EQ_INT(retention_remove(&r, &pl.p, 1, NULL, &e), 0);
	CHECK_EQ_INT(r.removed, 1);
	CHECK_EQ_INT(checkpoint_read_start(pl.part, &start, "", &e), 1);
	CHECK_EQ_INT(start, 2);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), -1);
	CHECK_EQ_INT(place_size(&pl, INDEX(0)), -1);
	CHECK_EQ_INT(place_size(&pl, TIMEINDEX(0)), -1);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), 146);
	CHECK_EQ_INT(retention_remove(&r, &pl.p, 2, NULL, &e), 0);
	CHECK_EQ_INT(r.removed, 2);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), -1);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000002.snapshot"), -1);
	CHECK_EQ_INT(place_size(&pl, "00000000000000000002.txnindex"), -1);
	CHECK_EQ_INT(place_size(&pl, LOG(4)), 146);
	/* The log start never goes back. */
	CHECK_EQ_INT(retention_raise(&pl.p, 3, &e), 0);
	CHECK_EQ_INT(checkpoint_read_start(pl.part, &start, "", &e), 1);
	CHECK_EQ_INT(start, 4);
	partition_end_clean(&pl.p);
	place_fill(&pl, 1, 2000, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(6)), 73);
	retention_release(&r);
	place_remove(&pl);
}

static bool
at_once(void)
{
	return true;
}

/* What a signal left is below the log start. */
static void
stopped(void)
{
	struct retention r = { 0 };
	struct place pl;
	struct err e;

	make(&pl, 6);
	pl.topic.settings.retention_ms = 100;
	plan(&pl, &r, 1104);
	CHECK_EQ_INT(retention_remove(&r, &pl.p, 2, at_once, &e), 0);
	CHECK_EQ_INT(r.removed, 0);
	pl.topic.settings.retention_ms = -1;
	CHECK_EQ_STR(plan(&pl, &r, 1104), "0-2 start, 2-4 start");
	retention_release(&r);
	place_remove(&pl);
}

static void
active(void)
{
	struct retention r = { 0 };
	struct place pl;
	struct err e;
	int64_t ts = 5000;

	make(&pl, 3);
	pl.topic.settings.retention_ms = 100;
	CHECK_EQ_STR(plan(&pl, &r, 2000), "0-2 time, 2-3 time!");
	/* Somebody appends after the plan: it stays. */
	CHECK_EQ_INT(place_append(&pl, &ts, 1, &e), 3);
	CHECK_EQ_INT(retention_seal(&r, &pl.p, 0, &e), 0);
	CHECK_EQ_INT(r.count, 1);
	CHECK_EQ_INT(place_size(&pl, LOG(4)), -1);
	CHECK_EQ_STR(plan(&pl, &r, 6000), "0-2 time, 2-4 time!");
	CHECK_EQ_INT(retention_seal(&r, &pl.p, 0, &e), 0);
	CHECK_EQ_INT(r.count, 2);
	CHECK_EQ_INT(retention_remove(&r, &pl.p, 2, NULL, &e), 0);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), -1);
	CHECK_EQ_INT(place_size(&pl, LOG(4)), 0);
	/* Empty, it stays for ever, and offsets go on. */
	CHECK_EQ_STR(plan(&pl, &r, 1000000000), "");
	CHECK_EQ_INT(retention_seal(&r, &pl.p, 0, &e), 0);
	CHECK_EQ_INT(place_append(&pl, &ts, 1, &e), 4);
	retention_release(&r);
	place_remove(&pl);
}

TEST_MAIN(TEST(by_start), TEST(by_size),
    TEST(by_size_unreplicated), TEST(by_time), TEST(future),
    TEST(without_time), TEST(all_rules), TEST(removed), TEST(stopped),
    TEST(active))
