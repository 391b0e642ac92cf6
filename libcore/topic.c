#include "topic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "fsio.h"
#include "lock.h"
#include "partition.h"
#include "role.h"
#include "tree.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The last component of path, trailing slashes apart, and its length. */
static const char *
last_component(const char *path, size_t *len)
{
	const char *end = path + strlen(path), *start;

	while (end > path && end[-1] == '/')
		end--;
	for (start = end; start > path && start[-1] != '/'; start--)
		continue;
	*len = (size_t)(end - start);
	return start;
}

int
topic_check_name(const char *path, struct err *e)
{
	size_t len;
	const char *name = last_component(path, &len);

	if (len == 0)
		return err_set(e, ERR_USAGE, "\"%s\" names no topic", path);
	if (len > TOPIC_NAME_MAX)
		return err_set(e, ERR_USAGE,
		    "%s: a topic's name has at most %d characters", path,
		    TOPIC_NAME_MAX);
	if (strspn(name,
		"._"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789-") < len ||
	    (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))))
		return err_set(e, ERR_USAGE,
		    "\"%s\" is not a topic's name: "
		    "only A-Z a-z 0-9 . _ - may be in it",
		    path);
	return 0;
}

int
topic_open(struct topic *t, const char *path, struct err *e)
{
	struct settings s;
	size_t len;
	int r;

	*t = (struct topic){ .dirfd = -1 };
	if (topic_check_name(path, e) < 0)
		return -1;
	t->path = strdup(path);
	if (t->path == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->name = last_component(path, &len);
	t->path[(size_t)(t->name - path) + len] = '\0';
	t->name = t->path + (t->name - path);
	t->dirfd = fsio_open_dir(AT_FDCWD, t->path, "", e);
	if (t->dirfd < 0) {
		if (e->sys == ENOENT) {
			err_set(e, ERR_SYSTEM, "%s: no such topic", t->path);
			e->sys = ENOENT;
		} else if (e->sys == ENOTDIR) {
			e->text[0] = '\0';
			err_set(e, ERR_SYSTEM,
			    "%s: is not a topic: not a "
			    "directory, or a symbolic link",
			    t->path);
			e->sys = ENOTDIR;
		}
		topic_close(t);
		return -1;
	}
	/* Before it is read: a change meanwhile is found later. */
	t->stamp = conf_stamp(t->dirfd);
	r = conf_read(&s, t->dirfd, t->path, e);
	if (r == 0) {
		r = -1;
		err_set(e, ERR_SYSTEM,
		    "%s: is not a topic: it has no " CONF_NAME, t->path);
	}
	if (r < 0) {
		topic_close(t);
		return -1;
	}
	t->settings = s;
	return 0;
}

void
topic_close(struct topic *t)
{
	if (t->dirfd >= 0)
		close(t->dirfd);
	t->dirfd = -1;
	free(t->path);
	t->path = NULL;
	t->name = NULL;
}

bool
topic_is_stale(const struct topic *t)
{
	struct conf_stamp now = conf_stamp(t->dirfd);

	return now.inode != t->stamp.inode || now.time != t->stamp.time;
}

int
topic_reload(struct topic *t, struct err *e)
{
	struct settings s;
	int r;

	t->stamp = conf_stamp(t->dirfd);
	r = conf_read(&s, t->dirfd, t->path, e);
	if (r == 0)
		return err_set(e, ERR_SYSTEM, "%s: topic was deleted", t->path);
	if (r > 0)
		t->settings = s;
	return r < 0 ? -1 : 0;
}

int
topic_look(const struct topic *t, int32_t partition, struct view *v,
    int64_t *start, struct err *e)
{
	if (view_open(v, t->dirfd, partition, t->path, e) < 0)
		return -1;
	view_expect(v, &t->settings);
	if (view_look(v, start, e) == 0)
		return 0;
	view_close(v);
	return -1;
}

static int
check_local(int fd, const char *path, bool unsafe, struct err *e)
{
	if (unsafe || fsio_is_local(fd))
		return 0;
	return err_set(e, ERR_SYSTEM,
	    "%s: is on a file system whose locks "
	    "and syncs are not known to hold; --unsafe-fs writes all the "
	    "same",
	    path);
}

int
topic_check_local(const struct topic *t, bool unsafe, struct err *e)
{
	return check_local(t->dirfd, t->path, unsafe, e);
}

int
topic_make_id(char id[TOPIC_ID], struct err *e)
{
	uint8_t raw[TOPIC_ID - 1];
	int i;

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return err_sys(e, "getrandom");
	for (i = 0; i < TOPIC_ID - 1; i++)
		id[i] = digits[raw[i] & 63];
	/* Sixteen bytes end within the last digit: its low bits are zero. */
	id[TOPIC_ID - 2] = digits[raw[TOPIC_ID - 2] & 48];
	id[0] = id[0] == '-' ? 'A' : id[0];
	id[TOPIC_ID - 1] = '\0';
	return 0;
}

static int
open_parent(const char *path, char name[TOPIC_NAME_MAX + 1], struct err *e)
{
	size_t len;
	const char *last = last_component(path, &len);
	char *parent;
	int fd;

	memcpy(name, last, len);
	name[len] = '\0';
	parent = last == path ? strdup(".") :
				strndup(path, (size_t)(last - path));
	if (parent == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err_sys(e, "%s: directory %s", path, parent);
	free(parent);
	return fd;
}

/* A hidden name beside the topic's, for what is half made or half gone. */
static int
hidden_name(char out[TOPIC_ID + 8], const char *suffix, struct err *e)
{
	char id[TOPIC_ID];

	if (topic_make_id(id, e) < 0)
		return -1;
	snprintf(out, TOPIC_ID + 8, ".%s%s", id, suffix);
	return 0;
}

static bool
is_hidden_name(const char *name)
{
	const char *end = name + TOPIC_ID;

	return name[0] == '.' && strlen(name) == TOPIC_ID + 4 &&
	    strspn(name + 1, digits) == TOPIC_ID - 1 &&
	    (strcmp(end, ".new") == 0 || strcmp(end, ".old") == 0);
}

/* Remove what killed creations and deletions left: nobody holds it. */
static void
sweep(int parent)
{
	struct err ignored;
	struct dirent *d;
	DIR *dir;
	int fd;

	fd = fsio_open_dir(parent, ".", "", &ignored);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL && fd >= 0)
		close(fd);
	while (dir != NULL && (d = readdir(dir)) != NULL) {
		if (!is_hidden_name(d->d_name))
			continue;
		fd = fsio_open_dir(parent, d->d_name, "", &ignored);
		if (fd < 0)
			continue;
		if (lock_directory(fd))
			tree_remove(parent, d->d_name, "", &ignored);
		close(fd);
	}
	if (dir != NULL)
		closedir(dir);
}

/*
 * Make a hidden directory that sweep() leaves alone while it is open: its
 * descriptor, or -1.
 */
static int
make_hidden(
    int parent, const char *path, char name[TOPIC_ID + 8], struct err *e)
{
	struct stat named, held;
	int fd, tries;

	/* A sweep can be faster than our lock. */
	for (tries = 0; tries < 100; tries++) {
		if (hidden_name(name, ".new", e) < 0)
			return -1;
		if (mkdirat(parent, name, 0777) < 0)
			return err_sys(e, "%s", path);
		fd = fsio_open_dir(parent, name, "", e);
		if (fd < 0 && e->sys == ENOENT)
			continue;
		if (fd < 0) {
			unlinkat(parent, name, AT_REMOVEDIR);
			return -1;
		}
		if (lock_directory(fd) && fstat(fd, &held) == 0 &&
		    fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    held.st_ino == named.st_ino)
			return fd;
		unlinkat(parent, name, AT_REMOVEDIR);
		close(fd);
	}
	return err_set(e, ERR_SYSTEM, "%s: can't be made", path);
}

int
topic_build(const char *path, bool unsafe,
    int (*fill)(void *ctx, int dirfd, struct err *e), void *ctx, struct err *e)
{
	char name[TOPIC_NAME_MAX + 1], tmp[TOPIC_ID + 8];
	struct err ignored;
	int parent, dirfd, r = -1;

	if (topic_check_name(path, e) < 0)
		return -1;
	parent = open_parent(path, name, e);
	if (parent < 0)
		return -1;
	if (faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		err_sys(e, "%s", path);
		goto out;
	}
	if (check_local(parent, path, unsafe, e) < 0)
		goto out;
	sweep(parent);
	dirfd = make_hidden(parent, path, tmp, e);
	if (dirfd < 0)
		goto out;
	r = fill(ctx, dirfd, e);
	if (r == 0 && fsio_rename(parent, tmp, name, false) < 0)
		r = err_sys(e, "%s", path);
	if (r < 0)
		tree_remove(parent, tmp, "", &ignored);
	else if (fsio_sync_dir(parent) < 0)
		r = err_sys(e, "%s", path);
	close(dirfd);
out:
	close(parent);
	return r;
}

struct creation {
	const char *path;
	const struct settings *settings;
	const struct role *role;
};

static int
fill_new(void *ctx, int dirfd, struct err *e)
{
	const struct creation *c = ctx;
	int32_t i;

	for (i = 0; i < c->settings->partitions; i++)
		if (partition_create(dirfd, i, 0, c->path, e) < 0)
			return -1;
	if (conf_write(c->settings, dirfd, c->path, e) < 0)
		return -1;
	return c->role == NULL ?
	    0 :
	    role_set(dirfd, c->path, CLOCK_NEVER, c->role, e);
}

int
topic_create_as(const char *path, const struct settings *settings,
    const struct role *role, bool unsafe, struct err *e)
{
	struct creation c = { path, settings, role };

	return topic_build(path, unsafe, fill_new, &c, e);
}

int
topic_create(
    const char *path, struct settings *settings, bool unsafe, struct err *e)
{
	return topic_make_id(settings->id, e) < 0 ?
	    -1 :
	    topic_create_as(path, settings, NULL, unsafe, e);
}

int
topic_change(struct topic *t, int64_t deadline,
    int (*change)(void *ctx, struct settings *s, struct err *e), void *ctx,
    struct err *e)
{
	struct settings s;
	struct partition p;
	int32_t i, old;
	int r = -1;

	/* Partition 0 always exists: its lock guards topic.conf too. */
	if (partition_open(&p, t->dirfd, 0, t->path, &t->settings, e) < 0)
		return -1;
	if (lock_take(&p.append, deadline, e) < 0) {
		partition_close(&p);
		return -1;
	}
	if (topic_reload(t, e) < 0)
		goto out;
	s = t->settings;
	old = s.partitions;
	if (change(ctx, &s, e) < 0)
		goto out;
	for (i = old; i < s.partitions; i++)
		if (partition_create(t->dirfd, i, 0, t->path, e) < 0)
			goto out;
	if (conf_write(&s, t->dirfd, t->path, e) < 0)
		goto out;
	t->settings = s;
	r = 0;
out:
	lock_drop(&p.append);
	partition_close(&p);
	return r;
}

int
topic_delete(const char *path, struct err *e)
{
	char name[TOPIC_NAME_MAX + 1], tmp[TOPIC_ID + 8];
	struct topic t;
	int parent, r = -1;

	if (topic_open(&t, path, e) < 0)
		return -1;
	parent = open_parent(path, name, e);
	if (parent < 0 || hidden_name(tmp, ".old", e) < 0)
		goto out;
	/* Held until it is gone, so that nobody else removes it too. */
	(void)lock_directory(t.dirfd);
	if (fsio_rename(parent, name, tmp, true) < 0 ||
	    fsio_sync_dir(parent) < 0)
		err_sys(e, "%s", path);
	else
		r = tree_remove(parent, tmp, path, e);
out:
	if (parent >= 0)
		close(parent);
	topic_close(&t);
	return r;
}
