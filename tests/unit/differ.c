#include "differ.h"

#include "digest.h"
#include "test.h"

enum { MOST = 8 };

struct side {
	struct differ_side s;
	uint8_t bytes[MOST * DIGEST_ENTRY];
};

/* "0a 3b": offsets and a letter that stands for the content; a capital one
 * has another timestamp. */
static struct side *
make(struct side *side, const char *text, int64_t cleaned)
{
	uint8_t *p = side->bytes;

	memset(side, 0, sizeof(*side));
	for (; *text != '\0'; text += text[2] == ' ' ? 3 : 2) {
		put_be64(p, (uint64_t)(text[0] - '0'));
		put_be64(p + 8, text[1] < 'a' ? 7 : 5);
		p[DIGEST_ENTRY - 1] = (uint8_t)(text[1] | 32);
		p += DIGEST_ENTRY;
		side->s.count++;
	}
	side->s.list = side->bytes;
	side->s.cleaned = cleaned;
	return side;
}

/* want: the offset, how it is on both sides, and what was counted before. */
static void
is(const char *in_a, int64_t clean_a, const char *in_b, int64_t clean_b,
    const char *want)
{
	struct differ_counts counts = { 0 };
	struct difference d;
	struct side a = { 0 }, b = { 0 };
	char got[80] = "none";
	int r;

	make(&a, in_a, clean_a);
	make(&b, in_b, clean_b);
	r = differ_next(&a.s, &b.s, 9, &d, &counts);
	if (r > 0)
		snprintf(got, sizeof(got), "%d %d%d %d%d", (int)d.offset,
		    d.present[0], d.present[1], (int)d.timestamp[0],
		    (int)d.timestamp[1]);
	snprintf(got + strlen(got), sizeof(got) - strlen(got), ", %d %d",
	    (int)counts.same, (int)counts.compacted);
	CHECK_EQ_STR(got, want);
}

static void
found(void)
{
	is("", 0, "", 0, "none, 0 0");
	is("0a 1b 3c", 0, "0a 1b 3c", 0, "none, 3 0");
	is("0a 1b", 0, "0a 1c", 0, "1 11 55, 1 0");
	is("0a 1b", 0, "0a 1B", 0, "1 11 57, 1 0");
	is("0a 1B", 0, "0a", 0, "1 10 70, 1 0");
	is("1b", 0, "0a 1b", 0, "0 01 05, 0 0");
	is("2b", 0, "0a 1b", 0, "0 01 05, 0 0");
}

/* Only where it is missing does a checkpoint excuse it. */
static void
compacted(void)
{
	is("0a 1b 2c", 0, "2c", 2, "none, 1 2");
	is("0a 1b 2c", 0, "2c", 1, "1 10 50, 0 1");
	is("0a 1b 2c", 9, "2c", 0, "0 10 50, 0 0");
	is("2c", 2, "0a 1b 2c", 0, "none, 1 2");
	is("0a 2c", 2, "1b 2c", 2, "none, 1 2");
	is("0a 2c", 2, "0b 2c", 2, "0 11 55, 0 0");
	is("0a", 9, "", 3, "none, 0 1");
}

/* What lies beyond a limit waits for the next part of the other list. */
static void
in_parts(void)
{
	struct differ_counts counts = { 0 };
	struct difference d;
	struct side a = { 0 }, b = { 0 };

	make(&b, "0a 3b 5c", 0);
	make(&a, "0a", 0);
	CHECK_EQ_INT(differ_next(&a.s, &b.s, 3, &d, &counts), 0);
	CHECK_EQ_INT(b.s.next, 1);
	make(&a, "3b 4x", 0);
	CHECK_EQ_INT(differ_next(&a.s, &b.s, 9, &d, &counts), 1);
	CHECK_EQ_INT(d.offset, 4);
	CHECK_EQ_INT(counts.same, 2);
}

static bool
is_list(const char *text, int32_t bytes, int64_t from, int64_t to)
{
	struct side a = { 0 };

	make(&a, text, 0);
	return differ_is_list((struct slice){ a.bytes, bytes }, from, to);
}

static void
believed(void)
{
	CHECK(is_list("", 0, 0, 9));
	CHECK(is_list("2a 3b", 64, 2, 4));
	CHECK(!is_list("2a 3b", 63, 2, 4));
	CHECK(!is_list("2a 3b", 64, 3, 4));
	CHECK(!is_list("2a 3b", 64, 2, 3));
	CHECK(!is_list("2a 2b", 64, 0, 9));
	CHECK(!is_list("3a 2b", 64, 0, 9));
}

TEST_MAIN(TEST(found), TEST(compacted), TEST(in_parts), TEST(believed))
