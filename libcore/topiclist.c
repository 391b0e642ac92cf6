#include "topiclist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "conf.h"
#include "names.h"
#include "topic.h"

static int
is_topic(int dirfd, const char *name)
{
	struct err ignored;
	int fd, r;

	if (name[0] == '.' || topic_check_name(name, &ignored) < 0)
		return 0;
	fd = openat(
	    dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	r = faccessat(fd, CONF_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	close(fd);
	return r;
}

int
topic_list(const char *dir, char ***names, size_t *count, struct err *e)
{
	struct dirent *d;
	DIR *stream;
	int r = 0;

	*names = NULL;
	*count = 0;
	stream = opendir(dir);
	if (stream == NULL)
		return err_sys(e, "%s", dir);
	errno = 0;
	while (r == 0 && (d = readdir(stream)) != NULL) {
		if (is_topic(dirfd(stream), d->d_name))
			r = names_add(names, count, d->d_name);
		errno = 0;
	}
	if (r < 0)
		err_set(e, ERR_SYSTEM, "out of memory");
	else if (errno != 0)
		r = err_sys(e, "%s", dir);
	closedir(stream);
	if (r < 0) {
		names_free(*names, *count);
		return -1;
	}
	names_sort(*names, *count);
	return 0;
}
