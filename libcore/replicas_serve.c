#include "replicas_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fsio.h"
#include "lock.h"

enum {
	SILENT_MS = 3000,	/* without an answer it is cut off */
	ENDING_MS = 200,	/* one that was heard of may end as well */
	TRIES = 100,
	TEXT_MAX = 64 << 20	/* of a file */
};

struct folder {			/* replicas/ */
	int fd;
	const char *where;	/* the topic */
	char path[PATH_MAX];
};

static int
open_folder(
    struct folder *d, int topic_dirfd, const char *where, struct err *e)
{
	bool made = mkdirat(topic_dirfd, REPLICAS_DIR, 0777) == 0;

	d->where = where;
	snprintf(d->path, sizeof(d->path), "%s/" REPLICAS_DIR, where);
	if (!made && errno != EEXIST)
		return err_sys(e, "%s", d->path);
	d->fd = fsio_open_dir(topic_dirfd, REPLICAS_DIR, where, e);
	if (d->fd >= 0 && made)
		fsio_give_to_owner(d->fd, topic_dirfd);
	return d->fd < 0 ? -1 : 0;
}

/* Say that another serves the follower.  Returns -1. */
static int
busy(const struct replicas_file *f, const char *where, struct err *e)
{
	char name[REPLICAS_NAME];

	replicas_plain_name(f->name, name);
	return err_set(e, ERR_BUSY,
	    "%s: another process serves the copy %s already", where, name);
}

/* Open and lock it: 1, 0 another has the lock (it is open), -1. */
static int
take(struct replicas_file *f, const struct folder *d, struct err *e)
{
	int tries;

	/* It may be removed, or replaced, before we have the lock. */
	for (tries = 0; tries < TRIES; tries++) {
		f->fd = fsio_open(
		    d->fd, f->name, O_RDWR | O_CREAT, 0664, d->path, e);
		if (f->fd < 0)
			return -1;
		if (!lock_directory(f->fd))
			return 0;
		if (!replicas_is_gone(f))
			return 1;
		replicas_close(f);
	}
	return err_set(e, ERR_SYSTEM, "%s/%s: vanishes", d->path, f->name);
}

/* The lines of from go into fd as well: 0, or -1. */
static int
copy_lines(const struct replicas_file *from, int fd)
{
	struct buf text = { 0 };
	int64_t size = fsio_size(from->fd);
	ssize_t n = -1;
	int r = -1;

	if (size >= 0 && size <= TEXT_MAX &&
	    buf_reserve(&text, (size_t)size) == 0)
		n = fsio_read_at(from->fd, text.data, (size_t)size, 0);
	if (n >= 0)
		r = fsio_write_at(fd, text.data, (size_t)n, 0);
	buf_release(&text);
	return r;
}

/*
 * Put a copy in the place of f, which another has locked: f is that, and
 * locked.  The folder's lock keeps others from the same.  1, 0 not now, -1.
 */
static int
take_over(struct replicas_file *f, const struct folder *d, struct err *e)
{
	char temporary[REPLICAS_NAME + 8];
	int fd;

	if (!lock_directory(d->fd) || replicas_is_gone(f))
		return 0;
	fsio_tidy(d->fd, f->name);
	snprintf(temporary, sizeof(temporary), ".%s.tmp", f->name);
	fd = fsio_open(d->fd, temporary, O_RDWR | O_CREAT | O_EXCL, 0664,
	    d->path, e);
	if (fd < 0)
		return busy(f, d->where, e);
	if (!lock_directory(fd) || copy_lines(f, fd) < 0 ||
	    fsio_rename(d->fd, temporary, f->name, true) < 0) {
		close(fd);
		fsio_tidy(d->fd, f->name);
		return busy(f, d->where, e);
	}
	/* The other sees that, and what has become of its file. */
	close(f->fd);
	f->fd = fd;
	return 1;
}

/* Another process has locked f: 1 it is ours now, 0 not yet, -1. */
static int
ask_other(struct replicas_file *f, const struct folder *d,
    struct replicas_ask *ask, struct err *e)
{
	int64_t now = clock_mono_ms();
	struct stat st;

	if (replicas_head(f, e) < 0)
		return -1;
	if (fstat(f->fd, &st) < 0)
		return err_sys(e, "%s/%s", d->path, f->name);
	if (ask->until_ms == 0 || ask->inode != st.st_ino) {
		*ask = (struct replicas_ask){ .until_ms = now + SILENT_MS,
			.inode = st.st_ino,
			.last_ms = f->head.last_ms };
	} else if (!ask->lives && ask->last_ms != f->head.last_ms) {
		ask->lives = true;
		ask->until_ms = now + ENDING_MS;
	}
	if (now < ask->until_ms)
		return 0;
	return ask->lives ? busy(f, d->where, e) : take_over(f, d, e);
}

int
replicas_serve(struct replicas_file *f, int topic_dirfd, const char *where,
    const char *name, const struct replica *head, struct replicas_ask *ask,
    struct err *e)
{
	struct folder d;
	int r;

	*f = (struct replicas_file){ .fd = -1 };
	if (replicas_file_name(name, f->name, e) < 0 ||
	    open_folder(&d, topic_dirfd, where, e) < 0)
		return -1;
	r = take(f, &d, e);
	if (r == 0)
		r = ask_other(f, &d, ask, e);
	close(d.fd);
	if (r > 0) {
		f->serving = true;
		f->head = *head;
		if (replicas_contact(f, head->last_ms, e) < 0)
			r = -1;
	}
	/* Where it is another's, this is what asks it. */
	if (r <= 0)
		replicas_close(f);
	return r;
}
