/*
 * The leader epoch that follows from a recovery.
 */
#include "origins.h"
#include "recovery_parts.h"
#include "role.h"

/* Begin an epoch at the log's end, by an origin of our own. */
static int
begin_epoch(
    struct partition *p, struct epochs *es, int32_t epoch, struct err *e)
{
	uint64_t origin;

	if (origins_draw(&origin, e) < 0)
		return -1;
	p->slot.epoch = epoch;
	if (epochs_assign(es, epoch, p->slot.next_offset, origin) < 0)
		return err_set(e, ERR_SYSTEM, "%s: out of memory", p->where);
	return 0;
}

int
recovery_settle_epoch(struct partition *p, const struct rebuild *seen,
    const struct role *role, struct err *e)
{
	bool leads = role->kind == ROLE_LEADER || role->kind == ROLE_SEALED;
	struct epochs es = { 0 };
	int32_t last;
	bool cut;
	int r = 0;

	if (origins_read(&es, p->dirfd, p->where, e) < 0)
		return -1;
	last = epochs_newest(&es);
	/* Who was killed cutting the log back left those of what is gone. */
	cut = epochs_cut(&es, p->slot.next_offset + 1);
	p->slot.epoch = last > seen->epoch.epoch ? last : seen->epoch.epoch;
	if (seen->epoch.epoch > last &&
	    epochs_assign(&es, seen->epoch.epoch, seen->epoch.start, 0) < 0)
		r = err_set(e, ERR_SYSTEM, "%s: out of memory", p->where);
	if (r == 0 && leads && p->slot.epoch < 0)
		r = begin_epoch(p, &es, 0, e);
	else if (r == 0 && leads &&
	    (seen->reboot || seen->copied || p->cut_bytes > 0) &&
	    p->slot.epoch < INT32_MAX)
		r = begin_epoch(p, &es, p->slot.epoch + 1, e);
	if (r == 0 && (cut || p->slot.epoch != last))
		r = origins_save(&es, p->dirfd, p->where, e);
	epochs_release(&es);
	if (p->slot.epoch < 0)
		p->slot.epoch = 0;
	return r;
}
