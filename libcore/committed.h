/*
 * committed: the file of a consumer group's committed offset in a partition,
 * groups/NAME/offsets/N (klog-format(5)).
 *
 * Two lines of text, each in a block of its own: a commit overwrites the
 * older one, so that a crash leaves the old or the new offset, never another.
 * Pure: bytes <-> struct.
 */
#ifndef KLOG_COMMITTED_H
#define KLOG_COMMITTED_H

#include <stddef.h>
#include <stdint.h>

enum {
	COMMITTED_SLOTS = 2,
	COMMITTED_BLOCK = 4096,	/* bytes from one line's start to the other's */
	COMMITTED_LINE = 86	/* bytes of a line, newline included */
};

struct committed {
	int64_t offset;		/* of the next record to read, >= 0 */
	int32_t epoch;		/* leader epoch of the one before; -1 unknown */
	int64_t timestamp;	/* ms: when it was committed */
	int64_t sequence;	/* of commits, from 0; the larger line counts */
};

/* The line, without a NUL. */
void committed_encode(char line[COMMITTED_LINE], const struct committed *c);

/* Decode the line at p: 0, or -1 it is none (torn, damaged, not there). */
int committed_decode(const uint8_t *p, size_t n, struct committed *c);

/*
 * What a whole file of n bytes at p says: the slot that counts (0 or 1) and
 * *c, or -1 if neither line is good.
 */
int committed_latest(const uint8_t *p, size_t n, struct committed *c);

/*
 * How many lines were never written, 0 to 2: one, and a file without a good
 * one is one in which no commit was ever finished, and not damaged; two, and
 * none was begun.
 */
int committed_blank(const uint8_t *p, size_t n);

#endif
