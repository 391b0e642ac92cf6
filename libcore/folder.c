#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"

static int
failed(const char *name, const char *where, struct err *e)
{
	return strcmp(name, ".") == 0 ? err_sys(e, "%s", where) :
					err_sys(e, "%s/%s", where, name);
}

int
folder_each(int dirfd, const char *name, const char *where,
    int (*fn)(void *context, int fd, const char *entry, struct err *e),
    void *context, struct err *e)
{
	struct dirent *d;
	int fd, r = 0;
	DIR *dir;

	fd = fsio_open_dir(dirfd, name, where, e);
	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (dir == NULL) {
		r = failed(name, where, e);
		close(fd);
		return r;
	}
	for (errno = 0; r == 0 && (d = readdir(dir)) != NULL; errno = 0)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			r = fn(context, fd, d->d_name, e);
	if (r == 0 && errno != 0)
		r = failed(name, where, e);
	closedir(dir);
	return r;
}
