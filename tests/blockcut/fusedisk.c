/*
 * fusedisk: a disk as one file, to put a loop device on, that keeps a log of
 * every write and every flush, and fails those it is told to.
 *
 *   fusedisk MOUNTPOINT IMAGE LOG CONTROL
 *
 * MOUNTPOINT/disk reads and writes IMAGE.  LOG gets one entry a request, in
 * the order in which they were answered: struct entry, then the data of a
 * write.  CONTROL is a file of at least struct control, mapped, through which
 * another process looks and steers at any time.  On stdout a line "ready"
 * says that the disk is there, "failed" that a request was failed.  One request
 * is served at a time, so a flush covers all entries before it.
 */
#define FUSE_USE_VERSION 31

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MARK_MAX = 64 };

enum kind { WRITE = 1, FLUSH, FAILED_WRITE, FAILED_FLUSH };

struct entry {
	uint64_t kind, offset, length; /* bytes; data only after a WRITE */
};

struct control {
	_Atomic uint64_t entries; /* in the log */
	_Atomic uint64_t flushes, marked; /* requests, failed ones too */
	_Atomic uint64_t failures;
	_Atomic uint64_t flush_us; /* how long a flush takes */
	_Atomic uint64_t fail_flush; /* fail the flush with this number */
	_Atomic uint64_t fail_marked; /* likewise, a write that holds mark */
	_Atomic uint64_t fail_from, fail_to; /* fail writes that touch it */
	_Atomic uint64_t drop; /* 1: answer writes without making them */
	_Atomic uint64_t hold; /* 1: what fails waits for a byte from stdin */
	_Atomic uint64_t mark_size;
	char mark[MARK_MAX];
};

struct disk {
	struct control *control;
	int image, log;
	off_t size;
};

static const char disk_path[] = "/disk";

static struct disk *
disk(void)
{
	return fuse_get_context()->private_data;
}

static void
die(const char *what)
{
	perror(what);
	exit(3);
}

/* A log that lacks an entry would prove nothing: better no disk. */
static void
note(struct disk *d, enum kind kind, off_t at, const char *data, size_t n)
{
	struct entry entry = { kind, (uint64_t)at, n };
	struct iovec parts[2] = { { &entry, sizeof(entry) },
		{ (void *)(uintptr_t)data, data == NULL ? 0 : n } };
	size_t all = parts[0].iov_len + parts[1].iov_len;

	if (writev(d->log, parts, 2) != (ssize_t)all)
		die("log");
	atomic_fetch_add(&d->control->entries, 1);
}

static int
fail(struct disk *d, enum kind kind, off_t at, size_t n)
{
	char byte;

	note(d, kind, at, NULL, n);
	atomic_fetch_add(&d->control->failures, 1);
	puts("failed");
	fflush(stdout);
	if (atomic_load(&d->control->hold) != 0 &&
	    read(STDIN_FILENO, &byte, 1) < 0)
		die("stdin");
	return -EIO;
}

static bool
write_fails(struct control *c, const char *data, size_t n, off_t at)
{
	uint64_t from = atomic_load(&c->fail_from);
	uint64_t to = atomic_load(&c->fail_to);
	size_t size = atomic_load(&c->mark_size);

	if (size > 0 && size <= MARK_MAX &&
	    memmem(data, n, c->mark, size) != NULL &&
	    atomic_fetch_add(&c->marked, 1) + 1 ==
		atomic_load(&c->fail_marked))
		return true;
	return (uint64_t)at < to && (uint64_t)at + n > from;
}

/* Who started us waits for this line. */
static void *
disk_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	(void)config;
	puts("ready");
	fflush(stdout);
	return disk();
}

static int
disk_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
	(void)file;
	*st = (struct stat){ .st_mode = S_IFDIR | 0700, .st_nlink = 2 };
	if (strcmp(path, "/") == 0)
		return 0;
	if (strcmp(path, disk_path) != 0)
		return -ENOENT;
	*st = (struct stat){ .st_mode = S_IFREG | 0600,
		.st_nlink = 1,
		.st_size = disk()->size };
	return 0;
}

static int
disk_open(const char *path, struct fuse_file_info *file)
{
	(void)file;
	return strcmp(path, disk_path) == 0 ? 0 : -ENOENT;
}

static int
disk_read(const char *path, char *data, size_t n, off_t at,
    struct fuse_file_info *file)
{
	ssize_t got = pread(disk()->image, data, n, at);

	(void)path;
	(void)file;
	return got < 0 ? -errno : (int)got;
}

static int
disk_write(const char *path, const char *data, size_t n, off_t at,
    struct fuse_file_info *file)
{
	struct disk *d = disk();

	(void)path;
	(void)file;
	if (write_fails(d->control, data, n, at))
		return fail(d, FAILED_WRITE, at, n);
	if (atomic_load(&d->control->drop) == 0) {
		if (pwrite(d->image, data, n, at) != (ssize_t)n)
			die("image");
		note(d, WRITE, at, data, n);
	}
	return (int)n;
}

static int
disk_fsync(const char *path, int data_only, struct fuse_file_info *file)
{
	struct disk *d = disk();
	uint64_t number = atomic_fetch_add(&d->control->flushes, 1) + 1;

	(void)path;
	(void)data_only;
	(void)file;
	usleep((useconds_t)atomic_load(&d->control->flush_us));
	if (number == atomic_load(&d->control->fail_flush))
		return fail(d, FAILED_FLUSH, 0, 0);
	note(d, FLUSH, 0, NULL, 0);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.init = disk_init,
		.getattr = disk_getattr,
		.open = disk_open,
		.read = disk_read,
		.write = disk_write,
		.fsync = disk_fsync,
	};
	char *args[] = { argv[0], "-f", "-s", NULL, NULL };
	struct disk d = { 0 };
	struct stat st;
	int fd;

	if (argc != 5) {
		fputs("usage: fusedisk MOUNTPOINT IMAGE LOG CONTROL\n", stderr);
		return 2;
	}
	args[3] = argv[1];
	d.image = open(argv[2], O_RDWR | O_CLOEXEC);
	if (d.image < 0 || fstat(d.image, &st) < 0)
		die(argv[2]);
	d.size = st.st_size;
	d.log = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (d.log < 0)
		die(argv[3]);
	fd = open(argv[4], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(argv[4]);
	d.control = mmap(NULL, sizeof(*d.control), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (d.control == MAP_FAILED)
		die(argv[4]);
	close(fd);
	return fuse_main(4, args, &operations, &d);
}
