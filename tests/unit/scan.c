#include "scan.h"

#include "place.h"

enum { EACH = 73 }; /* bytes of a batch */

/* A file of n batches at offsets 0, 1, ...; its descriptor. */
static int
file(const struct place *pl, int n)
{
	struct batch_builder bb = { 0 };
	int64_t ts = 5;
	uint8_t *bytes;
	size_t size;
	int i, fd;

	fd = openat(pl->dirfd, "log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0666);
	place_need(fd >= 0, "log", NULL);
	for (i = 0; i < n; i++) {
		place_batch(&bb, &ts, 1, &bytes, &size);
		batch_place(bytes, i, 0);
		place_need(size == EACH && fsio_write_at(fd, bytes, size,
						(int64_t)i * EACH) == 0,
		    "batch", NULL);
	}
	batch_builder_release(&bb);
	return fd;
}

static void
walk(void)
{
	struct buf bytes = { 0 };
	struct scan s = { 0 };
	struct place pl;
	struct batch b;
	int i, fd;

	place_dir(&pl);
	fd = file(&pl, 3000);
	scan_init(&s, fd, 0, INT32_MAX);
	for (i = 0; scan_peek(&s, &b) == BATCH_WHOLE; i++) {
		CHECK_EQ_INT(b.base_offset, i);
		if (i % 3 == 0) {
			scan_skip(&s, &b);
			continue;
		}
		CHECK_EQ_INT(scan_take(&s, &b, &bytes), BATCH_WHOLE);
		CHECK(batch_verify(bytes.data, &b));
	}
	CHECK_EQ_INT(i, 3000);
	CHECK_EQ_INT(scan_peek(&s, &b), BATCH_SHORT);
	/* The limit counts, not the end of the file. */
	scan_init(&s, fd, EACH, 3 * EACH - 1);
	CHECK_EQ_INT(scan_peek(&s, &b), BATCH_WHOLE);
	scan_skip(&s, &b);
	CHECK_EQ_INT(scan_peek(&s, &b), BATCH_SHORT);
	scan_init(&s, fd, 5 * EACH, EACH);
	CHECK_EQ_INT(scan_peek(&s, &b), BATCH_SHORT);
	scan_release(&s);
	buf_release(&bytes);
	close(fd);
	place_remove(&pl);
}

static void
torn(void)
{
	struct buf bytes = { 0 };
	struct scan s = { 0 };
	struct place pl;
	struct batch b;
	int n, fd;

	place_dir(&pl);
	for (n = 0; n < EACH; n++) {
		fd = file(&pl, 2);
		CHECK_EQ_INT(fsio_truncate(fd, EACH + n), 0);
		scan_init(&s, fd, 0, INT32_MAX);
		CHECK_EQ_INT(scan_peek(&s, &b), BATCH_WHOLE);
		scan_skip(&s, &b);
		CHECK_EQ_INT(scan_peek(&s, &b), BATCH_SHORT);
		close(fd);
	}
	/* Shorter after the look: what was read ahead is not enough. */
	fd = file(&pl, 2);
	scan_init(&s, fd, 0, INT32_MAX);
	s.ahead = BATCH_HEADER;
	CHECK_EQ_INT(scan_peek(&s, &b), BATCH_WHOLE);
	CHECK_EQ_INT(fsio_truncate(fd, 70), 0);
	CHECK_EQ_INT(scan_take(&s, &b, &bytes), BATCH_SHORT);
	CHECK_EQ_INT(scan_peek(&s, &b), BATCH_SHORT);
	close(fd);
	scan_release(&s);
	buf_release(&bytes);
	place_remove(&pl);
}

static void
resync(void)
{
	struct scan s = { 0 };
	struct place pl;
	struct batch b;
	int64_t at;
	int fd;

	place_dir(&pl);
	fd = file(&pl, 4);
	scan_init(&s, fd, 0, INT32_MAX);
	for (at = 1; at <= 3 * EACH; at++) {
		CHECK_EQ_INT(scan_resync(&s, at, 0, &b), BATCH_WHOLE);
		CHECK_EQ_INT(s.position, (at + EACH - 1) / EACH * EACH);
	}
	CHECK_EQ_INT(scan_resync(&s, 3 * EACH + 1, 0, &b), BATCH_SHORT);
	CHECK_EQ_INT(scan_resync(&s, 0, 2, &b), BATCH_WHOLE);
	CHECK_EQ_INT(b.base_offset, 2);
	CHECK_EQ_INT(scan_resync(&s, 0, 4, &b), BATCH_SHORT);
	/* Past one that does not verify. */
	CHECK_EQ_INT(fsio_write_at(fd, "\xff", 1, EACH + 70), 0);
	scan_forget(&s);
	CHECK_EQ_INT(scan_resync(&s, 1, 0, &b), BATCH_WHOLE);
	CHECK_EQ_INT(b.base_offset, 2);
	close(fd);
	scan_release(&s);
	place_remove(&pl);
}

static void
bad(void)
{
	uint8_t base[8] = { 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct scan s = { 0 };
	struct place pl;
	struct batch b;
	int fd;

	place_dir(&pl);
	fd = file(&pl, 1);
	/* No offset comes behind this one. */
	CHECK_EQ_INT(fsio_write_at(fd, base, 8, 0), 0);
	scan_init(&s, fd, 0, INT32_MAX);
	CHECK_EQ_INT(scan_peek(&s, &b), BATCH_BAD);
	base[7]--;
	CHECK_EQ_INT(fsio_write_at(fd, base, 8, 0), 0);
	scan_forget(&s);
	CHECK_EQ_INT(scan_peek(&s, &b), BATCH_WHOLE);
	close(fd);
	/* A descriptor that can't be read. */
	scan_init(&s, pl.dirfd, 0, INT32_MAX);
	CHECK_EQ_INT(scan_peek(&s, &b), SCAN_IO);
	scan_release(&s);
	place_remove(&pl);
}

TEST_MAIN(TEST(walk), TEST(torn), TEST(resync), TEST(bad))
