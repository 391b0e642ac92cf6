#include "fsio.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "place.h"

static void
opening(void)
{
	struct place pl;
	struct err e;
	int fd;

	place_dir(&pl);
	place_put(pl.dirfd, "file", "x", 1);
	place_need(symlinkat("file", pl.dirfd, "link") == 0 &&
		mkfifoat(pl.dirfd, "fifo", 0666) == 0 &&
		mkdirat(pl.dirfd, "dir", 0777) == 0 &&
		symlinkat("dir", pl.dirfd, "dirlink") == 0, "make", NULL);
	fd = fsio_open(pl.dirfd, "file", O_RDONLY, 0, "w", &e);
	CHECK(fd >= 0);
	close(fd);
	CHECK_EQ_INT(fsio_open(pl.dirfd, "link", O_RDONLY, 0, "w", &e), -1);
	CHECK_EQ_STR(e.text, "w/link: is a symbolic link");
	CHECK_EQ_INT(fsio_open(pl.dirfd, "fifo", O_RDONLY, 0, "w", &e), -1);
	CHECK_EQ_STR(e.text, "w/fifo: is not a regular file");
	CHECK_EQ_INT(fsio_open(pl.dirfd, "dir", O_RDONLY, 0, "w", &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(fsio_open(pl.dirfd, "none", O_RDONLY, 0, "w", &e), -1);
	CHECK_EQ_INT(e.sys, ENOENT);
	CHECK_EQ_INT(fsio_open_if(pl.dirfd, "none", O_RDONLY, "w", &e), -1);
	CHECK_EQ_INT(e.code, ERR_NONE);
	CHECK_EQ_INT(fsio_open_if(pl.dirfd, "link", O_RDONLY, "w", &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	fd = fsio_open_dir(pl.dirfd, "dir", "w", &e);
	CHECK(fd >= 0);
	close(fd);
	CHECK_EQ_INT(fsio_open_dir(pl.dirfd, "dirlink", "w", &e), -1);
	CHECK_EQ_STR(e.text, "w/dirlink: is a symbolic link");
	CHECK_EQ_INT(fsio_open_dir(pl.dirfd, "file", "", &e), -1);
	CHECK_EQ_STR(e.text, "file: is not a directory");
	place_remove(&pl);
}

static void
reading(void)
{
	struct buf b = { 0 };
	struct place pl;
	char data[8];
	struct err e;
	int fd;

	place_dir(&pl);
	CHECK_EQ_INT(fsio_read_file(pl.dirfd, "f", &b, 4, "w", &e), 0);
	place_put(pl.dirfd, "f", "abcd", 4);
	CHECK_EQ_INT(fsio_read_file(pl.dirfd, "f", &b, 4, "w", &e), 1);
	CHECK_EQ_MEM(b.data, b.len + 1, "abcd", 5);
	CHECK_EQ_INT(fsio_read_file(pl.dirfd, "f", &b, 3, "w", &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	fd = openat(pl.dirfd, "f", O_RDWR | O_CLOEXEC);
	CHECK_EQ_INT(fsio_read_at(fd, data, 8, 1), 3);
	CHECK_EQ_INT(fsio_read_at(fd, data, 8, 4), 0);
	CHECK_EQ_INT(fsio_write_at(fd, "xy", 2, 6), 0);
	CHECK_EQ_INT(fsio_size(fd), 8);
	CHECK_EQ_INT(fsio_truncate(fd, 2), 0);
	CHECK_EQ_INT(fsio_size(fd), 2);
	CHECK_EQ_INT(fsio_allocate(fd, 4096), 0);
	CHECK_EQ_INT(fsio_size(fd), 4096);
	CHECK_EQ_INT(fsio_sync(fd), 0);
	CHECK_EQ_INT(fsio_sync_dir(pl.dirfd), 0);
	close(fd);
	CHECK_EQ_INT(fsio_read_at(fd, data, 1, 0), -1);
	CHECK_EQ_INT(fsio_size(fd), -1);
	buf_release(&b);
	place_remove(&pl);
}

/* The file is the new one, and what stood at the temporary name untouched. */
static void
replacing(void)
{
	struct buf b = { 0 };
	struct place pl;
	struct stat st;
	struct err e;

	place_dir(&pl);
	CHECK_EQ_INT(fsio_replace(pl.dirfd, "f", "one", 3, "w", &e), 0);
	place_put(pl.dirfd, "victim", "dear", 4);
	place_need(linkat(pl.dirfd, "victim", pl.dirfd, ".f.tmp", 0) == 0,
	    "link", NULL);
	CHECK_EQ_INT(fsio_replace(pl.dirfd, "f", "two", 3, "w", &e), 0);
	CHECK_EQ_INT(fsio_read_file(pl.dirfd, "victim", &b, 9, "w", &e), 1);
	CHECK_EQ_STR((char *)b.data, "dear");
	place_need(symlinkat("victim", pl.dirfd, ".f.tmp") == 0, "link", NULL);
	CHECK_EQ_INT(fsio_replace(pl.dirfd, "f", "three", 5, "w", &e), 0);
	CHECK_EQ_INT(fsio_read_file(pl.dirfd, "victim", &b, 9, "w", &e), 1);
	CHECK_EQ_STR((char *)b.data, "dear");
	CHECK_EQ_INT(fsio_read_file(pl.dirfd, "f", &b, 9, "w", &e), 1);
	CHECK_EQ_STR((char *)b.data, "three");
	CHECK_EQ_INT(fstatat(pl.dirfd, ".f.tmp", &st, AT_SYMLINK_NOFOLLOW), -1);
	place_put(pl.dirfd, ".f.tmp", "x", 1);
	fsio_tidy(pl.dirfd, "f");
	CHECK_EQ_INT(fstatat(pl.dirfd, ".f.tmp", &st, AT_SYMLINK_NOFOLLOW), -1);
	/* What can't be replaced is left, without a temporary file. */
	place_need(mkdirat(pl.dirfd, "d", 0777) == 0, "mkdir", NULL);
	CHECK_EQ_INT(fsio_replace(pl.dirfd, "d", "x", 1, "w", &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(fstatat(pl.dirfd, ".d.tmp", &st, AT_SYMLINK_NOFOLLOW), -1);
	buf_release(&b);
	place_remove(&pl);
}

/* A write that the system takes only half of. */
static void
short_write(void)
{
	struct rlimit before, small = { 100, RLIM_INFINITY };
	uint8_t data[150] = { 0 };
	struct place pl;
	int fd;

	place_dir(&pl);
	fd = openat(pl.dirfd, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	place_need(fd >= 0 && getrlimit(RLIMIT_FSIZE, &before) == 0, "f", NULL);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	place_need(setrlimit(RLIMIT_FSIZE, &small) == 0, "limit", NULL);
	CHECK_EQ_INT(fsio_write_at(fd, data, sizeof(data), 0), -1);
	CHECK_EQ_INT(errno, EFBIG);
	CHECK_EQ_INT(fsio_size(fd), 100);
	place_need(setrlimit(RLIMIT_FSIZE, &before) == 0, "limit", NULL);
	CHECK_EQ_INT(fsio_write_at(fd, data, sizeof(data), 0), 0);
	CHECK_EQ_INT(fsio_size(fd), 150);
	close(fd);
	place_remove(&pl);
}

static void
surroundings(void)
{
	struct place pl;
	struct err e;
	char id[37];
	int fd;

	place_dir(&pl);
	CHECK(fsio_is_local(pl.dirfd));
	fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(!fsio_is_local(fd));
	close(fd);
	CHECK_EQ_INT(fsio_boot_id(id, &e), 0);
	CHECK_EQ_INT(strlen(id), 36);
	CHECK(id[8] == '-' && id[23] == '-');
	place_remove(&pl);
}

TEST_MAIN(TEST(opening), TEST(reading), TEST(replacing),
    TEST(short_write), TEST(surroundings))
