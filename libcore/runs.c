#include "runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"
#include "spill.h"

enum { WRITE_BYTES = 128 << 10, READ_MIN = 1024, READ_MAX = 256 << 10 };

static size_t
width(const struct runs *r)
{
	return r->numbered ? 2 * sizeof(int64_t) : sizeof(int64_t);
}

static int
no_memory(const struct runs *r, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s: out of memory", r->where);
}

static int
failed(const struct runs *r, struct err *e)
{
	return err_sys(e, "%s: temporary file", r->where);
}

int
runs_open(struct runs *r, int dirfd, bool numbered, const char *where,
    struct err *e)
{
	*r = (struct runs){ .numbered = numbered, .where = where };
	r->fd = spill_file(dirfd, where, e);
	if (r->fd < 0)
		return -1;
	if (buf_reserve(&r->out, WRITE_BYTES) == 0)
		return 0;
	close(r->fd);
	*r = (struct runs){ .fd = -1 };
	return err_set(e, ERR_SYSTEM, "%s: out of memory", where);
}

void
runs_close(struct runs *r)
{
	size_t i;

	if (r->where == NULL)
		return;
	for (i = 0; i < r->count; i++)
		buf_release(&r->list[i].data);
	free(r->list);
	free(r->heap);
	buf_release(&r->out);
	if (r->fd >= 0)
		close(r->fd);
	*r = (struct runs){ .fd = -1 };
}

static int
flush(struct runs *r, struct err *e)
{
	int64_t at = r->size - (int64_t)r->out.len;

	if (fsio_write_at(r->fd, r->out.data, r->out.len, at) < 0)
		return failed(r, e);
	buf_clear(&r->out);
	return 0;
}

int
runs_add(struct runs *r, const struct runs_item *item, struct err *e)
{
	size_t n = width(r);

	if (r->out.len + n > WRITE_BYTES && flush(r, e) < 0)
		return -1;
	memcpy(r->out.data + r->out.len, item, n);
	r->out.len += n;
	r->size += (int64_t)n;
	return 0;
}

int
runs_end(struct runs *r, struct err *e)
{
	size_t cap = r->cap > 0 ? r->cap * 2 : 64;
	int64_t from = r->count > 0 ? r->list[r->count - 1].end : 0;
	struct run *list;

	if (from == r->size)
		return 0;
	if (r->count == r->cap) {
		list = realloc(r->list, cap * sizeof(*list));
		if (list == NULL)
			return no_memory(r, e);
		r->list = list;
		r->cap = cap;
	}
	r->list[r->count++] = (struct run){ .from = from, .end = r->size };
	return 0;
}

/* Go to the run's next item: 1, 0 it has no more, -1. */
static int
advance(struct runs *r, struct run *run, struct err *e)
{
	size_t n = width(r);
	ssize_t got;

	if (run->at == run->data.len && run->from == run->end)
		return 0;
	if (run->at == run->data.len) {
		got = run->end - run->from < (int64_t)r->chunk ?
		    (ssize_t)(run->end - run->from) :
		    (ssize_t)r->chunk;
		run->data.len = (size_t)got;
		run->at = 0;
		got = fsio_read_at(
		    r->fd, run->data.data, run->data.len, run->from);
		if (got >= 0 && (size_t)got < run->data.len)
			errno = EIO;
		if (got < 0 || (size_t)got < run->data.len)
			return failed(r, e);
		run->from += got;
	}
	memcpy(&run->item, run->data.data + run->at, n);
	run->at += n;
	return 1;
}

static int64_t
offset_at(const struct runs *r, size_t i)
{
	return r->list[r->heap[i]].item.offset;
}

static void
exchange(struct runs *r, size_t a, size_t b)
{
	size_t run = r->heap[a];

	r->heap[a] = r->heap[b];
	r->heap[b] = run;
}

/* The item at the top may be too large for its place. */
static void
sink(struct runs *r)
{
	size_t i = 0, child;

	for (child = 1; child < r->live; child = 2 * i + 1) {
		if (child + 1 < r->live &&
		    offset_at(r, child + 1) < offset_at(r, child))
			child++;
		if (offset_at(r, i) <= offset_at(r, child))
			break;
		exchange(r, i, child);
		i = child;
	}
}

/* Add the run at that place of the list. */
static void
climb(struct runs *r, size_t run)
{
	size_t i = r->live++;

	r->heap[i] = run;
	for (; i > 0 && offset_at(r, i) < offset_at(r, (i - 1) / 2);
	     i = (i - 1) / 2)
		exchange(r, i, (i - 1) / 2);
}

int
runs_rewind(struct runs *r, size_t memory, struct err *e)
{
	size_t i, n = width(r);
	int got;

	if (flush(r, e) < 0)
		return -1;
	buf_release(&r->out);
	if (r->count == 0)
		return 0;
	r->chunk = memory / r->count;
	r->chunk = r->chunk < READ_MIN ? READ_MIN :
	    r->chunk > READ_MAX	       ? READ_MAX :
					 r->chunk / n * n;
	r->heap = calloc(r->count, sizeof(*r->heap));
	if (r->heap == NULL)
		return no_memory(r, e);
	for (i = 0; i < r->count; i++) {
		if (buf_reserve(&r->list[i].data, r->chunk) < 0)
			return no_memory(r, e);
		got = advance(r, &r->list[i], e);
		if (got < 0)
			return -1;
		if (got > 0)
			climb(r, i);
	}
	return 0;
}

int
runs_next(struct runs *r, struct runs_item *item, struct err *e)
{
	struct run *top;
	int got;

	if (r->live == 0)
		return 0;
	top = &r->list[r->heap[0]];
	*item = top->item;
	got = advance(r, top, e);
	if (got < 0)
		return -1;
	if (got == 0) {
		buf_release(&top->data);
		r->heap[0] = r->heap[--r->live];
	}
	if (r->live > 1)
		sink(r);
	return 1;
}
