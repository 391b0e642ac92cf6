/*
 * replicas_serve: become the one process that serves a follower.
 *
 * One that serves it already is asked whether its follower lives: it pings,
 * and notes in the file when it was heard of (replicas_contact).  It sees
 * that it is asked by a descriptor being closed on which the file could be
 * written: nobody else does that (watch.h, WATCH_CLOSED).  If nothing was
 * heard, the connection is cut, or the process stopped: the file is replaced
 * by a copy that we have locked.  The other may still write to the old one,
 * whenever it wakes: that has no name, and counts nowhere.
 */
#ifndef KLOG_REPLICAS_SERVE_H
#define KLOG_REPLICAS_SERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "replicas.h"

enum { REPLICAS_AGAIN_MS = 20 };

struct replicas_ask {		/* zero it to start */
	int64_t until_ms;	/* clock_mono_ms; 0: nobody was asked */
	ino_t inode;		/* the file, as it was when we asked */
	int64_t last_ms;	/* and when the follower had been heard of */
	bool lives;		/* it was since; until_ms: the other may be
				 * about to end */
};

/*
 * Serve follower name from here: open or make its file and hold its lock
 * until it is closed.  head is what the first line is to say.  1; 0 another
 * process is asked: call it again in REPLICAS_AGAIN_MS, with the same ask; or
 * -1: ERR_BUSY another process serves it, and was heard of since; ERR_USAGE
 * for its name.
 */
int replicas_serve(struct replicas_file *f, int topic_dirfd, const char *where,
    const char *name, const struct replica *head, struct replicas_ask *ask,
    struct err *e);

#endif
