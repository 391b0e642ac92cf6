#include "out.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

int
out_init(struct out *o, int fd, const char *name)
{
	*o = (struct out){ .fd = fd, .name = name };
	/* Room for the record that fills it, so that it seldom grows. */
	return buf_reserve(&o->bytes, OUT_SIZE + (OUT_SIZE >> 2));
}

void
out_release(struct out *o)
{
	buf_release(&o->bytes);
}

enum out_state
out_flush(struct out *o, struct err *e)
{
	while (o->sent < o->bytes.len) {
		struct pollfd ready = { .fd = o->fd, .events = POLLOUT };
		size_t left = o->bytes.len - o->sent;
		ssize_t n = write(o->fd, o->bytes.data + o->sent, left);

		if (n > 0) {
			o->sent += (size_t)n;
			o->total += (uint64_t)n;
			/* A signal shows as a short write, told only once. */
			if ((size_t)n < left)
				return OUT_INTERRUPTED;
			continue;
		}
		if (n < 0 && errno == EAGAIN)
			n = poll(&ready, 1, -1);
		if (n < 0 && errno == EINTR)
			return OUT_INTERRUPTED;
		if (n < 0) {
			err_sys(e, "%s", o->name);
			return OUT_FAILED;
		}
	}
	buf_clear(&o->bytes);
	o->sent = 0;
	return OUT_DONE;
}
