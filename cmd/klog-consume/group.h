/*
 * group: what the parts of klog-consume -g share.
 *
 * A claim is a partition that this member owns.  What is given out of it
 * (printed, or to a command) is done when the reader has it, says so, or the
 * command succeeded; what is done is committed.  A claim that another member
 * is to have is leaving: nothing more is given out, and when the rest is done
 * it is let go.
 *
 * Streams are added and taken away only at rest: when nothing is read ahead.
 * Between, flags tell the reader (stream.held, consumer.hold) to stop.
 */
#ifndef KLOG_CONSUME_GROUP_H
#define KLOG_CONSUME_GROUP_H

#include "consume.h"
#include "member.h"
#include "position.h"

struct work;			/* group_work.h */
struct acks;			/* group_ack.c */

struct claim {
	int32_t topic, partition;	/* topic: index in consumer.topics */
	struct stream *stream;	/* NULL: just taken, or gone */
	struct position position;
	int64_t next;		/* behind what was given out */
	int64_t last;		/* the last record given out; -1 none yet */
	int64_t done;		/* all below it is done */
	int64_t committed;	/* done, as it was committed or need not be */
	int32_t epoch, next_epoch;	/* leader epochs of what lies before
				 * done, and before next */
	uint64_t pending;	/* marks and runs that are not over */
	int64_t leave_by;	/* leaving, with --ack-fd: clock_mono_ms */
	bool rewind;		/* read again from next on */
	bool leaving, gone;	/* gone: not ours any more, freed at rest */
	struct work *work;	/* with --exec; or NULL */
};

struct mark {			/* when the bytes up to end are taken, */
	struct claim *claim;	/* all below offset is done */
	int64_t offset;
	int32_t epoch;
	uint64_t end;		/* bytes since the start of the output */
};

struct grouped {
	struct consumer *c;
	struct member *member;
	struct claim **claims;
	size_t claim_count;
	bool commits;		/* not --commit none */
	int64_t synced, rested;	/* clock_mono_ms, of the last time */
	/* output, see group_out.c */
	struct mark *marks;	/* a ring */
	size_t mark_first, mark_count, mark_room;
	bool pipe, reader_left;	/* stdout is one; nobody reads it any more */
	bool single;		/* records go out one by one, a page at most */
	bool empty;		/* single: the pipe is known to be */
	bool slow;		/* the reader was, in this block */
	int pipe_size;		/* bytes, when it is not single */
	uint64_t singles;	/* records that went out one by one */
	int window;		/* of them since window_since; 0: begin anew */
	int64_t window_since;	/* ns */
	int64_t collected;	/* by group_put, not in a pipe: clock_mono_ms */
	int64_t give_up;	/* after a signal: clock_mono_ms; or never */
	struct acks *acks;	/* --ack-fd, */
	struct deadletter *dead;	/* --dead-letter; or NULL */
};

/* ---- group_claim.c ---- */

struct claim *claim_find(const struct grouped *g, int32_t topic,
    int32_t partition);

/* A partition was taken: its stream is opened at rest.  0, or -1. */
int claim_add(struct grouped *g, int32_t topic, int32_t partition,
    struct err *e);

/* Find where to start, saying what was lost, and open the stream.  0, -1. */
int claim_open(struct grouped *g, struct claim *cl, struct err *e);

/* Commit done, if it is not what is committed.  0, or -1. */
int claim_commit(struct grouped *g, struct claim *cl, struct err *e);

/* Commit and sync, and let others have it: then it is gone.  0, or -1. */
int claim_let_go(struct grouped *g, struct claim *cl, struct err *e);

/* Take the stream of a claim that is gone away, and free it. */
void claim_remove(struct grouped *g, struct claim *cl);

/* Sync what was committed, if a second has passed (or now).  0, or -1. */
int claims_sync(struct grouped *g, bool now, struct err *e);

/* ms until claims_sync has something to do, or -1. */
int64_t claims_sync_due(const struct grouped *g);

/* ---- group_news.c ---- */

/* See what the other members want; sets flags.  0, or -1. */
int group_settle(struct grouped *g, struct err *e);

/* Let go of what is leaving and done.  0, or -1. */
int group_let_go(struct grouped *g, struct err *e);

/* Nothing is read ahead: open what was taken, go back where to.  0, or -1. */
int group_rest(struct grouped *g, struct err *e);

/* Without waiting: read acknowledgments, settle, sync.  0, or -1. */
int group_look(struct grouped *g, struct err *e);

/* Whether a claim, or a partition to come, has more to give without -f. */
bool group_expects(const struct grouped *g);

/* The least of two times to wait, in ms, -1 being for ever. */
int64_t group_sooner(int64_t a, int64_t b);

/* ms until group_settle has to look though nothing is heard, or -1. */
int64_t group_patience(const struct grouped *g);

/* ---- group_out.c ---- */

void group_out_init(struct grouped *g);

/* All below offset is done when what is buffered now is taken.  0, or -1. */
int group_mark(struct grouped *g, struct claim *cl, int64_t offset,
    int32_t epoch, struct err *e);

/* Commit what was taken by now.  0, or -1. */
int group_collect(struct grouped *g, struct err *e);

/*
 * Write what is buffered; single: and wait until the reader has it.  News of
 * members are heard meanwhile.  0, or -1: e->sys is EPIPE if the reader left.
 */
int group_put(struct grouped *g, struct err *e);

/* Wait until all that was written is taken.  0, or -1 as group_put. */
int group_drain(struct grouped *g, struct err *e);

/* ---- group_ack.c ---- */

int group_ack_open(struct grouped *g, struct err *e);
void group_ack_close(struct grouped *g);

/* The descriptor to wait for, or -1. */
int group_ack_fd(const struct grouped *g);

/* A record was given out. */
int group_ack_given(struct grouped *g, struct claim *cl, int64_t offset,
    struct err *e);

/* Read what is there, and commit what it says.  0, or -1. */
int group_ack_read(struct grouped *g, struct err *e);

/* Read until all is acknowledged, at most limit_ms (-1: for ever).  0, -1. */
int group_ack_last(struct grouped *g, int64_t limit_ms, struct err *e);

/* Close stdout, and that.  0, or -1: some are missing. */
int group_ack_finish(struct grouped *g, struct err *e);

/* ---- group.c ---- */

/* Whether a stream may have more to read now. */
bool group_is_readable(const struct grouped *g);

/* At rest, until there is more, or news: 1, 0 time is up, -1. */
int group_sleep(struct grouped *g, struct err *e);

/* ---- group_exec.c ---- */

/* Open and close the dead letters' topic.  0, or -1. */
int group_exec_open(struct grouped *g, struct err *e);
void group_exec_close(struct grouped *g);
/* --exec and --exec-each: to the end.  0, or -1. */
int group_exec(struct grouped *g, struct err *e);

/* ---- group_options.c ---- */

/* Options that need -g or don't go with it: 0, or -1 ERR_USAGE. */
int group_check(struct options *o, struct err *e);

#endif
