/*
 * How topics come and go: under a hidden name beside their own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fsio.h"
#include "lock.h"
#include "partition.h"
#include "topic.h"
#include "topic_parts.h"
#include "tree.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

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
	const char *last = topic_last_component(path, &len);
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
	if (topic_check_fs(parent, path, unsafe, e) < 0)
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
