/*
 * examples: a batch that many tests start from, and how it is walked.
 */
#ifndef KLOG_TEST_EXAMPLES_H
#define KLOG_TEST_EXAMPLES_H

#include "batch.h"
#include "test.h"

enum { ROOM = 256, T = 1700000000 };

/* Two records with keys and headers; example B of klog-format(5). */
static const char example_b[] =
    "00000000000000010000005100000003029eb619a00000000000010000018bcfe56805"
    "0000018bcfe56bedffffffffffffffffffffffffffff0000000214000000046b310476"
    "31002800d00f02046b3204763204046831027804683201";

static inline struct slice
text(const char *s)
{
	return (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

static inline void
check_text(struct slice got, const char *want)
{
	if (want == NULL)
		CHECK_EQ_INT(got.len, -1);
	else
		CHECK_EQ_MEM(got.data, (size_t)got.len, want, strlen(want));
}

/* Decode a whole, verified example at p. */
static inline size_t
load(const char *hex, uint8_t *p, struct batch *b)
{
	size_t n = test_hex(hex, p, ROOM);

	CHECK_EQ_INT(batch_decode(p, n, b), BATCH_WHOLE);
	CHECK_EQ_INT(b->size, n);
	CHECK(batch_verify(p, b));
	return n;
}

static inline void
start(struct batch_records *br, const struct batch *b, const uint8_t *p)
{
	struct err e;

	CHECK_EQ_INT(batch_records_init(br, b, p, NULL, NULL, 0, &e), 0);
}

static inline void
next(struct batch_records *br, struct record *r, int64_t offset,
    int64_t timestamp, const char *key, const char *value)
{
	struct err e;

	CHECK_EQ_INT(batch_records_next(br, r, &e), 1);
	CHECK_EQ_INT(r->offset, offset);
	CHECK_EQ_INT(r->timestamp, timestamp);
	check_text(r->key, key);
	check_text(r->value, value);
}

static inline void
finished(struct batch_records *br)
{
	struct record r;
	struct err e;

	CHECK_EQ_INT(batch_records_next(br, &r, &e), 0);
	CHECK_EQ_INT(batch_records_next(br, &r, &e), 0);
}

#endif
