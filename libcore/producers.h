/*
 * producers: Kafka's producer snapshot, "<offset>.snapshot": what is known of
 * each producer from the batches below that offset (klog-format(5)).  Pure:
 * bytes <-> struct.
 *
 * Only the last batch of each producer is in it.  A snapshot is a cache: it
 * is made anew by reading the log.
 */
#ifndef KLOG_PRODUCERS_H
#define KLOG_PRODUCERS_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum {				/* positions in the file, written once */
	PRODUCERS_VERSION = 0,
	PRODUCERS_CRC = 2,	/* of everything from PRODUCERS_COUNT on */
	PRODUCERS_COUNT = 6,
	PRODUCERS_HEADER = 10,	/* the entries start here */
	PRODUCERS_ENTRY = 46	/* bytes of an entry */
};

struct producer {
	int64_t id;
	int16_t epoch;
	int32_t last_sequence;	/* of its last data batch; -1 there is none */
	int64_t last_offset;	/* of that batch; -1 there is none */
	int32_t offset_delta;	/* last offset of that batch less its first */
	int64_t timestamp;	/* ms; of its last batch or marker */
	int32_t coordinator_epoch; /* of its last marker; -1 none */
	int64_t txn_start;	/* first offset of its open transaction; -1 */
};

struct producers {		/* a decoded header */
	int16_t version;	/* 1 is the only one there is */
	uint32_t crc;
	int32_t count;		/* entries that should be there */
	int32_t present;	/* of them, whole entries that are there */
};

enum producers_state {
	PRODUCERS_WHOLE,	/* all there and the checksum is right */
	PRODUCERS_SHORT,	/* cut off */
	PRODUCERS_BAD		/* version, count, length or checksum */
};

/*
 * Decode the header of the n bytes of a file at p.  ps is filled as far as
 * bytes are there; the first ps->present entries may be read whatever is
 * answered, but only those of a WHOLE file are to be trusted.
 */
enum producers_state producers_decode(
    const uint8_t *p, size_t n, struct producers *ps);

/* Entry i, 0 to present - 1, of the file at p. */
void producers_get(const uint8_t *p, int32_t i, struct producer *pr);

/* The sequence of the first record of pr's last batch; -1 there is none. */
int32_t producers_first_sequence(const struct producer *pr);

/* Append a whole file with count entries.  0, or -1 out of memory. */
int producers_encode(
    const struct producer *list, int32_t count, struct buf *out);

#endif
