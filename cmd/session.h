/*
 * session: one connection from its greeting to its end, with the source or
 * the target on this side, or who answers a comparison.
 */
#ifndef KLOG_SESSION_H
#define KLOG_SESSION_H

#include "answer.h"
#include "link.h"
#include "progress.h"
#include "source.h"
#include "target.h"

struct session {
	struct link *link;
	struct source *source; /* one of them */
	struct target *target;
	struct progress *progress; /* or NULL */
	bool *lost; /* it was told that the other end is: tell when it is back,
		     * and clear that; or NULL */
	bool asked; /* whether the target lives, */
	uint64_t signs; /* more than these (link.h) */
};

/*
 * Until both have said that all is done.  A signal that asked to stop ends it
 * after the messages in hand: ERR_STOPPED.  0, or -1; what failed here was
 * told the other end, what failed there is in e, after its name.
 */
int session_run(struct session *s, struct err *e);

/* The same for who is asked: until the caller says that he is done. */
int session_answer(struct link *l, struct answer *a, struct err *e);

/* What the other end said of its failure (WIRE_ERROR).  Returns -1. */
int session_their_error(
    const struct link *l, const struct wire *w, struct err *e);

#endif
