/*
 * What the parts of insync share (insync.h): the members of a partition's
 * in-sync set, and how its watermark rises.
 */
#ifndef KLOG_INSYNC_PARTS_H
#define KLOG_INSYNC_PARTS_H

#include <stdbool.h>

#include "copies.h"
#include "insync.h"

struct insync_member {
	char name[REPLICAS_NAME];
	struct replicas_file *file;	/* in s->files, or NULL: it has none */
	int64_t acked;
	struct copies_due due;
};

/* ---- insync_members.c ---- */

/* Know who counts, if that was changed since.  0, or -1. */
int insync_load(struct insync *s, struct err *e);

/*
 * Replace the list, durably: the members, but those with leave[] (or NULL),
 * and more (or NULL).  The append lock is held.  0, or -1.
 */
int insync_store(
    struct insync *s, const char *more, const bool *leave, struct err *e);

bool insync_is_member(const struct insync *s, const char *name);

/* Read what all have acknowledged.  0, or -1. */
int insync_read_acked(struct insync *s, struct err *e);

/*
 * Whether some member has nothing above what all have: then nothing rises.
 * The one that was it last is asked first, so that with many members most
 * acknowledgements cost one read.  1, 0, -1.
 */
int insync_held_back(struct insync *s, struct err *e);

/* ---- insync_acked.c ---- */

enum { INSYNC_LOCK_MS = 10000 };	/* where nobody waits for us */

/* Whether copies are counted here: it leads, sealed or not. */
bool insync_leads(const struct partition *p);

/* Take the append lock, whatever the topic's role is.  0, or -1. */
int insync_begin(struct partition *p, int64_t deadline, struct err *e);

#endif
