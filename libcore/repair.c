#include "repair.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "append.h"
#include "checkpoint.h"
#include "durable.h"
#include "fsio.h"
#include "origins.h"
#include "recovery.h"
#include "repair_parts.h"
#include "role.h"
#include "segment.h"
#include "verify.h"
#include "verify_parts.h"

struct need {
	enum trouble_about about;
	int64_t base;
	char *file; /* below the partition's folder, or the topic's */
};

struct needs {
	struct need *list;
	size_t count;
	unsigned kinds; /* enum mend, of all that was found */
	bool linked; /* a file is somebody else's too */
	bool failed; /* out of memory */
};

static void
note_need(void *context, const struct trouble *t)
{
	struct needs *n = context;
	const char *file = t->partition < 0 ? t->file : strchr(t->file, '/');
	struct need *list;

	n->kinds |= (unsigned)t->mend;
	n->linked |= t->about == ABOUT_LINKS;
	if (file == NULL || t->mend == MEND_NONE)
		return;
	list = realloc(n->list, (n->count + 1) * sizeof(*list));
	if (list != NULL)
		n->list = list;
	if (list != NULL)
		list[n->count] = (struct need){ t->about, t->base,
			strdup(t->partition < 0 ? file : file + 1) };
	n->failed |= list == NULL || list[n->count].file == NULL;
	if (!n->failed)
		n->count++;
}

static void
release_needs(struct needs *n)
{
	while (n->count > 0)
		free(n->list[--n->count].file);
	free(n->list);
	*n = (struct needs){ 0 };
}

/* Look again, now that nobody can write. */
static int
find_needs(
    struct repair_part *rp, bool only_files, struct needs *n, struct err *e)
{
	struct verify v = { .topic = rp->topic,
		.only_files = only_files,
		.told = note_need,
		.context = n };
	int r;

	r = rp->number < 0 ? verify_topic(&v, e) :
			     verify_partition(&v, rp->number, e);
	verify_release(&v);
	if (r == 0 && n->failed)
		r = err_set(e, ERR_SYSTEM, "out of memory");
	if (r == 0 && n->linked)
		r = err_set(e, ERR_SYSTEM,
		    "%s: has files with several names (hard links), which a "
		    "repair would change too: copy it, and repair the copy",
		    rp->p.where);
	return r;
}

/* What must be right before anything else can be looked at. */
static int
prepare(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	int64_t offset;
	char boot[37];

	if ((rp->r->kinds & MEND_INDEX) == 0 ||
	    checkpoint_read_recovery(p->dirfd, boot, &offset, p->where, e) >= 0)
		return 0;
	if (e->code != ERR_CORRUPT)
		return -1;
	rp->unsure = true;
	return repair_away(rp, "recovery-point", e);
}

/* The same of the epochs: recovery adds to them. */
static int
prepare_epochs(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct epochs es = { 0 };
	const char *file = NULL;

	if ((rp->r->kinds & MEND_INDEX) == 0)
		return 0;
	if (epochs_read(&es, p->dirfd, p->where, e) < 0)
		file = "leader-epoch-checkpoint";
	else if (origins_add(&es, p->dirfd, p->where, e) < 0)
		file = "leader-epoch-origins";
	epochs_release(&es);
	if (file == NULL)
		return 0;
	if (e->code != ERR_CORRUPT || repair_away(rp, file, e) < 0)
		return -1;
	rp->no_epochs = true;
	return 0;
}

/* A sync failed: write again what is not known to be on disk. */
static int
mend_poison(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct state_page *page;
	struct state_slot slot;
	uint32_t poison;
	int64_t from;

	if (!state_is_valid(&p->state, p->dirfd, p->boot))
		return 0;
	page = p->state.page;
	poison = atomic_load(&page->poison);
	if (poison == 0)
		return 0;
	if ((rp->r->kinds & MEND_POISON) == 0)
		return durable_refuse(p, poison, e);
	state_read(&p->state, &slot);
	from = atomic_load(&page->durable_offset);
	if (recovery_poisoned(p, e) < 0)
		return -1;
	if (p->cut_bytes > 0)
		repair_did(rp, NULL,
		    "offsets %" PRId64 " to %" PRId64 " were lost by the sync "
		    "that failed; what was left of them, %" PRId64 " bytes, is "
		    "saved; a new leader epoch starts",
		    p->cut_offset, slot.next_offset - 1, p->cut_bytes);
	if (p->slot.next_offset > from)
		repair_did(rp, NULL,
		    "offsets %" PRId64 " to %" PRId64
		    " were written again and synced",
		    from, p->slot.next_offset - 1);
	else if (p->cut_bytes == 0)
		repair_did(
		    rp, NULL, "nothing was lost by the sync that failed");
	return 0;
}

static void
advise_salvage(struct err *e)
{
	char text[sizeof(e->text)];

	snprintf(text, sizeof(text), "%s", e->text);
	err_set(e, ERR_CORRUPT, "%.700s; to mend this first: --repair=salvage",
	    text);
}

/* As the next producer would, but telling and saving. */
static int
mend_tail(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	bool known = state_is_valid(&p->state, p->dirfd, p->boot);

	if (append_begin(p, rp->r->deadline, e) < 0) {
		if (e->code == ERR_CORRUPT &&
		    (rp->r->kinds & MEND_SALVAGE) == 0)
			advise_salvage(e);
		return -1;
	}
	if (!known)
		repair_did(
		    rp, NULL, "state and indexes were made anew from the log");
	if (p->cut_bytes > 0)
		repair_did(rp, NULL,
		    "%" PRId64 " bytes behind offset %" PRId64
		    " were cut off, saved in %s%s",
		    p->cut_bytes, p->cut_offset - 1,
		    p->save != NULL ? p->save : p->where,
		    p->save != NULL ? "" : "/cut");
	return 0;
}

static int
mend_index(struct repair_part *rp, int64_t base, bool sealed, struct err *e)
{
	struct partition *p = &rp->p;
	char name[SEGMENT_NAME];
	int r;

	r = sealed ? recovery_reindex_sealed(p, base, e) :
		     recovery_reindex_active(p, e);
	if (r < 0)
		return -1;
	segment_name(name, base, SEGMENT_INDEX);
	repair_did(rp, name, "made anew from the log");
	segment_name(name, base, SEGMENT_TIMEINDEX);
	repair_did(rp, name, "made anew from the log");
	return 0;
}

/* The append lock is held, and p->slot the end. */
static int
mend_rest(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	struct needs n = { 0 };
	bool epochs = rp->no_epochs, start = false, role = false;
	int64_t active = p->slot.base, last = -1;
	size_t i;
	int r;

	r = find_needs(rp, false, &n, e);
	for (i = 0; r == 0 && i < n.count; i++) {
		const struct need *need = &n.list[i];

		epochs |= need->about == ABOUT_EPOCHS;
		start |= need->about == ABOUT_START;
		role |= need->about == ABOUT_ROLE;
		rp->unsure |= need->about == ABOUT_RECOVERY;
		if (need->about == ABOUT_FILE)
			r = repair_file(rp, p->dirfd, need->file, e);
		else if (need->about == ABOUT_CLEANER)
			r = repair_away(rp, need->file, e);
		else if (need->about == ABOUT_COPIES)
			r = repair_copies(rp, need->file, e);
		else if (need->about == ABOUT_INDEX && need->base != last) {
			last = need->base;
			if (last == active) {
				r = mend_index(rp, last, false, e);
				continue;
			}
			r = mend_index(rp, last, true, e);
			state_read(&p->state, &p->slot);
		}
	}
	if (r == 0 && epochs)
		r = repair_epochs(rp, e);
	if (r == 0 && start)
		r = repair_start(rp, e);
	if (r == 0 && rp->unsure)
		r = repair_recovery(rp, e);
	if (r == 0 && role && (r = role_settle(p, e)) == 0)
		repair_did(rp, "state", "takes its role from the topic");
	release_needs(&n);
	return r;
}

/* clean.lock is held. */
static int
mend_partition(struct repair_part *rp, struct err *e)
{
	struct partition *p = &rp->p;
	int r;

	if (lock_take(&p->append, rp->r->deadline, e) < 0)
		return -1;
	r = prepare(rp, e);
	if (r == 0)
		r = prepare_epochs(rp, e);
	if (r == 0)
		r = repair_prepare_high(rp, e);
	if (r == 0 && p->state.page == NULL)
		r = state_map(&p->state, p->dirfd, true, true, p->where, e);
	if (r >= 0)
		r = mend_poison(rp, e);
	if (r == 0 && (rp->r->kinds & MEND_SALVAGE) != 0)
		r = repair_salvage(rp, e);
	lock_drop(&p->append);
	if (r < 0 || (rp->r->kinds & (MEND_INDEX | MEND_TAIL)) == 0)
		return r;
	if (mend_tail(rp, e) < 0)
		return -1;
	if ((rp->r->kinds & MEND_INDEX) != 0)
		r = mend_rest(rp, e);
	append_end(p);
	return r;
}

/* Files that can't even be opened: before the locks are. */
static int
mend_files(struct repair_part *rp, struct err *e)
{
	struct needs n = { 0 };
	size_t i;
	int r;

	r = find_needs(rp, true, &n, e);
	for (i = 0; r == 0 && i < n.count; i++)
		if (n.list[i].about == ABOUT_FILE)
			r = repair_file(rp, rp->p.dirfd, n.list[i].file, e);
	release_needs(&n);
	return r;
}

int
repair_partition(struct repair *r, int32_t number, struct err *e)
{
	struct repair_part rp = { .r = r, .topic = r->topic, .number = number };
	char name[16], where[4096];
	int got;

	if ((r->kinds & MEND_INDEX) != 0) {
		snprintf(name, sizeof(name), "%" PRId32, number);
		snprintf(where, sizeof(where), "%s/%s", r->topic->path, name);
		rp.p.where = where;
		rp.p.dirfd = fsio_open_dir(
		    r->topic->dirfd, name, r->topic->path, e);
		if (rp.p.dirfd < 0)
			return -1;
		got = mend_files(&rp, e);
		close(rp.p.dirfd);
		if (got < 0)
			return -1;
	}
	if (partition_open(&rp.p, r->topic->dirfd, number, r->topic->path,
		&r->topic->settings, e) < 0)
		return -1;
	rp.p.use = PARTITION_KEEPER;
	rp.p.save = r->save;
	rp.p.save_torn = true;
	got = repair_begin_clean(&rp, e);
	if (got == 0)
		got = mend_partition(&rp, e);
	partition_end_clean(&rp.p);
	if (rp.cut_is_open)
		cut_close(&rp.cut);
	partition_close(&rp.p);
	return got;
}

int
repair_topic(struct repair *r, struct err *e)
{
	struct repair_part rp = { .r = r, .topic = r->topic, .number = -1 };
	struct needs n = { 0 };
	size_t i;
	int got;

	rp.p.where = r->topic->path;
	got = find_needs(&rp, false, &n, e);
	for (i = 0; got == 0 && i < n.count; i++) {
		const struct need *need = &n.list[i];

		if (need->about == ABOUT_FILE && (r->kinds & MEND_INDEX) != 0)
			got = repair_file(&rp, r->topic->dirfd, need->file, e);
		else if (need->about == ABOUT_FOLLOWER &&
		    (r->kinds & MEND_INDEX) != 0)
			got = repair_follower(&rp, need->file, e);
		else if (need->about == ABOUT_GROUP &&
		    (r->kinds & MEND_SALVAGE) != 0)
			got = repair_group(&rp, need->file, e);
	}
	release_needs(&n);
	return got;
}
