#include "redirty.h"

#include "fsio.h"
#include "scan.h"

int
redirty(int fd, int64_t from, int64_t end, int64_t offset, int64_t *good)
{
	struct scan s = { 0 };
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
	return *good < end && r == SCAN_IO ? -1 : 0;
}
