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
	struct index_span span;
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
	CHECK_EQ_INT(index_find(fd, 100, 101, &span), 0);
	CHECK_EQ_INT(span.offset, 99);
	CHECK_EQ_INT(span.position, 0);
	CHECK_EQ_INT(span.next, 0x92);
	CHECK_EQ_INT(span.after, 0x124);
	CHECK_EQ_INT(index_find(fd, 100, 104, &span), 0);
	CHECK_EQ_INT(span.offset, 104);
	CHECK_EQ_INT(span.position, 0x124);
	CHECK_EQ_INT(span.next, 0x200);
	CHECK(span.after == INT64_MAX);
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

/* More than is read at once, in Kafka's preallocated file or trimmed. */
static void
many(void)
{
	enum { COUNT = 20000 };
	uint8_t *data = calloc(COUNT + 5000, TIMEINDEX_ENTRY);
	struct timeindex_entry en, last;
	struct index_span span;
	struct place pl;
	int32_t i, extra;
	int fd;

	place_dir(&pl);
	for (extra = 0; extra <= 5000; extra += 2500) {
		memset(data, 0, (COUNT + 5000) * TIMEINDEX_ENTRY);
		for (i = 0; i < COUNT; i++) {
			put_be32(data + i * 8, (uint32_t)i * 3 + 2);
			put_be32(data + i * 8 + 4, (uint32_t)i * 4096 + 4096);
		}
		place_put(pl.dirfd, "index", data, (size_t)(COUNT + extra) * 8);
		fd = openat(pl.dirfd, "index", O_RDONLY | O_CLOEXEC);
		for (i = 0; i < COUNT * 3; i++)
			if (index_lookup(fd, 100, 100 + i) !=
			    (int64_t)(i + 1) / 3 * 4096)
				break;
		CHECK_EQ_INT(i, COUNT * 3);
		CHECK_EQ_INT(index_find(fd, 100, 100 + 30001, &span), 0);
		CHECK_EQ_INT(span.offset, 100 + 29999);
		CHECK_EQ_INT(span.position, 10000 * 4096);
		CHECK_EQ_INT(span.next, 10001 * 4096);
		CHECK_EQ_INT(span.after, 10002 * 4096);
		close(fd);
		memset(data, 0, (COUNT + 5000) * TIMEINDEX_ENTRY);
		for (i = 0; i < COUNT; i++) {
			put_be64(data + i * 12, (uint64_t)i * 2 + 1);
			put_be32(data + i * 12 + 8, (uint32_t)i * 3 + 2);
		}
		place_put(
		    pl.dirfd, "index", data, (size_t)(COUNT + extra) * 12);
		fd = openat(pl.dirfd, "index", O_RDONLY | O_CLOEXEC);
		for (i = 1; i < COUNT; i++) {
			if (timeindex_find(fd, 7, i * 2, INT64_MAX, &en,
				&last) < 0 ||
			    en.timestamp != i * 2 - 1 ||
			    en.offset != 7 + i * 3 - 1 ||
			    last.timestamp != COUNT * 2 - 1)
				break;
		}
		CHECK_EQ_INT(i, COUNT);
		close(fd);
	}
	free(data);
	place_remove(&pl);
}

static void
times(void)
{
	struct timeindex_entry en, last;
	struct place pl;
	int fd;

	place_dir(&pl);
	fd = file(&pl, "000000000000000a 00000002"
		       "0000000000000014 00000007"
		       "0000000000000000 00000000");
	CHECK_EQ_INT(timeindex_find(fd, 50, 9, 100, &en, &last), 0);
	CHECK_EQ_INT(en.timestamp, -1);
	CHECK_EQ_INT(en.offset, 50);
	CHECK_EQ_INT(last.timestamp, 20);
	CHECK_EQ_INT(last.offset, 57);
	CHECK_EQ_INT(timeindex_find(fd, 50, 10, 100, &en, &last), 0);
	CHECK_EQ_INT(en.timestamp, 10);
	CHECK_EQ_INT(en.offset, 52);
	CHECK_EQ_INT(timeindex_find(fd, 50, INT64_MAX, 100, &en, &last), 0);
	CHECK_EQ_INT(en.timestamp, 20);
	CHECK_EQ_INT(en.offset, 57);
	/* Entries behind the end of the log do not count. */
	CHECK_EQ_INT(timeindex_find(fd, 50, INT64_MAX, 57, &en, &last), 0);
	CHECK_EQ_INT(en.offset, 52);
	CHECK_EQ_INT(last.offset, 52);
	close(fd);
	/* Times before 1970 are no entries. */
	fd = file(&pl, "ffffffffffffffff 00000002");
	CHECK_EQ_INT(timeindex_find(fd, 50, 5, 100, &en, &last), 0);
	CHECK_EQ_INT(last.timestamp, -1);
	CHECK_EQ_INT(last.offset, 50);
	close(fd);
	place_remove(&pl);
}

TEST_MAIN(TEST(entries), TEST(lookup), TEST(positions), TEST(many), TEST(times))
