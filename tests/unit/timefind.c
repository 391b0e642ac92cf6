#include "timefind.h"

#include "place_files.h"
#include "place_opened.h"

/* From a time to an offset, as kafka-format says; 97 bytes a batch of 3. */

static void
view(struct view *v, const struct place *pl)
{
	struct err e;

	*v = place_view(pl);
	place_need(view_refresh(v, &e) == 0 && view_list(v, &e) == 0, "view",
	    &e);
}

/* The offset for time t; -1 none, -2 failed. */
static int64_t
find(struct view *v, int64_t start, int64_t t, int64_t *ts)
{
	int64_t offset = -9;
	struct err e;
	int r;

	r = timefind_first(v, NULL, start, t, 1 << 20, &offset, ts, &e);
	return r > 0 ? offset : r == 0 ? -1 : -2;
}

/* Three records a batch, the largest in the middle. */
static void
fill(struct place *pl)
{
	static const int64_t ts[][3] = { { 10, 30, 20 }, { 40, 60, 50 },
		{ 45, 46, 47 }, { 70, 90, 80 }, { 100, 90, 95 } };
	struct err e;
	size_t i;

	place_make(pl);
	pl->topic.settings.index_interval_bytes = 0;
	pl->topic.settings.segment_bytes = 300;
	for (i = 0; i < 5; i++)
		place_need(place_append(pl, ts[i], 3, &e) >= 0, "append", &e);
}

static void
first_record(void)
{
	static const struct {
		int64_t t, offset, ts;
	} want[] = { { -5, 0, 10 }, { 10, 0, 10 }, { 11, 1, 30 }, { 30, 1, 30 },
		{ 31, 3, 40 }, { 41, 4, 60 }, { 60, 4, 60 }, { 61, 9, 70 },
		{ 90, 10, 90 }, { 91, 12, 100 }, { 100, 12, 100 } };
	struct place pl;
	struct view v;
	int64_t ts;
	size_t i, state;

	for (state = 0; state < 2; state++) {
		fill(&pl);
		if (state == 1)
			unlinkat(pl.part, "state", 0);
		view(&v, &pl);
		for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
			CHECK_EQ_INT(find(&v, 0, want[i].t, &ts),
			    want[i].offset);
			CHECK_EQ_INT(ts, want[i].ts);
		}
		CHECK_EQ_INT(find(&v, 0, 101, &ts), -1);
		/* Inside a batch the log may start later. */
		CHECK_EQ_INT(find(&v, 2, 11, &ts), 2);
		CHECK_EQ_INT(find(&v, 5, 41, &ts), 5);
		CHECK_EQ_INT(find(&v, 14, 0, &ts), 14);
		view_close(&v);
		place_remove(&pl);
	}
}

static void
largest(void)
{
	struct place pl;
	struct view v;
	struct err e;
	int64_t ts;

	fill(&pl);
	view(&v, &pl);
	CHECK_EQ_INT(timefind_segment_max(&v, 0, &ts, &e), 0);
	CHECK_EQ_INT(ts, 60);
	view_close(&v);
	place_remove(&pl);
}

static void
nothing(void)
{
	struct place pl;
	struct view v;
	int64_t ts;

	place_make(&pl);
	view(&v, &pl);
	CHECK_EQ_INT(find(&v, 0, 5, &ts), -1);
	view_close(&v);
	place_fill(&pl, 3, -30, 10); /* -30 -20 -10 */
	view(&v, &pl);
	CHECK_EQ_INT(find(&v, 0, -25, &ts), 1);
	CHECK_EQ_INT(find(&v, 0, 0, &ts), -1);
	view_close(&v);
	place_remove(&pl);
}

/* Without time entries the batches tell. */
static void
no_time_index(void)
{
	struct place pl;
	struct view v;
	struct err e;
	int64_t ts;

	fill(&pl);
	place_put(pl.part, TIMEINDEX(0), "", 0);
	view(&v, &pl);
	CHECK_EQ_INT(timefind_segment_max(&v, 0, &ts, &e), 0);
	CHECK_EQ_INT(ts, 60);
	CHECK_EQ_INT(find(&v, 0, 60, &ts), 4);
	CHECK_EQ_INT(find(&v, 0, 90, &ts), 10);
	view_close(&v);
	place_remove(&pl);
}

/* A sealed segment whose records have no timestamps counts by its age. */
static void
no_timestamps(void)
{
	static const int64_t none[] = { -1, -1, -1 };
	struct place pl;
	struct view v;
	struct err e;
	int64_t ts;
	int i;

	place_make(&pl);
	pl.topic.settings.segment_bytes = 100;
	for (i = 0; i < 2; i++)
		place_need(place_append(&pl, none, 3, &e) >= 0, "append", &e);
	view(&v, &pl);
	CHECK_EQ_INT(timefind_segment_max(&v, 0, &ts, &e), 0);
	CHECK(ts > 1700000000000);
	view_close(&v);
	place_remove(&pl);
}

TEST_MAIN(TEST(first_record), TEST(largest), TEST(nothing),
    TEST(no_time_index), TEST(no_timestamps))
