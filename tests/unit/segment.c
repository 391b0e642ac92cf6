#include "segment.h"

#include "place_files.h"

static void
names(void)
{
	char name[SEGMENT_NAME];

	segment_name(name, 42, SEGMENT_LOG);
	CHECK_EQ_STR(name, "00000000000000000042.log");
	segment_name(name, 0, SEGMENT_INDEX);
	CHECK_EQ_STR(name, "00000000000000000000.index");
	segment_name(name, 9000000000000000000, SEGMENT_TIMEINDEX);
	CHECK_EQ_STR(name, "09000000000000000000.timeindex");
	CHECK_EQ_INT(segment_parse("00000000000000000042.log"), 42);
	CHECK_EQ_INT(segment_parse("09223372034707292159.log"),
	    INT64_MAX - INT32_MAX - 1);
	CHECK_EQ_INT(segment_parse("09223372034707292160.log"), -1);
	CHECK_EQ_INT(segment_parse("99999999999999999999.log"), -1);
	CHECK_EQ_INT(segment_parse("0000000000000000042.log"), -1);
	CHECK_EQ_INT(segment_parse("000000000000000000042.log"), -1);
	CHECK_EQ_INT(segment_parse("-0000000000000000042.log"), -1);
	CHECK_EQ_INT(segment_parse("00000000000000000042.logs"), -1);
	CHECK_EQ_INT(segment_parse("00000000000000000042.index"), -1);
	CHECK_EQ_INT(segment_parse("00000000000000000042"), -1);
	CHECK_EQ_INT(segment_parse(""), -1);
}

static void
listing(void)
{
	struct segment_list l = { 0 };
	struct place pl;
	struct err e;
	int fd;

	place_dir(&pl);
	CHECK_EQ_INT(segment_list_read(&l, pl.dirfd, "w", &e), 0);
	CHECK_EQ_INT(l.count, 0);
	CHECK_EQ_INT(segment_list_find(&l, 5), -1);
	place_put(pl.dirfd, LOG(7), "", 0);
	place_put(pl.dirfd, LOG(3), "", 0);
	place_put(pl.dirfd, "00000000000000000100.log", "", 0);
	place_put(pl.dirfd, INDEX(5), "", 0);
	place_put(pl.dirfd, "." LOG(4), "", 0);
	CHECK_EQ_INT(segment_list_read(&l, pl.dirfd, "w", &e), 0);
	CHECK_EQ_INT(l.count, 3);
	CHECK_EQ_INT(l.bases[0], 3);
	CHECK_EQ_INT(l.bases[2], 100);
	CHECK_EQ_INT(segment_list_find(&l, 2), -1);
	CHECK_EQ_INT(segment_list_find(&l, 3), 0);
	CHECK_EQ_INT(segment_list_find(&l, 6), 0);
	CHECK_EQ_INT(segment_list_find(&l, 7), 1);
	CHECK_EQ_INT(segment_list_find(&l, INT64_MAX), 2);
	segment_list_release(&l);
	fd = segment_open(pl.dirfd, 3, SEGMENT_LOG, O_RDONLY, "w", &e);
	CHECK(fd >= 0);
	close(fd);
	CHECK_EQ_INT(segment_open(pl.dirfd, 4, SEGMENT_LOG, O_RDONLY, "w", &e),
	    -1);
	CHECK_EQ_INT(e.code, ERR_NONE);
	place_remove(&pl);
}

TEST_MAIN(TEST(names), TEST(listing))
