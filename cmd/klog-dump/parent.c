#include "parent.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"

int
parent_open(struct parent *dir, const char *file, struct err *e)
{
	const char *slash = strrchr(file, '/');
	char *through;

	dir->fd = -1;
	dir->path = NULL;
	if (slash == NULL)
		dir->path = strdup(".");
	else if (asprintf(&dir->path, "%.*s", (int)(slash - file), file) < 0)
		dir->path = NULL;
	/* The last component of the path may be a link: "." never is. */
	if (dir->path == NULL || asprintf(&through, "%s/.", dir->path) < 0) {
		free(dir->path);
		return err_set(e, ERR_SYSTEM, "%s: out of memory", file);
	}
	dir->fd = fsio_open_dir(AT_FDCWD, through, "", e);
	free(through);
	if (dir->fd >= 0)
		return 0;
	free(dir->path);
	return -1;
}

void
parent_close(struct parent *dir)
{
	close(dir->fd);
	free(dir->path);
}

int
parent_named(const char *file, struct err *e)
{
	if (strchr(file, '/') == NULL && strncmp(e->text, "./", 2) == 0)
		memmove(e->text, e->text + 2, strlen(e->text + 2) + 1);
	return -1;
}
