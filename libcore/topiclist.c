#include "topiclist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "topic.h"

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

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

static int
add_name(char ***names, size_t *count, const char *name)
{
	char **more = realloc(*names, (*count + 1) * sizeof(**names));

	if (more == NULL)
		return -1;
	*names = more;
	more[*count] = strdup(name);
	if (more[*count] == NULL)
		return -1;
	(*count)++;
	return 0;
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
			r = add_name(names, count, d->d_name);
		errno = 0;
	}
	if (r < 0)
		err_set(e, ERR_SYSTEM, "out of memory");
	else if (errno != 0)
		r = err_sys(e, "%s", dir);
	closedir(stream);
	if (r < 0) {
		topic_list_free(*names, *count);
		return -1;
	}
	if (*count > 1)
		qsort(*names, *count, sizeof(**names), compare_names);
	return 0;
}

void
topic_list_free(char **names, size_t count)
{
	while (count > 0)
		free(names[--count]);
	free(names);
}
