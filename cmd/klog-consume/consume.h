/*
 * consume: what the parts of klog-consume share.
 */
#ifndef KLOG_CONSUME_H
#define KLOG_CONSUME_H

#include <stdbool.h>
#include <stdint.h>

#include "cursor.h"
#include "form.h"
#include "markers.h"
#include "opt.h"
#include "out.h"
#include "prefetch.h"
#include "progress.h"
#include "range.h"
#include "topic.h"
#include "view.h"
#include "watch.h"

enum { RAW_LIMIT = 64 << 20 };	/* bytes of a decompressed batch, at most */

enum isolation { ISOLATION_COMMITTED, ISOLATION_UNCOMMITTED };

struct options {
	struct opt_common common;
	/* which */
	struct range range;
	struct partitions partitions;
	bool follow, has_limit, has_last, merge, reverse, count;
	int64_t limit, last;
	const char *key, *regex;
	struct opt_list headers;
	int isolation;
	/* how it looks */
	bool null_delimited, json, framed, null_empty, raw;
	const char *delimiter, *format, *key_separator, *null_as, *whole;
	/* how it goes */
	const char *rate, *speed;
	double rate_per_ms, speed_factor;	/* 0: none */
	bool fail_empty, skip_corrupt;
	int64_t timeout;	/* ms; -1 none */
};

struct stream {			/* one partition that is read */
	struct consumer *consumer;
	struct topic *topic;
	int32_t partition;
	struct view view;
	struct cursor cursor;
	int64_t from, to;	/* offsets, to exclusive; INT64_MAX no end */
	int64_t until;		/* follow: stop at this time; INT64_MAX */
	_Atomic bool done;	/* nothing will be read any more */
	bool over;		/* nothing will be printed any more */
	bool idle;		/* follow: nothing there at the last look */
	int watch;		/* number of its watch, -1 none */
	struct view ahead;	/* for markers; opened when first needed */
	struct markers markers;
	bool has_ahead;
};

struct consumed_topic {
	struct topic topic;
	int watch;
};

struct consumer {
	const struct options *o;
	struct consumed_topic *topics;
	int topic_count;
	struct stream **streams;
	size_t stream_count, turn;
	int64_t bytes_total;	/* an estimate, for progress */
	struct codec *codec;
	struct filter *filter;
	/* output */
	struct form_writer *writer;
	struct buf unescaped;
	struct out out;
	int whole_fd;		/* directory of --whole, or -1 */
	uint64_t printed;
	int64_t left;		/* of -n; INT64_MAX */
	int64_t started, first_timestamp;
	/* following */
	struct watch watch;
	int64_t last_news;	/* clock_mono_ms */
	struct progress progress;
};

/* ---- streams.c: which partitions, from where to where ---- */

/* Open the topics named by the operands, and their streams.  0, or -1. */
int streams_open(struct consumer *c, char **operands, int count,
    struct err *e);
void streams_close(struct consumer *c);

/* Add partition number of topic t, from its start: it is new.  0, or -1. */
int streams_add_new(struct consumer *c, struct topic *t, int32_t number,
    struct err *e);

/* Take the partitions that topic.conf tells of by now.  0, or -1. */
int streams_refresh(struct consumer *c, struct consumed_topic *t,
    struct err *e);

/* Say how many records were passed over because they are gone. */
void streams_report_skipped(const struct stream *s, int64_t skipped);

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

/* ---- last.c ---- */

/* Set every stream's from so that N records are left, the newest.  0, -1. */
int last_seek(struct consumer *c, int64_t n, struct err *e);

/* Set from of s so that its last n records are left.  0, or -1. */
int last_of_stream(struct stream *s, int64_t n, struct err *e);

/* ---- filter.c ---- */

struct filter;

/* NULL with e->code ERR_NONE: everything passes. */
struct filter *filter_new(const struct options *o, struct err *e);
void filter_free(struct filter *f);

/* 1 it passes, 0 it does not, -1. */
int filter_match(struct filter *f, const struct record *r, struct err *e);

/* ---- emit.c ---- */

int emit_open(struct consumer *c, struct err *e);

/*
 * Print one record of s if it passes: 1 printed, 0 not, -1.  b is its batch.
 */
int emit_record(struct consumer *c, const struct stream *s,
    const struct batch *b, const struct record *r, struct err *e);

/* Write out what is buffered.  0, or -1. */
int emit_flush(struct consumer *c, struct err *e);

/* ---- plain.c, merge.c, follow.c: the ways to go through the streams ---- */

/* Partitions interleaved batch by batch.  0, or -1. */
int plain_run(struct consumer *c, struct err *e);

/* One stream in time order; backwards if reverse.  0, or -1. */
int merge_run(struct consumer *c, bool reverse, struct err *e);

/*
 * Wait until a stream may have more: 1 look again, 0 --timeout passed or the
 * reader of stdout left, -1.
 */
int follow_wait(struct consumer *c, struct err *e);
int follow_open(struct consumer *c, struct err *e);

#endif
