#include "place_files.h"
#include "place_opened.h"

#include "checkpoint.h"
#include "conf.h"
#include "cursor.h"
#include "reverse.h"
#include "timefind.h"
#include "view.h"

/* Readers stop at the high watermark; a batch has 73 bytes. */

enum { BATCHES = 8 };

/* Three segments of three batches: 0-2, 3-5, 6-7. */
static void
fill(struct place *pl, struct view *v)
{
	place_make(pl);
	pl->topic.settings.index_interval_bytes = 100;
	pl->topic.settings.segment_bytes = 219;
	place_fill(pl, BATCHES, 1000, 1);
	*v = place_view(pl);
	v->batch_max = settings_batch_limit(&pl->topic.settings);
}

static void
set(struct place *pl, int64_t high)
{
	struct err e;

	place_need(checkpoint_write_high(pl->part, high, "t/0", &e) == 0,
	    "high", &e);
	if (pl->p.state.page != NULL)
		atomic_store(&pl->p.state.page->high_watermark, high);
}

/* Offsets read on from c, as text. */
static const char *
read_on(struct cursor *c)
{
	static char out[200];
	struct buf bytes = { 0 };
	struct batch b;
	struct err e;
	size_t n = 0;
	int r;

	out[0] = '\0';
	while ((r = cursor_next(c, &b, &bytes, &e)) > 0)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%" PRId64,
		    n > 0 ? " " : "", b.base_offset);
	if (r < 0)
		snprintf(out + n, sizeof(out) - n, " !%s", e.text);
	buf_release(&bytes);
	return out;
}

static int
read_back(struct view *v, int64_t end)
{
	struct reverse rev;
	struct batch b;
	struct err e;
	int n = 0;

	place_need(view_list(v, &e) == 0, "list", &e);
	reverse_init(&rev, v, end);
	while (reverse_next(&rev, &b, NULL, &e) > 0)
		CHECK_EQ_INT(b.base_offset, end - ++n);
	reverse_release(&rev);
	return n;
}

/* Every place for it, in a view that is new and in one that was used. */
static void
everywhere(void)
{
	static const int64_t bytes[] = { 0, 73, 146, 0, 73, 146, 0, 73, 146 };
	struct place pl;
	struct cursor c;
	struct view v, used;
	struct err e;
	int64_t high;
	int state;

	for (state = 1; state >= 0; state--) {
		fill(&pl, &used);
		if (!state)
			unlinkat(pl.part, "state", 0);
		for (high = 0; high <= BATCHES; high++) {
			set(&pl, high);
			v = place_view(&pl);
			place_need(view_refresh(&v, &e) == 0 &&
				view_refresh(&used, &e) == 0, "view", &e);
			CHECK_EQ_INT(v.end.next_offset, high);
			CHECK_EQ_INT(v.end.position, bytes[high]);
			CHECK_EQ_INT(v.end.base, high / 3 * 3);
			CHECK_EQ_INT(v.log.next_offset, BATCHES);
			CHECK_EQ_INT(v.high_watermark, high);
			CHECK_EQ_INT(used.end.next_offset, high);
			CHECK_EQ_INT(read_back(&v, high), high);
			cursor_init(&c, &v, 0);
			read_on(&c);
			CHECK_EQ_INT(c.next, high);
			cursor_release(&c);
			v.past_copies = true;
			cursor_init(&c, &v, 0);
			read_on(&c);
			CHECK_EQ_INT(c.next, BATCHES);
			cursor_release(&c);
			view_close(&v);
		}
		view_close(&used);
		place_remove(&pl);
	}
}

/* One cursor goes on as it rises, while the log grows and rolls. */
static void
rises(void)
{
	struct place pl;
	struct cursor c;
	struct view v;

	fill(&pl, &v);
	set(&pl, 0);
	cursor_init(&c, &v, 0);
	CHECK_EQ_STR(read_on(&c), "");
	set(&pl, 2);
	CHECK_EQ_STR(read_on(&c), "0 1");
	set(&pl, 3);
	CHECK_EQ_STR(read_on(&c), "2");
	set(&pl, 7);
	CHECK_EQ_STR(read_on(&c), "3 4 5 6");
	place_fill(&pl, 3, 2000, 1);
	CHECK_EQ_STR(read_on(&c), "");
	set(&pl, 10);
	CHECK_EQ_STR(read_on(&c), "7 8 9");
	set(&pl, 11);
	CHECK_EQ_STR(read_on(&c), "10");
	/* More than there is: the end of the log counts. */
	set(&pl, 99);
	CHECK_EQ_STR(read_on(&c), "");
	CHECK_EQ_INT(v.end.next_offset, 11);
	/* None any more. */
	unlinkat(pl.part, "high-watermark", 0);
	atomic_store(&pl.p.state.page->high_watermark, -1);
	place_fill(&pl, 1, 3000, 1);
	CHECK_EQ_STR(read_on(&c), "11");
	cursor_release(&c);
	view_close(&v);
	place_remove(&pl);
}

/* Within a batch: all of it is left out. */
static void
within(void)
{
	static const int64_t ts[] = { 1, 2, 3 };
	struct place pl;
	struct cursor c;
	struct view v;
	struct err e;
	int64_t high;

	place_make(&pl);
	place_need(place_append(&pl, ts, 3, &e) == 0, "append", &e);
	place_need(place_append(&pl, ts, 3, &e) == 3, "append", &e);
	v = place_view(&pl);
	for (high = 0; high <= 6; high++) {
		set(&pl, high);
		cursor_init(&c, &v, 0);
		read_on(&c);
		CHECK_EQ_INT(c.next, high / 3 * 3);
		CHECK_EQ_INT(v.end.next_offset, high / 3 * 3);
		cursor_release(&c);
	}
	view_close(&v);
	place_remove(&pl);
}

/* Damage below it is found by who reads there, and by nobody else. */
static void
damage(void)
{
	struct place pl;
	struct cursor c;
	struct view v;
	struct err e;
	int64_t from, to;

	fill(&pl, &v);
	place_flip(&pl, LOG(3), 73 + 16); /* a header that has no magic */
	set(&pl, 6);
	cursor_init(&c, &v, 0);
	CHECK_EQ_STR(read_on(&c), "0 1 2 3 !t/0/" LOG(3) ": position 73: "
	    "offset 4: checksum mismatch or damaged header");
	CHECK_EQ_INT(cursor_skip_damage(&c, &from, &to, &e), 1);
	CHECK_EQ_INT(to, 5);
	CHECK_EQ_STR(read_on(&c), "5");
	CHECK_EQ_INT(v.end.next_offset, 6);
	cursor_release(&c);
	view_close(&v);
	place_remove(&pl);
}

/* Times are looked for below it only. */
static void
times(void)
{
	struct codec *codec = codec_new();
	struct place pl;
	struct view v;
	struct err e;
	int64_t high, start, offset, timestamp;

	fill(&pl, &v);
	for (high = 1; high <= BATCHES; high++) {
		set(&pl, high);
		place_need(view_look(&v, &start, &e) == 0, "look", &e);
		CHECK_EQ_INT(timefind_first(&v, codec, 0, 1000 + high - 1,
				 1 << 20, &offset, &timestamp, &e), 1);
		CHECK_EQ_INT(offset, high - 1);
		CHECK_EQ_INT(timestamp, 1000 + high - 1);
		CHECK_EQ_INT(timefind_first(&v, codec, 0, 1000 + high, 1 << 20,
				 &offset, &timestamp, &e), 0);
	}
	view_close(&v);
	codec_free(codec);
	place_remove(&pl);
}

/* A note that a power cut made old: what was trimmed lay below it. */
static void
stale(void)
{
	struct place pl;
	struct view v;
	struct err e;
	int64_t start;

	fill(&pl, &v);
	place_need(settings_set(&pl.topic.settings, "min.insync.replicas", "2",
		       &e) == 0 &&
		conf_write(&pl.topic.settings, pl.topic.dirfd, "t", &e) == 0,
	    "conf", &e);
	set(&pl, 2);
	place_need(checkpoint_write_start(pl.part, 4, "t/0", &e) == 0, "s", &e);
	partition_close(&pl.p);
	unlinkat(pl.part, "state", 0);
	CHECK_EQ_INT(view_look(&v, &start, &e), 0);
	CHECK_EQ_INT(start, 4);
	CHECK_EQ_INT(v.end.next_offset, 4);
	place_close(&pl);
	place_open(&pl);
	CHECK_EQ_INT(append_begin(&pl.p, 0, &e), 0);
	append_end(&pl.p);
	CHECK_EQ_INT(atomic_load(&pl.p.state.page->high_watermark), 4);
	CHECK_EQ_INT(checkpoint_read_high(pl.part, &start, "t/0", &e), 1);
	CHECK_EQ_INT(start, 4);
	view_close(&v);
	place_remove(&pl);
}

TEST_MAIN(TEST(everywhere), TEST(rises), TEST(within), TEST(damage),
    TEST(times), TEST(stale))
