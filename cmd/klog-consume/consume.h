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

enum isolation { ISOLATION_COMMITTED, ISOLATION_UNCOMMITTED };
enum reset { RESET_START, RESET_END, RESET_FAIL };
enum commit { COMMIT_AUTO, COMMIT_EXEC, COMMIT_FD, COMMIT_NONE };
enum commit_sync { SYNC_SECOND, SYNC_EACH };

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
	const char *speed;
	double rate_per_ms, speed_factor;	/* 0: none */
	bool fail_empty, skip_corrupt;
	int64_t timeout;	/* ms; -1 none */
	/* as a member of a group */
	const char *group, *exec, *exec_each, *dead_letter;
	int reset, assignor, commit, commit_sync;
	bool has_reset, has_assignor, has_commit, has_sync, has_jobs,
	    has_retries, has_backoff, has_ack_fd;
	int64_t jobs, retries, backoff, ack_fd;
};

struct stream {			/* one partition that is read */
	struct consumer *consumer;
	struct topic *topic;
	int32_t partition;
	struct view view;
	struct cursor cursor;
	int64_t from, to;	/* offsets, to exclusive; INT64_MAX no end */
	int64_t until;		/* follow: stop at this time; INT64_MAX */
	int64_t segment, position;	/* where the batch read last lies */
	_Atomic bool done;	/* nothing will be read any more */
	bool over;		/* nothing will be printed any more */
	bool idle;		/* follow: nothing there at the last look */
	_Atomic bool held;	/* not to be read for now */
	struct claim *claim;	/* -g: group.h */
	int watch;		/* number of its watch, -1 none */
	int64_t told;		/* follow: the log's end at the last look */
	uint32_t seq;		/* state_page.data_seq at the last look */
	struct view ahead;	/* for markers; opened when first needed */
	struct markers markers;
	bool has_ahead;
};

struct consumed_topic {
	struct topic topic;
	int watch;
	bool paused;		/* -g: the group is, and that was said */
};

struct consumer {
	const struct options *o;
	struct consumed_topic *topics;
	int topic_count;
	struct stream **streams;
	size_t stream_count, turn;
	_Atomic bool hold;	/* nothing more is read ahead */
	struct codec *codec;
	struct filter *filter;
	/* output */
	struct form_writer *writer;
	struct buf unescaped;
	struct out out;
	int whole_fd;		/* directory of --whole, or -1 */
	bool plain;		/* value and delimiter, nothing else */
	uint64_t printed;
	int64_t left;		/* of -n; INT64_MAX */
	bool ends_lowered;	/* reading backwards found an open end */
	double due;		/* --rate: the next may go; clock_mono_ms */
	int64_t paced_from, first_timestamp;	/* --speed: ms, ms */
	/* following */
	struct watch watch;
	int64_t last_news;	/* clock_mono_ms */
	bool grown;		/* -g: a topic has more partitions */
	bool timed_out;		/* --timeout passed */
	struct progress progress;
};

#endif
