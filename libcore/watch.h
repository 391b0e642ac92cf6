/*
 * watch: sleep in the kernel until something changes in a directory
 * (inotify), or until a word in shared memory changes (futex).
 *
 * A wake-up is a hint: who wakes looks again.  Where inotify has no room
 * left (its limit is per user) waiting falls back to looking every 50 ms.
 */
#ifndef KLOG_WATCH_H
#define KLOG_WATCH_H

#include <stdatomic.h>
#include <stdint.h>

#include "err.h"

enum {
	WATCH_DATA = 1, /* a file in it was written to */
	WATCH_NAMES = 2, /* an entry was made, moved or removed */
	WATCH_CLOSED = 4 /* an entry that was open for writing was closed */
};

struct watch {
	int fd; /* inotify descriptor, or -1: polling */
};

void watch_open(struct watch *w);
void watch_close(struct watch *w);

/*
 * Watch the directory or file behind dirfd for what (WATCH_ bits).  Returns its
 * number, which watch_wait reports, or -1: there is none (then poll).
 */
int watch_add(struct watch *w, int dirfd, unsigned what);
void watch_remove(struct watch *w, int number); /* -1: nothing to do */

/*
 * Wait until something happens in a watched directory, timeout_ms passed
 * (-1: never) or a signal handler ran; where polling, until it is time to look
 * again.  Each event is given to seen(ctx, number, WATCH_ bits), if not NULL;
 * number -1: some were lost, look at everything.
 */
void watch_wait(struct watch *w, int64_t timeout_ms,
    void (*seen)(void *ctx, int number, unsigned what), void *ctx);

/* Give seen what has happened by now, without waiting (w->fd is readable). */
void watch_take(struct watch *w,
    void (*seen)(void *ctx, int number, unsigned what), void *ctx);

/*
 * Wait while *word is value, at most timeout_us; works on read-only maps.
 * 0, or -1: a signal handler ran.
 */
int watch_futex_wait(
    _Atomic uint32_t *word, uint32_t value, int64_t timeout_us);

void watch_futex_wake(_Atomic uint32_t *word); /* all who wait */

#endif
