#include "cut.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fsio.h"

enum { CUT_BLOCK = 1 << 16 };

int
cut_open(struct cut *c, int dirfd, const char *where, struct err *e)
{
	*c = (struct cut){ .dirfd = -1, .parent = dirfd };
	snprintf(c->where, sizeof(c->where), "%s/cut", where);
	if (mkdirat(dirfd, "cut", 0777) < 0 && errno != EEXIST)
		return err_sys(e, "%s", c->where);
	c->dirfd = fsio_open_dir(dirfd, "cut", where, e);
	if (c->dirfd < 0)
		return -1;
	fsio_give_to_owner(c->dirfd, dirfd);
	return 0;
}

int
cut_open_dir(
    struct cut *c, const char *path, const char *partition, struct err *e)
{
	const char *slash = strrchr(partition, '/');
	const char *topic = slash;

	*c = (struct cut){ .dirfd = -1, .parent = -1 };
	snprintf(c->where, sizeof(c->where), "%s", path);
	while (topic != NULL && topic > partition && topic[-1] != '/')
		topic--;
	if (topic != NULL)
		snprintf(c->prefix, sizeof(c->prefix), "%.*s-%s-",
		    (int)(slash - topic), topic, slash + 1);
	c->dirfd = fsio_open_dir(AT_FDCWD, path, "", e);
	return c->dirfd < 0 ? -1 : 0;
}

int
cut_copy(int from_fd, int64_t from, int64_t to, int fd)
{
	uint8_t data[CUT_BLOCK];
	int64_t at;
	ssize_t got;

	for (at = from; at < to; at += got) {
		got = fsio_read_at(from_fd, data,
		    to - at < CUT_BLOCK ? (size_t)(to - at) : CUT_BLOCK, at);
		if (got == 0)
			errno = EIO; /* it became shorter */
		if (got <= 0 ||
		    fsio_write_at(fd, data, (size_t)got, at - from) < 0)
			return -1;
	}
	return fsio_sync(fd);
}

/* Save [from, to) of fd under name, prefix before it and a time behind. */
static int
save(struct cut *c, const char *name, int fd, int64_t from, int64_t to,
    struct err *e)
{
	int64_t now = clock_wall_ms();
	int out, r = 0;

	do {
		snprintf(c->last, sizeof(c->last), "%s%.100s.%" PRId64,
		    c->prefix, name, now++);
		out = fsio_open(c->dirfd, c->last, O_WRONLY | O_CREAT | O_EXCL,
		    0666, c->where, e);
	} while (out < 0 && e->sys == EEXIST);
	if (out < 0)
		return -1;
	if (cut_copy(fd, from, to, out) < 0 || fsio_sync_dir(c->dirfd) < 0 ||
	    (c->parent >= 0 && fsio_sync_dir(c->parent) < 0)) {
		r = err_sys(e, "%s/%s", c->where, c->last);
		unlinkat(c->dirfd, c->last, 0);
	}
	close(out);
	return r;
}

int
cut_save(struct cut *c, int fd, int64_t base, int64_t from, int64_t to,
    struct err *e)
{
	char name[64];

	snprintf(name, sizeof(name), "%020" PRId64 ".%" PRId64, base, from);
	return save(c, name, fd, from, to, e);
}

int
cut_save_file(struct cut *c, int dirfd, const char *name, struct err *e)
{
	int64_t size;
	int fd, r;

	fd = fsio_open(dirfd, name, O_RDONLY, 0, c->where, e);
	if (fd < 0)
		return -1;
	size = fsio_size(fd);
	r = size < 0 ? err_sys(e, "%s", name) : save(c, name, fd, 0, size, e);
	close(fd);
	return r;
}

void
cut_close(struct cut *c)
{
	if (c->dirfd >= 0)
		close(c->dirfd);
	c->dirfd = -1;
}
