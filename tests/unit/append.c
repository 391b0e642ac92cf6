#include "place_files.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "durable.h"
#include "view.h"

/* The files that kafka-format's rules ask for; a batch has 73 bytes. */

static void
offset_index(void)
{
	struct place pl;

	place_make(&pl);
	pl.topic.settings.index_interval_bytes = 100;
	place_fill(&pl, 6, 1000, 1);
	CHECK_EQ_STR(place_hex(&pl, INDEX(0)),
	    "00000002" "00000092" "00000004" "00000124");
	CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(0)),
	    "00000000000003ea" "00000002" "00000000000003ec" "00000004");
	/* Exactly the interval is not more than it. */
	pl.topic.settings.index_interval_bytes = 146;
	place_fill(&pl, 1, 2000, 1);
	CHECK_EQ_INT(place_size(&pl, INDEX(0)), 16);
	place_fill(&pl, 1, 2000, 1);
	CHECK_EQ_INT(place_size(&pl, INDEX(0)), 24);
	place_remove(&pl);
}

/* The largest so far, where it was first; never one that is not larger. */
static void
time_index(void)
{
	static const int64_t ts[] = { 50, 90, 70, 90, 80, 91 };
	struct place pl;
	struct err e;
	size_t i;

	place_make(&pl);
	pl.topic.settings.index_interval_bytes = 0;
	for (i = 0; i < 6; i++)
		CHECK_EQ_INT(place_append(&pl, &ts[i], 1, &e), i);
	CHECK_EQ_INT(place_size(&pl, INDEX(0)), 5 * 8);
	CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(0)),
	    "000000000000005a" "00000001" "000000000000005b" "00000005");
	place_remove(&pl);
}

static void
time_index_of_batches(void)
{
	static const int64_t ts[] = { 10, 30, 20 };
	struct place pl;
	struct err e;

	place_make(&pl);
	pl.topic.settings.index_interval_bytes = 0;
	CHECK_EQ_INT(place_append(&pl, ts, 3, &e), 0);
	CHECK_EQ_INT(place_append(&pl, ts, 3, &e), 3);
	CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(0)),
	    "000000000000001e" "00000002");
	CHECK_EQ_STR(place_hex(&pl, INDEX(0)), "00000005" "00000061");
	place_remove(&pl);
}

static void
negative_times(void)
{
	struct place pl;

	place_make(&pl);
	pl.topic.settings.index_interval_bytes = 0;
	pl.topic.settings.segment_bytes = 3 * 73;
	place_fill(&pl, 4, -7, 1);
	CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(0)), "");
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 3 * 73);
	CHECK_EQ_INT(place_size(&pl, LOG(3)), 73);
	place_remove(&pl);
}

static void
roll_by_bytes(void)
{
	struct place pl;

	place_make(&pl);
	pl.topic.settings.segment_bytes = 146;
	place_fill(&pl, 3, 1000, 10);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), 73);
	/* The final entry is the segment's largest time. */
	CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(0)),
	    "00000000000003f2" "00000001");
	CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(2)), "");
	/* A batch larger than a segment has one for itself. */
	pl.topic.settings.segment_bytes = 10;
	place_fill(&pl, 2, 1000, 10);
	CHECK_EQ_INT(place_size(&pl, LOG(3)), 73);
	CHECK_EQ_INT(place_size(&pl, LOG(4)), 73);
	place_remove(&pl);
}

static void
roll_by_time(void)
{
	struct place pl;

	place_make(&pl);
	pl.topic.settings.segment_ms = 1000;
	place_fill(&pl, 2, 5000, 1000); /* waited 1000: not more */
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
	place_fill(&pl, 1, 6001, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), 73);
	/* An older one counts by the clock: the segment is young. */
	place_fill(&pl, 1, INT64_MIN, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), 146);
	/* With compaction the lag is the limit, if it is shorter. */
	pl.topic.settings.segment_ms = INT64_MAX;
	pl.topic.settings.max_compaction_lag_ms = 10;
	place_fill(&pl, 1, 9000, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(2)), 219);
	pl.topic.settings.cleanup_policy = CLEANUP_COMPACT;
	place_fill(&pl, 1, 9000, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(5)), 73);
	place_remove(&pl);
}

/* 64 bytes: 8 offset entries, or 5 - 1 time entries, are all. */
static void
roll_by_index(void)
{
	struct place pl;

	place_make(&pl);
	pl.topic.settings.index_interval_bytes = 0;
	pl.topic.settings.segment_index_bytes = 64;
	place_fill(&pl, 6, 1000, 1);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 5 * 73);
	CHECK_EQ_INT(place_size(&pl, TIMEINDEX(0)), 4 * 12);
	CHECK_EQ_INT(place_size(&pl, LOG(5)), 73);
	place_remove(&pl);

	place_make(&pl);
	pl.topic.settings.index_interval_bytes = 0;
	pl.topic.settings.segment_index_bytes = 64;
	place_fill(&pl, 10, 1000, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 9 * 73);
	CHECK_EQ_INT(place_size(&pl, INDEX(0)), 8 * 8);
	CHECK_EQ_STR(place_hex(&pl, TIMEINDEX(0)),
	    "00000000000003e8" "00000000");
	CHECK_EQ_INT(place_size(&pl, LOG(9)), 73);
	place_remove(&pl);
}

/* Relative offsets have 31 bits. */
static void
roll_by_offset(void)
{
	struct place pl;

	place_make(&pl);
	place_fill(&pl, 1, 1000, 0);
	CHECK_EQ_INT(append_begin(&pl.p, 0, &(struct err){ 0 }), 0);
	pl.p.slot.next_offset = INT32_MAX;
	state_publish(&pl.p.state, &pl.p.slot);
	append_end(&pl.p);
	place_fill(&pl, 2, 1000, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
	CHECK_EQ_INT(place_size(&pl, "00000000002147483648.log"), 73);
	place_remove(&pl);
}

/* What an older incarnation left beside the new segment counts for nothing. */
static void
stale_indexes(void)
{
	struct place pl;

	place_make(&pl);
	pl.topic.settings.segment_bytes = 73;
	place_fill(&pl, 1, 1000, 0);
	place_put(pl.part, INDEX(1), "12345678", 8);
	place_put(pl.part, TIMEINDEX(1), "123456789012", 12);
	place_fill(&pl, 1, 1000, 0);
	CHECK_EQ_INT(place_size(&pl, INDEX(1)), 0);
	CHECK_EQ_INT(place_size(&pl, TIMEINDEX(1)), 0);
	place_remove(&pl);
}

static void
not_a_batch(void)
{
	uint8_t junk[100] = { 1 };
	struct place pl;
	int64_t base;
	struct err e;

	place_make(&pl);
	CHECK_EQ_INT(append_batch(&pl.p, junk, sizeof(junk), 0, &base, &e), -1);
	CHECK_EQ_INT(e.code, ERR_DATA);
	place_remove(&pl);
}

static void
busy(void)
{
	struct place pl;
	struct lock l;
	struct err e;
	int64_t ts = 1;

	place_make(&pl);
	place_fill(&pl, 1, 1000, 0);
	CHECK_EQ_INT(lock_open(&l, pl.part, "lock", "x", 0, &e), 0);
	CHECK_EQ_INT(lock_try(&l, &e), 1);
	CHECK_EQ_INT(place_append(&pl, &ts, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	lock_close(&l);
	CHECK_EQ_INT(place_append(&pl, &ts, 1, &e), 1);
	/* A sync that somebody else sits on. */
	CHECK_EQ_INT(lock_open(&l, pl.part, "sync.lock", "x", 0, &e), 0);
	CHECK_EQ_INT(lock_try(&l, &e), 1);
	CHECK_EQ_INT(durable_wait(&pl.p, 2, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	lock_close(&l);
	CHECK_EQ_INT(durable_wait(&pl.p, 2, 0, &e), 0);
	CHECK_EQ_INT(atomic_load(&pl.p.state.page->durable_offset), 2);
	/* Below what somebody cut off: an error, no endless loop. */
	CHECK_EQ_INT(durable_wait(&pl.p, 3, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	place_remove(&pl);
}

static void
poisoned(void)
{
	struct place pl;
	struct err e;
	int64_t ts = 1;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 0);
	atomic_store(&pl.p.state.page->poison, 5);
	CHECK_EQ_INT(place_append(&pl, &ts, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(durable_wait(&pl.p, 2, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 146);
	place_remove(&pl);
}

/* A write that ends early and then fails leaves nothing. */
static void
short_write(void)
{
	struct rlimit old, low;
	struct place pl;
	struct err e;
	int64_t ts = 1;

	place_make(&pl);
	place_fill(&pl, 60, 1000, 0); /* behind the state page's 4096 bytes */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	low = old;
	low.rlim_cur = 60 * 73 + 30;
	setrlimit(RLIMIT_FSIZE, &low);
	CHECK_EQ_INT(place_append(&pl, &ts, 1, &e), -1);
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK_EQ_INT(e.sys, EFBIG);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 60 * 73);
	CHECK_EQ_INT(atomic_load(&pl.p.state.page->busy), 0);
	CHECK_EQ_INT(place_append(&pl, &ts, 1, &e), 60);
	place_remove(&pl);
}

/* Another process appends between two of ours and rolls. */
static void
two_processes(void)
{
	struct partition other;
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 1, 1000, 0);
	CHECK_EQ_INT(partition_open(&other, pl.topic.dirfd, 0, pl.topic.path,
			 &pl.topic.settings, &e),
	    0);
	pl.topic.settings.segment_bytes = 73;
	{
		struct partition mine = pl.p;

		pl.p = other;
		place_fill(&pl, 2, 1000, 0);
		other = pl.p;
		pl.p = mine;
	}
	CHECK_EQ_INT(place_size(&pl, LOG(2)), 73);
	/* The roll has synced ours. */
	CHECK_EQ_INT(durable_wait(&pl.p, 1, 0, &e), 0);
	place_fill(&pl, 1, 1000, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(3)), 73);
	CHECK_EQ_INT(durable_wait(&pl.p, 4, 0, &e), 0);
	partition_close(&other);
	place_remove(&pl);
}

/* The .log is restored from a copy while a producer has it open. */
static void
replaced_log(void)
{
	struct partition other;
	struct place pl;
	uint8_t data[256];
	struct err e;
	ssize_t n;
	int fd;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 0);
	fd = openat(pl.part, LOG(0), O_RDONLY | O_CLOEXEC);
	n = fsio_read_at(fd, data, sizeof(data), 0);
	close(fd);
	CHECK_EQ_INT(n, 146);
	unlinkat(pl.part, LOG(0), 0);
	place_put(pl.part, "keeps the inode from being used again", "", 0);
	place_put(pl.part, LOG(0), data, (size_t)n);
	CHECK_EQ_INT(partition_open(&other, pl.topic.dirfd, 0, pl.topic.path,
			 &pl.topic.settings, &e),
	    0);
	CHECK_EQ_INT(append_begin(&other, 0, &e), 0);
	append_end(&other);
	partition_close(&other);
	place_fill(&pl, 1, 1000, 0);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 219);
	place_remove(&pl);
}

TEST_MAIN(TEST(offset_index), TEST(time_index), TEST(time_index_of_batches),
    TEST(negative_times), TEST(roll_by_bytes), TEST(roll_by_time),
    TEST(roll_by_index), TEST(roll_by_offset), TEST(stale_indexes),
    TEST(not_a_batch), TEST(busy), TEST(poisoned), TEST(short_write),
    TEST(two_processes), TEST(replaced_log))
