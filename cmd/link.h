/*
 * link: a connection to the other end: two descriptors that carry a greeting
 * and then messages (wire.h), and perhaps the remote shell behind them.
 *
 * Nothing here waits but link_wait.  What is put into output goes out as the
 * other end takes it.
 */
#ifndef KLOG_LINK_H
#define KLOG_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"
#include "wire.h"

/* Exit status of the process behind a link that could not be started; what
 * is to be said of that was said. */
enum { LINK_NO_SHELL = 125 };

struct link {
	int in, out; /* -1: closed */
	pid_t pid; /* of the remote shell or the forked end; 0: none */
	const char *peer; /* its name, for messages; borrowed */
	struct buf input, output;
	size_t taken, sent; /* of them */
	bool greeted; /* the other end's greeting has come */
	bool ended; /* no more bytes come */
	bool broken; /* it takes no more bytes */
	bool blocked; /* the pipe is full */
	bool lost; /* the other end went away, or was silent too long */
	int64_t heard; /* clock_mono_ms: when the other end showed life: */
	uint64_t signs; /* bytes came, or went though the pipe was full */
	int64_t said, asked; /* when bytes last went, and the last ping */
	int64_t timeout_ms; /* of silence that is taken for a failure; -1 */
	int64_t ping_ms; /* of silence after which we ask; -1: never */
	int64_t wake_at; /* clock_mono_ms: link_wait ends then; CLOCK_NEVER */
	int64_t rate; /* bytes a second, both ways; 0: no limit */
	int64_t free_at; /* the limit lets the next bytes pass, us */
	int64_t bytes_in, bytes_out; /* that have passed */
};

/* Take over both descriptors, and put our greeting.  0, or -1. */
int link_open(struct link *l, int in, int out, const char *peer,
    struct err *e);

/* Take timeout ms of silence (-1: no matter how long) for a failure, and ask
 * early enough. */
void link_expect(struct link *l, int64_t timeout);

/* Put a ping, whatever else is pending.  0, or -1. */
int link_ping(struct link *l, struct err *e);

/* Close it and wait for the process behind it. */
void link_close(struct link *l);

/*
 * Move what can be moved.  Waits until bytes came, bytes went, extra (a
 * descriptor or -1) is readable, or a signal came; not at all if !wait.
 * 1 bytes came, 0 not, -1 (lost is set if the other end failed).
 */
int link_wait(struct link *l, int extra, bool wait, struct err *e);

/* Bytes that wait to be sent. */
size_t link_pending(const struct link *l);

/*
 * The next message; its slices live until link_wait.  1, 0 none is there
 * yet, -1 ERR_DATA it is none, or ERR_SYSTEM the other end is gone.
 */
int link_next(struct link *l, struct wire *w, struct err *e);

/* Tell the other end why we end, and give it two seconds to take it.  Whether
 * it took it. */
bool link_fail(struct link *l, const struct err *e);

/* Send all that is pending; no more comes from us.  0, or -1. */
int link_finish(struct link *l, struct err *e);

#endif
