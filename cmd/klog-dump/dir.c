/* A partition directory: each of its files in turn. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump.h"

struct entry {
	char *name;
	int64_t base;
	int kind;
};

struct entries {
	struct entry *list;
	size_t count, cap;
};

/* By the offset in the name; those without one come last, by kind. */
static int
compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	uint64_t p = (uint64_t)x->base, q = (uint64_t)y->base;

	if (p != q)
		return p > q ? 1 : -1;
	if (x->kind != y->kind)
		return x->kind > y->kind ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int
add(struct entries *es, const char *name, int kind, int64_t base)
{
	struct entry *list;

	if (es->count == es->cap) {
		es->cap = es->cap > 0 ? es->cap * 2 : 64;
		list = realloc(es->list, es->cap * sizeof(*list));
		if (list == NULL)
			return -1;
		es->list = list;
	}
	list = &es->list[es->count];
	*list = (struct entry){ strdup(name), base, kind };
	if (list->name == NULL)
		return -1;
	es->count++;
	return 0;
}

static void
release(struct entries *es)
{
	while (es->count > 0)
		free(es->list[--es->count].name);
	free(es->list);
}

static int
list_files(struct entries *es, DIR *dir, const char *path, struct err *e)
{
	struct dirent *entry;
	int64_t base;
	int kind;

	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		kind = dump_kind(entry->d_name, &base);
		if (kind >= 0 && add(es, entry->d_name, kind, base) < 0)
			return err_set(e, ERR_SYSTEM, "%s: out of memory",
			    path);
	}
	if (errno != 0)
		return err_sys(e, "%s", path);
	if (es->count > 1)
		qsort(es->list, es->count, sizeof(*es->list), compare);
	return 0;
}

static int
open_list(struct entries *es, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r;

	if (dir == NULL) {
		err_sys(e, "%s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (faccessat(fd, "topic.conf", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = err_set(e, ERR_DATA, "%s: is a topic; name a partition in "
		    "it, such as %s/0", path, path);
	else
		r = list_files(es, dir, path, e);
	closedir(dir);
	if (r == 0 && es->count == 0)
		return err_set(e, ERR_DATA,
		    "%s: holds no file of a partition", path);
	return r;
}

int
dump_partition(struct dump *d, const char *path, struct err *e)
{
	size_t length = strlen(path);
	struct entries es = { 0 };
	char *name;
	int r = 0;
	size_t i;

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (open_list(&es, path, e) < 0)
		dump_failed(d, e);
	for (i = 0; i < es.count && r == 0; i++) {
		if (asprintf(&name, "%.*s/%s", (int)length, path,
			es.list[i].name) < 0) {
			err_set(e, ERR_SYSTEM, "%s: out of memory", path);
			dump_failed(d, e);
			break;
		}
		r = dump_file(d, name, e);
		free(name);
	}
	release(&es);
	return r;
}

int
dump_operand(struct dump *d, const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return dump_partition(d, path, e);
	return dump_file(d, path, e);
}
