#include "producers.h"

#include "test.h"

enum { ROOM = 256 };

/* Bytes that Kafka wrote: no producer, and one; klog-format(5). */
static const char empty[] = "0001 48674bc7 00000000";
static const char one[] =
    "0001 acf7ffe8 00000001 0000000000000fa0 0000 00000063 0000000000000063"
    "00000004 0000018bcfe56bde ffffffff ffffffffffffffff";

static void
none(void)
{
	struct producers ps;
	uint8_t p[ROOM];
	size_t n = test_hex(empty, p, ROOM);

	CHECK_EQ_INT(producers_decode(p, n, &ps), PRODUCERS_WHOLE);
	CHECK_EQ_INT(ps.version, 1);
	CHECK_EQ_INT(ps.crc, 0x48674bc7);
	CHECK_EQ_INT(ps.count, 0);
	CHECK_EQ_INT(ps.present, 0);
}

static void
entry(void)
{
	struct producer pr;
	struct producers ps;
	uint8_t p[ROOM];
	size_t n = test_hex(one, p, ROOM);

	CHECK_EQ_INT(n, PRODUCERS_HEADER + PRODUCERS_ENTRY);
	CHECK_EQ_INT(producers_decode(p, n, &ps), PRODUCERS_WHOLE);
	CHECK_EQ_INT(ps.present, 1);
	producers_get(p, 0, &pr);
	CHECK_EQ_INT(pr.id, 4000);
	CHECK_EQ_INT(pr.epoch, 0);
	CHECK_EQ_INT(pr.last_sequence, 99);
	CHECK_EQ_INT(pr.last_offset, 99);
	CHECK_EQ_INT(pr.offset_delta, 4);
	CHECK_EQ_INT(pr.timestamp, 1700000000990);
	CHECK_EQ_INT(pr.coordinator_epoch, -1);
	CHECK_EQ_INT(pr.txn_start, -1);
	CHECK_EQ_INT(producers_first_sequence(&pr), 95);
}

static void
damage(void)
{
	struct producers ps;
	uint8_t p[ROOM] = { 0 };
	size_t n = test_hex(one, p, ROOM), i;

	for (i = 0; i < n; i++) {
		CHECK_EQ_INT(producers_decode(p, i, &ps), PRODUCERS_SHORT);
		CHECK_EQ_INT(ps.present, 0);
		p[i] ^= 1;
		CHECK(producers_decode(p, n, &ps) != PRODUCERS_WHOLE);
		p[i] ^= 1;
	}
	CHECK_EQ_INT(producers_decode(p, n + 1, &ps), PRODUCERS_BAD);
	CHECK_EQ_INT(ps.present, 1);
	p[PRODUCERS_COUNT] = 0x80; /* negative */
	CHECK_EQ_INT(producers_decode(p, n, &ps), PRODUCERS_BAD);
	CHECK_EQ_INT(ps.present, 0);
	p[PRODUCERS_COUNT] = 0x7f; /* far more than are there */
	CHECK_EQ_INT(producers_decode(p, n, &ps), PRODUCERS_SHORT);
	CHECK_EQ_INT(ps.present, 1);
}

static void
writing(void)
{
	const struct producer list[] = {
		{ 4000, 0, 99, 99, 4, 1700000000990, -1, -1 },
		{ INT64_MAX, INT16_MAX, INT32_MAX, INT64_MAX, INT32_MAX,
		    INT64_MIN, INT32_MIN, 0 },
	};
	struct buf out = { 0 };
	struct producers ps;
	struct producer pr;
	uint8_t want[ROOM];
	size_t n;

	n = test_hex(empty, want, ROOM);
	CHECK_EQ_INT(producers_encode(NULL, 0, &out), 0);
	CHECK_EQ_MEM(out.data, out.len, want, n);
	buf_clear(&out);
	n = test_hex(one, want, ROOM);
	CHECK_EQ_INT(producers_encode(list, 1, &out), 0);
	CHECK_EQ_MEM(out.data, out.len, want, n);
	/* It appends: what was there stays. */
	CHECK_EQ_INT(producers_encode(list, 2, &out), 0);
	CHECK_EQ_MEM(out.data, n, want, n);
	CHECK_EQ_INT(producers_decode(out.data + n, out.len - n, &ps),
	    PRODUCERS_WHOLE);
	CHECK_EQ_INT(ps.present, 2);
	producers_get(out.data + n, 1, &pr);
	CHECK_EQ_INT(pr.id, INT64_MAX);
	CHECK_EQ_INT(pr.epoch, INT16_MAX);
	CHECK_EQ_INT(pr.last_sequence, INT32_MAX);
	CHECK_EQ_INT(pr.last_offset, INT64_MAX);
	CHECK_EQ_INT(pr.offset_delta, INT32_MAX);
	CHECK_EQ_INT(pr.timestamp, INT64_MIN);
	CHECK_EQ_INT(pr.coordinator_epoch, INT32_MIN);
	CHECK_EQ_INT(pr.txn_start, 0);
	buf_release(&out);
}

/* Sequences wrap from 2147483647 to 0. */
static void
sequences(void)
{
	struct producer pr = { .last_sequence = 2, .offset_delta = 4 };

	CHECK_EQ_INT(producers_first_sequence(&pr), INT32_MAX - 1);
	pr.offset_delta = 2;
	CHECK_EQ_INT(producers_first_sequence(&pr), 0);
	pr.offset_delta = 3;
	CHECK_EQ_INT(producers_first_sequence(&pr), INT32_MAX);
	pr.last_sequence = -1;
	CHECK_EQ_INT(producers_first_sequence(&pr), -1);
}

TEST_MAIN(TEST(none), TEST(entry), TEST(damage), TEST(writing),
    TEST(sequences))
