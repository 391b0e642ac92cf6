#include "group.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "fsio.h"
#include "lock.h"
#include "names.h"
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
open_folder(
    int dirfd, const char *name, bool create, const char *where, struct err *e)
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

struct found {
	char **names;
	size_t count;
};

static int
add_group(void *context, int fd, const char *entry, struct err *e)
{
	struct found *f = context;
	struct err ignored;
	struct stat st;

	if (check_name(entry, &ignored) < 0 ||
	    fstatat(fd, entry, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(st.st_mode))
		return 0;
	if (names_add(&f->names, &f->count, entry) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

int
group_list(const struct topic *t, char ***names, size_t *count, struct err *e)
{
	struct found f = { 0 };

	*names = NULL;
	*count = 0;
	if (folder_each(t->dirfd, GROUPS, t->path, add_group, &f, e) < 0) {
		names_free(f.names, f.count);
		return e->code == ERR_SYSTEM && e->sys == ENOENT ? 0 : -1;
	}
	names_sort(f.names, f.count);
	*names = f.names;
	*count = f.count;
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
group_open_member(const struct group *g, const char *id, int *fd, struct err *e)
{
	char where[512];
	struct stat st;

	snprintf(where, sizeof(where), "%s/members", g->where);
	*fd = fsio_open(g->members, id, O_RDONLY, 0, where, e);
	if (*fd < 0) {
		/* What is no file is no member, whatever its name. */
		if (fstatat(g->members, id, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISREG(st.st_mode))
			e->sys = ENOENT;
		return -1;
	}
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
		fd = fsio_open(
		    g->dirfd, PAUSED, O_RDONLY | O_CREAT, 0666, g->where, e);
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

/* 1 if the member of that file lives, else 0. */
static int
lives(void *context, int members, const char *entry, struct err *e)
{
	struct err ignored;
	int fd, r;

	(void)members;
	(void)e;
	if (entry[0] == '.')
		return 0;
	r = group_open_member(context, entry, &fd, &ignored);
	if (r >= 0)
		close(fd);
	return r >= 0 ? r : ignored.sys != ENOENT;
}

/* Whether a member lives: 1, 0, or -1. */
static int
is_lived_in(struct group *g, struct err *e)
{
	return g->members < 0 ?
	    0 :
	    folder_each(g->members, ".", g->where, lives, g, e);
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
group_delete(const struct topic *t, const char *name, bool force, struct err *e)
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

/* Nothing is committed where so many lines were never written. */
static int
read_committed(const struct group *g, int32_t partition, int blank,
    struct committed *c, struct err *e)
{
	enum { TRIES = 10 };
	struct buf data = { 0 };
	char name[16], where[512];
	int tries, first = 0, r = 1;

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
		first = r == 1 ? committed_blank(data.data, data.len) : 0;
		if (r == 1 && first >= blank)
			r = 0;
	}
	buf_release(&data);
	if (tries == TRIES && first > 0)
		return err_set(e, ERR_DATA,
		    "%s/%s: its first commit is not whole: klog-group reset "
		    "sets one",
		    where, name);
	if (tries == TRIES)
		return err_set(e, ERR_CORRUPT,
		    "%s/%s: neither line is a committed offset", where, name);
	return r;
}

int
group_committed(const struct group *g, int32_t partition, struct committed *c,
    struct err *e)
{
	return read_committed(g, partition, 1, c, e);
}

int
group_committed_surely(const struct group *g, int32_t partition,
    struct committed *c, struct err *e)
{
	return read_committed(g, partition, COMMITTED_SLOTS, c, e);
}
