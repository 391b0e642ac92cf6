#include "epochs.h"

#include "checkpoint.h"
#include "place.h"

static const char name[] = "leader-epoch-checkpoint";

static int
parse(const struct place *pl, struct epochs *es, const char *text, size_t n)
{
	struct err e = { 0 };
	int r;

	place_put(pl->dirfd, name, text, n);
	r = epochs_read(es, pl->dirfd, "p", &e);
	CHECK_EQ_INT(e.code, r < 0 ? ERR_CORRUPT : 0);
	return r;
}

static void
reading(void)
{
	static const char *const bad[] = { "0", "0\n", "1\n0\n", "0\n1\n",
		"0\n1\n0 0", "0\n1\n0 0\n\n", "0\n0\n\n", "0\n1\n0 0 \n",
		"0\n1\n-1 0\n", "0\n1\n0 -1\n", "0\n1\n 0 0\n", "x",
		"0\n2\n1 0\n1 5\n", "0\n2\n1 5\n2 4\n", "0\n-1\n",
		"0\n1\n2147483648 0\n", "0\n1\n0 9223372036854775808\n",
		"0\n99999999999999999999\n", "0\n2\n0 0\n" };
	struct epochs es = { 0 };
	struct place pl;
	struct err e;
	size_t i;

	place_dir(&pl);
	CHECK_EQ_INT(epochs_read(&es, pl.dirfd, "p", &e), 0);
	CHECK_EQ_INT(parse(&pl, &es, "", 0), 0);
	CHECK_EQ_INT(es.count, 0);
	CHECK_EQ_INT(parse(&pl, &es, "0\n0\n", 4), 0);
	CHECK_EQ_INT(parse(&pl, &es, "0\n2\n0 0\n2 150\n", 14), 0);
	CHECK_EQ_INT(es.count, 2);
	CHECK_EQ_INT(es.list[1].epoch, 2);
	CHECK_EQ_INT(es.list[1].start, 150);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ_INT(parse(&pl, &es, bad[i], strlen(bad[i])), -1);
	CHECK_EQ_INT(parse(&pl, &es, "0\n0\n\0junk", 9), -1);
	CHECK_EQ_INT(parse(&pl, &es, "\0", 1), -1);
	epochs_release(&es);
	place_remove(&pl);
}

static void
writing(void)
{
	struct epochs es = { 0 };
	struct buf b = { 0 };
	struct place pl;
	struct err e;

	place_dir(&pl);
	CHECK_EQ_INT(epochs_assign(&es, 0, 0, 0), 0);
	CHECK_EQ_INT(epochs_assign(&es, 2, 150, 0), 0);
	CHECK_EQ_INT(epochs_write(&es, pl.dirfd, "p", &e), 0);
	CHECK_EQ_INT(fsio_read_file(pl.dirfd, name, &b, 99, "p", &e), 1);
	CHECK_EQ_STR((char *)b.data, "0\n2\n0 0\n2 150\n");
	/* What starts later, or is not older, goes. */
	CHECK_EQ_INT(epochs_assign(&es, 3, 100, 0), 0);
	CHECK_EQ_INT(es.count, 2);
	CHECK_EQ_INT(es.list[1].epoch, 3);
	CHECK_EQ_INT(epochs_assign(&es, 3, 170, 0), 0);
	CHECK_EQ_INT(es.count, 2);
	CHECK_EQ_INT(es.list[1].start, 170);
	CHECK_EQ_INT(epochs_assign(&es, 0, 0, 0), 0);
	CHECK_EQ_INT(es.count, 1);
	CHECK_EQ_INT(epochs_assign(&es, 7, 20, 0), 0);
	CHECK_EQ_INT(epochs_assign(&es, 9, 30, 0), 0);
	CHECK_EQ_INT(epochs_newest(&es), 9);
	CHECK(!epochs_cut(&es, 31));
	CHECK_EQ_INT(es.count, 3);
	/* What starts at the end covers nothing. */
	CHECK(epochs_cut(&es, 30));
	CHECK_EQ_INT(epochs_newest(&es), 7);
	CHECK(epochs_cut(&es, 0));
	CHECK_EQ_INT(epochs_newest(&es), -1);
	epochs_release(&es);
	buf_release(&b);
	place_remove(&pl);
}

static const char boot[] = "01234567-89ab-cdef-0123-456789abcdef";

static void
checkpoints(void)
{
	static const char *const bad[] = { "", "\n", "1", "-1\n", "1 \n",
		"1\n\n", "9223372036854775808\n", "x\n" };
	struct place pl;
	struct err e;
	char got[37], text[99];
	int64_t n;
	size_t i;

	place_dir(&pl);
	CHECK_EQ_INT(checkpoint_read_start(pl.dirfd, &n, "p", &e), 0);
	CHECK_EQ_INT(n, 0);
	CHECK_EQ_INT(checkpoint_write_start(pl.dirfd, INT64_MAX, "p", &e), 0);
	CHECK_EQ_INT(checkpoint_read_start(pl.dirfd, &n, "p", &e), 1);
	CHECK_EQ_INT(n, INT64_MAX);
	CHECK_EQ_INT(checkpoint_read_recovery(pl.dirfd, got, &n, "p", &e), 0);
	CHECK_EQ_INT(checkpoint_write_recovery(pl.dirfd, boot, 42, "p", &e), 0);
	CHECK_EQ_INT(checkpoint_read_recovery(pl.dirfd, got, &n, "p", &e), 1);
	CHECK_EQ_STR(got, boot);
	CHECK_EQ_INT(n, 42);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		place_put(pl.dirfd, "log-start-offset", bad[i], strlen(bad[i]));
		CHECK_EQ_INT(checkpoint_read_start(pl.dirfd, &n, "p", &e), -1);
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
		snprintf(text, sizeof(text), "%s %s", boot, bad[i]);
		place_put(pl.dirfd, "recovery-point", text, strlen(text));
		CHECK_EQ_INT(checkpoint_read_recovery(pl.dirfd, got, &n, "p",
				 &e), -1);
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
	}
	place_put(pl.dirfd, "log-start-offset", "1\0\n", 3);
	CHECK_EQ_INT(checkpoint_read_start(pl.dirfd, &n, "p", &e), -1);
	memset(text, '1', sizeof(text));
	place_put(pl.dirfd, "recovery-point", text, sizeof(text));
	CHECK_EQ_INT(checkpoint_read_recovery(pl.dirfd, got, &n, "p", &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	place_put(pl.dirfd, ".recovery-point.tmp", "", 0);
	checkpoint_tidy(pl.dirfd);
	CHECK_EQ_INT(unlinkat(pl.dirfd, ".recovery-point.tmp", 0), -1);
	place_remove(&pl);
}

TEST_MAIN(TEST(reading), TEST(writing), TEST(checkpoints))
