#include "rewrite.h"

#include <fcntl.h>
#include <unistd.h>

#include "fsio.h"
#include "index.h"
#include "swap.h"

enum { WRITE_BYTES = 1 << 20, INDEX_BYTES = 32 << 10 };

static int
failed(const struct rewrite *w, int what, struct err *e)
{
	char name[SWAP_NAME];

	swap_cleaned_name(name, w->base, (enum segment_file)what);
	return err_sys(e, "%s/%s", w->p->where, name);
}

int
rewrite_begin(struct rewrite *w, const struct partition *p, int64_t base,
    struct err *e)
{
	char name[SWAP_NAME];
	int i;

	w->p = p;
	w->base = base;
	w->max_timestamp = w->indexed_timestamp = -1;
	w->max_offset = w->since_index = 0;
	for (i = 0; i < 3; i++) {
		w->fd[i] = -1;
		w->written[i] = 0;
		buf_clear(&w->out[i]);
	}
	for (i = 0; i < 3; i++) {
		swap_cleaned_name(name, base, (enum segment_file)i);
		unlinkat(p->dirfd, name, 0);
		w->fd[i] = fsio_open(p->dirfd, name,
		    O_RDWR | O_CREAT | O_EXCL, 0666, p->where, e);
		if (w->fd[i] < 0)
			return -1;
	}
	return 0;
}

int64_t
rewrite_size(const struct rewrite *w)
{
	return w->written[SEGMENT_LOG] + (int64_t)w->out[SEGMENT_LOG].len;
}

static int
flush(struct rewrite *w, int what, struct err *e)
{
	struct buf *out = &w->out[what];

	if (fsio_write_at(w->fd[what], out->data, out->len, w->written[what]) <
	    0)
		return failed(w, what, e);
	if (what == SEGMENT_LOG)
		fsio_start_writeback(
		    w->fd[what], w->written[what], (int64_t)out->len);
	w->written[what] += (int64_t)out->len;
	buf_clear(out);
	return 0;
}

static int
put(struct rewrite *w, int what, const void *data, size_t n, struct err *e)
{
	struct buf *out = &w->out[what];
	size_t most = what == SEGMENT_LOG ? WRITE_BYTES : INDEX_BYTES;

	if (out->len > 0 && out->len + n > most && flush(w, what, e) < 0)
		return -1;
	if ((out->cap == 0 && buf_reserve(out, most) < 0) ||
	    buf_append(out, data, n) < 0)
		return err_set(e, ERR_SYSTEM, "%s: out of memory", w->p->where);
	return 0;
}

static bool
has_room(const struct rewrite *w, int what, size_t entry)
{
	return w->written[what] + (int64_t)(w->out[what].len + entry) <=
	    INDEX_BYTES_MAX;
}

static int
put_time(struct rewrite *w, struct err *e)
{
	const struct timeindex_entry en = { w->max_timestamp, w->max_offset };
	uint8_t data[TIMEINDEX_ENTRY];

	if (w->max_timestamp <= w->indexed_timestamp)
		return 0;
	timeindex_set(data, w->base, &en);
	w->indexed_timestamp = w->max_timestamp;
	return put(w, SEGMENT_TIMEINDEX, data, sizeof(data), e);
}

/* An index entry where it is due: partition_note's rule. */
static int
note(struct rewrite *w, const struct batch *b, struct err *e)
{
	const struct index_entry en = { b->last_offset, rewrite_size(w) };
	uint8_t data[INDEX_ENTRY];

	if (b->max_timestamp > w->max_timestamp) {
		w->max_timestamp = b->max_timestamp;
		w->max_offset = b->last_offset;
	}
	/* The last time entry needs a place too. */
	if (w->since_index > w->p->settings->index_interval_bytes &&
	    has_room(w, SEGMENT_INDEX, INDEX_ENTRY) &&
	    has_room(w, SEGMENT_TIMEINDEX, 2 * TIMEINDEX_ENTRY)) {
		index_set(data, w->base, &en);
		if (put(w, SEGMENT_INDEX, data, sizeof(data), e) < 0 ||
		    put_time(w, e) < 0)
			return -1;
		w->since_index = 0;
	}
	w->since_index += b->size;
	return 0;
}

int
rewrite_put(struct rewrite *w, const struct batch *b, const uint8_t *bytes,
    struct err *e)
{
	if (rewrite_size(w) + b->size > SEGMENT_BYTES_MAX)
		return err_set(e, ERR_DATA,
		    "%s/%020lld.log: would be larger than a segment can be",
		    w->p->where, (long long)w->base);
	if (note(w, b, e) < 0)
		return -1;
	return put(w, SEGMENT_LOG, bytes, (size_t)b->size, e);
}

int
rewrite_end(struct rewrite *w, const struct stat *like, struct err *e)
{
	int i;

	if (put_time(w, e) < 0)
		return -1;
	for (i = 0; i < 3; i++)
		if (flush(w, i, e) < 0)
			return -1;
	if (fsio_look_like(w->fd[SEGMENT_LOG], like) < 0)
		return failed(w, SEGMENT_LOG, e);
	for (i = 0; i < 3; i++) {
		if (fsio_sync(w->fd[i]) < 0)
			return failed(w, i, e);
		close(w->fd[i]);
		w->fd[i] = -1;
	}
	w->p = NULL;
	return 0;
}

void
rewrite_release(struct rewrite *w)
{
	char name[SWAP_NAME];
	int i;

	for (i = 0; i < 3; i++) {
		buf_release(&w->out[i]);
		if (w->p == NULL)
			continue;
		if (w->fd[i] >= 0)
			close(w->fd[i]);
		w->fd[i] = -1;
		swap_cleaned_name(name, w->base, (enum segment_file)i);
		unlinkat(w->p->dirfd, name, 0);
	}
	w->p = NULL;
}
