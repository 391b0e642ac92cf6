#include "place_files.h"
#include "place_opened.h"

#include "cursor.h"
#include "truncate.h"
#include "view.h"

/* A log that is cut off below what was read from it; a batch has 73 bytes. */

struct reading {
	struct place pl;
	struct view v;
	struct cursor c;
	struct buf bytes;
	struct batch b;
	struct err e;
};

/* What is in the place by now is read from its start. */
static void
start(struct reading *r)
{
	r->v = place_view(&r->pl);
	cursor_init(&r->c, &r->v, 0);
	r->bytes = (struct buf){ 0 };
}

static int
next(struct reading *r)
{
	return cursor_next(&r->c, &r->b, &r->bytes, &r->e);
}

static void
stop(struct reading *r)
{
	cursor_release(&r->c);
	buf_release(&r->bytes);
	view_close(&r->v);
	place_remove(&r->pl);
}

/* What was read last is damaged before it was on disk, and cut off. */
static void
read_and_cut(void)
{
	struct reading r;
	int i;

	place_make(&r.pl);
	place_fill(&r.pl, 5, 1000, 1);
	start(&r);
	for (i = 0; i < 5; i++)
		CHECK_EQ_INT(next(&r), 1);
	CHECK_EQ_INT(next(&r), 0);
	CHECK_EQ_INT(r.c.cut, -1);
	place_flip(&r.pl, LOG(0), 3 * 73 + 70);
	unlinkat(r.pl.part, "state", 0);
	place_close(&r.pl);
	place_open(&r.pl);
	place_fill(&r.pl, 4, 2000, 1);
	CHECK_EQ_INT(r.pl.p.slot.next_offset, 7);
	CHECK_EQ_INT(next(&r), 1);
	CHECK_EQ_INT(r.c.cut, 3);
	r.c.cut = -1;
	CHECK_EQ_INT(r.b.base_offset, 3);
	CHECK_EQ_INT(r.b.epoch, 1);
	CHECK_EQ_INT(r.b.max_timestamp, 2000);
	for (i = 0; i < 3; i++)
		CHECK_EQ_INT(next(&r), 1);
	CHECK_EQ_INT(r.b.base_offset, 6);
	CHECK_EQ_INT(next(&r), 0);
	CHECK_EQ_INT(r.c.cut, -1);
	stop(&r);
}

/* The view still says that there are five, and the file is shorter. */
static void
while_it_is_cut(void)
{
	struct truncate t = { .offset = 2 };
	struct reading r;
	int i;

	place_make(&r.pl);
	place_fill(&r.pl, 3, 1000, 1);
	CHECK_EQ_INT(append_begin(&r.pl.p, INT64_MAX, &r.e), 0);
	CHECK_EQ_INT(append_roll(&r.pl.p, &r.e), 0);
	append_end(&r.pl.p);
	place_fill(&r.pl, 2, 1000, 1);
	start(&r);
	for (i = 0; i < 3; i++)
		CHECK_EQ_INT(next(&r), 1);
	r.pl.p.use = PARTITION_KEEPER;
	t.partition = &r.pl.p;
	CHECK_EQ_INT(truncate_log(&t, 0, &r.e), 0);
	CHECK_EQ_INT(next(&r), 0);
	CHECK_EQ_INT(r.c.cut, 2);
	stop(&r);
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
	struct reading r;
	size_t i;
	int n;

	place_make(&r.pl);
	place_fill(&r.pl, 5, 1000, 1);
	start(&r);
	for (n = 0; n < 5; n++)
		CHECK_EQ_INT(next(&r), 1);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		cut(&r.pl, at[i]);
		/* Shorter than, as long as, longer than what was read. */
		place_fill(&r.pl, 1 + (int)i * 2, 2000 + (int64_t)i, 1);
		CHECK_EQ_INT(next(&r), 1);
		CHECK_EQ_INT(r.c.cut, at[i]);
		CHECK_EQ_INT(r.b.base_offset, at[i]);
		CHECK_EQ_INT(r.b.max_timestamp, 2000 + (int64_t)i);
		r.c.cut = -1;
		while ((n = next(&r)) > 0)
			;
		CHECK_EQ_INT(n, 0);
		CHECK_EQ_INT(r.c.cut, -1);
	}
	/* Above what was given out: nothing to tell. */
	place_fill(&r.pl, 3, 3000, 1);
	cut(&r.pl, r.c.given + 1);
	CHECK_EQ_INT(next(&r), 1);
	CHECK_EQ_INT(next(&r), 0);
	CHECK_EQ_INT(r.c.cut, -1);
	stop(&r);
}

/* The topic has become a replica whose watermark is far below:
 * that is no damage, there is nothing to be read. */
static void
below_what_was_read(void)
{
	struct truncate t = { .offset = 4 };
	struct reading r;
	int i, k;

	place_make(&r.pl);
	for (k = 0; k < 3; k++) {
		place_fill(&r.pl, k < 2 ? 2 : 1, 1000, 1);
		CHECK_EQ_INT(append_begin(&r.pl.p, INT64_MAX, &r.e), 0);
		CHECK_EQ_INT(append_roll(&r.pl.p, &r.e), 0);
		append_end(&r.pl.p);
	}
	start(&r);
	for (i = 0; i < 4; i++)
		CHECK_EQ_INT(next(&r), 1);
	r.pl.p.use = PARTITION_KEEPER;
	t.partition = &r.pl.p;
	CHECK_EQ_INT(truncate_log(&t, 0, &r.e), 0);
	atomic_store(&r.pl.p.state.page->high_watermark, 0);
	CHECK_EQ_INT(view_refresh(&r.v, &r.e), 0);
	CHECK_EQ_INT(r.v.end.next_offset, 0);
	CHECK_EQ_INT(next(&r), 0);
	CHECK_EQ_INT(r.c.cut, -1);
	atomic_store(&r.pl.p.state.page->high_watermark, 6);
	place_fill(&r.pl, 2, 2000, 1);
	CHECK_EQ_INT(next(&r), 1);
	CHECK_EQ_INT(r.b.base_offset, 4);
	stop(&r);
}

/* A batch was seen in the file before the page, made meanwhile, tells of it. */
static void
not_published(void)
{
	struct reading r;

	place_make(&r.pl);
	place_fill(&r.pl, 2, 1000, 1);
	CHECK_EQ_INT(renameat(r.pl.part, "state", r.pl.part, "aside"), 0);
	start(&r);
	CHECK_EQ_INT(next(&r), 1);
	CHECK_EQ_INT(next(&r), 1);
	CHECK_EQ_INT(renameat(r.pl.part, "aside", r.pl.part, "state"), 0);
	atomic_fetch_sub(&r.pl.p.state.page->current, 1);
	CHECK_EQ_INT(next(&r), 0);
	CHECK_EQ_INT(r.v.end.next_offset, 1);
	CHECK_EQ_INT(r.c.cut, -1);
	atomic_fetch_add(&r.pl.p.state.page->current, 1);
	CHECK_EQ_INT(next(&r), 0);
	CHECK_EQ_INT(r.v.end.next_offset, 2);
	CHECK_EQ_INT(r.c.cut, -1);
	stop(&r);
}

TEST_MAIN(TEST(read_and_cut), TEST(while_it_is_cut), TEST(cut_back),
    TEST(below_what_was_read), TEST(not_published))
