#include "swap_check.h"

#include "keyed.h"

#define LINE "00000000000000000000 00000000000000000006\n"
#define NEW "00000000000000000002.log.cleaned"
#define OLD "00000000000000000002.log"

/* Segments of two records each. */
static void
make(struct keyed *k)
{
	int i;

	keyed_make(k);
	for (i = 0; i < 3; i++) {
		keyed_append(k, "a=1 b=2", CODEC_NONE);
		keyed_roll(k);
	}
}

static int
check(struct keyed *k, const char *text)
{
	struct err e;

	if (text != NULL)
		place_put(k->pl.part, "swap", text, strlen(text));
	return swap_check(k->pl.part, "t/0", &e);
}

static void
nothing_new(void)
{
	static const char *const texts[] = { "", "rm -rf\n",
		"00000000000000000000 00000000000000000005\n", LINE,
		"00000000000000000002 00000000000000000007\n" };
	struct keyed k;
	size_t i;

	make(&k);
	CHECK_EQ_INT(check(&k, NULL), SWAP_NONE);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK_EQ_INT(check(&k, texts[i]), SWAP_STRAY);
	place_remove(&k.pl);
}

static void
new_segments(void)
{
	struct keyed k;

	make(&k);
	place_put(k.pl.part, NEW, "", 0);
	CHECK_EQ_INT(check(&k, "garbage"), SWAP_STUCK);
	CHECK_EQ_INT(check(&k, LINE), SWAP_STUCK);
	CHECK_EQ_INT(check(&k, "00000000000000000002 00000000000000000004\n"),
	    SWAP_WAITS);
	place_remove(&k.pl);
}

/* Merged, but the old ones are not all gone; then they are. */
static void
half_done(void)
{
	struct compaction c = { .force = true };
	struct keyed k;
	struct err e;

	make(&k);
	place_need(linkat(k.pl.part, OLD, k.pl.part, "kept", 0) == 0, "link",
	    NULL);
	CHECK_EQ_INT(keyed_compact(&k, &c, 0, &e), 0);
	CHECK_EQ_INT(check(&k, "garbage"), SWAP_STRAY);
	fsio_rename(k.pl.part, "kept", OLD, true);
	CHECK_EQ_INT(check(&k, "garbage"), SWAP_STUCK);
	CHECK_EQ_INT(check(&k, LINE), SWAP_WAITS);
	place_remove(&k.pl);
}

TEST_MAIN(TEST(nothing_new), TEST(new_segments), TEST(half_done))
