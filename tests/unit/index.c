#include "index.h"

#include "place.h"

static int
file(const struct place *pl, const char *hex)
{
	uint8_t data[512];
	size_t n = test_hex(hex, data, sizeof(data));

	place_put(pl->dirfd, "index", data, n);
	return openat(pl->dirfd, "index", O_RDWR | O_CLOEXEC);
}

static void
entries(void)
{
	struct timeindex_entry ten = { 1700000000000, 2000000007 };
	struct index_entry en = { 2000000007, 4096 };
	uint8_t got[32], want[32];
	struct place pl;
	size_t n;
	int fd;

	place_dir(&pl);
	fd = file(&pl, "");
	CHECK_EQ_INT(index_put(fd, 2000000000, 1, &en), 0);
	CHECK_EQ_INT(fsio_read_at(fd, got, sizeof(got), 0), 16);
	n = test_hex("0000000000000000 0000000700001000", want, 32);
	CHECK_EQ_MEM(got, 16, want, n);
	CHECK_EQ_INT(timeindex_put(fd, 2000000000, 0, &ten), 0);
	CHECK_EQ_INT(fsio_read_at(fd, got, sizeof(got), 0), 16);
	n = test_hex("0000018bcfe56800 00000007 00001000", want, 32);
	CHECK_EQ_MEM(got, 16, want, n);
	close(fd);
	place_remove(&pl);
}

static void
lookup(void)
{
	struct place pl;
	int fd;

	place_dir(&pl);
	fd = file(&pl, "0000000200000092 0000000400000124 0000000900000200");
	CHECK_EQ_INT(index_lookup(fd, 100, 99), 0);
	CHECK_EQ_INT(index_lookup(fd, 100, 101), 0);
	CHECK_EQ_INT(index_lookup(fd, 100, 102), 0x92);
	CHECK_EQ_INT(index_lookup(fd, 100, 103), 0x92);
	CHECK_EQ_INT(index_lookup(fd, 100, 104), 0x124);
	CHECK_EQ_INT(index_lookup(fd, 100, INT64_MAX), 0x200);
	close(fd);
	/* Preallocated by Kafka: zeros follow. */
	fd = file(&pl, "0000000200000092 0000000400000124"
		       "0000000000000000 0000000000000000 0000000000000000");
	CHECK_EQ_INT(index_lookup(fd, 100, INT64_MAX), 0x124);
	close(fd);
	fd = file(&pl, "");
	CHECK_EQ_INT(index_lookup(fd, 100, 500), 0);
	close(fd);
	/* Half an entry, a position below zero. */
	fd = file(&pl, "00000002");
	CHECK_EQ_INT(index_lookup(fd, 100, 500), 0);
	close(fd);
	fd = file(&pl, "00000002 ffffff00");
	CHECK_EQ_INT(index_lookup(fd, 100, 500), 0);
	close(fd);
	place_remove(&pl);
}

static void
positions(void)
{
	int64_t *list = NULL;
	struct place pl;
	int32_t count;
	int fd;

	place_dir(&pl);
	fd = file(&pl, "0000000200000092 0000000400000124 0000000900000100");
	CHECK_EQ_INT(index_positions(fd, 0, &list, &count), 0);
	CHECK_EQ_INT(count, 2); /* until they rise no more */
	CHECK_EQ_INT(list[0], 0x92);
	CHECK_EQ_INT(list[1], 0x124);
	free(list);
	close(fd);
	place_remove(&pl);
}

static void
times(void)
{
	struct timeindex_entry en;
	struct place pl;
	int fd;

	place_dir(&pl);
	fd = file(&pl, "000000000000000a 00000002"
		       "0000000000000014 00000007"
		       "0000000000000000 00000000");
	CHECK_EQ_INT(timeindex_lookup(fd, 50, 9, 100, &en), 0);
	CHECK_EQ_INT(timeindex_lookup(fd, 50, 10, 100, &en), 1);
	CHECK_EQ_INT(en.offset, 52);
	CHECK_EQ_INT(timeindex_lookup(fd, 50, INT64_MAX, 100, &en), 1);
	CHECK_EQ_INT(en.timestamp, 20);
	CHECK_EQ_INT(en.offset, 57);
	/* Entries behind the end of the log do not count. */
	CHECK_EQ_INT(timeindex_lookup(fd, 50, INT64_MAX, 57, &en), 1);
	CHECK_EQ_INT(en.offset, 52);
	close(fd);
	place_remove(&pl);
}

TEST_MAIN(TEST(entries), TEST(lookup), TEST(positions), TEST(times))
