#include "group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsio.h"
#include "lock.h"
#include "tree.h"

#define GROUPS "groups"
#define PAUSED "paused"

static int
check_name(const char *name, struct err *e)
{
	if (strchr(name, '/') == NULL && topic_check_name(name, e) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	    "\"%s\" is not a group's name: "
	    "at most %d of A-Z a-z 0-9 . _ - may be in it",
	    name, TOPIC_NAME_MAX);
}

/* A folder: its descriptor, -1 failed, -2 there is none. */
static int
open_folder(int dirfd, const char *name, bool create, const char *where,
    struct err *e)
{
	int fd;

	if (create && mkdirat(dirfd, name, 0777) < 0 && errno != EEXIST)
		return err_sys(e, "%s/%s", where, name);
	/* Another one may have made it and not be that far yet. */
	if (create && fsio_sync_dir(dirfd) < 0)
		return err_sys(e, "%s", where);
	fd = fsio_open_dir(dirfd, name, where, e);
	return fd < 0 && e->sys == ENOENT && !create ? -2 : fd;
}

/* The folders in it, as far as they are there: 0, or -1. */
static int
open_inner(struct group *g, bool create, struct err *e)
{
	static const char *const names[] = { "offsets", "owners", "members" };
	int *const fds[] = { &g->offsets, &g->owners, &g->members };
	int i, fd;

	for (i = 0; i < 3; i++) {
		fd = open_folder(g->dirfd, names[i], create, g->where, e);
		if (fd == -1)
			return -1;
		*fds[i] = fd < 0 ? -1 : fd;
	}
	return 0;
}

int
group_open(struct group *g, const struct topic *t, const char *name,
    bool create, struct err *e)
{
	int groups;

	*g = (struct group){ t, -1, -1, -1, -1, NULL, NULL };
	if (check_name(name, e) < 0)
		return -1;
	if (asprintf(&g->where, "%s/" GROUPS "/%s", t->path, name) < 0) {
		g->where = NULL;
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	g->name = strrchr(g->where, '/') + 1;
	groups = open_folder(t->dirfd, GROUPS, create, t->path, e);
	if (groups >= 0) {
		char *slash = strrchr(g->where, '/');

		*slash = '\0'; /* for messages: the folder's own path */
		g->dirfd = open_folder(groups, name, create, g->where, e);
		*slash = '/';
		close(groups);
	}
	if (groups == -2 || (groups >= 0 && g->dirfd == -2)) {
		g->dirfd = -1;
		group_close(g);
		return 0;
	}
	if (g->dirfd < 0 || open_inner(g, create, e) < 0) {
		group_close(g);
		return -1;
	}
	return 1;
}

void
group_close(struct group *g)
{
	int *const fds[] = { &g->dirfd, &g->offsets, &g->owners, &g->members };
	int i;

	for (i = 0; i < 4; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	free(g->where);
	g->where = NULL;
	g->name = NULL;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
add_name(char ***names, size_t *count, const char *name)
{
	char **more = realloc(*names, (*count + 1) * sizeof(*more));

	if (more == NULL)
		return -1;
	*names = more;
	more[*count] = strdup(name);
	if (more[*count] == NULL)
		return -1;
	(*count)++;
	return 0;
}

static int
read_names(DIR *dir, char ***names, size_t *count, const char *where,
    struct err *e)
{
	struct dirent *d;
	struct err ignored;
	struct stat st;

	for (;;) {
		errno = 0;
		d = readdir(dir);
		if (d == NULL)
			return errno == 0 ? 0 :
					    err_sys(e, "%s/" GROUPS, where);
		if (check_name(d->d_name, &ignored) < 0 ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) <
			0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		if (add_name(names, count, d->d_name) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
	}
}

int
group_list(
    const struct topic *t, char ***names, size_t *count, struct err *e)
{
	DIR *dir;
	int fd, r;

	*names = NULL;
	*count = 0;
	fd = open_folder(t->dirfd, GROUPS, false, t->path, e);
	if (fd < 0)
		return fd == -2 ? 0 : -1;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return err_sys(e, "%s/" GROUPS, t->path);
	}
	r = read_names(dir, names, count, t->path, e);
	closedir(dir);
	if (r < 0) {
		while (*count > 0)
			free((*names)[--*count]);
		free(*names);
		*names = NULL;
		return -1;
	}
	if (*count > 1)
		qsort(*names, *count, sizeof(**names), compare_names);
	return 0;
}

bool
group_is_current(const struct group *g)
{
	struct stat named, held;
	char path[sizeof(GROUPS) + TOPIC_NAME_MAX + 2];

	snprintf(path, sizeof(path), GROUPS "/%s", g->name);
	return fstat(g->dirfd, &held) == 0 &&
	    fstatat(g->topic->dirfd, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

int
group_enter_door(const struct group *g, struct err *e)
{
	if (flock(g->dirfd, LOCK_SH) < 0) {
		if (errno != EINTR)
			return err_sys(e, "%s", g->where);
		return err_set(e, ERR_STOPPED,
		    "%s: stopped while waiting for its deletion", g->where);
	}
	if (group_is_current(g))
		return 1;
	group_leave_door(g);
	return 0;
}

void
group_leave_door(const struct group *g)
{
	flock(g->dirfd, LOCK_UN);
}

int
group_open_member(
    const struct group *g, const char *id, int *fd, struct err *e)
{
	char where[512];

	snprintf(where, sizeof(where), "%s/members", g->where);
	*fd = fsio_open(g->members, id, O_RDONLY, 0, where, e);
	if (*fd < 0)
		return -1;
	/*
	 * Shared, so that two who look at once don't take each other for the
	 * member; a lock that is to be had never belongs to anybody again.
	 */
	return flock(*fd, LOCK_SH | LOCK_NB) < 0;
}

bool
group_is_paused(const struct group *g)
{
	return faccessat(g->dirfd, PAUSED, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int
group_pause(struct group *g, bool on, struct err *e)
{
	int fd;

	if (on) {
		fd = fsio_open(g->dirfd, PAUSED, O_RDONLY | O_CREAT, 0666,
		    g->where, e);
		if (fd < 0)
			return -1;
		close(fd);
	} else if (unlinkat(g->dirfd, PAUSED, 0) < 0 && errno != ENOENT) {
		return err_sys(e, "%s/" PAUSED, g->where);
	}
	if (fsio_sync_dir(g->dirfd) < 0)
		return err_sys(e, "%s", g->where);
	return 0;
}

/* Whether a member lives: 1, 0, or -1. */
static int
is_lived_in(const struct group *g, struct err *e)
{
	struct err ignored;
	struct dirent *d;
	int fd, r = 0;
	DIR *dir;

	if (g->members < 0)
		return 0;
	fd = fsio_open_dir(g->members, ".", g->where, e);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0) {
			err_sys(e, "%s/members", g->where);
			close(fd);
		}
		return -1;
	}
	while (r == 0 && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		r = group_open_member(g, d->d_name, &fd, &ignored);
		if (r >= 0)
			close(fd);
		else
			r = ignored.sys != ENOENT;
	}
	closedir(dir);
	return r;
}

/*
 * Take the name away, so that it is gone at once and whole; a "~" is in no
 * group's name.
 */
static int
unname(const struct group *g, struct err *e)
{
	char old[TOPIC_NAME_MAX + 2];
	struct err ignored;
	int groups, r;

	groups = open_folder(g->topic->dirfd, GROUPS, false, g->topic->path, e);
	if (groups < 0)
		return groups == -2 ? 0 : -1;
	snprintf(old, sizeof(old), "%s~", g->name);
	tree_remove(groups, old, g->where, &ignored);
	r = fsio_rename(groups, g->name, old, false);
	if (r == 0)
		r = fsio_sync_dir(groups);
	if (r < 0)
		err_sys(e, "%s", g->where);
	else
		r = tree_remove(groups, old, g->where, e);
	close(groups);
	return r;
}

int
group_delete(
    const struct topic *t, const char *name, bool force, struct err *e)
{
	struct group g;
	int r;

	r = group_open(&g, t, name, false, e);
	if (r < 0)
		return -1;
	if (r == 0) {
		err_set(e, ERR_SYSTEM, "%s: no group %s", t->path, name);
		e->sys = ENOENT;
		return -1;
	}
	r = lock_directory(g.dirfd) ? is_lived_in(&g, e) : 1;
	if (r == 1 && !force)
		r = err_set(e, ERR_BUSY, "%s: has live members", g.where);
	if (r >= 0)
		r = unname(&g, e);
	group_close(&g);
	return r;
}

int
group_committed(const struct group *g, int32_t partition,
    struct committed *c, struct err *e)
{
	enum { TRIES = 10 };
	struct buf data = { 0 };
	char name[16], where[512];
	int tries, r = 1;

	if (g->offsets < 0)
		return 0;
	snprintf(name, sizeof(name), "%" PRId32, partition);
	snprintf(where, sizeof(where), "%s/offsets", g->where);
	/* Two commits while it is read can spoil both lines for us. */
	for (tries = 0; r == 1 && tries < TRIES; tries++) {
		r = fsio_read_file(g->offsets, name, &data,
		    COMMITTED_SLOTS * COMMITTED_BLOCK, where, e);
		if (r == 1 && committed_latest(data.data, data.len, c) >= 0)
			break;
		if (r == 1 && committed_is_blank(data.data, data.len))
			r = 0;
	}
	buf_release(&data);
	if (tries == TRIES)
		return err_set(e, ERR_CORRUPT,
		    "%s/%s: neither line is a committed offset", where, name);
	return r;
}
