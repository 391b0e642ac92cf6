/*
 * What the files of repair share: one partition that is being mended, its
 * locks held.
 */
#ifndef KLOG_REPAIR_PARTS_H
#define KLOG_REPAIR_PARTS_H

#include "cut.h"
#include "partition.h"

struct repair;
struct topic;

struct repair_part {
	struct repair *r;
	const struct topic *topic;
	int32_t number;		/* -1: the topic's own folder */
	struct partition p;
	bool unsure;		/* recovery-point is to be written anew */
	bool no_epochs;		/* so is leader-epoch-checkpoint */
	bool cut_is_open;
	struct cut cut;
	bool holding;		/* what was done is told when it is for good */
	struct buf held;	/* lines, each ended by NUL */
};

/* Tell what was done to file (the last component; NULL: the partition). */
void repair_did(struct repair_part *rp, const char *file, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* From here on hold back what is told, until it is done, or was not. */
void repair_hold(struct repair_part *rp);
void repair_unhold(struct repair_part *rp, bool done);

/* Where bytes are saved, opened when first needed.  NULL: e is filled. */
struct cut *repair_cut(struct repair_part *rp, struct err *e);

/*
 * Give the file of that name in dirfd the owner and mode it should have; save
 * one and take it away.  0, or -1.
 */
int repair_file(
    struct repair_part *rp, int dirfd, const char *name, struct err *e);
int repair_away(struct repair_part *rp, const char *name, struct err *e);

/* Take clean.lock; a swap is ended, or taken away if it has no effect. */
int repair_begin_clean(struct repair_part *rp, struct err *e);

/*
 * leader-epoch-checkpoint, log-start-offset and recovery-point anew, where the
 * end of the log is known (append_begin).  0, or -1.
 */
int repair_epochs(struct repair_part *rp, struct err *e);
int repair_start(struct repair_part *rp, struct err *e);
int repair_recovery(struct repair_part *rp, struct err *e);

/*
 * high-watermark, that nobody could go on with, before recovery; and then it
 * or in-sync, as file says.  0, or -1.
 */
int repair_prepare_high(struct repair_part *rp, struct err *e);
int repair_copies(struct repair_part *rp, const char *file, struct err *e);

/* Forget what file (of replicas/) says of a follower.  0, or -1. */
int repair_follower(struct repair_part *rp, const char *file, struct err *e);

/* A file of committed offsets, below the topic, that says nothing: the group
 * starts anew.  0, or -1. */
int repair_group(struct repair_part *rp, const char *file, struct err *e);

/*
 * Keep what verifies of every segment and save the rest; locks held, the
 * state not looked at yet.  Then the log is rebuilt.  0, or -1.
 */
int repair_salvage(struct repair_part *rp, struct err *e);

#endif
