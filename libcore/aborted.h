/*
 * aborted: an entry of Kafka's transaction index, "<base>.txnindex", one for
 * each transaction whose ABORT marker is in the segment (klog-format(5)).
 * Pure: bytes <-> struct.
 *
 * Entries follow one another without header, in the order of their markers:
 * last offsets rise within a file.
 */
#ifndef KLOG_ABORTED_H
#define KLOG_ABORTED_H

#include <stddef.h>
#include <stdint.h>

enum { ABORTED_ENTRY = 34 };	/* bytes of an entry */

struct aborted {
	int16_t version;	/* 0 is the only one there is */
	int64_t producer_id;
	int64_t first_offset;	/* of the transaction's data; it may lie in an
				 * earlier segment */
	int64_t last_offset;	/* of the ABORT marker */
	int64_t stable_offset;	/* where the oldest other open transaction
				 * began then, else last_offset + 1 */
};

enum aborted_state {
	ABORTED_WHOLE,
	ABORTED_SHORT,		/* fewer bytes than an entry; *a is zeros */
	ABORTED_BAD		/* another version, or impossible offsets */
};

/* Decode the entry at p, of which n bytes are there. */
enum aborted_state aborted_decode(
    const uint8_t *p, size_t n, struct aborted *a);

/* Write the entry at p, which has ABORTED_ENTRY bytes. */
void aborted_encode(uint8_t *p, const struct aborted *a);

#endif
