/*
 * clean: what the files of klog-clean share.
 */
#ifndef KLOG_CLEAN_H
#define KLOG_CLEAN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "bytes.h"
#include "compaction.h"
#include "err.h"
#include "opt.h"
#include "partition.h"
#include "progress.h"
#include "range.h"
#include "retention.h"
#include "topic.h"
#include "view.h"

struct tally {			/* of one topic */
	int64_t by[3];		/* segments that went, by enum retention_why */
	int64_t bytes;		/* of them */
	int64_t compacted;	/* partitions */
	int64_t before, after;	/* bytes of these */
	bool cut_short;		/* something failed, or a signal came */
};

struct clean {
	struct opt_common common;
	bool dry_run, null, json, unsafe_fs;
	bool compact_only, retain_only, keep_unread, force, roll;
	bool has_now, has_memory;
	int64_t now;		/* ms */
	int64_t memory, timeout;
	const char *before_delete, *reduce;
	struct partitions which;

	/* While it runs: */
	const struct topic *topic;
	struct progress progress;
	struct tally tally;
};

/*
 * ---- retain.c, compact.c: 0, or -1.  v was looked at; p's clean.lock is
 * held, unless nothing is to be changed (then retention needs no p) ----
 */

int retain_partition(struct clean *c, int32_t number, struct view *v,
    struct partition *p, struct err *e);
int compact_partition(struct clean *c, int32_t number, const struct view *v,
    struct partition *p, struct err *e);

/* ---- unread.c ---- */

/*
 * The smallest offset that any group of the topic has committed in the
 * partition: 1, 0 none has, -1.
 */
int unread_bound(const struct clean *c, int32_t number, int64_t *bound,
    struct err *e);

/* ---- command.c ---- */

enum { COMMAND_WHY = 160 };

struct command_tick { /* called a few times a second while it runs */
	void (*call)(void *context);
	void *context;
};

/*
 * Run "sh -c COMMAND" and wait for it, though a signal asks us to stop.  It
 * reads input, or, if that is not -1, file from where it stands.  env as
 * child.h.  Its standard output is appended to output, or, if that is
 * NULL, goes to our standard error.  tick may be NULL.  1 it exited 0; 0 it
 * failed, or wrote more than max bytes: why says so; -1.
 */
int command_run(const char *command, struct slice input, int file,
    const char *const *env, struct buf *output, size_t max,
    const struct command_tick *tick, char why[COMMAND_WHY], struct err *e);

/* ---- hook.c ---- */

/* Run --before-delete for a segment: 0, or -1 and it is to stay.  That it
 * takes long is told. */
int hook_run(struct clean *c, int32_t number, const char *path,
    const struct retention_segment *s, struct err *e);

/* ---- reduce.c ---- */

struct reduce;			/* a run of --reduce; opaque */

/* For partition p, of that number.  NULL: out of memory. */
struct reduce *reduce_new(const struct clean *c, const struct partition *p,
    int32_t number);
void reduce_free(struct reduce *r);

/* What compaction asks; lives as long as r. */
const struct compaction_reduce *reduce_calls(const struct reduce *r);

/* ---- say.c: what was done, on standard output ---- */

void say_segment(struct clean *c, int32_t number, const char *path,
    const struct retention_segment *s);
void say_stays(const struct clean *c, int32_t number,
    const struct retention *r);
void say_compaction(struct clean *c, int32_t number,
    const struct compaction *k);
void say_topic(const struct clean *c);

#endif
