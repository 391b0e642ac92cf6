/*
 * What surrounds the log: owners and modes, checkpoints, the state, groups.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint.h"
#include "committed.h"
#include "folder.h"
#include "fsio.h"
#include "origins.h"
#include "verify_parts.h"

static void
tell_file(struct verify_part *p, enum trouble_about about, const char *file,
    enum mend mend, const char *what)
{
	verify_tell(p, verify_whole(about, mend), file, "%s", what);
}

mode_t
verify_mode(const char *name, const struct stat *st, const struct stat *folder)
{
	mode_t mode = (st->st_mode & 07777) | S_IRUSR | S_IWUSR;
	size_t n = strlen(name);

	mode &= ~((S_IWGRP | S_IWOTH) & ~folder->st_mode);
	/* Who may open a lock may hold up everybody. */
	if (n >= 4 && strcmp(name + n - 4, "lock") == 0)
		mode &= ~(mode_t)S_IRWXO;
	return mode;
}

/* What is wrong with a file in folder, into what; whether anything is. */
static bool
wrong(const struct stat *st, const struct stat *folder, const char *name,
    bool linked, char *what, size_t size, enum mend *mend)
{
	bool shared = (folder->st_mode & S_IWGRP) != 0 &&
	    st->st_gid == folder->st_gid;
	mode_t is = st->st_mode & 07777, good = verify_mode(name, st, folder);

	*mend = MEND_INDEX;
	if (!S_ISREG(st->st_mode)) {
		*mend = MEND_NONE;
		snprintf(what, size, "is not a regular file");
	} else if (st->st_nlink > 1 && !linked) {
		*mend = MEND_NONE;
		snprintf(what, size,
		    "has %u names (hard links): what is done "
		    "to one is done to all",
		    (unsigned)st->st_nlink);
	} else if (st->st_uid != folder->st_uid && !shared) {
		snprintf(what, size,
		    "belongs to user %u, its folder to user %u",
		    (unsigned)st->st_uid, (unsigned)folder->st_uid);
	} else if (is != good) {
		snprintf(what, size, "has mode %04o, should have %04o",
		    (unsigned)is, (unsigned)good);
	} else {
		return false;
	}
	return true;
}

/* Whether a name is that of a file of ours or Kafka's. */
static bool
is_ours(const char *name)
{
	static const char *const names[] = { "lock", "sync.lock", "clean.lock",
		"state", "recovery-point", "log-start-offset",
		"high-watermark", "in-sync",
		"leader-epoch-checkpoint", "leader-epoch-origins",
		"cleaner-checkpoint", "swap",
		"partition.metadata", "topic.conf", "role" };
	static const char *const suffixes[] = { ".log", ".index", ".timeindex",
		".txnindex", ".snapshot" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	if (strspn(name, "0123456789") != 20)
		return false;
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(name + 20, suffixes[i]) == 0)
			return true;
	return false;
}

/* Where a segment begins that may be written to; what is below is sealed. */
static int64_t
active_base(const struct verify_part *p)
{
	const struct segment_list *l = &p->segments;

	if (p->known)
		return p->slot.base;
	return l->count > 0 ? l->bases[l->count - 1] : 0;
}

/* A file of ours, or not. */
static int
check_file(void *context, int fd, const char *name, struct err *e)
{
	struct verify_part *p = context;
	struct stat st, folder;
	enum mend mend;
	char what[128];

	if (fstat(fd, &folder) < 0)
		return err_sys(e, "%s", p->where);
	if (!is_ours(name) || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !wrong(&st, &folder, name, segment_is_sealed(name, active_base(p)),
		what, sizeof(what), &mend))
		return 0;
	tell_file(p,
	    mend == MEND_NONE && S_ISREG(st.st_mode) ? ABOUT_LINKS : ABOUT_FILE,
	    name, mend, what);
	return 0;
}

int
verify_files(struct verify_part *p, struct err *e)
{
	return folder_each(p->dirfd, ".", p->where, check_file, p, e);
}

/* A file that could not be read as what it is: told, and 0; -1 otherwise. */
static int
tell_unreadable(struct verify_part *p, enum trouble_about about,
    const char *file, enum mend mend, const char *what, const struct err *e)
{
	if (e->code == ERR_SYSTEM && e->sys != 0)
		return -1;
	if (e->code == ERR_CORRUPT)
		tell_file(p, about, file, mend, what);
	return 0; /* another owner, a link: told with the files */
}

static int
check_start(struct verify_part *p, struct err *e)
{
	static const char file[] = "log-start-offset";
	struct trouble t = verify_whole(ABOUT_LOG, MEND_SALVAGE);
	int64_t end;
	int r;

	r = checkpoint_read_start(p->dirfd, &p->start, p->where, e);
	if (r < 0)
		return tell_unreadable(
		    p, ABOUT_START, file, MEND_INDEX, "is not an offset", e);
	/* Without the file nothing was ever removed from a log of ours. */
	if ((r == 0 && !p->promised) || p->segments.count == 0)
		return 0;
	end = p->segments.bases[0];
	if (p->start < end) {
		t.offset = p->start;
		t.end = end;
		verify_tell(p, t, "", "the first segments are missing");
	}
	return 0;
}

int
verify_checkpoints(struct verify_part *p, struct err *e)
{
	char boot[37];
	uint32_t poison;
	int r;

	r = checkpoint_read_recovery(p->dirfd, boot, &p->safe, p->where, e);
	if (r < 0 &&
	    tell_unreadable(p, ABOUT_RECOVERY, "recovery-point", MEND_INDEX,
		"is not a boot id and an offset", e) < 0)
		return -1;
	p->promised = r > 0;
	/* It was written before the state was. */
	if (r > 0 && p->known && strcmp(boot, p->boot) != 0)
		tell_file(p, ABOUT_RECOVERY, "recovery-point", MEND_INDEX,
		    "is of another boot than the state");
	if (epochs_read(&p->epochs, p->dirfd, p->where, e) < 0) {
		p->epochs_told = true;
		if (tell_unreadable(p, ABOUT_EPOCHS, "leader-epoch-checkpoint",
			MEND_INDEX, "is not a leader epoch checkpoint", e) < 0)
			return -1;
	}
	if (origins_add(&p->epochs, p->dirfd, p->where, e) < 0 &&
	    tell_unreadable(p, ABOUT_EPOCHS, "leader-epoch-origins", MEND_INDEX,
		"is not a list of epochs and origins", e) < 0)
		return -1;
	poison = p->known ? atomic_load(&p->state.page->poison) : 0;
	if (poison != 0) {
		struct trouble t = verify_whole(ABOUT_STATE, MEND_POISON);

		t.offset = atomic_load(&p->state.page->durable_offset);
		t.end = p->slot.next_offset;
		verify_tell(p, t, "state",
		    "a sync failed (%s): what is not on disk may be lost",
		    strerror((int)poison));
	}
	return check_start(p, e);
}

static void
tell_beyond(struct verify_part *p, enum trouble_about about, const char *file,
    int64_t offset, int64_t end)
{
	if (offset <= end)
		return;
	verify_tell(p, verify_whole(about, MEND_INDEX), file,
	    "names offset %" PRId64 ", but the log ends at %" PRId64, offset,
	    end);
}

void
verify_ends(struct verify_part *p)
{
	const struct epochs *es = &p->epochs;
	int64_t end = p->expected;
	struct state_slot now;
	struct err ignored;
	char boot[37];

	/* It may have grown since, and they with it. */
	if (p->known) {
		state_read(&p->state, &now);
		end = now.next_offset > end ? now.next_offset : end;
	}
	tell_beyond(p, ABOUT_START, "log-start-offset", p->start, end);
	tell_beyond(p, ABOUT_CLEANER, "cleaner-checkpoint", p->cleaned, end);
	tell_beyond(p, ABOUT_COPIES, "high-watermark", p->high, end);
	/* It is written in place: what was read may have been half of it. */
	if (p->known && p->safe > end &&
	    checkpoint_read_recovery(
		p->dirfd, boot, &p->safe, p->where, &ignored) >= 0) {
		state_read(&p->state, &now);
		tell_beyond(p, ABOUT_RECOVERY, "recovery-point", p->safe,
		    now.next_offset > end ? now.next_offset : end);
	}
	/*
	 * A copy notes epochs before the records that have them; and after a
	 * cut that was killed, whoever appends next trims them.
	 */
	if (es->count > 0 && !p->epochs_told && !verify_is_copy(p) &&
	    (p->known || !state_is_withdrawn(&p->state, p->boot)))
		tell_beyond(p, ABOUT_EPOCHS, "leader-epoch-checkpoint",
		    es->list[es->count - 1].start, end);
}

struct walk { /* through the offsets of one group */
	struct verify_part *p;
	char path[320]; /* of the folder, below the topic's */
};

/* One file of committed offsets. */
static int
check_committed(void *context, int dirfd, const char *name, struct err *e)
{
	const struct walk *w = context;
	struct verify_part *p = w->p;
	struct buf data = { 0 };
	struct committed c;
	char file[512];
	int r;

	if (name[strspn(name, "0123456789")] != '\0')
		return 0;
	snprintf(file, sizeof(file), "%.400s/%.64s", w->path, name);
	r = fsio_read_file(
	    dirfd, name, &data, COMMITTED_SLOTS * COMMITTED_BLOCK, w->path, e);
	if (r < 0 && e->code == ERR_SYSTEM && e->sys == 0) {
		tell_file(p, ABOUT_GROUP, file, MEND_NONE,
		    "is not a regular file, or not of the topic's owner");
		r = 0;
	}
	if (r < 0)
		r = tell_unreadable(p, ABOUT_GROUP, file, MEND_SALVAGE,
		    "is larger than a file of committed offsets", e);
	else if (r > 0 && data.len > 0 &&
	    committed_latest(data.data, data.len, &c) < 0 &&
	    committed_blank(data.data, data.len) == 0)
		tell_file(p, ABOUT_GROUP, file, MEND_SALVAGE,
		    "holds no committed offset");
	buf_release(&data);
	return r < 0 ? -1 : 0;
}

/* A group, by its folder in groups/. */
static int
check_group(void *context, int fd, const char *name, struct err *e)
{
	struct walk w = { .p = context };
	int r;

	(void)fd;
	if (name[0] == '.')
		return 0;
	snprintf(w.path, sizeof(w.path), "groups/%.256s/offsets", name);
	r = folder_each(w.p->dirfd, w.path, w.p->where, check_committed, &w, e);
	return r < 0 && (e->sys == ENOENT || e->sys == ENOTDIR) ? 0 : r;
}

int
verify_groups(struct verify_part *p, struct err *e)
{
	int r = folder_each(p->dirfd, "groups", p->where, check_group, p, e);

	return r < 0 && e->sys == ENOENT ? 0 : r;
}
