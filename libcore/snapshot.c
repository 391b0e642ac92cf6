#include "snapshot.h"

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
#include "conf.h"
#include "durable.h"
#include "epochs.h"
#include "folder.h"
#include "fsio.h"
#include "names.h"
#include "partition.h"
#include "position.h"
#include "role.h"
#include "segment.h"

struct snapshot {
	const struct topic *from;
	struct topic to;	/* its folder has no name yet, but path */
	int64_t deadline;
};

struct half {			/* a partition of both */
	struct partition from;
	int dirfd;		/* of the new one */
	char *where;		/* its path, for messages */
	struct epochs epochs;	/* up to its end */
	int64_t high;		/* high watermark; -1: it has none */
};

/*
 * Who may read, or append to, the topic may do so with the snapshot, nobody
 * else, and what root takes belongs to the topic's owner.
 */
static int
take_after(int to, int from, const char *where, struct err *e)
{
	struct stat st, own;

	if (fstat(from, &st) < 0 || fstat(to, &own) < 0)
		return err_sys(e, "%s", where);
	if (geteuid() == 0 && fchown(to, st.st_uid, st.st_gid) < 0)
		return err_sys(e, "%s", where);
	if (own.st_gid != st.st_gid && geteuid() != 0)
		(void)!fchown(to, (uid_t)-1, st.st_gid);
	return fchmod(to, st.st_mode & 07777) < 0 ? err_sys(e, "%s", where) : 0;
}

/* Another's file, in a folder of ours, would be trusted by nobody. */
static int
link_refused(const struct half *h, const char *name, uid_t owner, struct err *e)
{
	err_set(e, ERR_SYSTEM,
	    "%s/%s: belongs to user %u and may not be linked by user %u "
	    "(fs.protected_hardlinks): take the snapshot as its owner, or root",
	    h->from.where, name, (unsigned)owner, (unsigned)geteuid());
	e->sys = EPERM;
	return -1;
}

static int
link_one(void *context, int fd, const char *name, struct err *e)
{
	const struct half *h = context;
	struct stat st, folder;
	bool ours;

	if (!segment_is_sealed(name, h->from.slot.base))
		return 0;
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstat(h->dirfd, &folder) < 0)
		return err_sys(e, "%s/%s", h->from.where, name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_SYSTEM, "%s/%s: is not a regular file",
		    h->from.where, name);
	ours = st.st_uid == folder.st_uid || st.st_uid == 0 ||
	    ((folder.st_mode & S_IWGRP) != 0 && st.st_gid == folder.st_gid);
	if (!ours)
		return link_refused(h, name, st.st_uid, e);
	if (fsio_link(fd, name, h->dirfd) == 0)
		return 0;
	if (errno == EPERM)
		return link_refused(h, name, st.st_uid, e);
	return err_sys(e, "%s/%s: link", h->from.where, name);
}

/* A small file of text, whatever it says; one that is not there is not. */
static int
copy_small(const struct half *h, const char *name, struct err *e)
{
	struct buf data = { 0 };
	int r;

	r = fsio_read_file(
	    h->from.dirfd, name, &data, 65536, h->from.where, e);
	if (r > 0)
		r = fsio_replace(
		    h->dirfd, name, data.data, data.len, h->where, e);
	buf_release(&data);
	return r < 0 ? -1 : 0;
}

/* A state that is born right: the first producer has nothing to verify. */
static int
write_state(const struct half *h, struct err *e)
{
	struct state_slot slot = h->from.slot;
	struct state state = { 0 };
	struct stat st;
	char name[SEGMENT_NAME];
	int r;

	segment_name(name, slot.base, SEGMENT_LOG);
	if (fstatat(h->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "%s/%s", h->where, name);
	slot.device = st.st_dev;
	slot.inode = st.st_ino;
	r = state_map(&state, h->dirfd, true, true, h->where, e);
	if (r > 0)
		r = state_reset(&state, h->dirfd, h->from.boot, &slot,
		    ROLE_LEADER, h->high, h->where, e);
	state_unmap(&state);
	return r < 0 ? -1 : 0;
}

/* All that is not in a linked file; its folder is synced at the end. */
static int
write_rest(const struct half *h, struct err *e)
{
	if (copy_small(h, "log-start-offset", e) < 0 ||
	    copy_small(h, "cleaner-checkpoint", e) < 0 ||
	    copy_small(h, "leader-epoch-origins", e) < 0 ||
	    (h->high >= 0 && checkpoint_write_high(
				 h->dirfd, h->high, h->where, e) < 0) ||
	    (h->epochs.count > 0 &&
		epochs_write(&h->epochs, h->dirfd, h->where, e) < 0) ||
	    write_state(h, e) < 0)
		return -1;
	return checkpoint_write_recovery(
	    h->dirfd, h->from.boot, h->from.slot.base, h->where, e);
}

/*
 * Seal what there is.  What can be synced before is, so that producers wait
 * for little.  h->from.slot is the new segment's, h->epochs go no further.
 */
static int
seal(struct half *h, int64_t deadline, struct err *e)
{
	struct partition *p = &h->from;
	int r;

	if (append_begin(p, deadline, e) < 0)
		return -1;
	append_end(p);
	if (durable_wait(p, p->slot.next_offset, deadline, e) < 0 ||
	    append_begin(p, deadline, e) < 0)
		return -1;
	r = append_roll(p, e);
	if (r == 0)
		r = epochs_read(&h->epochs, p->dirfd, p->where, e);
	/* Of a replica it is its leader's, and the snapshot leads. */
	h->high = p->settings->min_insync_replicas > 1 ?
	    atomic_load(&p->state.page->high_watermark) :
	    -1;
	if (h->high > p->slot.base)
		h->high = p->slot.base;
	append_end(p);
	return r;
}

/* clean.lock is held: no segment goes. */
static int
copy_partition(
    struct snapshot *s, int32_t number, struct half *h, struct err *e)
{
	const char *path = s->to.path;
	char name[16];

	if (seal(h, s->deadline, e) < 0 ||
	    partition_create(
		s->to.dirfd, number, h->from.slot.base, path, e) < 0)
		return -1;
	snprintf(name, sizeof(name), "%" PRId32, number);
	h->dirfd = fsio_open_dir(s->to.dirfd, name, path, e);
	if (h->dirfd < 0 ||
	    take_after(h->dirfd, h->from.dirfd, h->where, e) < 0 ||
	    folder_each(
		h->from.dirfd, ".", h->from.where, link_one, h, e) < 0 ||
	    write_rest(h, e) < 0)
		return -1;
	return fsio_sync_dir(h->dirfd) < 0 ? err_sys(e, "%s", h->where) : 0;
}

static int
take_partition(struct snapshot *s, int32_t number, struct err *e)
{
	struct half h = { .dirfd = -1 };
	int r = -1;

	if (partition_open(&h.from, s->from->dirfd, number, s->from->path,
		&s->from->settings, e) < 0)
		return -1;
	h.from.use = PARTITION_KEEPER;
	if (asprintf(&h.where, "%s/%" PRId32, s->to.path, number) < 0) {
		h.where = NULL;
		err_set(e, ERR_SYSTEM, "out of memory");
	} else if (partition_wait_clean(&h.from, s->deadline, e) == 0) {
		r = copy_partition(s, number, &h, e);
		partition_end_clean(&h.from);
	}
	epochs_release(&h.epochs);
	free(h.where);
	if (h.dirfd >= 0)
		close(h.dirfd);
	partition_close(&h.from);
	return r;
}

static int
copy_committed(struct snapshot *s, const struct group *from,
    const struct group *to, struct err *e)
{
	struct position p;
	struct committed c;
	int32_t i;
	int r;

	for (i = 0; i < s->from->settings.partitions; i++) {
		r = group_committed(from, i, &c, e);
		if (r < 0)
			return -1;
		if (r == 0)
			continue;
		if (position_open(&p, to, i, e) < 0)
			return -1;
		r = position_commit(&p, c.offset, c.epoch, c.timestamp, e);
		if (r == 0)
			r = position_sync(&p, e);
		position_close(&p);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int
copy_group(struct snapshot *s, const struct group *from,
    const struct group *to, struct err *e)
{
	const int inner[] = { to->dirfd, to->offsets, to->owners, to->members };
	size_t i;

	for (i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		if (take_after(inner[i], from->dirfd, to->where, e) < 0)
			return -1;
	return copy_committed(s, from, to, e);
}

/* The folder that all of them are in. */
static int
begin_groups(struct snapshot *s, struct err *e)
{
	int from, to, r = -1;

	from = fsio_open_dir(s->from->dirfd, "groups", s->from->path, e);
	if (from < 0)
		return -1;
	if (mkdirat(s->to.dirfd, "groups", 0777) < 0) {
		close(from);
		return err_sys(e, "%s/groups", s->to.path);
	}
	to = fsio_open_dir(s->to.dirfd, "groups", s->to.path, e);
	if (to >= 0) {
		r = take_after(to, from, s->to.path, e);
		close(to);
	}
	close(from);
	return r;
}

/* Before the records: a group can't have read what the snapshot lacks. */
static int
copy_groups(struct snapshot *s, struct err *e)
{
	struct group from, to;
	char **names;
	size_t n, i;
	int got, r;

	if (group_list(s->from, &names, &n, e) < 0)
		return -1;
	r = n > 0 ? begin_groups(s, e) : 0;
	for (i = 0; r == 0 && i < n; i++) {
		got = group_open(&from, s->from, names[i], false, e);
		if (got <= 0) {
			r = got; /* it was just deleted */
			continue;
		}
		r = group_open(&to, &s->to, names[i], true, e) < 0 ? -1 : 0;
		if (r == 0) {
			r = copy_group(s, &from, &to, e);
			group_close(&to);
		}
		group_close(&from);
	}
	names_free(names, n);
	return r;
}

static int
fill(void *ctx, int dirfd, struct err *e)
{
	struct snapshot *s = ctx;
	struct stat from, to;
	int32_t i;

	s->to.dirfd = dirfd;
	if (fstat(s->from->dirfd, &from) < 0 || fstat(dirfd, &to) < 0)
		return err_sys(e, "%s", s->to.path);
	if (from.st_dev != to.st_dev)
		return err_set(e, ERR_SYSTEM,
		    "%s: is not on the file system of %s, whose segments it "
		    "would share: take the snapshot there, and copy that",
		    s->to.path, s->from->path);
	if (take_after(dirfd, s->from->dirfd, s->to.path, e) < 0 ||
	    copy_groups(s, e) < 0)
		return -1;
	for (i = 0; i < s->to.settings.partitions; i++)
		if (take_partition(s, i, e) < 0)
			return -1;
	return conf_write(&s->to.settings, dirfd, s->to.path, e);
}

int
snapshot_take(const struct topic *from, const char *path, bool unsafe,
    int64_t deadline, struct err *e)
{
	struct snapshot s = { .from = from, .deadline = deadline };
	int r;

	s.to.settings = from->settings;
	s.to.path = strdup(path);
	if (s.to.path == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	r = topic_make_id(s.to.settings.id, e);
	if (r == 0)
		r = topic_build(path, unsafe, fill, &s, e);
	free(s.to.path);
	return r;
}
