#include "promote.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "append.h"
#include "durable.h"
#include "fsio.h"
#include "highwater.h"
#include "insync.h"
#include "origins.h"
#include "units.h"

enum { LINE = 32 };

/* Nobody counts but the new leader, until others have copied from it. */
static int
forget_in_sync(const struct partition *p, struct err *e)
{
	if (unlinkat(p->dirfd, INSYNC_NAME, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, "%s/" INSYNC_NAME, p->where);
	}
	return fsio_sync_dir(p->dirfd) < 0 ? err_sys(e, "%s", p->where) : 0;
}

static int
begin_epoch(struct partition *p, struct err *e)
{
	struct epochs es = { 0 };
	int32_t newest = p->slot.epoch;
	uint64_t origin;
	int r;

	r = origins_read(&es, p->dirfd, p->where, e);
	if (r == 0 && epochs_newest(&es) > newest)
		newest = epochs_newest(&es);
	if (r == 0 && newest == INT32_MAX)
		r = err_set(e, ERR_SYSTEM, "%s: all leader epochs are used up",
		    p->where);
	if (r == 0)
		r = origins_draw(&origin, e);
	if (r == 0 &&
	    epochs_assign(&es, newest + 1, p->slot.next_offset, origin) < 0)
		r = err_set(e, ERR_SYSTEM, "%s: out of memory", p->where);
	if (r == 0)
		r = origins_save(&es, p->dirfd, p->where, e);
	if (r == 0)
		p->slot.epoch = newest + 1;
	epochs_release(&es);
	return r;
}

int
promote_partition(struct partition *p, int64_t deadline, int32_t *epoch,
    int64_t *start, struct err *e)
{
	int r;

	if (append_begin(p, deadline, e) < 0)
		return -1;
	r = durable_flush(p, &p->slot, e);
	if (r == 0)
		r = begin_epoch(p, e);
	if (r == 0)
		r = forget_in_sync(p, e);
	if (r == 0) {
		state_publish(&p->state, &p->slot);
		highwater_unsettle(p);
	}
	*epoch = p->slot.epoch;
	*start = p->slot.next_offset;
	append_end(p);
	return r;
}

int
promote_behind(int dirfd, int64_t *offset, const char *where, struct err *e)
{
	struct buf text = { 0 };
	size_t n;
	int r;

	*offset = 0;
	r = fsio_read_file(dirfd, PROMOTE_BEHIND, &text, LINE, where, e);
	n = text.len;
	if (r > 0 && n > 0 && text.data[n - 1] == '\n')
		text.data[--n] = '\0';
	else
		n = 0;
	if (r > 0 &&
	    (n == 0 || strlen((const char *)text.data) != n ||
		units_int((const char *)text.data, 0, INT64_MAX, offset) < 0))
		r = err_set(e, ERR_CORRUPT, "%s/" PROMOTE_BEHIND
		    ": is not an offset", where);
	buf_release(&text);
	return r;
}

int
promote_note_behind(
    int dirfd, int64_t offset, const char *where, struct err *e)
{
	char line[LINE];
	int n = snprintf(line, sizeof(line), "%" PRId64 "\n", offset);

	return fsio_replace(
	    dirfd, PROMOTE_BEHIND, line, (size_t)n, where, e);
}

int
promote_note_caught_up(int dirfd, const char *where, struct err *e)
{
	if (unlinkat(dirfd, PROMOTE_BEHIND, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, "%s/" PROMOTE_BEHIND, where);
	}
	return fsio_sync_dir(dirfd) < 0 ? err_sys(e, "%s", where) : 0;
}
