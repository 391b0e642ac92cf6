/*
 * The high watermark and the in-sync set made anew: lower, or empty, which is
 * true of any log; replicas that connect again put them right.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "fsio.h"
#include "insync.h"
#include "replicas.h"
#include "repair.h"
#include "repair_parts.h"

static int
write_high(struct repair_part *rp, int64_t high, struct err *e)
{
	struct partition *p = &rp->p;

	if (checkpoint_write_high(p->dirfd, high, p->where, e) < 0)
		return -1;
	repair_did(rp, CHECKPOINT_HIGH, "is offset %" PRId64 " now", high);
	return 0;
}

int
repair_prepare_high(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct err ignored;
	int64_t high;

	if ((rp->r->kinds & MEND_INDEX) == 0 ||
	    checkpoint_read_high(p->dirfd, &high, p->where, e) >= 0)
		return 0;
	if (e->code != ERR_CORRUPT)
		return -1;
	if (state_is_valid(&p->state, p->dirfd, p->boot))
		high = atomic_load(&p->state.page->high_watermark);
	else if (checkpoint_read_start(p->dirfd, &high, p->where, &ignored) < 0)
		high = 0;
	if (repair_away(rp, CHECKPOINT_HIGH, e) < 0)
		return -1;
	return high < 0 ? 0 : write_high(rp, high, e);
}

int
repair_copies(struct repair_part *rp, const char *file, struct err *e)
{
	struct state_page *page = rp->p.state.page;

	if (strcmp(file, INSYNC_NAME) != 0)
		return write_high(
		    rp, atomic_load(&page->high_watermark), e);
	if (repair_away(rp, INSYNC_NAME, e) < 0)
		return -1;
	/* Who has read it reads it again; even stays even. */
	atomic_fetch_add(&page->in_sync_seq, 2);
	return 0;
}

int
repair_follower(struct repair_part *rp, const char *file, struct err *e)
{
	const char *name = strrchr(file, '/') + 1;
	int dirfd, r;

	dirfd = fsio_open_dir(rp->topic->dirfd, REPLICAS_DIR, rp->p.where, e);
	if (dirfd < 0)
		return -1;
	r = unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ?
	    err_sys(e, "%s/%s", rp->p.where, file) :
	    0;
	close(dirfd);
	if (r == 0)
		repair_did(rp, file,
		    "removed: the copy says again what it has");
	return r;
}
