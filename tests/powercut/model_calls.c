/* The wrapped system calls: files. */
#include "model_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "model_wraps.h"

enum { FIRST = 1000, BOOT_ID = -2 };

struct disk *calls_disk;
int calls_actor;
void (*calls_point)(const struct point *at);

static const char boot_path[] = "/proc/sys/kernel/random/boot_id";

void
calls_unexpected(const char *what)
{
	fprintf(stderr, "# model: %s: not expected\n", what);
	exit(2);
}

void
calls_tell(enum point_kind kind, int16_t node)
{
	struct point at = { .kind = kind, .node = node };

	if (calls_point != NULL)
		calls_point(&at);
}

int
calls_fail(int error)
{
	errno = error;
	return -1;
}

struct handle *
calls_handle(int fd)
{
	int i = fd - FIRST;

	if (i < 0 || i >= HANDLES || !calls_disk->handles[i].used)
		calls_unexpected("a descriptor that is not open");
	return &calls_disk->handles[i];
}

struct node *
calls_node(int fd)
{
	struct handle *h = calls_handle(fd);

	if (h->node < 0)
		calls_unexpected("the boot id as a file");
	return &calls_disk->nodes[h->node];
}

int
calls_open(int16_t node)
{
	struct handle *h;
	int i;

	for (i = 0; i < HANDLES; i++) {
		h = &calls_disk->handles[i];
		if (h->used)
			continue;
		*h = (struct handle){ true, node, (int16_t)calls_actor, 0 };
		return FIRST + i;
	}
	return calls_fail(EMFILE);
}

void
calls_cut_short(struct disk *d, const struct point *at, uint64_t *random)
{
	int32_t n = random_below(random, at->n + 1);

	if (at->pos < d->nodes[at->node].size)
		n = n < at->n / 2 ? 0 : at->n;
	disk_write(d, at->node, at->data, n, at->pos);
}

int
calls_held(const struct disk *d)
{
	int i, held = 0;

	for (i = 0; i < HANDLES; i++)
		held += d->handles[i].used;
	for (i = 0; i < NODES; i++)
		held += d->nodes[i].kind != NODE_FREE &&
		    d->nodes[i].locker != NONE;
	return held;
}

/* The directory that name is in, and in *last its last component. */
int16_t
calls_parent(int dirfd, const char *name, const char **last)
{
	int16_t dir = 0;
	const char *sep;
	char part[64];

	if (name[0] != '/') {
		if (strchr(name, '/') != NULL || dirfd == AT_FDCWD)
			calls_unexpected(name);
		*last = name;
		return calls_handle(dirfd)->node;
	}
	for (name++; (sep = strchr(name, '/')) != NULL; name = sep + 1) {
		snprintf(part, sizeof(part), "%.*s", (int)(sep - name), name);
		dir = disk_find(calls_disk, dir, name_number(part));
		if (dir == NONE || calls_disk->nodes[dir].kind != NODE_DIR)
			return NONE;
	}
	*last = name;
	return dir;
}

int16_t
calls_lookup(int dirfd, const char *name)
{
	const char *last = name;
	int16_t dir = calls_parent(dirfd, name, &last);

	if (dir == NONE || strcmp(last, ".") == 0 || last[0] == '\0')
		return dir;
	return disk_find(calls_disk, dir, name_number(last));
}

int
__wrap_openat(int dirfd, const char *name, int flags, ...)
{
	const char *last = name;
	int16_t dir, node = calls_lookup(dirfd, name);

	if (node == NONE) {
		if (!(flags & O_CREAT))
			return calls_fail(ENOENT);
		calls_tell(POINT_CHANGE, NONE);
		dir = calls_parent(dirfd, name, &last);
		node = disk_node(calls_disk, NODE_FILE);
		disk_change(calls_disk, dir, NONE, name_number(last), node);
		return calls_open(node);
	}
	if (flags & O_EXCL)
		return calls_fail(EEXIST);
	if (calls_disk->nodes[node].kind == NODE_DIR) {
		if ((flags & O_ACCMODE) != O_RDONLY)
			return calls_fail(EISDIR);
	} else if (flags & O_DIRECTORY) {
		return calls_fail(ENOTDIR);
	}
	if ((flags & O_TRUNC) && calls_disk->nodes[node].size > 0) {
		calls_tell(POINT_CHANGE, node);
		disk_resize(calls_disk, node, 0);
	}
	return calls_open(node);
}

int
__wrap_open(const char *name, int flags, ...)
{
	if (strcmp(name, boot_path) == 0)
		return calls_open(BOOT_ID);
	return __wrap_openat(AT_FDCWD, name, flags);
}

int
__wrap_close(int fd)
{
	struct handle *h = calls_handle(fd);

	if (h->node >= 0 && calls_disk->nodes[h->node].locker == fd - FIRST)
		calls_disk->nodes[h->node].locker = NONE;
	h->used = false;
	return 0;
}

ssize_t
__wrap_pread(int fd, void *data, size_t n, off_t pos)
{
	struct handle *h = calls_handle(fd);
	const struct node *f;
	char id[40];

	if (h->node == BOOT_ID) {
		snprintf(id, sizeof(id), "%08x-1111-4111-8111-%012x",
		    calls_disk->boot, calls_disk->boot);
		memcpy(data, id, n < 36 ? n : 36);
		return n < 36 ? (ssize_t)n : 36;
	}
	f = &calls_disk->nodes[h->node];
	if (f->kind != NODE_FILE)
		return calls_fail(EISDIR);
	if (pos >= f->size)
		return 0;
	if ((off_t)n > f->size - pos)
		n = (size_t)(f->size - pos);
	memcpy(data, f->data + pos, n);
	return (ssize_t)n;
}

ssize_t
__wrap_pwrite(int fd, const void *data, size_t n, off_t pos)
{
	int16_t node = calls_handle(fd)->node;
	struct point at = { POINT_WRITE, node, data, (int32_t)n,
		(int32_t)pos };

	if (calls_point != NULL)
		calls_point(&at);
	disk_write(calls_disk, node, data, (int32_t)n, (int32_t)pos);
	return (ssize_t)n;
}

int
__wrap_ftruncate(int fd, off_t size)
{
	struct node *f = calls_node(fd);

	if (f->size != size)
		calls_tell(POINT_CHANGE, calls_handle(fd)->node);
	disk_resize(calls_disk, calls_handle(fd)->node, (int32_t)size);
	return 0;
}

int
__wrap_posix_fallocate(int fd, off_t pos, off_t size)
{
	struct node *f = calls_node(fd);

	if (f->size >= pos + size)
		return 0;
	calls_tell(POINT_CHANGE, calls_handle(fd)->node);
	disk_resize(
	    calls_disk, calls_handle(fd)->node, (int32_t)(pos + size));
	return 0;
}

/* What is written while the call lasts is not promised. */
int
__wrap_fdatasync(int fd)
{
	int16_t node = calls_handle(fd)->node;
	uint64_t mark = calls_disk->seq;

	calls_tell(POINT_SYNC, node);
	disk_synced(calls_disk, node, mark);
	return 0;
}

int
__wrap_fsync(int fd)
{
	return __wrap_fdatasync(fd);
}

int
__wrap_sync_file_range(int fd, off_t pos, off_t n, unsigned flags)
{
	(void)fd, (void)pos, (void)n, (void)flags;
	return 0;
}

void *
__wrap_mmap(
    void *addr, size_t size, int prot, int flags, int fd, off_t pos)
{
	int16_t node = calls_handle(fd)->node;

	(void)addr, (void)prot;
	if (size != FILE_BYTES || flags != MAP_SHARED || pos != 0 ||
	    calls_node(fd)->size < FILE_BYTES)
		calls_unexpected("mmap");
	disk_own(calls_disk, node);
	calls_disk->nodes[node].mapped = true;
	return calls_disk->nodes[node].data;
}

int
__wrap_munmap(void *addr, size_t size)
{
	(void)addr, (void)size;
	return 0;
}

/* This file system can't tell, nor give blocks back. */
int
__wrap_ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	(void)request;
	errno = ENOTTY;
	return -1;
}

int
__wrap_fallocate(int fd, int mode, off_t pos, off_t size)
{
	(void)fd;
	(void)mode;
	(void)pos;
	(void)size;
	errno = EOPNOTSUPP;
	return -1;
}
