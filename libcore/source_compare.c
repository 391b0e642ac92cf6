/*
 * How a copy's history stands to ours: where they part, and whether we lead.
 */
#include <inttypes.h>

#include "clock.h"
#include "history.h"
#include "origins.h"
#include "role.h"
#include "source_parts.h"

static int
fence(void *ctx, struct role *r, struct err *e)
{
	(void)e;
	if (r->kind == ROLE_LEADER || r->kind == ROLE_SEALED) {
		r->kind = ROLE_FENCED;
		r->epoch = *(const int32_t *)ctx;
	}
	return 0;
}

/*
 * The target knows of a newer leader: who led here does no more, and that is
 * on disk before it is answered (rule R4).
 */
static int
stale(struct source *s, struct source_topic *t, struct source_log *l,
    int32_t theirs, int32_t ours, struct err *e)
{
	if (!s->o.read_only && theirs > ours &&
	    role_change(t->topic.dirfd, t->topic.path,
		clock_mono_ms() + s->o.wait_ms, fence, &theirs, e) < 0)
		return -1;
	return err_set(e, ERR_ROLE,
	    "%s/%" PRId32 ": the copy knows leader epoch %" PRId32
	    ", here it is %" PRId32 ": another leads now: copy that one; "
	    "klog-replicate follow makes this its replica",
	    t->topic.path, l->number, theirs, ours);
}

int
source_compare(struct source *s, struct source_topic *t, struct source_log *l,
    const struct wire *w, int64_t *common, struct err *e)
{
	struct epochs ours = { 0 }, theirs = { 0 };
	struct history a = { &theirs, w->start, w->end };
	struct history b = { &ours, l->start, l->durable };
	int r;

	if (wire_get_epochs(w->epochs, &theirs) < 0)
		return source_no_memory(t, e);
	r = origins_read(&ours, l->view.dirfd, l->view.where, e);
	if (r == 0)
		switch (history_compare(&a, &b, common)) {
		case HISTORY_SAME:
		case HISTORY_BEHIND:
			break;
		case HISTORY_SPLIT:
			if (epochs_newest(&theirs) < epochs_newest(&ours))
				break;
			if (epochs_newest(&theirs) == epochs_newest(&ours)) {
				r = err_set(e, ERR_ROLE,
				    "%s/%" PRId32 ": the copy has another "
				    "leader epoch %" PRId32 ": both have led; "
				    "klog-replicate follow on the one whose "
				    "records from offset %" PRId64 " on may go",
				    t->topic.path, l->number,
				    epochs_newest(&ours), *common);
				break;
			}
			/* FALLTHROUGH */
		case HISTORY_AHEAD:
			r = stale(s, t, l, epochs_newest(&theirs),
			    epochs_newest(&ours), e);
			break;
		}
	epochs_release(&ours);
	epochs_release(&theirs);
	return r;
}
