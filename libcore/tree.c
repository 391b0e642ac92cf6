#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"

static int
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int
tree_remove(int dirfd, const char *name, const char *where, struct err *e)
{
	char path[4096];
	struct dirent *d;
	int fd, r = 0;
	DIR *dir;

	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "%s/%s", where, name);
	fd = fsio_open_dir(dirfd, name, where, e);
	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (dir == NULL) {
		err_sys(e, "%s/%s", where, name);
		close(fd);
		return -1;
	}
	snprintf(path, sizeof(path), "%s/%s", where, name);
	while (r == 0 && (d = readdir(dir)) != NULL)
		if (!is_dot(d->d_name))
			r = tree_remove(fd, d->d_name, path, e);
	closedir(dir);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		r = err_sys(e, "%s/%s", where, name);
	return r;
}
