#include "topic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "fsio.h"
#include "lock.h"
#include "partition.h"
#include "topic_parts.h"

const char *
topic_last_component(const char *path, size_t *len)
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
	const char *name = topic_last_component(path, &len);

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
	t->name = topic_last_component(path, &len);
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

int
topic_check_fs(int fd, const char *path, bool unsafe, struct err *e)
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
	return topic_check_fs(t->dirfd, t->path, unsafe, e);
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
