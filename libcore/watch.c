#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WATCH_POLL_MS = 50 };

void
watch_open(struct watch *w)
{
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void
watch_close(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

int
watch_add(struct watch *w, int dirfd, unsigned what)
{
	uint32_t mask = 0;
	char path[64];
	int number;

	if (w->fd < 0)
		return -1;
	if (what & WATCH_DATA)
		mask |= IN_MODIFY;
	if (what & WATCH_NAMES)
		mask |= IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM |
		    IN_DELETE_SELF;
	/* One that was unlinked before is told of as a name. */
	if (what & WATCH_CLOSED)
		mask |= IN_CLOSE_WRITE | IN_EXCL_UNLINK;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
	number = inotify_add_watch(w->fd, path, mask);
	if (number < 0)
		watch_close(w); /* half of them watched would miss the rest */
	return number;
}

void
watch_remove(struct watch *w, int number)
{
	if (w->fd >= 0 && number >= 0)
		inotify_rm_watch(w->fd, number);
}

void
watch_take(struct watch *w, void (*seen)(void *ctx, int number, unsigned what),
    void *ctx)
{
	alignas(struct inotify_event) char data[8192];
	const struct inotify_event *ev;
	ssize_t got, at;

	/* What does not fit wakes the next wait. */
	got = read(w->fd, data, sizeof(data));
	if (seen == NULL)
		return;
	for (at = 0; at < got; at += (ssize_t)(sizeof(*ev) + ev->len)) {
		ev = (const void *)(data + at);
		seen(ctx, ev->wd,
		    ev->mask & IN_MODIFY	  ? WATCH_DATA :
			ev->mask & IN_CLOSE_WRITE ? WATCH_CLOSED :
						    WATCH_NAMES | WATCH_DATA);
	}
}

void
watch_wait(struct watch *w, int64_t timeout_ms,
    void (*seen)(void *ctx, int number, unsigned what), void *ctx)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	int limit = timeout_ms < 0 || timeout_ms > INT_MAX ? -1 :
							     (int)timeout_ms;

	if (w->fd < 0 && (limit < 0 || limit > WATCH_POLL_MS))
		limit = WATCH_POLL_MS;
	if (poll(&p, 1, limit) > 0)
		watch_take(w, seen, ctx);
}

int
watch_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_us)
{
	struct timespec ts = { timeout_us / 1000000,
		timeout_us % 1000000 * 1000 };

	return syscall(SYS_futex, word, FUTEX_WAIT, value, &ts, NULL, 0) < 0 &&
		errno == EINTR ?
	    -1 :
	    0;
}

void
watch_futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
