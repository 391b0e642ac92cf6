/*
 * target_parts: what the files of target share: a topic and its logs as they
 * are copied.
 */
#ifndef KLOG_TARGET_PARTS_H
#define KLOG_TARGET_PARTS_H

#include "epochs.h"
#include "partition.h"
#include "topic.h"
#include "wire.h"

struct target_options {
	const char *folder; /* where the topics go; NULL: path is the one */
	const char *path;
	const char *source; /* HOST:PATH that they become replicas of, of the
			     * folder or the one; NULL: as the source says */
	bool append_only; /* nothing is ever taken away or changed */
	bool unsafe; /* also on a file system that may not keep locks */
	bool force; /* cut off also what was acknowledged */
	bool groups; /* keep the offsets of groups */
	bool (*wants)(void *ctx, int32_t partition); /* NULL: all */
	void *ctx;
	int64_t wait_ms; /* for locks of the log */
};

struct target_counts {
	int64_t bytes, batches, records; /* appended */
	int64_t cut; /* bytes that were cut off, and saved */
	int64_t topics, partitions; /* that were offered and wanted */
	int64_t groups; /* offsets that were kept */
	int64_t rewound; /* offsets that groups had read and that are gone */
	int64_t busy; /* those that were not: a member reads here */
};

struct target_log { /* of one partition */
	int32_t number;
	bool open; /* p counts */
	bool started; /* the source has said where it begins */
	bool dirty; /* something was appended since it was settled */
	bool stale; /* segments before the start have to go */
	struct partition p;
	int64_t used; /* when it was last used, counted */
	int64_t start, end; /* of the log */
	int64_t acked; /* what the source was told last */
	int64_t behind; /* noted: the source has records up to here; or 0 */
	int32_t last_epoch; /* of its last record; -1 */
	int64_t high; /* as the source told it last; -1 */
	int64_t source_start; /* the same, its log start */
	struct epochs ours; /* with origins, as on disk */
	struct epochs theirs; /* as the source told them last */
};

struct target_topic {
	struct topic topic;
	struct target_log *logs; /* one a partition */
	int32_t count;
};

struct target {
	struct target_options o;
	struct buf *out;
	struct target_topic **topics;
	size_t count;
	int open_count, open_max; /* logs */
	int64_t clock; /* for target_log.used */
	int64_t unsettled; /* bytes */
	bool expects; /* the source said that more follows at once */
	bool over;
	struct target_counts counts;
};

/* ---- target_topic.c ---- */

/* WIRE_TOPIC: make or check the topic, and tell its positions.  0, or -1. */
int target_offer(struct target *t, const struct wire *w, struct err *e);

/* WIRE_SETTINGS: 0, or -1. */
int target_settings(struct target *t, struct target_topic *tt,
    const struct wire *w, struct err *e);

/* ---- target_log.c ---- */

/* Open it, closing others for room.  0, or -1. */
int target_log_open(struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e);
void target_log_close(struct target *t, struct target_log *l);

/* Recover and sync it, and tell the source where it ends.  0, or -1. */
int target_log_position(struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e);

/* WIRE_START, WIRE_BATCHES, WIRE_NEWS: 0, or -1. */
int target_log_start(struct target *t, struct target_topic *tt,
    struct target_log *l, const struct wire *w, struct err *e);
int target_log_batches(struct target *t, struct target_topic *tt,
    struct target_log *l, const struct wire *w, struct err *e);
int target_log_news(struct target *t, struct target_topic *tt,
    struct target_log *l, const struct wire *w, struct err *e);

/* Sync it, acknowledge, and follow the source's log start.  0, or -1. */
int target_log_settle(struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e);

/* ---- target_follow.c ---- */

/* Cut l back to offset, where its history parts from the source's.  0, or
 * -1. */
int target_log_cut(struct target *t, struct target_topic *tt,
    struct target_log *l, int64_t offset, struct err *e);

/*
 * Of what the source told: an epoch that begins below our end without our
 * knowing took the place of what we have: the source follows another leader
 * now, and was cut off there.  0, or -1 ERR_SYSTEM.
 */
int target_log_check_news(const struct target_log *l, struct err *e);

/* Nobody has begun an epoch here that we do not know: the append lock is held.
 * 0, or -1 ERR_ROLE. */
int target_log_check_epoch(const struct target_log *l, struct err *e);

/* The session is over, or cut: note what the source was heard to have and is
 * not here.  What fails is of no matter. */
void target_log_part(struct target *t, struct target_topic *tt,
    struct target_log *l);

/* No group stands behind the end of the log, before it grows.  0, or -1. */
int target_log_rewind(struct target *t, struct target_topic *tt,
    struct target_log *l, int64_t end, struct err *e);

/*
 * Begin anew at offset, beyond the end: what precedes it is gone at the
 * source.  0, or -1.
 */
int target_log_restart(struct target *t, struct target_log *l,
    int64_t offset, struct err *e);

/*
 * Go after the source's high watermark and log start, as far as our log goes:
 * what lies before the start is removed.  If others are at it, later.  0, or
 * -1.
 */
int target_log_follow(const struct target *t, struct target_topic *tt,
    struct target_log *l, struct err *e);

/* ---- target_groups.c ---- */

/* WIRE_GROUP: 0, or -1. */
int target_group(struct target *t, struct target_topic *tt,
    struct target_log *l, const struct wire *w, struct err *e);

#endif
