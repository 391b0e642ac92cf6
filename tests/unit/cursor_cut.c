#include "place_files.h"

#include "cursor.h"
#include "truncate.h"
#include "view.h"

/* A log that is cut off below what was read from it; a batch has 73 bytes. */

static void
view(struct view *v, const struct place *pl)
{
	struct err e;

	place_need(view_open(v, pl->topic.dirfd, 0, "t", &e) == 0, "view", &e);
}

/* What was read last is damaged before it was on disk, and cut off. */
static void
read_and_cut(void)
{
	struct buf bytes = { 0 };
	struct cursor c;
	struct place pl;
	struct batch b;
	struct view v;
	struct err e;
	int i;

	place_make(&pl);
	place_fill(&pl, 5, 1000, 1);
	view(&v, &pl);
	cursor_init(&c, &v, 0);
	for (i = 0; i < 5; i++)
		CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	CHECK_EQ_INT(c.cut, -1);
	place_flip(&pl, LOG(0), 3 * 73 + 70);
	unlinkat(pl.part, "state", 0);
	place_close(&pl);
	place_open(&pl);
	place_fill(&pl, 4, 2000, 1);
	CHECK_EQ_INT(pl.p.slot.next_offset, 7);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(c.cut, 3);
	c.cut = -1;
	CHECK_EQ_INT(b.base_offset, 3);
	CHECK_EQ_INT(b.epoch, 1);
	CHECK_EQ_INT(b.max_timestamp, 2000);
	for (i = 0; i < 3; i++)
		CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(b.base_offset, 6);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	CHECK_EQ_INT(c.cut, -1);
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
	place_remove(&pl);
}

/* The view still says that there are five, and the file is shorter. */
static void
while_it_is_cut(void)
{
	struct truncate t = { .offset = 2 };
	struct buf bytes = { 0 };
	struct cursor c;
	struct place pl;
	struct batch b;
	struct view v;
	struct err e;
	int i;

	place_make(&pl);
	place_fill(&pl, 3, 1000, 1);
	CHECK_EQ_INT(append_begin(&pl.p, INT64_MAX, &e), 0);
	CHECK_EQ_INT(append_roll(&pl.p, &e), 0);
	append_end(&pl.p);
	place_fill(&pl, 2, 1000, 1);
	view(&v, &pl);
	cursor_init(&c, &v, 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	pl.p.use = PARTITION_KEEPER;
	t.partition = &pl.p;
	CHECK_EQ_INT(truncate_log(&t, 0, &e), 0);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	CHECK_EQ_INT(c.cut, 2);
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
	place_remove(&pl);
}

static void
cut(struct place *pl, int64_t offset)
{
	struct truncate t = { .partition = &pl->p, .offset = offset };
	struct err e;

	place_need(truncate_log(&t, 0, &e) == 0, "truncate", &e);
}

/* Where two led apart: no epoch, or one of another number, tells of it. */
static void
cut_back(void)
{
	static const int64_t at[] = { 3, 1, 2, 0 };
	struct buf bytes = { 0 };
	struct cursor c;
	struct place pl;
	struct batch b;
	struct view v;
	struct err e;
	size_t i;
	int n;

	place_make(&pl);
	place_fill(&pl, 5, 1000, 1);
	view(&v, &pl);
	cursor_init(&c, &v, 0);
	for (n = 0; n < 5; n++)
		CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		cut(&pl, at[i]);
		/* Shorter than, as long as, longer than what was read. */
		place_fill(&pl, 1 + (int)i * 2, 2000 + (int64_t)i, 1);
		CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
		CHECK_EQ_INT(c.cut, at[i]);
		CHECK_EQ_INT(b.base_offset, at[i]);
		CHECK_EQ_INT(b.max_timestamp, 2000 + (int64_t)i);
		c.cut = -1;
		while ((n = cursor_next(&c, &b, &bytes, &e)) > 0)
			;
		CHECK_EQ_INT(n, 0);
		CHECK_EQ_INT(c.cut, -1);
	}
	/* Above what was given out: nothing to tell. */
	place_fill(&pl, 3, 3000, 1);
	cut(&pl, c.given + 1);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	CHECK_EQ_INT(c.cut, -1);
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
	place_remove(&pl);
}

/* The topic has become a replica whose watermark is far below:
 * that is no damage, there is nothing to be read. */
static void
below_what_was_read(void)
{
	struct truncate t = { .offset = 4 };
	struct buf bytes = { 0 };
	struct cursor c;
	struct place pl;
	struct batch b;
	struct view v;
	struct err e;
	int i, k;

	place_make(&pl);
	for (k = 0; k < 3; k++) {
		place_fill(&pl, k < 2 ? 2 : 1, 1000, 1);
		CHECK_EQ_INT(append_begin(&pl.p, INT64_MAX, &e), 0);
		CHECK_EQ_INT(append_roll(&pl.p, &e), 0);
		append_end(&pl.p);
	}
	view(&v, &pl);
	cursor_init(&c, &v, 0);
	for (i = 0; i < 4; i++)
		CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	pl.p.use = PARTITION_KEEPER;
	t.partition = &pl.p;
	CHECK_EQ_INT(truncate_log(&t, 0, &e), 0);
	atomic_store(&pl.p.state.page->high_watermark, 0);
	CHECK_EQ_INT(view_refresh(&v, &e), 0);
	CHECK_EQ_INT(v.end.next_offset, 0);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	CHECK_EQ_INT(c.cut, -1);
	atomic_store(&pl.p.state.page->high_watermark, 6);
	place_fill(&pl, 2, 2000, 1);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(b.base_offset, 4);
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
	place_remove(&pl);
}

/* A batch was seen in the file before the page, made meanwhile, tells of it. */
static void
not_published(void)
{
	struct buf bytes = { 0 };
	struct cursor c;
	struct place pl;
	struct batch b;
	struct view v;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	CHECK_EQ_INT(renameat(pl.part, "state", pl.part, "aside"), 0);
	view(&v, &pl);
	cursor_init(&c, &v, 0);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(renameat(pl.part, "aside", pl.part, "state"), 0);
	atomic_fetch_sub(&pl.p.state.page->current, 1);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	CHECK_EQ_INT(v.end.next_offset, 1);
	CHECK_EQ_INT(c.cut, -1);
	atomic_fetch_add(&pl.p.state.page->current, 1);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	CHECK_EQ_INT(v.end.next_offset, 2);
	CHECK_EQ_INT(c.cut, -1);
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
	place_remove(&pl);
}

TEST_MAIN(TEST(read_and_cut), TEST(while_it_is_cut), TEST(cut_back),
    TEST(below_what_was_read), TEST(not_published))
