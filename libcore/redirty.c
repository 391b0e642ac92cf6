#include "redirty.h"

#include <errno.h>
#include <stdlib.h>

#include "fsio.h"
#include "scan.h"

enum { CHUNK = 1 << 20, BLOCK = 1 << 16 };

/* Take [pos, pos + n) from the cache, and put it into new blocks. */
static int
move_blocks(int fd, int64_t pos, int64_t n)
{
	int64_t at, step;
	ssize_t got = 0;
	uint8_t *data = malloc(CHUNK);

	if (data == NULL)
		return -1;
	for (at = pos; at < pos + n && got >= 0; at += step) {
		step = pos + n - at < CHUNK ? pos + n - at : CHUNK;
		got = fsio_read_at(fd, data, (size_t)step, at);
		if (got >= 0 &&
		    (fsio_punch(fd, at, step) < 0 ||
			fsio_write_at(fd, data, (size_t)got, at) < 0))
			got = -1;
	}
	free(data);
	return got < 0 ? -1 : 0;
}

/* Make [from, end), which was written again, durable for certain. */
static int
settle(int fd, int64_t from, int64_t end, bool move)
{
	int64_t pos, n;
	int r;
	bool moved = false;

	if (fsio_sync(fd) < 0)
		return -1;
	/* Whole blocks: a part of one would keep its block. */
	for (pos = from - from % BLOCK;; pos += n) {
		r = fsio_unwritten(fd, &pos, &n, end);
		if (r <= 0 || !move)
			break;
		moved = true;
		n += (BLOCK - (pos + n) % BLOCK) % BLOCK;
		if (move_blocks(fd, pos, n) < 0)
			return -1;
	}
	if (moved && r == 0) {
		if (fsio_sync(fd) < 0)
			return -1;
		pos = from;
		r = fsio_unwritten(fd, &pos, &n, end);
	}
	if (r > 0)
		errno = EIO;
	return r == 0 ? 0 : -1;
}

int
redirty(int fd, int64_t from, int64_t end, int64_t offset, bool move,
    int64_t *good)
{
	struct scan s = { .size_max = INT32_MAX };
	struct buf bytes = { 0 };
	struct batch b;
	int r = BATCH_WHOLE;

	scan_init(&s, fd, from, end);
	for (*good = from; *good < end; *good += b.size) {
		r = scan_peek(&s, &b);
		if (r == BATCH_WHOLE)
			r = scan_take(&s, &b, &bytes);
		if (r != BATCH_WHOLE || b.base_offset < offset ||
		    !batch_verify(bytes.data, &b))
			break;
		r = fsio_write_at(fd, bytes.data, bytes.len, *good);
		if (r < 0)
			break;
		offset = b.last_offset + 1;
	}
	scan_release(&s);
	buf_release(&bytes);
	if (*good < end && r == SCAN_IO)
		return -1;
	return *good > from ? settle(fd, from, *good, move) : 0;
}
