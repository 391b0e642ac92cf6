#include "rewind.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "epochs.h"
#include "fsio.h"
#include "group.h"
#include "names.h"
#include "position.h"

/* The leader epoch of the record before end, which is the log's newest. */
static int
newest_epoch(const struct topic *t, int32_t number, int64_t end,
    int32_t *epoch, struct err *e)
{
	struct epochs es = { 0 };
	char name[16];
	size_t i;
	int fd, r;

	*epoch = -1;
	snprintf(name, sizeof(name), "%" PRId32, number);
	fd = fsio_open_dir(t->dirfd, name, t->path, e);
	if (fd < 0)
		return -1;
	r = epochs_read(&es, fd, t->path, e);
	for (i = 0; r == 0 && i < es.count && es.list[i].start < end; i++)
		*epoch = es.list[i].epoch;
	epochs_release(&es);
	close(fd);
	return r;
}

/* The offset of one group.  0, or -1. */
static int
set_back(const struct group *g, int32_t number, int64_t end, struct rewind *r,
    struct err *e)
{
	struct position p;
	int32_t epoch;
	int64_t from;
	int done;

	if (newest_epoch(g->topic, number, end, &epoch, e) < 0 ||
	    position_open(&p, g, number, e) < 0)
		return -1;
	from = p.last.offset;
	done = from <= end ? 0 :
	    position_commit(&p, end, epoch, clock_wall_ms(), e);
	if (done == 0)
		done = position_sync(&p, e);
	position_close(&p);
	if (done < 0 || from <= end)
		return done;
	r->groups++;
	r->records += from - end;
	if (r->told != NULL)
		r->told(r->ctx, g->name, from);
	return 0;
}

static int
look_at(const struct topic *t, const char *name, int32_t number, int64_t end,
    struct rewind *r, struct err *e)
{
	struct committed c;
	struct group g;
	int done = group_open(&g, t, name, false, e);

	if (done <= 0)
		return done;
	done = group_committed(&g, number, &c, e);
	/* What is damaged says nothing. */
	if (done < 0 && e->code == ERR_CORRUPT)
		done = 0;
	if (done > 0)
		done = c.offset > end ? set_back(&g, number, end, r, e) : 0;
	group_close(&g);
	return done;
}

int
rewind_groups(const struct topic *t, int32_t number, int64_t end,
    struct rewind *r, struct err *e)
{
	char **names;
	size_t count, i;
	int done = 0;

	if (group_list(t, &names, &count, e) < 0)
		return -1;
	for (i = 0; done == 0 && i < count; i++)
		done = look_at(t, names[i], number, end, r, e);
	names_free(names, count);
	return done;
}
