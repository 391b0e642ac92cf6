#include "replicas.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crc.h"
#include "folder.h"
#include "fsio.h"
#include "lock.h"
#include "names.h"
#include "units.h"

enum {
	CRC = 10,	/* " 01234567\n" ends each line */
	HOST = REPLICAS_HOST - 1,
	PID = 10,
	TIME = 15,
	OFFSET = 20,
	HEAD = HOST + 1 + PID + 1 + TIME + 1 + TIME + CRC,
	LINE = OFFSET + 1 + TIME + CRC
};

int64_t
replicas_place(int32_t partition)
{
	return HEAD + (int64_t)partition * LINE;
}

/* End the text of a line with its checksum; size is that of the whole. */
static void
seal(char *line, size_t size)
{
	snprintf(line + size - CRC, CRC + 1, " %08" PRIx32 "\n",
	    crc32c(line, size - CRC));
}

/* Cut the checksum off: whether it is that of the line. */
static bool
unseal(char *line, size_t size)
{
	char sum[CRC + 1];

	snprintf(sum, sizeof(sum), " %08" PRIx32 "\n",
	    crc32c(line, size - CRC));
	if (memcmp(sum, line + size - CRC, CRC) != 0)
		return false;
	line[size - CRC] = '\0';
	return true;
}

static int
failed(const struct replicas_file *f, struct err *e)
{
	return err_sys(e, REPLICAS_DIR "/%s", f->name);
}

static int
write_head(struct replicas_file *f, struct err *e)
{
	const struct replica *h = &f->head;
	char line[HEAD + 1];

	snprintf(line, sizeof(line),
	    "%-*.*s %0*" PRId64 " %0*" PRId64 " %0*" PRId64, HOST, HOST,
	    h->host, PID, h->pid, TIME, h->since_ms, TIME, h->last_ms);
	seal(line, HEAD);
	return fsio_write_at(f->fd, line, HEAD, 0) < 0 ? failed(f, e) : 0;
}

static int
write_line(struct replicas_file *f, int32_t partition,
    const struct replica_acked *a, struct err *e)
{
	char line[LINE + 1], caught[TIME + 8] = "-";

	if (a->caught_up_ms >= 0)
		snprintf(caught, sizeof(caught), "%0*" PRId64, TIME,
		    a->caught_up_ms);
	if (a->offset < 0)
		snprintf(line, sizeof(line), "%*s %*s", OFFSET, "-", TIME, "-");
	else
		snprintf(line, sizeof(line), "%0*" PRId64 " %*s", OFFSET,
		    a->offset, TIME, caught);
	seal(line, LINE);
	return fsio_write_at(f->fd, line, LINE, replicas_place(partition)) < 0 ?
	    failed(f, e) :
	    0;
}

static int
open_in(struct replicas_file *f, int topic_dirfd, const char *where, int flags,
    struct err *e)
{
	char path[4096];
	int dirfd;

	f->fd = -1;
	dirfd = fsio_open_dir(topic_dirfd, REPLICAS_DIR, where, e);
	if (dirfd < 0)
		return e->sys == ENOENT ? 0 : -1;
	snprintf(path, sizeof(path), "%s/" REPLICAS_DIR, where);
	f->fd = fsio_open(dirfd, f->name, flags, 0664, path, e);
	close(dirfd);
	if (f->fd < 0)
		return e->sys == ENOENT ? 0 : -1;
	return 1;
}

int
replicas_check(const struct replicas_file *f, struct err *e)
{
	if (!replicas_is_gone(f))
		return 0;
	return err_set(e, ERR_BUSY,
	    REPLICAS_DIR "/%s: is not ours any more: another process serves "
	    "this copy now", f->name);
}

int
replicas_contact(struct replicas_file *f, int64_t now_ms, struct err *e)
{
	f->head.last_ms = now_ms;
	return replicas_check(f, e) < 0 ? -1 : write_head(f, e);
}

int
replicas_ack(struct replicas_file *f, int32_t partition,
    const struct replica_acked *a, struct err *e)
{
	static const struct replica_acked none = { -1, -1 };
	int64_t size = fsio_size(f->fd);
	int32_t i;

	if (replicas_check(f, e) < 0)
		return -1;
	if (size < 0)
		return failed(f, e);
	/* No holes in a text. */
	for (i = (int32_t)((size - HEAD) / LINE); i < partition; i++)
		if (write_line(f, i, &none, e) < 0)
			return -1;
	return write_line(f, partition, a, e);
}

int
replicas_open(struct replicas_file *f, int topic_dirfd, const char *where,
    const char *file, struct err *e)
{
	int r;

	*f = (struct replicas_file){ .fd = -1 };
	snprintf(f->name, sizeof(f->name), "%s", file);
	r = open_in(f, topic_dirfd, where, O_RDONLY, e);
	if (r <= 0)
		return r;
	r = replicas_head(f, e);
	if (r < 0)
		replicas_close(f);
	return r < 0 ? -1 : 1;
}

void
replicas_close(struct replicas_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->serving = false;
}

/* A line as it is in the file: 1, 0 not whole, -1. */
static int
read_line(const struct replicas_file *f, char *line, size_t size, int64_t at,
    struct err *e)
{
	ssize_t got = 0;
	int tries;

	/* It may be in the middle of being overwritten. */
	for (tries = 0; tries < 3; tries++) {
		got = fsio_read_at(f->fd, line, size, at);
		if (got < 0)
			return failed(f, e);
		if (got == (ssize_t)size && unseal(line, size))
			return 1;
	}
	return 0;
}

int
replicas_read(const struct replicas_file *f, int32_t partition,
    struct replica_acked *a, struct err *e)
{
	char line[LINE + 1];
	int r;

	*a = (struct replica_acked){ -1, -1 };
	r = read_line(f, line, LINE, replicas_place(partition), e);
	if (r <= 0)
		return r;
	line[OFFSET] = '\0';
	if (units_int(line, 0, INT64_MAX, &a->offset) < 0)
		a->offset = -1;
	if (units_int(line + OFFSET + 1, 0, INT64_MAX, &a->caught_up_ms) < 0)
		a->caught_up_ms = -1;
	return 1;
}

int
replicas_head(struct replicas_file *f, struct err *e)
{
	struct replica *h = &f->head;
	char line[HEAD + 1], *p = line;
	int r;

	memset(h, 0, sizeof(*h));
	r = read_line(f, line, HEAD, 0, e);
	if (r <= 0)
		return r;
	snprintf(h->host, sizeof(h->host), "%.*s", HOST, p);
	for (r = HOST; r > 0 && h->host[r - 1] == ' '; r--)
		h->host[r - 1] = '\0';
	p += HOST + 1;
	p[PID] = p[PID + 1 + TIME] = '\0';
	return units_int(p, 0, INT64_MAX, &h->pid) == 0 &&
	    units_int(p + PID + 1, 0, INT64_MAX, &h->since_ms) == 0 &&
	    units_int(p + PID + TIME + 2, 0, INT64_MAX, &h->last_ms) == 0;
}

bool
replicas_connected(const struct replicas_file *f)
{
	return !lock_is_free(f->fd);
}

bool
replicas_is_gone(const struct replicas_file *f)
{
	struct stat st;

	return fstat(f->fd, &st) < 0 || st.st_nlink == 0;
}

struct listing {
	char ***names;
	size_t *count;
};

static int
add_name(void *context, int fd, const char *entry, struct err *e)
{
	struct listing *l = context;

	(void)fd;
	if (entry[0] == '.')
		return 0;
	return names_add(l->names, l->count, entry) < 0 ?
	    err_set(e, ERR_SYSTEM, "out of memory") :
	    0;
}

int
replicas_list(int topic_dirfd, const char *where, char ***names, size_t *count,
    struct err *e)
{
	struct listing l = { names, count };

	*names = NULL;
	*count = 0;
	if (folder_each(topic_dirfd, REPLICAS_DIR, where, add_name, &l, e) <
	    0) {
		if (e->code == ERR_SYSTEM && e->sys == ENOENT && *count == 0)
			return 0;
		names_free(*names, *count);
		*names = NULL;
		*count = 0;
		return -1;
	}
	names_sort(*names, *count);
	return 0;
}

int32_t
replicas_partitions(const struct replicas_file *f)
{
	int64_t size = fsio_size(f->fd);

	return size <= HEAD ? 0 : (int32_t)((size - HEAD + LINE - 1) / LINE);
}
