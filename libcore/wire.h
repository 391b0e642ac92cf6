/*
 * wire: what the two ends of klog-replicate say to each other
 * (klog-replicate-protocol(5)).  Pure: bytes <-> struct.
 *
 * Each end begins with a greeting line, then come frames: type (1 byte),
 * length of what follows (4), payload; all big-endian.  A frame is looked at
 * only if its length is one that its type may have, so what a peer makes us
 * keep in memory is bounded.  Numbers out of range are refused here; whether
 * they make sense is the affair of source.h and target.h.
 */
#ifndef KLOG_WIRE_H
#define KLOG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "bytes.h"
#include "err.h"
#include "wire_lists.h"

enum {
	WIRE_VERSION = 1,
	WIRE_GREETING_MAX = 64, /* bytes of the line, newline included */
	WIRE_HEADER = 5,
	WIRE_BATCHES_MAX = 64 << 20, /* bytes of WIRE_BATCHES */
	WIRE_BATCHES_FLAGS = 13, /* where its flags are, from its first byte */
	WIRE_ID = 22, /* characters of a topic's id */
	WIRE_DIGEST_SIZE = 32,
	WIRE_LISTED_MAX = 256 << 10 /* bytes of WIRE_LISTED */
};

enum wire_type {
	WIRE_HELLO = 1, /* caller: direction, flags, name, names */
	WIRE_TOPIC,	/* source: topic, id, name, origin, partitions, text */
	WIRE_POSITION,	/* target: topic, partition, end, start, high, epochs */
	WIRE_START,	/* source: topic, partition, from, cut, end, start,
			 * high, epochs */
	WIRE_BATCHES,	/* source: topic, partition, flags, from, start, high,
			 * bytes */
	WIRE_ACK,	/* target: topic, partition, end */
	WIRE_NEWS,	/* source: as WIRE_START without from and cut */
	WIRE_SETTINGS,	/* source: topic, partitions, text */
	WIRE_GROUP,	/* source: topic, partition, name, from, epoch, time */
	WIRE_NO_TYPE,	/* 10 is none */
	WIRE_PING,	/* either: answer with WIRE_PONG */
	WIRE_PONG,
	WIRE_ERROR,	/* either: status, text; nothing follows */
	WIRE_BYE,	/* source: that was all; target: all of it is done */
	WIRE_READY,	/* target: topic; its positions have all been told */
	/* Of a comparison (digest.h): */
	WIRE_DIGEST,	/* caller: number, topic, partition, flags, from, end */
	WIRE_EXTENT,	/* source: number, end, start, high, cleaned */
	WIRE_DIGESTED,	/* source: number, from, end, records, digest */
	WIRE_LISTED,	/* source: number, from, end, bytes */
	WIRE_TYPES
};

/* Direction: the caller's wish. */
enum { WIRE_PULL = 1, WIRE_PUSH = 2, WIRE_COMPARE = 3 };

/* Flags of WIRE_HELLO, of WIRE_BATCHES and of WIRE_DIGEST. */
enum {
	WIRE_FOLLOW = 1, /* stay when all is copied */
	WIRE_GROUPS = 2, /* the offsets of groups are wanted */

	WIRE_HOLES = 1, /* offsets that are missing here are gone there */
	WIRE_MORE = 2, /* the next batches follow at once */

	WIRE_LIST = 1	 /* each record by itself */
};

struct wire { /* a message; the slices are borrowed from the frame */
	enum wire_type type;
	uint8_t direction, flags;
	uint8_t status; /* exit status that the error stands for */
	int32_t topic;	/* number that WIRE_TOPIC gave it, from 0 */
	int32_t partition;
	int32_t partitions; /* how many the topic has */
	int32_t epoch;	    /* -1 unknown */
	int64_t from;	    /* offset of what comes first; of a group */
	int64_t cut;	    /* offset to cut back to first; -1 none */
	int64_t end;	    /* offset behind the last durable record */
	int64_t start;	    /* log start offset */
	int64_t high;	    /* high watermark; -1 the topic has none */
	int64_t time;	    /* ms */
	int32_t number;	    /* of the question that is answered */
	int64_t records;    /* how many were digested */
	int64_t cleaned;    /* below it the log is compacted; 0 it is not */
	struct slice id, name, origin, text, bytes, digest;
	struct slice names;  /* packed: wire_lists.h */
	struct slice epochs; /* packed: wire_lists.h */
};

/* Write the greeting line at line; its length. */
size_t wire_greet(char line[WIRE_GREETING_MAX]);

/*
 * Read one: its length, 0 more bytes are needed, or -1 it is none.  *version
 * is the highest that both know.
 */
int wire_greeted(const uint8_t *p, size_t n, int *version);

/* Append the whole frame of w to out.  0, or -1 out of memory. */
int wire_put(struct buf *out, const struct wire *w);

/*
 * The same for one that ends by bytes that the caller appends himself after
 * this; wire_end then fills in the length.  at: where the frame begins.
 */
int wire_begin(struct buf *out, const struct wire *w, size_t *at);
void wire_end(struct buf *out, size_t at);

/*
 * The frame at p, of which n bytes are there: 1 and its *size, 0 more bytes
 * are needed (*size in all; 0 not known yet), or -1 ERR_DATA it is none.
 */
int wire_get(
    const uint8_t *p, size_t n, struct wire *w, size_t *size, struct err *e);

#endif
