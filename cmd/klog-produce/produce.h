/*
 * produce: what the parts of klog-produce share.
 */
#ifndef KLOG_PRODUCE_H
#define KLOG_PRODUCE_H

#include <stdbool.h>
#include <stdint.h>

#include "accumulator.h"
#include "form.h"
#include "opt.h"
#include "out.h"
#include "progress.h"
#include "topic.h"

enum { AWAITS = 1024 };

enum acks { ACKS_NONE, ACKS_DISK, ACKS_ALL };

enum partitioner {
	PARTITIONER_MURMUR2,	/* by key as Kafka's Java client; else sticky */
	PARTITIONER_ROUNDROBIN,
	PARTITIONER_STICKY
};

struct compression {		/* -z */
	bool given;
	enum codec_id codec;
	int level;
};

struct options {
	struct opt_common common;
	/* input */
	bool null_delimited, framed, json, whole, keep_partition, follow;
	const char *delimiter, *format, *key_separator, *key, *key_json;
	const char *time_json;
	struct opt_list headers;
	bool null_empty, has_timestamp, has_partition, has_limit;
	int64_t timestamp, partition, limit;
	/* where to */
	int partitioner;
	bool create, has_partitions, unsafe_fs;
	int64_t partitions;
	/* how */
	int acks;
	struct compression compression;
	int64_t batch_bytes, linger, timeout;
	const char *on_error, *report;
	bool tee;
	double rate_per_ms;	/* --rate; 0: no limit */
};

struct input {			/* one of the files, in order */
	const char *name;
	uint64_t base;		/* records in the files before it */
};

struct producer {
	const struct options *o;
	struct topic topic;
	int64_t looked;		/* ms: when topic.conf was looked at */
	struct compression compression;	/* as settled */
	struct accumulator *accumulator;
	struct form_reader *reader;
	struct buf unescaped;	/* what the form's slices point to */
	int32_t delimiter_len;	/* of -D, which it begins with */
	/* files */
	char **files;		/* operands; NULL: stdin alone */
	int file_count, file;	/* file: the next to open */
	int fd;
	bool regular;
	struct input *inputs;
	/* routing */
	uint64_t random, sent;
	int32_t sticky;
	/* acknowledging */
	struct out out;		/* --tee and --report */
	struct format *report;
	struct buf tee;
	bool mute;		/* stdout was given up */
	int errors_fd;		/* --on-error FILE, or -1 */
	uint64_t taken, skipped;
	uint64_t bytes;
	int64_t started;	/* clock_mono_ms */
	struct progress progress;
	char awaits[AWAITS];	/* copies: shown while that lasts */
	bool awaits_told;
};

/* ---- options.c ---- */

extern const struct opt options_table[];
extern const struct options options_defaults;

/* What the table can't check, and the environment.  0, or -1 ERR_USAGE. */
int options_check(struct options *o, struct err *e);

/* ---- files.c ---- */

/* Look at all operands before anything is stored.  0, or -1. */
int files_check(struct producer *p, struct err *e);

/* Open the next: 1, 0 there is none or we are to stop, -1. */
int files_next(struct producer *p, struct err *e);

/* --follow: wait until the file has grown; 0, or -1. */
int files_wait(struct producer *p, struct err *e);

/* The number over all files of record number n of the open one. */
uint64_t files_number(const struct producer *p, uint64_t n);

/* What a record of this input is called: "line" or "record". */
const char *files_unit(const struct producer *p);

/* "line 17 of app.log" for such a number. */
void files_place(const struct producer *p, uint64_t number, char *out,
    size_t size);

/* ---- ack.c ---- */

/* Copies are waited for: show it, and say it if it lasts. */
void ack_waits(void *ctx, const struct insync_delay *d);

/* A batch is acknowledged (accumulator.h): report its records. */
int ack_batch(void *ctx, const struct accumulator_ack *ack, struct err *e);

/* Write out what was reported, and the records copied by --tee.  0, or -1. */
int ack_flush(struct producer *p, struct err *e);

/* Put into e what is safe and where to go on. */
void ack_failed(struct producer *p, struct err *e);

/* Say what a recovery found and cut off before we appended. */
void ack_cut(const struct producer *p);

/* The closing lines on a terminal, or with -v. */
void ack_summary(struct producer *p);

/* ---- target.c ---- */

/* Make the accumulator, in place of one that is flushed.  0, or -1. */
int target_open(struct producer *p, struct err *e);

/* The same after the settings were changed, or partitions added. */
int target_renew(struct producer *p, struct err *e);

/* ---- loop.c ---- */

/* Read until the end, a signal or a failure, and store.  0, or -1. */
int loop_run(struct producer *p, struct err *e);

#endif
