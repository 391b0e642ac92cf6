#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"

/* swap.h removes it where somebody was killed between the two calls. */
static const char temporary[] = ".spill.tmp";

int
spill_file(int dirfd, const char *where, struct err *e)
{
	int fd;

	unlinkat(dirfd, temporary, 0);
	fd = fsio_open(
	    dirfd, temporary, O_RDWR | O_CREAT | O_EXCL, 0600, where, e);
	if (fd >= 0)
		unlinkat(dirfd, temporary, 0);
	return fd;
}

static int
no_memory(const struct spill *s, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s: out of memory", s->where);
}

static int
failed(const struct spill *s, struct err *e)
{
	return err_sys(e, "%s: temporary file", s->where);
}

int
spill_open(struct spill *s, int dirfd, int count, size_t memory,
    const char *where, struct err *e)
{
	*s = (struct spill){ .fd = -1, .where = where, .count = count };
	s->chunk = memory / (size_t)count;
	if (s->chunk < SPILL_CHUNK_MIN)
		s->chunk = SPILL_CHUNK_MIN;
	s->streams = calloc((size_t)count, sizeof(*s->streams));
	if (s->streams == NULL) {
		s->count = 0;
		return no_memory(s, e);
	}
	s->fd = spill_file(dirfd, where, e);
	return s->fd < 0 ? -1 : 0;
}

void
spill_close(struct spill *s)
{
	int i;

	for (i = 0; i < s->count; i++) {
		buf_release(&s->streams[i].data);
		free(s->streams[i].places);
	}
	if (s->streams != NULL && s->fd >= 0)
		close(s->fd);
	free(s->streams);
	*s = (struct spill){ .fd = -1 };
}

/* Write what the stream holds as its next chunk. */
static int
write_chunk(struct spill *s, struct spill_stream *st, struct err *e)
{
	size_t cap = st->cap > 0 ? st->cap * 2 : 16;
	int64_t *places;

	if (st->count == st->cap) {
		places = realloc(st->places, cap * sizeof(*places));
		if (places == NULL)
			return no_memory(s, e);
		st->places = places;
		st->cap = cap;
	}
	if (fsio_write_at(s->fd, st->data.data, st->data.len, s->size) < 0)
		return failed(s, e);
	st->places[st->count++] = s->size;
	s->size += (int64_t)st->data.len;
	buf_clear(&st->data);
	return 0;
}

int
spill_put(struct spill *s, int i, const void *data, size_t n, struct err *e)
{
	struct spill_stream *st = &s->streams[i];
	const uint8_t *p = data;
	size_t room;

	st->bytes += (int64_t)n;
	if (st->data.cap == 0 && buf_reserve(&st->data, s->chunk) < 0)
		return no_memory(s, e);
	while (n > 0) {
		room = s->chunk - st->data.len;
		if (room > n)
			room = n;
		memcpy(st->data.data + st->data.len, p, room);
		st->data.len += room;
		p += room;
		n -= room;
		if (st->data.len == s->chunk && write_chunk(s, st, e) < 0)
			return -1;
	}
	return 0;
}

int
spill_end(struct spill *s, struct err *e)
{
	int i;

	for (i = 0; i < s->count; i++) {
		if (s->streams[i].data.len > 0 &&
		    write_chunk(s, &s->streams[i], e) < 0)
			return -1;
		buf_release(&s->streams[i].data);
	}
	return 0;
}

void
spill_rewind(struct spill_reader *r, const struct spill *s, int i)
{
	r->spill = s;
	r->stream = &s->streams[i];
	r->next = r->at = 0;
	r->left = r->stream->bytes;
	buf_clear(&r->data);
}

/* Read the next chunk behind what is left of the data. */
static int
read_chunk(struct spill_reader *r, struct err *e)
{
	const struct spill *s = r->spill;
	size_t n = r->left < (int64_t)s->chunk ? (size_t)r->left : s->chunk;
	ssize_t got;

	r->data.len -= r->at;
	if (r->data.len > 0)
		memmove(r->data.data, r->data.data + r->at, r->data.len);
	r->at = 0;
	if (buf_reserve(&r->data, n) < 0)
		return no_memory(s, e);
	got = fsio_read_at(s->fd, r->data.data + r->data.len, n,
	    r->stream->places[r->next]);
	if (got >= 0 && (size_t)got < n)
		errno = EIO;
	if (got < 0 || (size_t)got < n)
		return failed(s, e);
	r->data.len += n;
	r->left -= (int64_t)n;
	r->next++;
	return 0;
}

int
spill_take(
    struct spill_reader *r, size_t n, const uint8_t **data, struct err *e)
{
	while (r->data.len - r->at < n && r->left > 0)
		if (read_chunk(r, e) < 0)
			return -1;
	if (r->data.len == r->at)
		return 0;
	if (r->data.len - r->at < n)
		return err_set(e, ERR_CORRUPT,
		    "%s: temporary file: ends too early", r->spill->where);
	*data = r->data.data + r->at;
	r->at += n;
	return 1;
}

void
spill_reader_release(struct spill_reader *r)
{
	buf_release(&r->data);
}
