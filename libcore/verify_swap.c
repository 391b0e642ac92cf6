/*
 * What compaction leaves and is doing: its checkpoint, its swap file; and what
 * was found while it replaced the very segment, which is looked at again.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "lock.h"
#include "swap.h"
#include "swap_check.h"
#include "verify.h"
#include "verify_parts.h"

enum { RELIST_MAX = 100 };

/* Whether a clean goes on: somebody holds its lock. */
static bool
somebody_cleans(const struct verify_part *p)
{
	struct err ignored;
	struct lock l;
	bool busy;

	if (lock_open(&l, p->dirfd, "clean.lock", p->where, 0, &ignored) < 0)
		return true;
	busy = lock_try(&l, &ignored) <= 0;
	lock_close(&l);
	return busy;
}

int
verify_swap(struct verify_part *p, struct err *e)
{
	struct trouble t = verify_whole(ABOUT_CLEANER, MEND_INDEX);
	int r;

	r = checkpoint_read_cleaner(p->dirfd, &p->cleaned, p->where, e);
	if (r < 0 && e->code == ERR_CORRUPT)
		verify_tell(p, t, "cleaner-checkpoint", "is not an offset");
	else if (r < 0 && e->sys != 0)
		return -1;
	t.about = ABOUT_SWAP;
	r = swap_check(p->dirfd, p->where, e);
	if (r < 0)
		return e->sys != 0 ? -1 : 0;
	if (r == SWAP_NONE || somebody_cleans(p))
		return 0;
	if (r == SWAP_STUCK)
		t.mend = MEND_NONE;
	verify_tell(p, t, "swap",
	    r == SWAP_WAITS	? "a compaction that was not ended" :
		r == SWAP_STRAY ? "can't be obeyed, and has no effect" :
				  SWAP_STUCK_TEXT);
	return 0;
}

void
verify_hold(struct verify_part *p)
{
	p->holding = true;
}

/* Keep a copy; where memory is short it is told at once. */
bool
verify_keep(struct verify_part *p, const struct trouble *t)
{
	struct trouble *list;
	char *file, *what;

	list = realloc(p->held, (p->held_count + 1) * sizeof(*list));
	if (list == NULL)
		return false;
	p->held = list;
	file = strdup(t->file);
	what = strdup(t->what);
	if (file == NULL || what == NULL) {
		free(file);
		free(what);
		return false;
	}
	list[p->held_count] = *t;
	list[p->held_count].file = file;
	list[p->held_count++].what = what;
	return true;
}

/* Its indexes come before its log: they may be ahead of it. */
static bool
is_ahead(const struct swap *s, const struct trouble *t)
{
	size_t i;

	for (i = 0; t->about == ABOUT_INDEX && i < s->count; i++)
		if (s->list[i].base == t->base)
			return true;
	return false;
}

void
verify_unhold(struct verify_part *p, bool tell)
{
	struct swap s = { 0 };
	struct err ignored;
	size_t i;

	if (tell && p->held_count > 0)
		(void)swap_read(&s, p->dirfd, p->where, &ignored);
	for (i = 0; i < p->held_count; i++) {
		struct trouble *t = &p->held[i];

		if (tell && !is_ahead(&s, t)) {
			p->v->troubles++;
			p->v->told(p->v->context, t);
		}
		free((char *)(uintptr_t)t->file);
		free((char *)(uintptr_t)t->what);
	}
	swap_release(&s);
	free(p->held);
	p->held = NULL;
	p->held_count = 0;
	p->holding = false;
}

bool
verify_is_superseded(const struct verify_part *p, int64_t base)
{
	struct swap s = { 0 };
	char name[SEGMENT_NAME];
	struct err ignored;
	struct stat st;
	bool yes;

	(void)swap_read(&s, p->dirfd, p->where, &ignored);
	yes = swap_supersedes(&s, base);
	swap_release(&s);
	/* It goes before swap does. */
	segment_name(name, base, SEGMENT_LOG);
	return yes ||
	    (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		errno == ENOENT);
}

/* Whether the segment that was looked at is another one now, or gone. */
static bool
was_replaced(const struct verify_part *p)
{
	if (p->active || (p->inode == 0 && p->expected > p->base))
		return false;
	return !segment_is(p->dirfd, p->base, p->device, p->inode);
}

/* List again: the place of the segment that holds what p->base had. */
static int
relist(struct verify_part *p, size_t *i, struct err *e)
{
	struct segment_list *l = &p->segments;
	ptrdiff_t place;

	if (segment_list_read(l, p->dirfd, p->where, e) < 0)
		return -1;
	while (p->known && l->count > 1 &&
	    l->bases[l->count - 1] > p->slot.base)
		l->count--;
	place = segment_list_find(l, p->base);
	*i = place < 0 ? 0 : (size_t)place;
	if (*i >= l->count || l->bases[*i] >= p->base)
		return 0;
	/* A merged one: from its start. */
	p->expected = l->bases[*i];
	p->epoch = -1;
	p->epoch_at = 0;
	return 0;
}

int
verify_segments(struct verify_part *p, struct err *e)
{
	const struct verify *v = p->v;
	int tries = 0, r;
	size_t i = 0;

	while (i < p->segments.count) {
		const struct verify_part was = *p;
		const struct verify seen = *v;
		bool again;

		verify_hold(p);
		r = verify_segment(p, i, e);
		again = r == 0 && tries < RELIST_MAX && was_replaced(p);
		verify_unhold(p, !again);
		if (r < 0)
			return -1;
		if (!again) {
			i++;
			continue;
		}
		tries++;
		p->expected = was.expected;
		p->epoch = was.epoch;
		p->epoch_at = was.epoch_at;
		p->epochs_told = was.epochs_told;
		p->v->segments = seen.segments;
		p->v->batches = seen.batches;
		p->v->records = seen.records;
		p->v->bytes = seen.bytes;
		if (relist(p, &i, e) < 0)
			return -1;
	}
	return 0;
}
