#include "fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * Who may have put a file here: with a directory that others can write, a
 * planted file would otherwise be taken for the log.
 */
static bool
trusted(int dirfd, const struct stat *st)
{
	struct stat dir;

	if (st->st_uid == geteuid() || st->st_uid == 0)
		return true;
	if (fstat(dirfd, &dir) < 0)
		return false;
	if (st->st_uid == dir.st_uid)
		return true;
	return (dir.st_mode & S_IWGRP) != 0 && st->st_gid == dir.st_gid;
}

/* openat(2) until no signal comes between. */
static int
open_again(int dirfd, const char *name, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dirfd, name, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

int
fsio_open_dir(int dirfd, const char *name, const char *where, struct err *e)
{
	const char *sep = where[0] != '\0' ? "/" : "";
	struct stat st;
	int fd;

	fd = open_again(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd >= 0)
		return fd;
	if ((errno == ENOTDIR || errno == ELOOP) &&
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		err_set(e, ERR_SYSTEM, "%s%s%s: %s", where, sep, name,
		    S_ISLNK(st.st_mode) ? "is a symbolic link" :
					  "is not a directory");
		e->sys = ENOTDIR;
		return -1;
	}
	return err_sys(e, "%s%s%s", where, sep, name);
}

void
fsio_give_to_owner(int fd, int dirfd)
{
	struct stat st, dir;

	if (geteuid() != 0 || fstat(fd, &st) < 0 || fstat(dirfd, &dir) < 0 ||
	    st.st_uid != 0 || dir.st_uid == 0 ||
	    (S_ISREG(st.st_mode) && (st.st_size != 0 || st.st_nlink != 1)))
		return;
	/* Where it fails, klog-check tells. */
	(void)!fchown(fd, dir.st_uid, dir.st_gid);
}

int
fsio_open(int dirfd, const char *name, int flags, mode_t mode,
    const char *where, struct err *e)
{
	struct stat st;
	int fd;

	fd = open_again(dirfd, name, flags | O_NOFOLLOW | O_NONBLOCK, mode);
	if (fd < 0) {
		if (errno != ELOOP)
			return err_sys(e, "%s/%s", where, name);
		return err_set(
		    e, ERR_SYSTEM, "%s/%s: is a symbolic link", where, name);
	}
	if (fstat(fd, &st) < 0)
		err_sys(e, "%s/%s", where, name);
	else if (!S_ISREG(st.st_mode))
		err_set(
		    e, ERR_SYSTEM, "%s/%s: is not a regular file", where, name);
	else if (!trusted(dirfd, &st))
		err_set(e, ERR_SYSTEM,
		    "%s/%s: belongs to user %u, who does not own the topic",
		    where, name, (unsigned)st.st_uid);
	else {
		if ((flags & O_CREAT) != 0)
			fsio_give_to_owner(fd, dirfd);
		return fd;
	}
	close(fd);
	return -1;
}

int
fsio_open_if(
    int dirfd, const char *name, int flags, const char *where, struct err *e)
{
	int fd = fsio_open(dirfd, name, flags, 0, where, e);

	if (fd < 0 && e->code == ERR_SYSTEM && e->sys == ENOENT)
		e->code = ERR_NONE;
	return fd;
}

ssize_t
fsio_read_at(int fd, void *data, size_t n, int64_t pos)
{
	size_t done = 0;
	ssize_t got;

	while (done < n) {
		got = pread(
		    fd, (char *)data + done, n - done, pos + (int64_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int
fsio_write_at(int fd, const void *data, size_t n, int64_t pos)
{
	size_t done = 0;
	ssize_t put;

	while (done < n) {
		put = pwrite(fd, (const char *)data + done, n - done,
		    pos + (int64_t)done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO; /* no progress, for ever */
		if (put <= 0)
			return -1;
		done += (size_t)put;
	}
	return 0;
}

int64_t
fsio_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : (int64_t)st.st_size;
}

int
fsio_truncate(int fd, int64_t size)
{
	int r;

	do
		r = ftruncate(fd, size);
	while (r < 0 && errno == EINTR);
	return r;
}

int
fsio_allocate(int fd, int64_t size)
{
	int r;

	do
		r = posix_fallocate(fd, 0, size);
	while (r == EINTR);
	errno = r;
	return r == 0 ? 0 : -1;
}

int
fsio_unwritten(int fd, int64_t *pos, int64_t *n, int64_t end)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + sizeof(struct fiemap_extent)];
	} u;
	const struct fiemap_extent *x = u.map.fm_extents;
	int64_t at = *pos, from, to;

	while (at < end) {
		u.map = (struct fiemap){ .fm_start = (uint64_t)at,
			.fm_length = (uint64_t)(end - at),
			.fm_extent_count = 1 };
		if (ioctl(fd, FS_IOC_FIEMAP, &u.map) < 0)
			return errno == EOPNOTSUPP || errno == ENOTTY ? 0 : -1;
		if (u.map.fm_mapped_extents == 0)
			return 0;
		from = (int64_t)x->fe_logical;
		to = from + (int64_t)x->fe_length;
		if (x->fe_flags & FIEMAP_EXTENT_UNWRITTEN) {
			*pos = from > at ? from : at;
			*n = (to < end ? to : end) - *pos;
			return 1;
		}
		at = to;
	}
	return 0;
}

int
fsio_punch(int fd, int64_t pos, int64_t n)
{
	return fallocate(
	    fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, n);
}

int
fsio_sync(int fd)
{
	int r;

	/* Interrupted before it did anything: no error was used up. */
	do
		r = fdatasync(fd);
	while (r < 0 && errno == EINTR);
	return r;
}

int
fsio_sync_dir(int dirfd)
{
	int r;

	do
		r = fsync(dirfd);
	while (r < 0 && errno == EINTR);
	return r;
}

int
fsio_look_like(int fd, const struct stat *other)
{
	const struct timespec times[2] = { other->st_mtim, other->st_mtim };

	if (fchmod(fd, other->st_mode & 07777) < 0)
		return -1;
	return futimens(fd, times);
}

void
fsio_start_writeback(int fd, int64_t pos, int64_t n)
{
	(void)sync_file_range(fd, pos, n, SYNC_FILE_RANGE_WRITE);
}

int
fsio_read_file(int dirfd, const char *name, struct buf *data, size_t max,
    const char *where, struct err *e)
{
	ssize_t got = -1;
	int64_t size;
	int fd;

	buf_clear(data);
	fd = fsio_open_if(dirfd, name, O_RDONLY, where, e);
	if (fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	size = fsio_size(fd);
	if (size > (int64_t)max) {
		close(fd);
		return err_set(e, ERR_CORRUPT, "%s/%s: larger than %zu bytes",
		    where, name, max);
	}
	if (size >= 0 && buf_reserve(data, (size_t)size + 1) < 0)
		errno = ENOMEM;
	else if (size >= 0)
		got = fsio_read_at(fd, data->data, (size_t)size, 0);
	if (got < 0)
		err_sys(e, "%s/%s", where, name);
	close(fd);
	if (got < 0)
		return -1;
	data->len = (size_t)got;
	data->data[data->len] = '\0';
	return 1;
}

int
fsio_rename(int dirfd, const char *from, const char *to, bool replace)
{
	return renameat2(
	    dirfd, from, dirfd, to, replace ? 0 : RENAME_NOREPLACE);
}

int
fsio_link(int from, const char *name, int to)
{
	return linkat(from, name, to, name, 0);
}

static void
temporary_name(char tmp[NAME_MAX + 1], const char *name)
{
	snprintf(tmp, NAME_MAX + 1, ".%s.tmp", name);
}

void
fsio_tidy(int dirfd, const char *name)
{
	char tmp[NAME_MAX + 1];

	temporary_name(tmp, name);
	unlinkat(dirfd, tmp, 0);
}

int
fsio_replace(int dirfd, const char *name, const void *data, size_t n,
    const char *where, struct err *e)
{
	char tmp[NAME_MAX + 1];
	int fd;

	temporary_name(tmp, name);
	/* What a killed one left, or somebody put there: never written to. */
	unlinkat(dirfd, tmp, 0);
	fd = fsio_open(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL, 0666, where, e);
	if (fd < 0)
		return -1;
	if (fsio_write_at(fd, data, n, 0) < 0 || fsio_sync(fd) < 0) {
		err_sys(e, "%s/%s", where, tmp);
		close(fd);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	close(fd);
	if (renameat(dirfd, tmp, dirfd, name) < 0 || fsio_sync_dir(dirfd) < 0) {
		err_sys(e, "%s/%s", where, name);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	return 0;
}

bool
fsio_is_local(int fd)
{
	static const unsigned known[] = {
		0xef53, /* ext2, ext3, ext4 */
		0x58465342, /* xfs */
		0x9123683e, /* btrfs */
		0x01021994, /* tmpfs */
		0x858458f6, /* ramfs */
		0x2fc12fc1, /* zfs */
		0xf2f52010, /* f2fs */
		0xca451a4e, /* bcachefs */
		0x794c7630, /* overlay */
	};
	struct statfs fs;
	size_t i;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((unsigned)fs.f_type == known[i])
			return true;
	return false;
}

int
fsio_boot_id(char id[37], struct err *e)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s", path);
	got = fsio_read_at(fd, id, 36, 0);
	close(fd);
	if (got != 36)
		return err_set(e, ERR_SYSTEM, "%s: not a boot id", path);
	id[36] = '\0';
	return 0;
}
