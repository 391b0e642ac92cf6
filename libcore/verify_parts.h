/*
 * What the files of verify share: one partition that is being looked at.
 */
#ifndef KLOG_VERIFY_PARTS_H
#define KLOG_VERIFY_PARTS_H

#include <sys/stat.h>

#include "batch.h"
#include "buf.h"
#include "epochs.h"
#include "segment.h"
#include "state.h"
#include "trouble.h"

struct verify;

struct verify_index {		/* an index beside the batches it is of */
	bool there;
	struct buf data;	/* the file */
	size_t at;		/* bytes: the entry to be met next */
	int64_t wanted;		/* .index: a last offset still to come; -1 */
	int64_t last[2];	/* the two numbers of the entry before */
	bool told;		/* one trouble an index is enough */
};

struct verify_part {
	struct verify *v;
	int32_t number;		/* -1: it is the topic's own folder */
	int dirfd;
	char where[4096];	/* for messages of what can't be read */
	char boot[37];
	struct state state;
	bool known;		/* the state counts: slot is the log's end */
	struct state_slot slot;
	int64_t safe;		/* recovery point; 0 */
	bool promised;		/* it is there: nothing more was promised */
	int64_t start;		/* log start offset, as the file says; 0 */
	int64_t cleaned;	/* cleaner checkpoint; 0 */
	int64_t high;		/* high watermark, as the file says; -1 */
	struct segment_list segments;
	int64_t beyond;		/* base of a segment behind the active one, as
				 * a roll makes them; -1 none */
	struct epochs epochs;
	int32_t epoch;		/* the largest met so far; -1 none */
	bool ended;		/* the active segment was met */
	size_t epoch_at;	/* entry of epochs that covers what comes */
	bool epochs_told;
	int64_t expected;	/* the offset that comes next */
	int64_t unreported;	/* bytes since the last progress */
	int64_t unreported_records;
	struct buf scratch;
	bool holding;		/* troubles are kept until verify_unhold */
	struct trouble *held;
	size_t held_count;

	/* of the segment at hand */
	int64_t base;
	int64_t upto;		/* where the next begins; -1 it is the last */
	bool active;
	uint64_t device, inode;	/* of its .log that was opened; 0 none was */
	int64_t max_timestamp;	/* so far; -1 none */
	int64_t since_index;	/* bytes since the last entry was due */
	struct verify_index index, timeindex;
};

/* One that concerns a whole file. */
struct trouble verify_whole(enum trouble_about about, enum mend mend);

/* Tell one; fmt and what follows become t->what.  position, bytes, offset,
 * end of t stand; file is the last component, "0/" is put before it; "": the
 * partition as a whole. */
void verify_tell(struct verify_part *p, struct trouble t, const char *file,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The indexes of the segment p->base: open, meet each batch, end. */
int verify_index_open(struct verify_part *p, struct err *e);
void verify_index_batch(
    struct verify_part *p, const struct batch *b, int64_t position);
void verify_index_end(struct verify_part *p);
void verify_index_release(struct verify_part *p);

/* The mode that file name in folder should have instead of its own. */
mode_t verify_mode(
    const char *name, const struct stat *st, const struct stat *folder);

/* Owner, mode and kind of the files in the folder that are ours.  0, or -1. */
int verify_files(struct verify_part *p, struct err *e);

/* The small files of the partition, into p; what the state says. */
int verify_checkpoints(struct verify_part *p, struct err *e);

/* What compaction keeps: its checkpoint, and its swap file.  0, or -1. */
int verify_swap(struct verify_part *p, struct err *e);

/* The high watermark, and who is in sync.  0, or -1. */
int verify_copies(struct verify_part *p, struct err *e);

/* What the topic knows of its followers.  0, or -1. */
int verify_followers(struct verify_part *p, struct err *e);

/* From here on keep what is told, until it is known whether it counts. */
void verify_hold(struct verify_part *p);
bool verify_keep(struct verify_part *p, const struct trouble *t);
void verify_unhold(struct verify_part *p, bool tell);

/* Whether another segment stands for that one, or it is gone. */
bool verify_is_superseded(const struct verify_part *p, int64_t base);

/* Whether they, and the epochs, name offsets that the log does not have yet:
 * when p->expected is its end. */
void verify_ends(struct verify_part *p);

/* All segments, those that compaction replaces meanwhile once more; and the
 * one at place i of the list.  0, or -1. */
int verify_segments(struct verify_part *p, struct err *e);
int verify_segment(struct verify_part *p, size_t i, struct err *e);

/* The log itself, its indexes and epochs.  0, or -1. */
int verify_log(struct verify_part *p, struct err *e);

/* The topic's role.  0, or -1. */
int verify_role(struct verify_part *p, struct err *e);

/* What the state says of it.  0, or -1. */
int verify_state_role(struct verify_part *p, struct err *e);

/* Whether the topic is a replica, as far as that can be read. */
bool verify_is_copy(const struct verify_part *p);

/* The groups below the topic's folder: their committed offsets.  0, or -1. */
int verify_groups(struct verify_part *p, struct err *e);

#endif
