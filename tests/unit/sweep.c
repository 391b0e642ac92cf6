#include "sweep.h"

#include "place.h"

enum { EACH = 73 }; /* bytes of a batch of one record */

/* A file of batches at these offsets; -1 ends them.  Its descriptor. */
static int
file(const struct place *pl, const int64_t *offsets)
{
	struct batch_builder bb = { 0 };
	int64_t ts = 5, at = 0;
	uint8_t *bytes;
	size_t size;
	int fd;

	fd = openat(pl->dirfd, "log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0666);
	place_need(fd >= 0, "log", NULL);
	for (; *offsets >= 0; offsets++, at += EACH) {
		ts++;
		place_batch(&bb, &ts, 1, &bytes, &size);
		batch_place(bytes, *offsets, 0);
		place_need(size == EACH &&
			fsio_write_at(fd, bytes, size, at) == 0,
		    "batch", NULL);
	}
	batch_builder_release(&bb);
	return fd;
}

/* Pieces as text: kind, bytes, offsets.  Every byte must be in one. */
static void
pieces(int fd, int64_t until, bool strict, const char *want)
{
	static const char kinds[] = "bmahxt";
	struct sweep s = { 0 };
	struct sweep_piece p;
	char got[512] = "";
	int64_t at = 0;
	size_t n = 0;
	int r;

	sweep_init(&s, fd, 0, 0, until, fsio_size(fd), strict);
	while ((r = sweep_next(&s, &p)) > 0) {
		CHECK_EQ_INT(p.from, at);
		at = p.to;
		n += (size_t)snprintf(got + n, sizeof(got) - n,
		    "%c%" PRId64 ":%" PRId64 "-%" PRId64 " ", kinds[p.kind],
		    p.to - p.from, p.offset, p.end);
	}
	CHECK_EQ_INT(r, 0);
	CHECK_EQ_INT(at, fsio_size(fd));
	CHECK_EQ_STR(got, want);
	sweep_release(&s);
}

static void
poke(int fd, int64_t at, uint8_t byte)
{
	place_need(fsio_write_at(fd, &byte, 1, at) == 0, "poke", NULL);
}

static void
in_order(void)
{
	struct place pl;
	int fd;

	place_dir(&pl);
	fd = file(&pl, (const int64_t[]){ 0, 1, 2, -1 });
	pieces(fd, -1, true, "b73:0-1 b73:1-2 b73:2-3 ");
	pieces(fd, 5, true, "b73:0-1 b73:1-2 b73:2-3 h0:3-5 ");
	pieces(fd, 5, false, "b73:0-1 b73:1-2 b73:2-3 ");
	close(fd);
	fd = file(&pl, (const int64_t[]){ 0, 4, 5, -1 });
	pieces(fd, -1, true, "b73:0-1 h0:1-4 b73:4-5 b73:5-6 ");
	pieces(fd, -1, false, "b73:0-1 b73:4-5 b73:5-6 ");
	close(fd);
	place_remove(&pl);
}

static void
damaged(void)
{
	struct place pl;
	int fd;

	place_dir(&pl);
	fd = file(&pl, (const int64_t[]){ 0, 1, 2, -1 });
	poke(fd, EACH + 70, 0xff);
	pieces(fd, -1, true, "b73:0-1 x73:1-2 b73:2-3 ");
	poke(fd, EACH + BATCH_MAGIC, 1);
	pieces(fd, -1, true, "b73:0-1 x73:1-2 b73:2-3 ");
	poke(fd, 2 * EACH + 70, 0xff);
	pieces(fd, -1, true, "b73:0-1 t146:1-1 ");
	pieces(fd, 3, true, "b73:0-1 t146:1-3 ");
	close(fd);
	place_remove(&pl);
}

static void
out_of_place(void)
{
	struct place pl;
	int fd;

	place_dir(&pl);
	/* What follows tells that its offset is wrong. */
	fd = file(&pl, (const int64_t[]){ 0, 9, 2, -1 });
	pieces(fd, -1, true, "b73:0-1 m73:1-2 b73:2-3 ");
	close(fd);
	/* A copy of one that was there, even where one is missing. */
	fd = file(&pl, (const int64_t[]){ 0, 1, 2, 3, -1 });
	pieces(fd, -1, true, "b73:0-1 b73:1-2 b73:2-3 b73:3-4 ");
	{
		uint8_t copy[EACH];

		place_need(fsio_read_at(fd, copy, EACH, 0) == EACH &&
			fsio_write_at(fd, copy, EACH, 2 * EACH) == 0,
		    "copy", NULL);
	}
	pieces(fd, -1, true, "b73:0-1 b73:1-2 a73:0-1 h0:2-3 b73:3-4 ");
	close(fd);
	place_remove(&pl);
}

static void
epochs_never_fall(void)
{
	struct place pl;
	int fd;

	place_dir(&pl);
	fd = file(&pl, (const int64_t[]){ 0, 1, 2, -1 });
	poke(fd, EACH + BATCH_EPOCH + 3, 7);
	pieces(fd, -1, true, "b73:0-1 m73:1-2 b73:2-3 ");
	poke(fd, 2 * EACH + BATCH_EPOCH + 3, 7);
	pieces(fd, -1, true, "b73:0-1 b73:1-2 b73:2-3 ");
	poke(fd, 2 * EACH + BATCH_EPOCH, 0x80);
	pieces(fd, -1, true, "b73:0-1 b73:1-2 m73:2-3 ");
	close(fd);
	place_remove(&pl);
}

TEST_MAIN(TEST(in_order), TEST(damaged), TEST(out_of_place),
    TEST(epochs_never_fall))
