#include "position.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "fsio.h"

enum { FILE_SIZE = COMMITTED_SLOTS * COMMITTED_BLOCK };

/* Give a new file, or one that a crash left half made, all its room. */
static int
make_room(struct position *p, const struct group *g, struct err *e)
{
	int64_t size = fsio_size(p->fd);

	if (size < 0)
		return err_sys(e, "%s", p->where);
	if (size > FILE_SIZE)
		return err_set(e, ERR_CORRUPT, "%s: larger than %d bytes",
		    p->where, FILE_SIZE);
	if (size == FILE_SIZE)
		return 0;
	if (fsio_allocate(p->fd, FILE_SIZE) < 0 || fsio_sync(p->fd) < 0 ||
	    fsio_sync_dir(g->offsets) < 0)
		return err_sys(e, "%s", p->where);
	return 0;
}

static int
load(struct position *p, struct err *e)
{
	uint8_t data[FILE_SIZE];
	ssize_t got = fsio_read_at(p->fd, data, sizeof(data), 0);

	if (got < 0)
		return err_sys(e, "%s", p->where);
	p->slot = committed_latest(data, (size_t)got, &p->last);
	if (p->slot >= 0)
		return 0;
	p->last = (struct committed){ -1, -1, -1, -1 };
	if (committed_blank(data, (size_t)got) > 0)
		return 0;
	return err_set(e, ERR_CORRUPT,
	    "%s: neither line is a committed offset", p->where);
}

int
position_open(struct position *p, const struct group *g, int32_t partition,
    struct err *e)
{
	char name[16], where[sizeof(p->where) - sizeof(name)];

	snprintf(name, sizeof(name), "%" PRId32, partition);
	snprintf(where, sizeof(where), "%s/offsets", g->where);
	*p = (struct position){ .fd = -1, .slot = -1 };
	snprintf(p->where, sizeof(p->where), "%s/%s", where, name);
	p->fd = fsio_open(
	    g->offsets, name, O_RDWR | O_CREAT, 0666, where, e);
	if (p->fd < 0)
		return -1;
	if (make_room(p, g, e) < 0 || load(p, e) < 0) {
		position_close(p);
		return -1;
	}
	return 0;
}

int
position_commit(struct position *p, int64_t offset, int32_t epoch,
    int64_t now_ms, struct err *e)
{
	struct committed c = { offset, epoch, now_ms, p->last.sequence + 1 };
	int slot = p->slot == 0 ? 1 : 0;
	char line[COMMITTED_LINE];

	committed_encode(line, &c);
	if (fsio_write_at(p->fd, line, sizeof(line),
		(int64_t)slot * COMMITTED_BLOCK) < 0)
		return err_sys(e, "%s", p->where);
	p->last = c;
	p->slot = slot;
	p->dirty = true;
	return 0;
}

int
position_sync(struct position *p, struct err *e)
{
	if (!p->dirty)
		return 0;
	if (fsio_sync(p->fd) < 0)
		return err_sys(e, "%s", p->where);
	p->dirty = false;
	return 0;
}

void
position_close(struct position *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
