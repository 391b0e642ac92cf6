/*
 * role: what a topic is, and so who may append to it: one line of text in
 * the file "role" of its folder (klog-format(5)); without the file it leads.
 *
 *	leader | replica of HOST:PATH | fenced by epoch N | sealed
 *
 * The file is the truth.  The state page of each partition repeats its kind,
 * so that an append to a leader asks without a system call: unless a page says
 * leader, and for what only a replica takes, the file is asked.  So a page
 * says leader last, and stops to say so first.
 */
#ifndef KLOG_ROLE_H
#define KLOG_ROLE_H

#include <stdint.h>

#include "err.h"
#include "partition.h"

#define ROLE_NAME "role"

enum { ROLE_SOURCE_MAX = 4351, ROLE_TEXT = ROLE_SOURCE_MAX + 16 };

struct role {
	enum role_kind kind;
	int32_t epoch;				/* FENCED: by this one */
	char source[ROLE_SOURCE_MAX + 1];	/* REPLICA: of this HOST:PATH */
};

/* The line without its newline. */
void role_text(const struct role *r, char text[ROLE_TEXT]);

/*
 * Read it from the topic behind dirfd at path where.  1 read, 0 there is no
 * file (r is a leader), -1: ERR_CORRUPT if it is none of the four lines.
 */
int role_read(struct role *r, int dirfd, const char *where, struct err *e);

/* Of the topic that p is in. */
int role_of(const struct partition *p, struct role *r, struct err *e);

/*
 * Change it under the locks of all partitions, one after the other: what was
 * being appended is done then.  change gets the present role and returns 0
 * with the new one in it, or -1 with e.  If producers are to be kept out, the
 * state pages say so first; then the file is replaced, durably; then each page
 * says what it does.  Killed in between, the role is what the file says, and
 * whoever appends next brings the page in line.
 * deadline as clock.h.  0, or -1: ERR_BUSY where a lock was not to be had.
 */
int role_change(int dirfd, const char *where, int64_t deadline,
    int (*change)(void *ctx, struct role *r, struct err *e), void *ctx,
    struct err *e);

/* The same, whatever it is now. */
int role_set(int dirfd, const char *where, int64_t deadline,
    const struct role *to, struct err *e);

/* Make p's state, append lock held, say what the file says.  0, or -1. */
int role_settle(struct partition *p, struct err *e);

/* The same where the state alone does not do.  0, or -1. */
int role_renew(struct partition *p, struct err *e);

/*
 * Whether p->use goes with what its state page (mapped) says.  0, or -1
 * ERR_ROLE with how to go on.
 */
int role_allows(const struct partition *p, struct err *e);

#endif
