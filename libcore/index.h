/*
 * index: Kafka's offset index (.index) and time index (.timeindex), both
 * caches that can be rebuilt from the .log (klog-format(5)).
 *
 * .index     {int32 last offset - base, int32 position}: every batch before
 *            position ends below that offset
 * .timeindex {int64 timestamp, int32 offset - base}: the largest timestamp
 *            so far, and the last offset of the first batch that had it
 *
 * Reading stops where entries stop rising, so an active file that Kafka
 * preallocated with zeros reads as far as it was written.
 */
#ifndef KLOG_INDEX_H
#define KLOG_INDEX_H

#include <stdint.h>

#include "err.h"

enum {
	INDEX_ENTRY = 8, /* bytes of an .index entry */
	TIMEINDEX_ENTRY = 12, /* bytes of a .timeindex entry */
	INDEX_BYTES_MAX = 10485760 /* Kafka's segment.index.bytes */
};

struct index_entry {
	int64_t offset; /* absolute */
	int64_t position; /* bytes in the .log */
};

struct timeindex_entry {
	int64_t timestamp; /* ms */
	int64_t offset; /* absolute */
};

/* Decode the entry at p. */
struct index_entry index_get(const uint8_t *p, int64_t base);
struct timeindex_entry timeindex_get(const uint8_t *p, int64_t base);

/* Encode it at p. */
void index_set(uint8_t *p, int64_t base, const struct index_entry *en);
void timeindex_set(uint8_t *p, int64_t base, const struct timeindex_entry *en);

/* Write entry number i (from 0).  0, or -1, errno. */
int index_put(int fd, int64_t base, int32_t i, const struct index_entry *en);
int timeindex_put(
    int fd, int64_t base, int32_t i, const struct timeindex_entry *en);

/*
 * Where the batch that holds offset may start: not before position, that of
 * the last entry with an offset <= it (of that entry; base - 1: there is none,
 * and position is 0), and not behind next.  The batch at next ends at after,
 * or before.  INT64_MAX: there is no such entry.
 */
struct index_span {
	int64_t offset;
	int64_t position, next, after;
};

/*
 * Both look-ups bisect; up to 16 KiB are read at once, so that one read serves
 * for most files.
 */

/* Find the place of offset.  0, or -1, errno. */
int index_find(int fd, int64_t base, int64_t offset, struct index_span *span);

/* The same, only the position: where to start from.  -1: errno. */
int64_t index_lookup(int fd, int64_t base, int64_t offset);

/*
 * en gets the last entry with timestamp <= t, last the last of all; those whose
 * offset is not below end do not count.  None: its timestamp is -1 and its
 * offset base.  0, or -1, errno.
 */
int timeindex_find(int fd, int64_t base, int64_t t, int64_t end,
    struct timeindex_entry *en, struct timeindex_entry *last);

/* All positions of an .index, ascending, for walking backwards: *positions
 * is malloc'd, *count entries.  0, or -1, errno. */
int index_positions(int fd, int64_t base, int64_t **positions, int32_t *count);

#endif
