/* The wrapped system calls: names, locks, waits. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model_wraps.h"

enum { DEVICE = 42, INODE_FIRST = 100 };

static bool linked; /* some file got a second name */

static nlink_t
count_names(int16_t node)
{
	const struct dir *dd;
	nlink_t n = 0;
	int i, k;

	for (i = 0; linked && i < calls_disk->dir_count; i++) {
		dd = &calls_disk->dirs[i];
		for (k = 0; k < dd->now_count; k++)
			n += dd->now[k].node == node;
	}
	return linked ? n : 1;
}

static void
stat_node(int16_t node, struct stat *st)
{
	const struct node *n = &calls_disk->nodes[node];

	memset(st, 0, sizeof(*st));
	st->st_dev = DEVICE;
	st->st_ino = INODE_FIRST + (ino_t)node;
	st->st_mode = n->kind == NODE_DIR ? S_IFDIR | 0755 : S_IFREG | 0640;
	st->st_nlink = count_names(node);
	st->st_size = n->kind == NODE_DIR ? 0 : n->size;
	st->st_mtim.tv_sec = n->mtime_ms / 1000;
}

int
__wrap_fstat(int fd, struct stat *st)
{
	stat_node(calls_handle(fd)->node, st);
	return 0;
}

int
__wrap_fstatat(int dirfd, const char *name, struct stat *st, int flags)
{
	int16_t node = calls_lookup(dirfd, name);

	(void)flags;
	if (node == NONE)
		return calls_fail(ENOENT);
	stat_node(node, st);
	return 0;
}

/* It has no times of birth. */
int
__wrap_statx(int dirfd, const char *name, int flags, unsigned mask,
    struct statx *out)
{
	struct stat st = { 0 };

	(void)mask;
	if (__wrap_fstatat(dirfd, name, &st, flags) < 0)
		return -1;
	memset(out, 0, sizeof(*out));
	out->stx_mask = STATX_INO | STATX_SIZE;
	out->stx_ino = st.st_ino;
	out->stx_size = (uint64_t)st.st_size;
	out->stx_dev_minor = DEVICE;
	return 0;
}

/* Nobody asks the model for a mode. */
int
__wrap_fchmod(int fd, mode_t mode)
{
	(void)calls_handle(fd);
	(void)mode;
	return 0;
}

int
__wrap_fchown(int fd, uid_t user, gid_t group)
{
	(void)calls_handle(fd);
	(void)user, (void)group;
	return 0;
}

int
__wrap_linkat(
    int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	int16_t node = calls_lookup(from_fd, from), dir, name;

	(void)flags;
	if (node == NONE)
		return calls_fail(ENOENT);
	if (calls_lookup(to_fd, to) != NONE)
		return calls_fail(EEXIST);
	dir = calls_handle(to_fd)->node;
	name = name_number(to);
	calls_tell(POINT_CHANGE, NONE);
	linked = true;
	disk_change(calls_disk, dir, NONE, name, node);
	return 0;
}

int
__wrap_futimens(int fd, const struct timespec times[2])
{
	calls_node(fd)->mtime_ms =
	    times[1].tv_sec * 1000 + times[1].tv_nsec / 1000000;
	return 0;
}

int
__wrap_fstatfs(int fd, struct statfs *fs)
{
	(void)fd;
	memset(fs, 0, sizeof(*fs));
	fs->f_type = 0xef53;
	return 0;
}

int
__wrap_faccessat(int dirfd, const char *name, int mode, int flags)
{
	(void)mode, (void)flags;
	return calls_lookup(dirfd, name) == NONE ? calls_fail(ENOENT) : 0;
}

int
__wrap_flock(int fd, int how)
{
	struct node *n = calls_node(fd);
	int16_t me = (int16_t)(calls_handle(fd) - calls_disk->handles);

	if (how == LOCK_UN) {
		calls_tell(POINT_CALL, NONE);
		if (n->locker == me)
			n->locker = NONE;
		return 0;
	}
	while (n->locker != NONE && n->locker != me) {
		if (how & LOCK_NB)
			return calls_fail(EWOULDBLOCK);
		if (calls_point == NULL)
			calls_unexpected("a lock that stays held");
		calls_tell(POINT_WAIT, NONE);
	}
	n->locker = me;
	return 0;
}

/* A DIR is a handle: its place in the table, from 1. */
DIR *
__wrap_fdopendir(int fd)
{
	return (DIR *)(void *)calls_handle(fd);
}

struct dirent *
__wrap_readdir(DIR *dir)
{
	static struct dirent out;
	struct handle *h = (struct handle *)(void *)dir;
	const struct dir *dd =
	    &calls_disk->dirs[calls_disk->nodes[h->node].dir];

	if (h->at >= dd->now_count)
		return NULL;
	snprintf(out.d_name, sizeof(out.d_name), "%s",
	    name_text(dd->now[h->at++].name));
	return &out;
}

int
__wrap_closedir(DIR *dir)
{
	((struct handle *)(void *)dir)->used = false;
	return 0;
}

int
__wrap_mkdirat(int dirfd, const char *name, mode_t mode)
{
	const char *last = name;
	int16_t dir, node;

	(void)mode;
	if (calls_lookup(dirfd, name) != NONE)
		return calls_fail(EEXIST);
	calls_tell(POINT_CHANGE, NONE);
	dir = calls_parent(dirfd, name, &last);
	node = disk_node(calls_disk, NODE_DIR);
	disk_change(calls_disk, dir, NONE, name_number(last), node);
	return 0;
}

int
__wrap_unlinkat(int dirfd, const char *name, int flags)
{
	const char *last = name;
	int16_t dir, number, node = calls_lookup(dirfd, name);
	const struct node *n;

	if (node == NONE)
		return calls_fail(ENOENT);
	n = &calls_disk->nodes[node];
	if ((n->kind == NODE_DIR) != ((flags & AT_REMOVEDIR) != 0))
		return calls_fail(n->kind == NODE_DIR ? EISDIR : ENOTDIR);
	if (n->kind == NODE_DIR && calls_disk->dirs[n->dir].now_count > 0)
		return calls_fail(ENOTEMPTY);
	dir = calls_parent(dirfd, name, &last);
	/* The name may be an entry of a listing, which states overwrite. */
	number = name_number(last);
	calls_tell(POINT_CHANGE, NONE);
	disk_change(calls_disk, dir, number, NONE, node);
	return 0;
}

int
__wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return __wrap_renameat2(from_fd, from, to_fd, to, 0);
}

int
__wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to,
    unsigned flags)
{
	int16_t dir = calls_handle(from_fd)->node;
	int16_t node = calls_lookup(from_fd, from);

	if (dir != calls_handle(to_fd)->node)
		calls_unexpected("rename to another directory");
	if (node == NONE)
		return calls_fail(ENOENT);
	if ((flags & RENAME_NOREPLACE) && calls_lookup(to_fd, to) != NONE)
		return calls_fail(EEXIST);
	calls_tell(POINT_CHANGE, NONE);
	disk_change(
	    calls_disk, dir, name_number(from), name_number(to), node);
	return 0;
}

int
__wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	calls_disk->clock_ms++;
	ts->tv_sec = calls_disk->clock_ms / 1000;
	ts->tv_nsec = calls_disk->clock_ms % 1000 * 1000000;
	return 0;
}

int
__wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)time, (void)left;
	calls_tell(POINT_WAIT, NONE);
	return 0;
}

int
__wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how, (void)set, (void)old;
	return 0;
}

ssize_t
__wrap_getrandom(void *data, size_t n, unsigned flags)
{
	uint64_t state = calls_disk->seq;
	size_t i;

	(void)flags;
	for (i = 0; i < n; i++)
		((uint8_t *)data)[i] = (uint8_t)(random_next(&state) >> 32);
	return (ssize_t)n;
}

uid_t
__wrap_geteuid(void)
{
	return 0;
}

/* Only the futex is called this way. */
long
__wrap_syscall(long number, ...)
{
	va_list ap;
	int op;

	if (number != SYS_futex)
		calls_unexpected("syscall");
	va_start(ap, number);
	(void)va_arg(ap, void *);
	op = va_arg(ap, int);
	va_end(ap);
	calls_tell(op == FUTEX_WAIT ? POINT_WAIT : POINT_CALL, NONE);
	return 0;
}

int
__wrap_inotify_init1(int flags)
{
	(void)flags;
	calls_unexpected("inotify_init1");
}

int
__wrap_inotify_rm_watch(int fd, int wd)
{
	(void)fd;
	(void)wd;
	calls_unexpected("inotify_rm_watch");
}

int
__wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	(void)fd, (void)mask;
	calls_unexpected(path);
}

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds, (void)n, (void)timeout;
	calls_unexpected("poll");
}

ssize_t
__wrap_read(int fd, void *data, size_t n)
{
	(void)fd, (void)data, (void)n;
	calls_unexpected("read");
}
