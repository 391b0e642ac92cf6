/*
 * form: how records look on stdin and stdout, both directions (klog(7),
 * RECORD FORMS).
 *
 * What the writer of the framed and JSON forms prints, the reader gives back
 * exactly: key, value, headers, timestamp, nulls.
 */
#ifndef KLOG_FORM_H
#define KLOG_FORM_H

#include "format.h"

enum form_kind {
	FORM_LINES,		/* ended by a delimiter: newline, -0, -D */
	FORM_FRAMED,		/* lengths in front: --framed */
	FORM_JSON,		/* an object a line: -J */
	FORM_FORMAT,		/* -F */
	FORM_WHOLE		/* a file is a record: --whole */
};

enum { FORM_RECORD_MAX = 16 << 20 };	/* default of max_record */

/*
 * Zero is the default.  A slice with data NULL is not given.  Everything
 * pointed to must outlive the reader or writer.  "Both" where no direction
 * is named.
 */
struct form_options {
	enum form_kind kind;
	struct slice delimiter;		/* of LINES; default "\n" */
	const char *format;		/* of FORMAT: the -F text */
	struct slice key_separator;	/* -K, escapes decoded; LINES, and
					 * WHOLE on input */
	bool null_empty;		/* -Z: empty is null; out: "NULL" */
	/* reading */
	struct slice key;		/* -k: of records without one */
	const char *key_json;		/* --key-json; -K, %k, -J keys win */
	const char *time_json;		/* --time-json; wins over timestamp */
	bool has_timestamp;		/* -t; wins over the form's own */
	int64_t timestamp;		/* ms */
	struct slice headers;		/* -H, encoded; put after its own */
	int32_t header_count;
	bool keep_partition;		/* else partition is always -1 */
	bool follow;			/* files may grow: see FORM_END */
	size_t max_record;		/* bytes on input, delimiter not
					 * counted; 0: FORM_RECORD_MAX */
	/* writing */
	const char *null_as;		/* for null; wins over null_empty */
	bool visible;			/* control bytes as \xNN: a tty */
};

struct form_record {
	struct record rec;	/* offset is 0; timestamp -1 if it has none */
	bool has_timestamp;
	int32_t partition;	/* -1: none */
	struct slice raw;	/* as it was on input, delimiter included */
	uint64_t number;	/* from 1, in its file */
	const char *source;	/* name given to form_reader_open */
	int64_t arrived_ms;	/* clock at the read(2) that completed it */
};

enum form_state {
	FORM_GOT = 1,
	FORM_END = 0,		/* the file is read; with follow, what has no
				 * delimiter yet stays, and more may come */
	FORM_FAILED = -1,	/* cannot go on: ERR_SYSTEM (read), ERR_DATA
				 * (the stream is out of step), no memory */
	FORM_BAD = -2,		/* ERR_DATA "stdin: line 17: not JSON: …";
				 * raw, number and source are set, and the
				 * reader is past it.  Of one that is too
				 * large raw is only what was kept */
	FORM_TIMEOUT = 2,	/* no whole record within the time */
	FORM_INTERRUPTED = 3	/* a signal: look at the stop flag */
};

struct form_reader;

/* NULL: ERR_USAGE (a format, path or combination), ERR_SYSTEM. */
struct form_reader *form_reader_new(const struct form_options *o,
    struct err *e);
void form_reader_free(struct form_reader *r);

/*
 * Read from fd, at its present position, from now on; what is left of the
 * file before is dropped.  name is borrowed; fd is not closed.
 */
void form_reader_open(struct form_reader *r, int fd, const char *name);

/*
 * The next record.  timeout_ms: -1 waits for ever, 0 takes only what is
 * there.  Slices in out live until the next call with r.
 */
enum form_state form_reader_next(struct form_reader *r,
    struct form_record *out, int timeout_ms, struct err *e);

/*
 * Where records are lines as they are (no key, headers, time or tombstones
 * by any option) and end in one byte: what was read and not given out, for
 * who splits it itself and tells with form_reader_take how much of it was
 * used.  Else, and between files, empty.
 */
struct slice form_reader_rest(const struct form_reader *r, uint8_t *delimiter);
void form_reader_take(struct form_reader *r, size_t bytes, uint64_t records);

struct form_writer;

/* NULL: ERR_USAGE, ERR_SYSTEM. */
struct form_writer *form_writer_new(const struct form_options *o,
    struct err *e);
void form_writer_free(struct form_writer *w);

/*
 * Append one record to out.  0, or -1 with out as before: ERR_DATA (-F),
 * ERR_SYSTEM out of memory.
 */
int form_write(struct form_writer *w, const struct form_meta *m,
    const struct record *r, struct buf *out, struct err *e);

#endif
