/*
 * One run of a command of --before-delete or --reduce.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "child.h"
#include "clean.h"

enum {
	PIECE = 65536,
	LOOK_MS = 20, /* where no descriptor tells that it has ended */
	TICK_MS = 200
};

struct capture {
	int fd; /* what it writes, read without waiting; -1: nothing more */
	struct buf *output;
	size_t max;
	bool too_much;
	const struct command_tick *tick;
};

/* Take what is there.  0, or -1. */
static int
take(struct capture *c, struct err *e)
{
	ssize_t got;

	while (c->fd >= 0) {
		if (buf_reserve(c->output, PIECE) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
		got = read(c->fd, c->output->data + c->output->len, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		if (got <= 0) {
			close(c->fd);
			c->fd = -1;
			return got < 0 ? err_sys(e, "the command's output") :
					 0;
		}
		/* It may never end by itself. */
		if (c->output->len + (size_t)got > c->max) {
			c->too_much = true;
			return 0;
		}
		c->output->len += (size_t)got;
	}
	return 0;
}

/* Take what it writes until it has ended.  As command_run. */
static int
attend(struct child *child, struct capture *c, char why[COMMAND_WHY],
    struct err *e)
{
	struct pollfd fds[2];
	enum child_end end;

	while ((end = child_look(child, why, COMMAND_WHY)) == CHILD_RUNS &&
	    !c->too_much) {
		fds[0] = (struct pollfd){ child->pidfd, POLLIN, 0 };
		fds[1] = (struct pollfd){ c->fd, POLLIN, 0 };
		if (c->tick != NULL)
			c->tick->call(c->tick->context);
		if (poll(fds, 2,
			child->pidfd < 0    ? LOOK_MS :
			    c->tick != NULL ? TICK_MS :
					      -1) < 0)
			continue;
		if (fds[1].revents != 0 && take(c, e) < 0) {
			child_kill(child);
			return -1;
		}
	}
	if (end == CHILD_RUNS)
		child_kill(child);
	else if (take(c, e) < 0)
		return -1;
	if (c->too_much && (end == CHILD_DONE || end == CHILD_RUNS)) {
		snprintf(why, COMMAND_WHY, "it wrote more than %zu bytes",
		    c->max);
		return 0;
	}
	return end == CHILD_DONE;
}

int
command_run(const char *command, struct slice input, int file,
    const char *const *env, struct buf *output, size_t max,
    const struct command_tick *tick, char why[COMMAND_WHY], struct err *e)
{
	struct capture c = { .fd = -1, .output = output, .max = max,
		.tick = tick };
	struct child child;
	int ends[2] = { -1, STDERR_FILENO };
	int r;

	if (output != NULL && pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "a pipe from the command");
	c.fd = ends[0];
	if (c.fd >= 0)
		(void)fcntl(c.fd, F_SETFL, O_NONBLOCK);
	r = file < 0 ?
	    child_start(&child, command, input, 0, ends[1], env, e) :
	    child_start_on(&child, command, file, 0, ends[1], env, e);
	if (output != NULL)
		close(ends[1]);
	if (r == 0)
		r = attend(&child, &c, why, e);
	if (c.fd >= 0)
		close(c.fd);
	return r;
}
