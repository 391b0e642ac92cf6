/*
 * The files beside the log: owners, modes, checkpoints, committed offsets.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "fsio.h"
#include "origins.h"
#include "repair.h"
#include "repair_parts.h"
#include "scan.h"
#include "segment.h"
#include "verify_parts.h"

void
repair_did(struct repair_part *rp, const char *file, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n = 0;

	if (rp->number >= 0)
		n = snprintf(line, sizeof(line), "%" PRId32 "%s", rp->number,
		    file == NULL ? ": " : "/");
	if (file != NULL)
		n += snprintf(
		    line + n, sizeof(line) - (size_t)n, "%.300s: ", file);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	if (rp->holding && buf_append(&rp->held, line, strlen(line) + 1) == 0)
		return;
	rp->r->done++;
	rp->r->did(rp->r->context, line);
}

void
repair_hold(struct repair_part *rp)
{
	rp->holding = true;
	buf_clear(&rp->held);
}

void
repair_unhold(struct repair_part *rp, bool done)
{
	const char *line = (const char *)rp->held.data;
	const char *end = line + rp->held.len;

	rp->holding = false;
	for (; done && line < end; line += strlen(line) + 1) {
		rp->r->done++;
		rp->r->did(rp->r->context, line);
	}
	buf_release(&rp->held);
}

struct cut *
repair_cut(struct repair_part *rp, struct err *e)
{
	int r = 0;

	if (!rp->cut_is_open)
		r = rp->r->save == NULL ?
		    cut_open(&rp->cut, rp->p.dirfd, rp->p.where, e) :
		    cut_open_dir(&rp->cut, rp->r->save, rp->p.where, e);
	if (r < 0)
		return NULL;
	rp->cut_is_open = true;
	return &rp->cut;
}

int
repair_file(struct repair_part *rp, int dirfd, const char *name, struct err *e)
{
	struct stat st, folder;
	mode_t mode;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstat(dirfd, &folder) < 0)
		return err_sys(e, "%s/%s", rp->p.where, name);
	if (!S_ISREG(st.st_mode))
		return 0; /* somebody is playing with it */
	if (st.st_uid != folder.st_uid) {
		if (fchownat(dirfd, name, folder.st_uid, folder.st_gid,
			AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, "%s/%s: owner", rp->p.where, name);
		repair_did(rp, name, "belongs to user %u now",
		    (unsigned)folder.st_uid);
	}
	mode = verify_mode(name, &st, &folder);
	if ((st.st_mode & 07777) != mode) {
		if (fchmodat(dirfd, name, mode, 0) < 0)
			return err_sys(e, "%s/%s: mode", rp->p.where, name);
		repair_did(rp, name, "has mode %04o now", (unsigned)mode);
	}
	return 0;
}

/* Save a small file and take it away. */
int
repair_away(struct repair_part *rp, const char *name, struct err *e)
{
	struct cut *c = repair_cut(rp, e);

	if (c == NULL || cut_save_file(c, rp->p.dirfd, name, e) < 0)
		return -1;
	if (unlinkat(rp->p.dirfd, name, 0) < 0 ||
	    fsio_sync_dir(rp->p.dirfd) < 0)
		return err_sys(e, "%s/%s", rp->p.where, name);
	repair_did(rp, name, "saved as %s/%s", c->where, c->last);
	return 0;
}

/* The leader epochs as the headers of all batches have them. */
static int
gather_epochs(struct repair_part *rp, struct epochs *es, struct err *e)
{
	struct segment_list l = { 0 };
	struct scan s = { 0 };
	struct batch b;
	size_t i;
	int fd, r;

	r = segment_list_read(&l, rp->p.dirfd, rp->p.where, e);
	for (i = 0; r == 0 && i < l.count; i++) {
		fd = segment_open(rp->p.dirfd, l.bases[i], SEGMENT_LOG,
		    O_RDONLY, rp->p.where, e);
		if (fd < 0) {
			r = e->code == ERR_NONE ? 0 : -1;
			continue;
		}
		scan_init(&s, fd, 0, INT64_MAX);
		for (; r == 0 && scan_peek(&s, &b) == BATCH_WHOLE;
		     scan_skip(&s, &b))
			if (b.epoch >= 0 &&
			    (es->count == 0 ||
				b.epoch > es->list[es->count - 1].epoch))
				r = epochs_assign(
				    es, b.epoch, b.base_offset, 0);
		close(fd);
		if (r < 0)
			err_set(e, ERR_SYSTEM, "out of memory");
	}
	scan_release(&s);
	segment_list_release(&l);
	return r;
}

/* Who began them is known still, if the other file is good. */
static int
keep_origins(struct repair_part *rp, struct epochs *es, struct err *e)
{
	int r = origins_add(es, rp->p.dirfd, rp->p.where, e);

	return r < 0 && e->code == ERR_CORRUPT ? 0 : r;
}

/* The end of the log is known: append_begin was. */
int
repair_epochs(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct epochs es = { 0 };
	int r;

	r = gather_epochs(rp, &es, e);
	/* Of new batches, perhaps none is there yet. */
	if (r == 0 && epochs_newest(&es) < p->slot.epoch &&
	    epochs_assign(&es, p->slot.epoch, p->slot.next_offset, 0) < 0)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r == 0)
		r = keep_origins(rp, &es, e);
	if (r == 0)
		r = origins_save(&es, p->dirfd, p->where, e);
	epochs_release(&es);
	if (r == 0)
		repair_did(
		    rp, "leader-epoch-checkpoint", "made anew from the log");
	return r;
}

/* The first segment's base: no record that is here is hidden. */
int
repair_start(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct segment_list l = { 0 };
	int64_t start = 0, said;
	int known;

	known = checkpoint_read_start(p->dirfd, &said, p->where, e);
	if (known >= 0 && said <= p->slot.next_offset)
		return 0;
	if (segment_list_read(&l, p->dirfd, p->where, e) < 0)
		return -1;
	if (l.count > 0)
		start = l.bases[0];
	segment_list_release(&l);
	if (known < 0 && repair_away(rp, "log-start-offset", e) < 0)
		return -1;
	if (checkpoint_write_start(p->dirfd, start, p->where, e) < 0)
		return -1;
	repair_did(rp, "log-start-offset", "is now %" PRId64, start);
	return 0;
}

int
repair_recovery(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	int64_t durable = atomic_load(&p->state.page->durable_offset);

	if (durable > p->slot.next_offset)
		durable = p->slot.next_offset;
	if (checkpoint_write_recovery(p->dirfd, p->boot, durable, p->where, e) <
	    0)
		return -1;
	repair_did(rp, "recovery-point", "is offset %" PRId64 " now", durable);
	return 0;
}

/* A file of committed offsets that says nothing: the group starts anew. */
int
repair_group(struct repair_part *rp, const char *file, struct err *e)
{
	const char *slash = strrchr(file, '/');
	char folder[512];

	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file), file);
	rp->p.dirfd = openat(rp->topic->dirfd, folder,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rp->p.dirfd < 0)
		return err_sys(e, "%s/%s", rp->p.where, folder);
	rp->cut_is_open = false;
	if (repair_away(rp, slash + 1, e) < 0) {
		close(rp->p.dirfd);
		return -1;
	}
	cut_close(&rp->cut);
	close(rp->p.dirfd);
	return 0;
}
