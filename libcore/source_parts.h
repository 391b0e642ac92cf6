/*
 * source_parts: what the files of source share: a topic and its logs as they
 * are offered.
 */
#ifndef KLOG_SOURCE_PARTS_H
#define KLOG_SOURCE_PARTS_H

#include "bulk.h"
#include "epochs.h"
#include "insync.h"
#include "partition.h"
#include "replicas_serve.h"
#include "source_options.h"
#include "topic.h"
#include "view.h"
#include "watch.h"
#include "wire.h"

struct source_log { /* of one partition */
	int32_t number;
	bool open; /* the three that follow count */
	bool writable; /* log is open: we sync ourselves */
	struct view view;
	struct cursor cursor;
	struct partition log;
	struct insync insync; /* of log, where the follower counts */
	int64_t again; /* clock_mono_ms: when to look at the followers */
	bool started; /* the target has been told where it begins */
	bool cutting; /* it has been told to cut its copy first */
	bool look; /* something may have to be sent */
	bool epoch_came; /* one that the target was not told of */
	int watch; /* its number, or -1 */
	int64_t used; /* when it was last looked at, counted */
	int64_t sent, acked; /* offsets: sent, acknowledged up to here */
	uint32_t cuts; /* of the log, before the target was compared */
	int64_t goal; /* one pass is over when this is acknowledged */
	int64_t start; /* of the log */
	int64_t durable; /* below it all is on disk here */
	int64_t high; /* what the target is told of the high watermark */
	int64_t told_start, told_high; /* last told the target */
	int32_t told_epoch; /* newest of the epochs it was told */
};

struct source_group { /* what was sent of one */
	char *name;
	int watch; /* of its offsets, or of its folder until they are there */
	bool watched; /* it is of its offsets */
	int64_t *sequences; /* of the commit, one a partition; -1 none */
	int32_t count;
};

struct source_topic {
	struct topic topic;
	char *name, *origin; /* as the target knows them */
	int32_t number; /* on the wire */
	bool ready; /* the target told all its positions */
	struct source_log *logs; /* one a partition */
	int32_t count;
	int watch; /* of its folder */
	struct replicas_file file; /* of the follower; fd -1 there is none */
	struct replicas_ask ask; /* of the process that has it yet */
	int file_watch; /* it is closed by who asks us the same */
	struct insync_files files;
	bool changed; /* settings or partitions may have */
	/* Groups: what was sent of each, source_groups.c. */
	struct source_group **groups;
	size_t group_count;
	int groups_watch;
	bool groups_look, groups_wait;
};

struct source {
	struct source_options o;
	struct buf *out;
	struct source_topic **topics;
	size_t count, offered; /* the first of them */
	struct watch watch;
	int folder_watch;
	bool find; /* something was made in the folder */
	bool asked; /* whether the follower lives */
	int64_t asked_ms; /* clock_mono_ms: when that was said last */
	size_t turn_topic; /* whose turn it is */
	int32_t turn;
	int open_count, open_max; /* logs */
	int64_t clock; /* for source_log.used */
	bool finish, over;
	struct source_counts counts;
};

/* ---- source_offer.c ---- */

/* Offer the next topic to the target, if we serve the follower there: 1, 0
 * there is none for now, -1. */
int source_offer(struct source *s, struct err *e);
/* See what is made in the options' folder. */
void source_watch_folder(struct source *s);
void source_release_topic(struct source *s, struct source_topic *t);

/* ---- source_log.c ---- */

/* Open it, closing others for room.  0, or -1. */
int source_log_open(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e);
void source_log_close(struct source *s, struct source_log *l);

/*
 * See where the log begins and ends, and make it durable to the end where we
 * may: l->start, l->durable.  0, or -1.
 */
int source_log_look(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e);

/* Where a copy that ends below l->start begins: there, or where the batch of
 * records begins that holds it, as in Kafka 4.x (Partition).  0, or -1. */
int source_log_begin(struct source_log *l, int64_t *offset, struct err *e);

/* The target is to be compared: what is cut off from here on is noticed by
 * source_log_look and source_log_acked.  0, or -1. */
int source_log_note_cuts(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e);

/* Stand at offset.  0, or -1. */
int source_log_seek(struct source *s, struct source_topic *t,
    struct source_log *l, int64_t offset, struct err *e);

/* Put the next batches (WIRE_BATCHES).  1, 0 none is below limit, -1. */
int source_log_send(struct source *s, struct source_topic *t,
    struct source_log *l, int64_t limit, struct err *e);

/* The target has what is below l->acked: note it, let it count.  0, or -1. */
int source_log_acked(struct source *s, struct source_topic *t,
    struct source_log *l, struct err *e);

/* ---- source_compare.c ---- */

/*
 * Where the log of the target that said w and ours part: *common.  0, or -1:
 * ERR_ROLE if the target knows of a newer leader (we are fenced then), or
 * both have led.
 */
int source_compare(struct source *s, struct source_topic *t,
    struct source_log *l, const struct wire *w, int64_t *common,
    struct err *e);

/* ---- source_groups.c ---- */

/* Put what groups committed since it was last put, as far as the target has
 * the records.  1 some, 0 none, -1. */
int source_groups_pump(struct source *s, struct err *e);

/* Whether the watch of that number is one of t's groups'. */
bool source_groups_saw(const struct source_topic *t, int number);
void source_groups_release(struct source *s, struct source_topic *t);

/* Out of memory, of t; returns -1. */
int source_no_memory(const struct source_topic *t, struct err *e);

#endif
