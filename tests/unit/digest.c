/*
 * Digests of known records, whatever their batches.  The expected ones are by
 * Python's hashlib.blake2b over the layout in klog-replicate-protocol(5).
 */
#include "digest.h"

#include "place.h"

enum { N = 5 }; /* records "hello", without key, at 1000, 1001, ... */

static const char sum_all[] =
    "772eeafe6b5258407f8023428a9d5e9e"
    "0150245f91ec8d25142b6dd432d339d7";
static const char sum_middle[] = /* offsets 2 and 3 */
    "2e12a9669e1a6846ca750efe697a7fb6"
    "09b8f5c437f4d3d121853009f7094dd7";
static const char sum_none[] =
    "0e5751c026e543b2e8ab2eb06099daa1"
    "d1e5df47778f7787faab45cdf12fe3a8";
static const char sum_three[] = "c7bd63bfdb20db04194cbeea018d4ec1"; /* of one */

static void
open_both(struct place *pl, struct digest *d, bool one_batch)
{
	static const int64_t times[] = { 1000, 1001, 1002, 1003, 1004 };
	struct err e;

	place_make(pl);
	if (one_batch)
		CHECK_EQ_INT(place_append(pl, times, N, &e), 0);
	else
		place_fill(pl, N, 1000, 1);
	place_need(digest_open(d, &pl->topic, 0, &e) == 0, "digest_open", &e);
}

static void
close_both(struct place *pl, struct digest *d)
{
	digest_close(d);
	place_remove(pl);
}

/* What [from, to) gives. */
static void
is_sum(struct digest *d, int64_t from, int64_t to, const char *hex,
    int64_t records)
{
	uint8_t want[DIGEST_SIZE];
	struct digest_sum sum;
	struct err e;

	CHECK_EQ_INT(test_hex(hex, want, sizeof(want)), DIGEST_SIZE);
	CHECK_EQ_INT(digest_range(d, from, to, INT64_MAX, &sum, &e), 0);
	CHECK_EQ_INT(sum.to, to);
	CHECK_EQ_INT(sum.records, records);
	CHECK_EQ_MEM(sum.sum, DIGEST_SIZE, want, DIGEST_SIZE);
}

static void
known(void)
{
	struct place pl;
	struct digest d;
	int one;

	for (one = 0; one < 2; one++) {
		open_both(&pl, &d, one != 0);
		CHECK_EQ_INT(d.start, 0);
		CHECK_EQ_INT(d.end, N);
		CHECK_EQ_INT(d.high, -1);
		CHECK_EQ_INT(d.cleaned, 0);
		is_sum(&d, 0, N, sum_all, N);
		is_sum(&d, 2, 4, sum_middle, 2);
		is_sum(&d, 3, 3, sum_none, 0);
		is_sum(&d, 0, N, sum_all, N);
		close_both(&pl, &d);
	}
}

static void
by_shares(void)
{
	struct digest_sum sum;
	struct place pl;
	struct digest d;
	struct err e;
	int i;

	open_both(&pl, &d, false);
	for (i = 0; i < N; i++) {
		CHECK_EQ_INT(digest_range(&d, i, N, 1, &sum, &e), 0);
		CHECK_EQ_INT(sum.to, i + 1);
		CHECK_EQ_INT(sum.records, 1);
	}
	CHECK_EQ_INT(d.taken, N * 73);
	CHECK_EQ_INT(digest_range(&d, 1, N, 74, &sum, &e), 0);
	CHECK_EQ_INT(sum.to, 3);
	close_both(&pl, &d);
}

static void
lists(void)
{
	struct buf list = { 0 };
	struct digest_entry entry;
	uint8_t want[DIGEST_SHORT];
	struct place pl;
	struct digest d;
	struct err e;
	int64_t reached;

	open_both(&pl, &d, true);
	CHECK_EQ_INT(
	    digest_list(&d, 2, 4, INT64_MAX, &list, &reached, &e), 0);
	CHECK_EQ_INT(reached, 4);
	CHECK_EQ_INT(list.len, 2 * DIGEST_ENTRY);
	entry = digest_entry(list.data, 1);
	CHECK_EQ_INT(entry.offset, 3);
	CHECK_EQ_INT(entry.timestamp, 1003);
	CHECK_EQ_INT(test_hex(sum_three, want, sizeof(want)), DIGEST_SHORT);
	CHECK_EQ_MEM(entry.sum, DIGEST_SHORT, want, DIGEST_SHORT);
	close_both(&pl, &d);
	buf_release(&list);
}

/* A list ends when it is full, in the middle of a batch too. */
static void
full_list(void)
{
	enum { MANY = DIGEST_LIST / DIGEST_ENTRY + 3 };
	static int64_t times[MANY];
	struct buf list = { 0 };
	struct place pl;
	struct digest d;
	struct err e;
	int64_t reached;

	place_make(&pl);
	CHECK_EQ_INT(place_append(&pl, times, MANY, &e), 0);
	place_need(digest_open(&d, &pl.topic, 0, &e) == 0, "open", &e);
	CHECK_EQ_INT(
	    digest_list(&d, 0, MANY, INT64_MAX, &list, &reached, &e), 0);
	CHECK_EQ_INT(reached, MANY - 3);
	CHECK_EQ_INT(list.len, DIGEST_LIST);
	CHECK_EQ_INT(
	    digest_list(&d, reached, MANY, INT64_MAX, &list, &reached, &e), 0);
	CHECK_EQ_INT(reached, MANY);
	CHECK_EQ_INT(list.len, DIGEST_LIST + 3 * DIGEST_ENTRY);
	CHECK_EQ_INT(
	    digest_entry(list.data, MANY - 1).offset, MANY - 1);
	close_both(&pl, &d);
	buf_release(&list);
}

TEST_MAIN(TEST(known), TEST(by_shares), TEST(lists), TEST(full_list))
