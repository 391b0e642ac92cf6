#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsio.h"

enum {
	DIGITS = 20,
	SEGMENT_INDEXES = 2, /* of these files: they go first */
	SEGMENT_FILES = 5
};

void
segment_name(char name[SEGMENT_NAME], int64_t base, enum segment_file what)
{
	static const char *const suffix[] = { "log", "index", "timeindex" };

	snprintf(
	    name, SEGMENT_NAME, "%020lld.%s", (long long)base, suffix[what]);
}

int64_t
segment_parse(const char *name)
{
	int64_t base = 0;
	int i, digit;

	for (i = 0; i < DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		digit = name[i] - '0';
		if (base > (INT64_MAX - digit) / 10)
			return -1;
		base = base * 10 + digit;
	}
	/* So that no offset in it can overflow. */
	if (base >= INT64_MAX - INT32_MAX)
		return -1;
	return strcmp(name + DIGITS, ".log") == 0 ? base : -1;
}

static int
compare_bases(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int
list_add(struct segment_list *l, size_t *cap, int64_t base)
{
	int64_t *bases;

	if (l->count == *cap) {
		*cap = *cap > 0 ? *cap * 2 : 16;
		bases = realloc(l->bases, *cap * sizeof(*bases));
		if (bases == NULL)
			return -1;
		l->bases = bases;
	}
	l->bases[l->count++] = base;
	return 0;
}

int
segment_list_read(
    struct segment_list *l, int dirfd, const char *where, struct err *e)
{
	struct dirent *d;
	size_t cap = 0;
	int64_t base;
	DIR *dir;
	int fd;

	segment_list_release(l);
	/* A descriptor of its own: the caller's keeps its position. */
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		err_sys(e, "%s", where);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	errno = 0;
	while ((d = readdir(dir)) != NULL) {
		base = segment_parse(d->d_name);
		if (base >= 0 && list_add(l, &cap, base) < 0)
			break;
		errno = 0;
	}
	if (errno != 0)
		err_sys(e, "%s", where);
	else if (l->count > 1)
		qsort(l->bases, l->count, sizeof(*l->bases), compare_bases);
	fd = errno == 0 ? 0 : -1;
	closedir(dir);
	return fd;
}

ptrdiff_t
segment_list_find(const struct segment_list *l, int64_t offset)
{
	size_t low = 0, high = l->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (l->bases[mid] <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return (ptrdiff_t)low - 1;
}

void
segment_list_release(struct segment_list *l)
{
	free(l->bases);
	*l = (struct segment_list){ 0 };
}

int
segment_open(int dirfd, int64_t base, enum segment_file what, int flags,
    const char *where, struct err *e)
{
	char name[SEGMENT_NAME];

	segment_name(name, base, what);
	if (flags & O_CREAT)
		return fsio_open(dirfd, name, flags, 0666, where, e);
	return fsio_open_if(dirfd, name, flags, where, e);
}

bool
segment_is_sealed(const char *name, int64_t active)
{
	static const char *const ends[] = { "log", "index", "timeindex",
		"txnindex" };
	char log[SEGMENT_NAME];
	int64_t base;
	size_t i;

	if (strlen(name) < DIGITS + 2 || name[DIGITS] != '.')
		return false;
	snprintf(log, sizeof(log), "%.*s.log", DIGITS, name);
	base = segment_parse(log);
	name += DIGITS + 1;
	/* The state of the producers where a segment begins. */
	if (strcmp(name, "snapshot") == 0)
		return base >= 0 && base <= active;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(name, ends[i]) == 0)
			return base >= 0 && base < active;
	return false;
}

int
segment_unshare(int dirfd, int64_t base, enum segment_file what,
    const char *where, struct err *e)
{
	char name[SEGMENT_NAME];
	struct buf data = { 0 };
	int r;

	segment_name(name, base, what);
	r = fsio_read_file(dirfd, name, &data, INT32_MAX, where, e);
	if (r > 0)
		r = fsio_replace(dirfd, name, data.data, data.len, where, e);
	buf_release(&data);
	return r;
}

int
segment_alone(int fd, int64_t base, const char *where, struct err *e)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, base, SEGMENT_LOG);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s/%s", where, name);
	if (st.st_nlink <= 1)
		return 0;
	return err_set(e, ERR_SYSTEM,
	    "%s/%s: has %u names (snapshots, hard links): what is cut off one "
	    "is gone from all; make it a copy of its own first (cp -p F F.own "
	    "&& mv F.own F)",
	    where, name, (unsigned)st.st_nlink);
}

bool
segment_is(int dirfd, int64_t base, uint64_t device, uint64_t inode)
{
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(name, base, SEGMENT_LOG);
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == device && st.st_ino == inode;
}

/* The first n files of a segment, in the order in which they go. */
static int
remove_files(
    int dirfd, int64_t base, size_t n, const char *where, struct err *e)
{
	static const char *const suffix[SEGMENT_FILES] = { "index",
		"timeindex", "snapshot", "txnindex", "log" };
	char name[SEGMENT_NAME];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%020lld.%s", (long long)base,
		    suffix[i]);
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			return err_sys(e, "%s/%s", where, name);
	}
	return 0;
}

int
segment_remove(int dirfd, int64_t base, const char *where, struct err *e)
{
	return remove_files(dirfd, base, SEGMENT_FILES, where, e);
}

int
segment_remove_indexes(
    int dirfd, int64_t base, const char *where, struct err *e)
{
	return remove_files(dirfd, base, SEGMENT_INDEXES, where, e);
}
