/*
 * What a compaction left, before anything else: nobody else can.
 */
#include "lock.h"
#include "repair.h"
#include "repair_parts.h"
#include "swap.h"
#include "swap_check.h"

/* A swap that nobody can obey keeps clean.lock from everybody. */
static int
mend_swap(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct lock l;
	int r;

	if (lock_open(&l, p->dirfd, "clean.lock", p->where, 1, e) < 0)
		return -1;
	r = lock_take(&l, 0, e);
	if (r == 0)
		r = swap_check(p->dirfd, p->where, e);
	if (r == SWAP_STRAY)
		r = repair_away(rp, "swap", e);
	else if (r == SWAP_STUCK)
		r = err_set(
		    e, ERR_CORRUPT, "%s/swap: " SWAP_STUCK_TEXT, p->where);
	lock_close(&l);
	return r < 0 ? -1 : 0;
}

int
repair_begin_clean(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct swap swap = { 0 };
	int r;

	if ((rp->r->kinds & MEND_INDEX) != 0 && mend_swap(rp, e) < 0)
		return -1;
	(void)swap_read(&swap, p->dirfd, p->where, e);
	r = partition_begin_clean(p, e);
	if (r == 0 && swap.count > 0)
		repair_did(rp, "swap", "the compaction was ended");
	swap_release(&swap);
	return r;
}
