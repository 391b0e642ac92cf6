#include "cut.h"

#include "place.h"

/* What the file of that name in dirfd holds is text. */
static void
holds(int dirfd, const char *name, const char *text)
{
	struct buf data = { 0 };
	struct err e;

	CHECK_EQ_INT(fsio_read_file(dirfd, name, &data, 100, "", &e), 1);
	CHECK_EQ_MEM(data.data, data.len, text, strlen(text));
	buf_release(&data);
}

static void
beside_the_log(void)
{
	struct place pl;
	struct cut c;
	struct err e;
	char first[CUT_NAME];
	int fd;

	place_dir(&pl);
	fd = openat(pl.dirfd, "log", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	place_need(fd >= 0 && fsio_write_at(fd, "0123456789", 10, 0) == 0,
	    "log", NULL);
	CHECK_EQ_INT(cut_open(&c, pl.dirfd, "orders/0", &e), 0);
	CHECK_EQ_STR(c.where, "orders/0/cut");
	CHECK_EQ_INT(cut_save(&c, fd, 42, 3, 7, &e), 0);
	CHECK(strncmp(c.last, "00000000000000000042.3.", 23) == 0);
	holds(c.dirfd, c.last, "3456");
	/* At once, and the same stretch: never the same name. */
	memcpy(first, c.last, sizeof(first));
	CHECK_EQ_INT(cut_save(&c, fd, 42, 3, 7, &e), 0);
	CHECK(strcmp(c.last, first) != 0);
	CHECK_EQ_INT(cut_save_file(&c, pl.dirfd, "log", &e), 0);
	CHECK(strncmp(c.last, "log.", 4) == 0);
	holds(c.dirfd, c.last, "0123456789");
	/* It became shorter meanwhile: nothing half is left. */
	CHECK_EQ_INT(cut_save(&c, fd, 42, 3, 11, &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(faccessat(c.dirfd, c.last, F_OK, 0), -1);
	cut_close(&c);
	close(fd);
	place_remove(&pl);
}

TEST_MAIN(TEST(beside_the_log))
