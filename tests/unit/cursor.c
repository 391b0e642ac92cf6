#include "place_files.h"
#include "place_opened.h"

#include "cursor.h"
#include "reverse.h"
#include "view.h"

/* What the readers of a log see; a batch has 73 bytes. */

/* Read on from offset: "0 1 2", then " !4" for an error's code, " +n" for
 * offsets that were skipped. */
static const char *
walk(struct view *v, int64_t offset)
{
	static char out[512];
	struct buf bytes = { 0 };
	struct cursor c;
	struct batch b;
	struct err e;
	size_t n = 0;
	int r;

	out[0] = '\0';
	cursor_init(&c, v, offset);
	while ((r = cursor_next(&c, &b, &bytes, &e)) > 0 && n < 400)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%" PRId64,
		    n > 0 ? " " : "", b.base_offset);
	if (r < 0)
		n += (size_t)snprintf(out + n, sizeof(out) - n, " !%d", e.code);
	if (c.skipped > 0)
		snprintf(out + n, sizeof(out) - n, " +%" PRId64, c.skipped);
	cursor_release(&c);
	buf_release(&bytes);
	return out;
}

static const char *
back(struct view *v, int64_t end)
{
	static char out[512];
	struct buf bytes = { 0 };
	struct reverse rev;
	struct batch b;
	struct err e;
	size_t n = 0;
	int r;

	out[0] = '\0';
	place_need(
	    view_refresh(v, &e) == 0 && view_list(v, &e) == 0, "view", &e);
	reverse_init(&rev, v, end);
	while ((r = reverse_next(&rev, &b, &bytes, &e)) > 0 && n < 400)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%" PRId64,
		    n > 0 ? " " : "", b.base_offset);
	if (r < 0)
		snprintf(out + n, sizeof(out) - n, " !%d", e.code);
	reverse_release(&rev);
	buf_release(&bytes);
	return out;
}

/* Three segments of three batches: 0-2, 3-5, 6-7. */
static void
fill(struct place *pl)
{
	place_make(pl);
	pl->topic.settings.index_interval_bytes = 100;
	pl->topic.settings.segment_bytes = 219;
	place_fill(pl, 8, 1000, 1);
}

static void
forwards(void)
{
	struct place pl;
	struct view v;
	int state;

	/* With the page of hints, and without it. */
	for (state = 1; state >= 0; state--) {
		fill(&pl);
		if (!state)
			unlinkat(pl.part, "state", 0);
		v = place_view(&pl);
		CHECK_EQ_STR(walk(&v, 0), "0 1 2 3 4 5 6 7");
		CHECK_EQ_STR(walk(&v, 2), "2 3 4 5 6 7");
		CHECK_EQ_STR(walk(&v, 5), "5 6 7");
		CHECK_EQ_STR(walk(&v, 7), "7");
		CHECK_EQ_STR(walk(&v, 8), "");
		CHECK_EQ_STR(walk(&v, 9), "");
		CHECK_EQ_INT(v.end.next_offset, 8);
		CHECK_EQ_INT(v.end.position, 146);
		CHECK_EQ_STR(back(&v, 8), "7 6 5 4 3 2 1 0");
		CHECK_EQ_STR(back(&v, 4), "3 2 1 0");
		CHECK_EQ_STR(back(&v, 0), "");
		view_close(&v);
		place_remove(&pl);
	}
}

/* One cursor goes on while the log grows and rolls, and state is deleted. */
static void
follow(void)
{
	struct buf bytes = { 0 };
	struct cursor c;
	struct place pl;
	struct batch b;
	struct view v;
	struct err e;
	int64_t n;

	place_make(&pl);
	pl.topic.settings.segment_bytes = 150;
	v = place_view(&pl);
	cursor_init(&c, &v, 0);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	for (n = 0; n < 9; n++) {
		if (n == 4)
			unlinkat(pl.part, "state", 0);
		place_fill(&pl, 1, 1000, 0);
		CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
		CHECK_EQ_INT(b.base_offset, n);
		CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	}
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
	place_remove(&pl);
}

/* Any bytes in an index lead to the same records. */
static void
hostile_index(void)
{
	static const char *const names[] = { INDEX(0), INDEX(3), INDEX(6) };
	uint8_t junk[64];
	struct place pl;
	struct view v;
	uint32_t seed = 7;
	size_t i, n;

	fill(&pl);
	unlinkat(pl.part, "state", 0);
	for (n = 0; n < 200; n++) {
		for (i = 0; i < sizeof(junk); i++) {
			seed = seed * 1103515245 + 12345;
			/* Small numbers, so that many are positions. */
			junk[i] = i % 4 == 3 ? (uint8_t)(seed >> 16) : 0;
		}
		for (i = 0; i < 3; i++)
			place_put(pl.part, names[i], junk, n % 65);
		v = place_view(&pl);
		CHECK_EQ_STR(walk(&v, 1), "1 2 3 4 5 6 7");
		CHECK_EQ_STR(walk(&v, 5), "5 6 7");
		CHECK_EQ_STR(back(&v, 8), "7 6 5 4 3 2 1 0");
		view_close(&v);
	}
	place_remove(&pl);
}

static void
torn_tail(void)
{
	struct batch_builder bb = { 0 };
	struct place pl;
	int64_t ts = 1;
	struct view v;
	uint8_t *bytes;
	size_t size, n;
	int fd;

	fill(&pl);
	unlinkat(pl.part, "state", 0);
	place_batch(&bb, &ts, 1, &bytes, &size);
	batch_place(bytes, 8, 0);
	fd = openat(pl.part, LOG(6), O_WRONLY | O_CLOEXEC);
	for (n = 1; n <= size; n++) {
		CHECK_EQ_INT(fsio_truncate(fd, 146), 0);
		CHECK_EQ_INT(fsio_write_at(fd, bytes, n, 146), 0);
		v = place_view(&pl);
		CHECK_EQ_STR(walk(&v, 6), n < size ? "6 7" : "6 7 8");
		view_close(&v);
	}
	/* The right length and wrong bytes: not yet, too. */
	place_flip(&pl, LOG(6), 146 + 70);
	v = place_view(&pl);
	CHECK_EQ_STR(walk(&v, 6), "6 7");
	CHECK_EQ_INT(v.end.next_offset, 8);
	view_close(&v);
	close(fd);
	batch_builder_release(&bb);
	place_remove(&pl);
}

static void
damage(void)
{
	struct buf bytes = { 0 };
	int64_t from, to;
	struct cursor c;
	struct place pl;
	struct batch b;
	struct view v;
	struct err e;

	fill(&pl);
	place_flip(&pl, LOG(3), 73 + 70); /* the record of offset 4 */
	v = place_view(&pl);
	CHECK_EQ_STR(walk(&v, 0), "0 1 2 3 !4");
	CHECK_EQ_STR(back(&v, 8), "7 6 5 !4");
	cursor_init(&c, &v, 4);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), -1);
	CHECK_EQ_STR(e.text,
	    "t/0/" LOG(3) ": position 73: offset 4: "
			  "checksum mismatch or damaged header");
	CHECK_EQ_INT(cursor_skip_damage(&c, &from, &to, &e), 1);
	CHECK_EQ_INT(from, 4);
	CHECK_EQ_INT(to, 5);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(b.base_offset, 5);
	/* The end of a segment: on with the next one. */
	place_flip(&pl, LOG(3), 146 + 16);
	cursor_seek(&c, 5); /* what was read is not read again */
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(b.base_offset, 5);
	cursor_seek(&c, 7);
	cursor_seek(&c, 5);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), -1);
	CHECK_EQ_INT(cursor_skip_damage(&c, &from, &to, &e), 1);
	CHECK_EQ_INT(to, 6);
	/* The end of the log. */
	place_flip(&pl, LOG(6), 73 + 16);
	cursor_seek(&c, 7);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), -1);
	CHECK_EQ_INT(cursor_skip_damage(&c, &from, &to, &e), 0);
	CHECK_EQ_INT(to, 8);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 0);
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
	place_remove(&pl);
}

/* The checksum does not cover the base offset; the order tells. */
static void
wrong_base_offset(void)
{
	struct place pl;
	struct view v;

	fill(&pl);
	place_flip(&pl, LOG(3), 73 + 7); /* 4 becomes 20 */
	v = place_view(&pl);
	CHECK_EQ_STR(walk(&v, 3), "3 !4"); /* the log ends at 8 */
	place_flip(&pl, LOG(3), 73 + 7);
	place_flip(&pl, LOG(3), 73 + 0);
	CHECK_EQ_STR(walk(&v, 3), "3 !4");
	view_close(&v);
	place_remove(&pl);
}

static void
cut_off(void)
{
	struct place pl;
	struct view v;
	int fd;

	fill(&pl);
	v = place_view(&pl);
	fd = openat(pl.part, LOG(3), O_WRONLY | O_CLOEXEC);
	CHECK_EQ_INT(fsio_truncate(fd, 200), 0);
	close(fd);
	CHECK_EQ_STR(walk(&v, 3), "3 4 !4");
	fd = openat(pl.part, LOG(6), O_WRONLY | O_CLOEXEC);
	CHECK_EQ_INT(fsio_truncate(fd, 100), 0);
	close(fd);
	CHECK_EQ_STR(walk(&v, 6), "6 !4");
	view_close(&v);
	place_remove(&pl);
}

/* Retention took the oldest ones. */
static void
removed(void)
{
	struct place pl;
	struct view v;
	struct err e;
	int64_t start;

	fill(&pl);
	v = place_view(&pl);
	CHECK_EQ_INT(view_refresh(&v, &e), 0);
	CHECK_EQ_INT(view_list(&v, &e), 0);
	unlinkat(pl.part, LOG(0), 0);
	CHECK_EQ_STR(walk(&v, 1), "3 4 5 6 7 +2");
	CHECK_EQ_INT(view_list(&v, &e), 0);
	CHECK_EQ_INT(view_start(&v, &start, &e), 0);
	CHECK_EQ_INT(start, 3);
	view_close(&v);
	place_remove(&pl);
}

/* Compaction leaves holes, empty segments, merged segments: no loss. */
static void
compacted(void)
{
	struct place pl;
	struct view v;
	int fd;

	fill(&pl);
	v = place_view(&pl);
	fd = openat(pl.part, LOG(0), O_WRONLY | O_CLOEXEC);
	CHECK_EQ_INT(fsio_truncate(fd, 146), 0);
	CHECK_EQ_STR(walk(&v, 0), "0 1 3 4 5 6 7");
	CHECK_EQ_INT(fsio_truncate(fd, 0), 0);
	CHECK_EQ_STR(walk(&v, 0), "3 4 5 6 7");
	close(fd);
	CHECK_EQ_STR(back(&v, 8), "7 6 5 4 3");
	view_close(&v);
	place_remove(&pl);
}

/* Segment 3 is merged into segment 0 while its first batch is read. */
static void
merged(void)
{
	struct buf bytes = { 0 };
	uint8_t data[512];
	struct cursor c;
	struct place pl;
	struct batch b;
	struct view v;
	struct err e;
	ssize_t n;
	int fd;

	fill(&pl);
	v = place_view(&pl);
	cursor_init(&c, &v, 2);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(b.base_offset, 2);
	fd = openat(pl.part, LOG(3), O_RDONLY | O_CLOEXEC);
	n = fsio_read_at(fd, data, sizeof(data), 0);
	close(fd);
	/* Replaced, as a rename does it: the cursor keeps the old file. */
	unlinkat(pl.part, LOG(3), 0);
	unlinkat(pl.part, LOG(0), 0);
	place_put(pl.part, LOG(0), data, (size_t)n);
	unlinkat(pl.part, INDEX(0), 0);
	CHECK_EQ_INT(cursor_next(&c, &b, &bytes, &e), 1);
	CHECK_EQ_INT(b.base_offset, 3);
	cursor_release(&c);
	CHECK_EQ_STR(walk(&v, 0), "3 4 5 6 7");
	buf_release(&bytes);
	view_close(&v);
	place_remove(&pl);
}

static void
gap(void)
{
	struct place pl;
	struct view v;
	struct err e;

	fill(&pl);
	unlinkat(pl.part, LOG(6), 0);
	v = place_view(&pl);
	CHECK_EQ_STR(walk(&v, 5), "5 !4");
	view_close(&v);
	unlinkat(pl.part, LOG(0), 0);
	unlinkat(pl.part, LOG(3), 0);
	unlinkat(pl.part, "state", 0);
	v = place_view(&pl);
	CHECK_EQ_INT(view_refresh(&v, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	view_close(&v);
	place_remove(&pl);
}

TEST_MAIN(TEST(forwards), TEST(follow), TEST(hostile_index), TEST(torn_tail),
    TEST(damage), TEST(wrong_base_offset), TEST(cut_off), TEST(removed),
    TEST(compacted), TEST(merged), TEST(gap))
