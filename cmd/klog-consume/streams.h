/*
 * streams: the partitions that are read, each from one offset to another.
 */
#ifndef KLOG_STREAMS_H
#define KLOG_STREAMS_H

#include "consume.h"

/*
 * Open the topics named by the operands, and their streams; as a member of a
 * group (-g) none of these yet.  0, or -1.
 */
int streams_open(struct consumer *c, char **operands, int count,
    struct err *e);
void streams_close(struct consumer *c);

/*
 * Add a stream for one partition, with its cursor at 0 and no end; its range
 * is left to the caller.  NULL, with e.
 */
struct stream *streams_add(struct consumer *c, struct topic *t,
    int32_t number, struct err *e);
void streams_remove(struct consumer *c, struct stream *s);

/*
 * Take the partitions that topic.conf tells of by now, from their start.
 * With -k the key may map to another one, which is then read too.  As a
 * member of a group, only read topic.conf again.  0, or -1.
 */
int streams_refresh(struct consumer *c, struct consumed_topic *t,
    struct err *e);

/*
 * After any failure: if it came because a topic was deleted, e says that; if it
 * is damage, e also says how to go on.
 */
void streams_explain(const struct consumer *c, struct err *e);

/*
 * Say that offsets were passed over because they are gone, and that batch b
 * is next, or, if it is NULL, the offset next.
 */
void streams_report_skipped(struct stream *s, int64_t skipped,
    const struct batch *b, int64_t next);

/*
 * Read the next batch of s that a reader may see and that is in its range:
 * 1, 0 there is none now (s->done: never), -1.
 */
int stream_read(struct stream *s, struct batch *b, struct buf *bytes,
    int64_t *skipped, struct err *e);

/*
 * Whether b, part of a transaction, may be seen: an enum markers_fate, or -1.
 * backwards: batches are asked for in falling order.
 */
int stream_fate(struct stream *s, const struct batch *b, bool backwards,
    struct err *e);

/* ---- damage ---- */

/* The batch b at that place cannot be unpacked, e says why: name the place. */
int stream_corrupt(const struct stream *s, int64_t segment, int64_t position,
    const struct batch *b, struct err *e);

/*
 * stream_read failed with e.  1: with --skip-corrupt s was moved behind the
 * damage, and that was said; -1 it is to be given up.
 */
int stream_skip_damage(struct stream *s, struct err *e);

/* Say that the offsets from first to last are left out because of why. */
void stream_report_damage(const struct stream *s, const struct err *why,
    int64_t first, int64_t last);

/* ---- last.c ---- */

/*
 * Set every stream's from so that n records are left, the newest of those
 * that pass the filter.  0, or -1.
 */
int last_seek(struct consumer *c, int64_t n, struct err *e);

/*
 * Set from of s so that its last n records are left; records that a reader
 * may not see are not counted.  0, or -1.
 */
int last_of_stream(struct stream *s, int64_t n, struct err *e);

#endif
