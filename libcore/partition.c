#include "partition.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsio.h"
#include "index.h"
#include "segment.h"
#include "swap.h"

static const char *const lock_names[] = { "lock", "sync.lock", "clean.lock" };

int
partition_create(int topic_dirfd, int32_t number, int64_t base,
    const char *where, struct err *e)
{
	char name[16], path[4096];
	struct lock l;
	size_t i;
	int dirfd, fd, r = -1;

	snprintf(name, sizeof(name), "%" PRId32, number);
	snprintf(path, sizeof(path), "%s/%s", where, name);
	if (mkdirat(topic_dirfd, name, 0777) < 0 && errno != EEXIST)
		return err_sys(e, "%s", path);
	dirfd = fsio_open_dir(topic_dirfd, name, where, e);
	if (dirfd < 0)
		return -1;
	fsio_give_to_owner(dirfd, topic_dirfd);
	for (i = 0; i < sizeof(lock_names) / sizeof(lock_names[0]); i++) {
		if (lock_open(&l, dirfd, lock_names[i], path, 1, e) < 0)
			goto out;
		lock_close(&l);
	}
	for (i = SEGMENT_LOG; i <= SEGMENT_TIMEINDEX; i++) {
		fd = segment_open(dirfd, base, (enum segment_file)i,
		    O_WRONLY | O_CREAT, path, e);
		if (fd < 0)
			goto out;
		close(fd);
	}
	r = fsio_sync_dir(dirfd);
	if (r < 0)
		err_sys(e, "%s", path);
out:
	close(dirfd);
	return r;
}

int
partition_open(struct partition *p, int topic_dirfd, int32_t number,
    const char *where, const struct settings *settings, struct err *e)
{
	char name[16];

	memset(p, 0, sizeof(*p));
	p->dirfd = p->log_fd = p->index_fd = p->timeindex_fd = -1;
	p->append.fd = p->sync.fd = p->clean.fd = -1;
	p->topic_dirfd = topic_dirfd;
	p->settings = settings;
	snprintf(name, sizeof(name), "%" PRId32, number);
	if (asprintf(&p->where, "%s/%s", where, name) < 0) {
		p->where = NULL;
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	p->dirfd = fsio_open_dir(topic_dirfd, name, where, e);
	if (p->dirfd < 0 || fsio_boot_id(p->boot, e) < 0 ||
	    lock_open(&p->append, p->dirfd, lock_names[0], p->where, 1, e) <
		0 ||
	    lock_open(&p->sync, p->dirfd, lock_names[1], p->where, 1, e) < 0 ||
	    state_map(&p->state, p->dirfd, true, false, p->where, e) < 0) {
		partition_close(p);
		return -1;
	}
	return 0;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
partition_close_indexes(struct partition *p)
{
	close_fd(&p->index_fd);
	close_fd(&p->timeindex_fd);
}

void
partition_close(struct partition *p)
{
	state_unmap(&p->state);
	lock_close(&p->append);
	lock_close(&p->sync);
	lock_close(&p->clean);
	close_fd(&p->log_fd);
	partition_close_indexes(p);
	close_fd(&p->dirfd);
	free(p->where);
	p->where = NULL;
}

int
partition_begin_clean(struct partition *p, struct err *e)
{
	return partition_wait_clean(p, 0, e);
}

int
partition_wait_clean(struct partition *p, int64_t deadline, struct err *e)
{
	if (lock_open(&p->clean, p->dirfd, lock_names[2], p->where, 1, e) < 0)
		return -1;
	if (lock_take(&p->clean, deadline, e) == 0 &&
	    swap_finish(p->dirfd, p->where, e) == 0)
		return 0;
	lock_close(&p->clean);
	return -1;
}

void
partition_end_clean(struct partition *p)
{
	lock_close(&p->clean);
}

int
partition_open_log(struct partition *p, int64_t base, struct err *e)
{
	char name[SEGMENT_NAME];
	struct stat st;

	close_fd(&p->log_fd);
	segment_name(name, base, SEGMENT_LOG);
	p->log_fd = fsio_open(p->dirfd, name, O_RDWR, 0, p->where, e);
	if (p->log_fd < 0)
		return -1;
	if (fstat(p->log_fd, &st) < 0) {
		err_sys(e, "%s/%s", p->where, name);
		close_fd(&p->log_fd);
		return -1;
	}
	p->log_base = base;
	p->log_device = st.st_dev;
	p->log_inode = st.st_ino;
	return 0;
}

/* One with several names is the index of other logs too: leave it to them. */
static int
open_own_index(struct partition *p, int64_t base, enum segment_file what,
    struct err *e)
{
	struct stat st;
	int fd;

	fd = segment_open(p->dirfd, base, what, O_RDWR | O_CREAT, p->where, e);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_nlink <= 1)
		return fd;
	close(fd);
	if (segment_unshare(p->dirfd, base, what, p->where, e) < 0)
		return -1;
	return segment_open(p->dirfd, base, what, O_RDWR, p->where, e);
}

int
partition_open_indexes(
    struct partition *p, const struct state_slot *slot, struct err *e)
{
	if (p->index_fd >= 0 && p->timeindex_fd >= 0 &&
	    p->index_base == slot->base)
		return 0;
	partition_close_indexes(p);
	p->index_base = slot->base;
	p->index_fd = open_own_index(p, slot->base, SEGMENT_INDEX, e);
	if (p->index_fd < 0)
		return -1;
	p->timeindex_fd = open_own_index(p, slot->base, SEGMENT_TIMEINDEX, e);
	return p->timeindex_fd < 0 ? -1 : 0;
}

void
partition_note(struct partition *p, struct state_slot *slot,
    const struct batch *b, int64_t position)
{
	struct index_entry en = { b->last_offset, position };
	struct timeindex_entry ten;
	struct err ignored;

	if (position == 0)
		slot->first_timestamp = b->max_timestamp;
	if (b->max_timestamp > slot->max_timestamp) {
		slot->max_timestamp = b->max_timestamp;
		slot->max_offset = b->last_offset;
	}
	if (slot->since_index > p->settings->index_interval_bytes &&
	    partition_open_indexes(p, slot, &ignored) == 0 &&
	    index_put(p->index_fd, slot->base, slot->index_entries, &en) == 0) {
		slot->index_entries++;
		slot->since_index = 0;
		ten.timestamp = slot->max_timestamp;
		ten.offset = slot->max_offset;
		if (ten.timestamp > slot->indexed_timestamp &&
		    timeindex_put(p->timeindex_fd, slot->base,
			slot->timeindex_entries, &ten) == 0) {
			slot->timeindex_entries++;
			slot->indexed_timestamp = ten.timestamp;
		}
	}
	slot->since_index += b->size;
	slot->position = position + b->size;
	slot->next_offset = b->last_offset + 1;
}

int
partition_note_end(struct partition *p, struct state_slot *slot, struct err *e)
{
	struct timeindex_entry ten = { slot->max_timestamp, slot->max_offset };

	if (slot->max_timestamp <= slot->indexed_timestamp)
		return 0;
	if (partition_open_indexes(p, slot, e) < 0)
		return -1;
	if (timeindex_put(p->timeindex_fd, slot->base, slot->timeindex_entries,
		&ten) < 0)
		return err_sys(e, "%s/%020" PRId64 ".timeindex", p->where,
		    slot->base);
	slot->timeindex_entries++;
	slot->indexed_timestamp = slot->max_timestamp;
	return 0;
}
