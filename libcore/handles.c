#include "handles.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "append.h"
#include "durable.h"
#include "fsio.h"

enum {
	WRITEBACK_BYTES = 8 << 20, /* let the disk start this early */
	FILES_EACH = 6, /* descriptors of an open partition */
	FILES_SPARED = 24 /* for everything else */
};

struct handle {
	struct partition partition;
	bool open;
	int64_t end_offset; /* of what is not synced; 0: nothing */
	uint64_t used; /* turn of the last append */
	int64_t written; /* bytes since writeback was started */
};

struct handles {
	const struct topic *topic;
	bool durable;
	struct handle *list;
	int32_t count, open, open_max;
	uint64_t turn;
};

struct handles *
handles_new(const struct topic *topic, bool durable)
{
	struct handles *h = calloc(1, sizeof(*h));
	struct rlimit files;

	if (h == NULL)
		return NULL;
	h->topic = topic;
	h->durable = durable;
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
handles_free(struct handles *h)
{
	int32_t i;

	if (h == NULL)
		return;
	for (i = 0; i < h->count; i++)
		if (h->list[i].open)
			partition_close(&h->list[i].partition);
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
	l->end_offset = 0;
	l->written = 0;
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
	if (h->durable && sync_one(oldest, deadline, e) < 0)
		return -1;
	partition_close(&oldest->partition);
	oldest->open = false;
	oldest->end_offset = 0;
	h->open--;
	return 0;
}

int
handles_append(struct handles *h, int32_t number, uint8_t *bytes, size_t size,
    int64_t deadline, int64_t *base, struct err *e)
{
	struct handle *l = &h->list[number];

	if (!l->open) {
		if (h->open >= h->open_max && make_room(h, deadline, e) < 0)
			return -1;
		if (partition_open(&l->partition, h->topic->dirfd, number,
			h->topic->path, &h->topic->settings, e) < 0)
			return -1;
		l->open = true;
		h->open++;
	}
	l->used = ++h->turn;
	if (append_batch(&l->partition, bytes, size, deadline, base, e) < 0)
		return -1;
	l->end_offset = l->partition.slot.next_offset;
	l->written += (int64_t)size;
	if (h->durable && l->written >= WRITEBACK_BYTES) {
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
