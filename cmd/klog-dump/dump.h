/*
 * dump: what the files of klog-dump share: the file in hand and what was
 * found wrong with it.  A source file a kind of file; each prints its lines
 * (line.h) and tells damage by dump_bad.
 */
#ifndef KLOG_DUMP_H
#define KLOG_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "buf.h"
#include "bytes.h"
#include "codec.h"
#include "err.h"
#include "line.h"
#include "opt.h"

enum {
	DUMP_FILE_MAX = 32 << 20,	/* bytes of a file read as a whole */
	DUMP_BAD_MAX = 16		/* damaged places told one by one */
};

struct options {
	struct opt_common common;
	bool json, records, hex;
	int64_t max_batch;	/* bytes of a batch that is looked into, and of
				 * its records uncompressed */
};

struct dump {
	const struct options *o;
	struct line line;
	const char *path;	/* of the file in hand, as it was named */
	int fd;			/* of it, read only */
	int64_t size;		/* bytes it had when it was opened */
	int64_t base;		/* the offset in its name; -1 it has none */
	int bad;		/* damaged places in it so far */
	int status;		/* exit status: the highest there was */
	struct codec *codec;
	struct buf bytes;	/* a batch, or a whole file */
	struct buf scratch;	/* decompressed records */
};

/*
 * Say "PATH: position N: what" on stderr, after what was printed before, and
 * note the exit status of damage.  After DUMP_BAD_MAX places of a file they
 * are only counted.
 */
void dump_bad(struct dump *d, int64_t position, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what is strange but legal: no status, and silent with -q. */
void dump_strange(struct dump *d, int64_t position, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* And for what is as it should be: only with -v. */
void dump_note(struct dump *d, int64_t position, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A failure with the object in its text: say it, note its exit status. */
void dump_failed(struct dump *d, const struct err *e);

/* Read the file in hand into d->bytes.  0, or -1. */
int dump_load(struct dump *d, struct err *e);

/* Where the zeros end that begin at position: d->size if nothing follows.
 * -1 failed. */
int64_t dump_zeros(struct dump *d, int64_t position, struct err *e);

/*
 * Print what path names: a file (file.c) or a partition directory (dir.c).
 * What is wrong with it is told and noted in d->status; -1 only if stdout
 * failed.
 */
int dump_operand(struct dump *d, const char *path, struct err *e);
int dump_file(struct dump *d, const char *path, struct err *e);
int dump_partition(struct dump *d, const char *path, struct err *e);

/*
 * The kind of a file of that name, a number by which the files of a segment
 * are ordered, or -1; *base is the offset in the name, or -1.
 */
int dump_kind(const char *name, int64_t *base);

/*
 * The .log beside the file in hand, whose name has suffix in its place, for
 * comparing.  A descriptor and its size in bytes, or -1; why was told.
 */
int dump_open_log(struct dump *d, const char *suffix, int64_t *size);

/* The base offset of the file in hand; 0, and told, if it has none. */
int64_t dump_base(struct dump *d);

/*
 * One kind of file each: print the file in hand.  0, or -1 with e filled, to
 * be told by dump_failed.
 */
int dump_log(struct dump *d, struct err *e);
int dump_index(struct dump *d, struct err *e);
int dump_timeindex(struct dump *d, struct err *e);
int dump_txnindex(struct dump *d, struct err *e);
int dump_snapshot(struct dump *d, struct err *e);
int dump_epochs(struct dump *d, struct err *e);
int dump_origins(struct dump *d, struct err *e);
int dump_in_sync(struct dump *d, struct err *e);
int dump_replica(struct dump *d, struct err *e);
int dump_metadata(struct dump *d, struct err *e);
int dump_conf(struct dump *d, struct err *e);
int dump_role(struct dump *d, struct err *e);
int dump_offset(struct dump *d, struct err *e);
int dump_swap(struct dump *d, struct err *e);
int dump_recovery(struct dump *d, struct err *e);
int dump_state(struct dump *d, struct err *e);

/*
 * The records (record.c) of the batch b, whole at p and at position in the
 * file.  valid: its checksum is right, so what is wrong with them is told.
 */
void dump_records(struct dump *d, const struct batch *b, const uint8_t *p,
    int64_t position, bool valid);

#endif
