/*
 * child: one run of "sh -c COMMAND" with bytes on its standard input.
 *
 * The input goes through a pipe that is written without blocking.  The child
 * may read it late, in part or not at all; SIGPIPE is kept from us.  stdout
 * (but for out), stderr, process group and what else was inherited without
 * close-on-exec are passed on.  The child's signal mask is empty; SIGPIPE,
 * SIGXFSZ and SIGCHLD, which the programs change for themselves, have their
 * defaults again; others that were ignored stay so (nohup).
 *
 * SIGCHLD must not be ignored while a child lives, or its status is lost.
 */
#ifndef KLOG_CHILD_H
#define KLOG_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "bytes.h"
#include "err.h"

struct child {
	pid_t pid;		/* 0: there is none */
	int pidfd;		/* readable when it has ended; -1: the system
				 * gives none, SIGCHLD tells instead */
	int in_fd;		/* write end of its stdin; -1: all is written,
				 * or it does not read any more */
	const uint8_t *next;	/* input to be written; borrowed */
	size_t left;		/* bytes of it */
};

#define CHILD_NONE ((struct child){ .pidfd = -1, .in_fd = -1 })

enum child_end {
	CHILD_RUNS,
	CHILD_DONE,		/* exit status 0 */
	CHILD_LATER,		/* exit status 75, EX_TEMPFAIL of sysexits.h */
	CHILD_FAILED
};

/*
 * kept: a descriptor above 2 that the child gets in spite of close-on-exec,
 * or 0.  out: what its standard output is; -1: what ours is.
 * added: "NAME=value" entries, ended by NULL, which replace inherited ones of
 * the same name; or NULL.  0, or -1 with *c = CHILD_NONE: e->sys is EAGAIN or
 * ENOMEM (no process), EMFILE or ENFILE (no pipe), E2BIG (the environment is
 * too large).
 */
int child_start(struct child *c, const char *command, struct slice input,
    int kept, int out, const char *const *added, struct err *e);

/* Write what the pipe takes; closes it when all is written or none reads. */
void child_feed(struct child *c);

/*
 * Whether it has ended; it is reaped then and *c is CHILD_NONE.  Unless it
 * is done, why gets "exit status 3" or "killed by signal 9 (Killed)".
 */
enum child_end child_look(struct child *c, char *why, size_t size);

/* Kill it, wait for that, and only then end its input. */
void child_kill(struct child *c);

#endif
