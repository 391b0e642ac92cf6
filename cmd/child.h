/*
 * child: one run of "sh -c COMMAND" with bytes on its standard input.
 *
 * The input is a file in memory, made anew for each run and sealed: the child
 * finds itself at its beginning and can read it again, but not change it.  It
 * need not read it, and has all of it even if we are killed.  The memory is
 * given back when nobody has the file open any more.
 *
 * stdout (but for out), stderr, process group and what else was inherited
 * without close-on-exec are passed on.  The child's signal mask is empty;
 * SIGPIPE, SIGXFSZ and SIGCHLD, which the programs change for themselves, have
 * their defaults again; others that were ignored stay so (nohup).
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
};

#define CHILD_NONE ((struct child){ .pidfd = -1 })

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
 * the same name; or NULL.  input is not needed any more on return.  0, or -1
 * with *c = CHILD_NONE: e->sys is EAGAIN or ENOMEM (no process), EMFILE,
 * ENFILE, ENOSPC or EFBIG (no input; the last is RLIMIT_FSIZE), E2BIG (the
 * environment is too large).
 */
int child_start(struct child *c, const char *command, struct slice input,
    int kept, int out, const char *const *added, struct err *e);

/*
 * The same with a descriptor for its standard input, which stays ours: for
 * what is too large for memory.
 */
int child_start_on(struct child *c, const char *command, int in_fd, int kept,
    int out, const char *const *added, struct err *e);

/*
 * Whether it has ended; it is reaped then and *c is CHILD_NONE.  Unless it
 * is done, why gets "exit status 3" or "killed by signal 9 (Killed)".
 */
enum child_end child_look(struct child *c, char *why, size_t size);

/* Kill it, and wait for that. */
void child_kill(struct child *c);

#endif
