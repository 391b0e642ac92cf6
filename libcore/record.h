/*
 * record: one key, value, headers and time, as Kafka's record v2 lays them
 * out inside a batch (klog-format(5)).  Pure: bytes <-> struct.
 *
 * Headers travel in their encoded form, so that copying a record from one
 * place to another costs one memcpy and loses nothing; header_next() walks
 * them, header_append() makes them.
 */
#ifndef KLOG_RECORD_H
#define KLOG_RECORD_H

#include "bytes.h"
#include "buf.h"

struct record {
	int64_t offset;		/* absolute; not read by record_encode */
	int64_t timestamp;	/* ms since the epoch; -1 none */
	struct slice key;	/* null or any bytes */
	struct slice value;	/* null (a tombstone) or any bytes */
	struct slice headers;	/* encoded list, never null; borrowed */
	int32_t header_count;	/* entries in headers */
};

struct header {
	struct slice name;	/* never null, may be empty */
	struct slice value;	/* null or any bytes */
};

/*
 * Bytes that r takes in a batch, its own length varint included, for these
 * deltas to the batch's base.  -1 if larger than INT32_MAX.
 */
int64_t record_size(const struct record *r, int64_t timestamp_delta,
    int32_t offset_delta);

/* Write it at p, which has record_size() bytes; the byte after is returned. */
uint8_t *record_encode(uint8_t *p, const struct record *r,
    int64_t timestamp_delta, int32_t offset_delta);

/*
 * Read one record at *p, never past end; *p moves behind it.  key, value and
 * headers point into the bytes read.  offset and timestamp get the base
 * added.  0, or -1: the bytes are not a record (*p is then undefined).
 * Headers are checked one by one, so a later header_next cannot fail
 * (Kafka 4.x, DefaultRecord: body consumed == length, header counts).
 */
int record_decode(const uint8_t **p, const uint8_t *end, int64_t base_offset,
    int64_t base_timestamp, struct record *r);

/* Append one header to an encoded list; 0, or -1 out of memory. */
int header_append(struct buf *headers, struct slice name, struct slice value);

/*
 * Take the first header off *rest (a copy of record.headers).
 * 1 got one, 0 the list is empty, -1 the bytes are not a header.
 */
int header_next(struct slice *rest, struct header *h);

#endif
