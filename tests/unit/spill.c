#include "place_files.h"

#include "runs.h"
#include "spill.h"

/* Streams of odd sizes, written in turns, come back whole. */
static void
streams(void)
{
	struct spill_reader r = { 0 };
	const uint8_t *data;
	struct spill s = { 0 };
	struct place pl;
	struct err e;
	uint8_t piece[700];
	int i, k, n;

	place_dir(&pl);
	CHECK_EQ_INT(spill_open(&s, pl.dirfd, 3, 1, "t", &e), 0);
	for (i = 0; i < 60; i++)
		for (k = 0; k < 2; k++) {
			n = 1 + (i * 37 + k) % 700;
			memset(piece, i + k, sizeof(piece));
			CHECK_EQ_INT(
			    spill_put(&s, k, piece, (size_t)n, &e), 0);
		}
	CHECK_EQ_INT(spill_end(&s, &e), 0);
	for (k = 0; k < 2; k++) {
		spill_rewind(&r, &s, k);
		for (i = 0; i < 60; i++) {
			n = 1 + (i * 37 + k) % 700;
			CHECK_EQ_INT(spill_take(&r, (size_t)n, &data, &e), 1);
			CHECK_EQ_INT(data[0], i + k);
			CHECK_EQ_INT(data[n - 1], i + k);
		}
		CHECK_EQ_INT(spill_take(&r, 1, &data, &e), 0);
	}
	spill_rewind(&r, &s, 2);
	CHECK_EQ_INT(spill_take(&r, 1, &data, &e), 0);
	spill_reader_release(&r);
	spill_close(&s);
	place_remove(&pl);
}

/* The file has no name while it is used. */
static void
nameless(void)
{
	struct place pl;
	struct err e;
	int fd;

	place_dir(&pl);
	fd = spill_file(pl.dirfd, "t", &e);
	CHECK(fd >= 0);
	CHECK_EQ_INT(unlinkat(pl.dirfd, ".spill.tmp", 0), -1);
	CHECK_EQ_INT(fsio_write_at(fd, "x", 1, 0), 0);
	close(fd);
	place_remove(&pl);
}

/* Runs of i, i + step, ... are read back as one rising line. */
static void
check_runs(bool numbered, int count, int length)
{
	struct runs_item item;
	struct runs r = { 0 };
	struct place pl;
	struct err e;
	int i, k, n = 0;

	place_dir(&pl);
	CHECK_EQ_INT(runs_open(&r, pl.dirfd, numbered, "t", &e), 0);
	for (k = 0; k < count; k++) {
		for (i = 0; i < length; i++) {
			item = (struct runs_item){ k + (int64_t)i * count,
				-k };
			CHECK_EQ_INT(runs_add(&r, &item, &e), 0);
		}
		CHECK_EQ_INT(runs_end(&r, &e), 0);
	}
	CHECK_EQ_INT(runs_rewind(&r, 1, &e), 0);
	while (runs_next(&r, &item, &e) > 0) {
		if (item.offset != n ||
		    (numbered && item.number != -(n % count)))
			break;
		n++;
	}
	CHECK_EQ_INT(n, count * length);
	runs_close(&r);
	place_remove(&pl);
}

static void
runs_merge(void)
{
	check_runs(false, 1, 1000);
	check_runs(false, 100, 300);
	check_runs(true, 7, 5000);
	check_runs(true, 3, 0);
}

TEST_MAIN(TEST(streams), TEST(nameless), TEST(runs_merge))
