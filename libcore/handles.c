#include "handles.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "append.h"
#include "durable.h"
#include "fsio.h"
#include "insync.h"

enum {
	WRITEBACK_BYTES = 8 << 20, /* let the disk start this early */
	FILES_EACH = 6, /* descriptors of an open partition */
	FILES_SPARED = 24 /* for everything else */
};

struct handle {
	struct partition partition;
	bool open;
	struct insync insync; /* with HANDLES_COPIED */
	int64_t end_offset; /* of what is not synced; 0: nothing */
	int64_t uncopied; /* end of what copies are awaited of; 0: nothing */
	uint64_t used; /* turn of the last append */
	int64_t written; /* bytes since writeback was started */
};

struct handles {
	const struct topic *topic;
	enum handles_care care;
	struct err failed; /* of waiting for copies */
	struct insync_files files;
	struct insync_watcher watcher;
	struct handle *list;
	int32_t count, open, open_max;
	uint64_t turn;
};

struct handles *
handles_new(const struct topic *topic, enum handles_care care)
{
	struct handles *h = calloc(1, sizeof(*h));
	struct rlimit files;

	if (h == NULL)
		return NULL;
	h->topic = topic;
	h->care = care;
	h->failed.code = ERR_NONE;
	h->count = h->open_max = topic->settings.partitions;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur < (rlim_t)h->count * FILES_EACH + FILES_SPARED)
		h->open_max = files.rlim_cur < FILES_SPARED + FILES_EACH ?
		    1 :
		    (int32_t)((files.rlim_cur - FILES_SPARED) / FILES_EACH);
	h->list = calloc((size_t)h->count, sizeof(*h->list));
	if (h->list == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

void
handles_watch(struct handles *h, const struct insync_watcher *w)
{
	h->watcher = *w;
}

static void
close_one(struct handles *h, struct handle *l)
{
	insync_release(&l->insync);
	partition_close(&l->partition);
	l->open = false;
	l->end_offset = l->uncopied = 0;
	h->open--;
}

void
handles_free(struct handles *h)
{
	int32_t i;

	if (h == NULL)
		return;
	for (i = 0; i < h->count; i++)
		if (h->list[i].open)
			close_one(h, &h->list[i]);
	insync_files_release(&h->files);
	free(h->list);
	free(h);
}

static int
sync_one(struct handle *l, int64_t deadline, struct err *e)
{
	if (!l->open || l->end_offset == 0)
		return 0;
	if (durable_wait(&l->partition, l->end_offset, deadline, e) < 0)
		return -1;
	l->uncopied = l->end_offset;
	l->end_offset = 0;
	l->written = 0;
	return 0;
}

static int
wait_copied(
    struct handles *h, struct handle *l, int64_t deadline, struct err *e)
{
	if (h->care != HANDLES_COPIED || !l->open || l->uncopied == 0)
		return 0;
	if (h->failed.code != ERR_NONE) {
		*e = h->failed;
		return -1;
	}
	if (insync_wait(&l->insync, l->uncopied, deadline, e) < 0) {
		h->failed = *e;
		return -1;
	}
	l->uncopied = 0;
	return 0;
}

/* Close the one that was not used for longest. */
static int
make_room(struct handles *h, int64_t deadline, struct err *e)
{
	struct handle *oldest = NULL;
	int32_t i;

	for (i = 0; i < h->count; i++)
		if (h->list[i].open &&
		    (oldest == NULL || h->list[i].used < oldest->used))
			oldest = &h->list[i];
	if (oldest == NULL)
		return 0;
	if (h->care != HANDLES_NONE &&
	    (sync_one(oldest, deadline, e) < 0 ||
		wait_copied(h, oldest, deadline, e) < 0))
		return -1;
	close_one(h, oldest);
	return 0;
}

static int
open_one(struct handles *h, int32_t number, int64_t deadline, struct err *e)
{
	const struct topic *t = h->topic;
	struct handle *l = &h->list[number];

	if (h->open >= h->open_max && make_room(h, deadline, e) < 0)
		return -1;
	if (partition_open(&l->partition, t->dirfd, number, t->path,
		&t->settings, e) < 0)
		return -1;
	insync_init(&l->insync, &l->partition, number, &h->files);
	l->insync.watcher = h->watcher;
	l->open = true;
	h->open++;
	return 0;
}

int
handles_append(struct handles *h, int32_t number, uint8_t *bytes, size_t size,
    int64_t deadline, int64_t *base, struct err *e)
{
	struct handle *l = &h->list[number];

	if (!l->open && open_one(h, number, deadline, e) < 0)
		return -1;
	l->used = ++h->turn;
	if (h->care == HANDLES_COPIED &&
	    insync_refuse_append(&l->insync, e) < 0)
		return -1;
	if (append_batch(&l->partition, bytes, size, deadline, base, e) < 0)
		return -1;
	l->end_offset = l->partition.slot.next_offset;
	l->written += (int64_t)size;
	if (h->care != HANDLES_NONE && l->written >= WRITEBACK_BYTES) {
		fsio_start_writeback(l->partition.log_fd, 0, 0);
		l->written = 0;
	}
	return 0;
}

int64_t
handles_cut(const struct handles *h, int32_t number, int64_t *offset)
{
	*offset = h->list[number].partition.cut_offset;
	return h->list[number].partition.cut_bytes;
}

int
handles_sync(struct handles *h, int64_t deadline, struct err *e)
{
	int32_t i;

	for (i = 0; i < h->count; i++)
		if (sync_one(&h->list[i], deadline, e) < 0)
			return -1;
	return 0;
}

int
handles_wait_copied(struct handles *h, int64_t deadline, struct err *e)
{
	int32_t i;

	for (i = 0; i < h->count; i++)
		if (wait_copied(h, &h->list[i], deadline, e) < 0)
			return -1;
	return 0;
}
