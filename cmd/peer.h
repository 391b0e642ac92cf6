/*
 * peer: start the other end: klog-replicate --serve behind a remote shell, or
 * in a child of ours.
 */
#ifndef KLOG_PEER_H
#define KLOG_PEER_H

#include "link.h"

struct peer {
	const char *host; /* NULL: here */
	const char *folder; /* it serves; "" its own choice */
	const char *shell; /* "ssh -p 22": words, quoted as for rsync -e */
	const char *program; /* what to run there; the shell there reads it */
	/* The forked end: serves the connection; its exit status. */
	int (*serve)(void *ctx, int in, int out);
	void *ctx;
};

/* The remote shell: what an option said, or $KLOG_RSH, or ssh. */
const char *peer_shell(const char *option);

/* Start it and open l to it.  0, or -1. */
int peer_start(
    const struct peer *p, struct link *l, const char *name, struct err *e);

/*
 * The status of the process behind a link that is closed.  A remote shell
 * whose connection is dead does not see that we went: it is made to end.
 */
int peer_end(pid_t pid);

#endif
