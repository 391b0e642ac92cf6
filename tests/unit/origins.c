#include "origins.h"

#include "place.h"

static const char checkpoint[] = "leader-epoch-checkpoint";
static const char name[] = "leader-epoch-origins";

static void
put(const struct place *pl, const char *file, const char *text)
{
	place_put(pl->dirfd, file, text, strlen(text));
}

static void
holds(const struct place *pl, const char *file, const char *text)
{
	struct buf b = { 0 };
	struct err e;

	CHECK_EQ_INT(fsio_read_file(pl->dirfd, file, &b, 999, "p", &e), 1);
	CHECK_EQ_STR((char *)b.data, text);
	buf_release(&b);
}

static void
reading(void)
{
	static const char *const bad[] = { "x", "1", "1 \n", "1 0\n",
		"1 000000000000000A\n", "1 000000000000000a",
		"1 000000000000000a \n", "-1 000000000000000a\n",
		"2147483648 000000000000000a\n", "\n",
		"1 000000000000000a\n1 000000000000000b\n",
		"1 000000000000000a\n0 000000000000000b\n",
		"1 000000000000000a\n\n" };
	struct epochs es = { 0 };
	struct place pl;
	struct err e;
	size_t i;

	place_dir(&pl);
	CHECK_EQ_INT(origins_read(&es, pl.dirfd, "p", &e), 0);
	CHECK_EQ_INT(es.count, 0);
	put(&pl, checkpoint, "0\n3\n0 0\n2 5\n7 9\n");
	CHECK_EQ_INT(origins_read(&es, pl.dirfd, "p", &e), 0);
	CHECK_EQ_INT(es.list[2].origin, 0);
	/* Lines of epochs that are not there mean nothing. */
	put(&pl, name,
	    "0 0000000000000001\n1 00000000000000ff\n7 fedcba9876543210\n"
	    "2147483647 0000000000000002\n");
	CHECK_EQ_INT(origins_read(&es, pl.dirfd, "p", &e), 0);
	CHECK_EQ_INT(es.count, 3);
	CHECK_EQ_INT(es.list[0].origin, 1);
	CHECK_EQ_INT(es.list[1].origin, 0);
	CHECK(es.list[2].origin == 0xfedcba9876543210);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(&pl, name, bad[i]);
		CHECK_EQ_INT(origins_read(&es, pl.dirfd, "p", &e), -1);
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
	}
	CHECK_EQ_STR(e.text,
	    "p/leader-epoch-origins: not a list of epochs and origins");
	epochs_release(&es);
	place_remove(&pl);
}

static void
saving(void)
{
	struct epochs es = { 0 };
	struct place pl;
	struct err e;

	place_dir(&pl);
	CHECK_EQ_INT(epochs_assign(&es, 0, 0, 10), 0);
	CHECK_EQ_INT(epochs_assign(&es, 2, 5, 0), 0);
	CHECK_EQ_INT(epochs_assign(&es, 3, 9, 0xabcdef), 0);
	CHECK_EQ_INT(origins_save(&es, pl.dirfd, "p", &e), 0);
	holds(&pl, checkpoint, "0\n3\n0 0\n2 5\n3 9\n");
	holds(&pl, name, "0 000000000000000a\n3 0000000000abcdef\n");
	/* What goes, goes from both; what is damaged is made anew. */
	CHECK(epochs_cut(&es, 9));
	CHECK_EQ_INT(origins_save(&es, pl.dirfd, "p", &e), 0);
	holds(&pl, checkpoint, "0\n2\n0 0\n2 5\n");
	holds(&pl, name, "0 000000000000000a\n");
	put(&pl, name, "x");
	CHECK_EQ_INT(epochs_assign(&es, 3, 9, 1), 0);
	CHECK_EQ_INT(origins_save(&es, pl.dirfd, "p", &e), 0);
	holds(&pl, name, "0 000000000000000a\n3 0000000000000001\n");
	epochs_release(&es);
	place_remove(&pl);
}

/* An epoch that replaces one of its number never has the old origin. */
static void
killed_before(void)
{
	struct epochs es = { 0 };
	struct place pl;
	struct err e;

	place_dir(&pl);
	/* As a kill leaves it after a cut: 3 is not in the checkpoint. */
	put(&pl, checkpoint, "0\n1\n0 0\n");
	put(&pl, name, "3 00000000000000aa\n");
	CHECK_EQ_INT(origins_read(&es, pl.dirfd, "p", &e), 0);
	CHECK_EQ_INT(es.list[0].origin, 0);
	CHECK_EQ_INT(epochs_assign(&es, 3, 7, 0), 0);
	CHECK_EQ_INT(origins_save(&es, pl.dirfd, "p", &e), 0);
	CHECK_EQ_INT(origins_read(&es, pl.dirfd, "p", &e), 0);
	CHECK_EQ_INT(es.count, 2);
	CHECK_EQ_INT(es.list[1].origin, 0);
	epochs_release(&es);
	place_remove(&pl);
}

static void
drawing(void)
{
	uint64_t a = 0, b = 0;
	struct err e;

	CHECK_EQ_INT(origins_draw(&a, &e), 0);
	CHECK_EQ_INT(origins_draw(&b, &e), 0);
	CHECK(a != 0 && b != 0 && a != b);
}

TEST_MAIN(TEST(reading), TEST(saving), TEST(killed_before), TEST(drawing))
