#include "textfile.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"

/*
 * The temporary name is of this process, and of no kind that the collector of
 * node_exporter reads (*.prom).
 */
static int
replace_in(int dirfd, const char *dir, const char *name, const void *data,
    size_t n, struct err *e)
{
	char tmp[NAME_MAX + 1];
	int fd, r;

	if (snprintf(tmp, sizeof(tmp), ".%s.%ld", name, (long)getpid()) >=
	    (int)sizeof(tmp))
		return err_set(e, ERR_USAGE, "%s: the name is too long", name);
	unlinkat(dirfd, tmp, 0); /* of one that had our id and was killed */
	fd = fsio_open(
	    dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL, 0666, dir, e);
	if (fd < 0)
		return -1;
	r = fsio_write_at(fd, data, n, 0);
	if (r == 0)
		r = fsio_sync(fd);
	if (r == 0)
		r = fsio_rename(dirfd, tmp, name, true);
	if (r < 0) {
		err_sys(e, "%s/%s", dir, name);
		unlinkat(dirfd, tmp, 0);
	}
	close(fd);
	return r;
}

/* As fsio_open_dir, but the directory itself may be a symbolic link. */
static int
open_dir(const char *dir, struct err *e)
{
	char *inside;
	int fd;

	if (asprintf(&inside, "%s/.", dir) < 0)
		return err_sys(e, "%s", dir);
	fd = fsio_open_dir(AT_FDCWD, inside, "", e);
	free(inside);
	return fd;
}

int
textfile_replace(const char *path, const void *data, size_t n, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	char *dir;
	int fd, r = -1;

	if (*name == '\0')
		return err_set(e, ERR_USAGE, "-O: \"%s\" names no file", path);
	dir = slash == NULL ? strdup(".") :
			      strndup(path, (size_t)(slash - path));
	if (dir == NULL)
		return err_sys(e, "%s", path);
	fd = open_dir(dir, e);
	if (fd >= 0) {
		r = replace_in(fd, dir, name, data, n, e);
		close(fd);
	}
	free(dir);
	return r;
}
