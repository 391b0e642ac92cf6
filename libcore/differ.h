/*
 * differ: where the records of two copies of a log part, from their lists
 * (digest.h).  Pure.
 */
#ifndef KLOG_DIFFER_H
#define KLOG_DIFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct differ_side {
	const uint8_t *list; /* of digest_list; borrowed */
	size_t count, next; /* entries; the first not looked at yet */
	int64_t cleaned; /* below it compaction may have taken any record */
};

struct difference {
	int64_t offset;
	bool present[2]; /* in a, in b: one of them or both */
	int64_t timestamp[2]; /* ms; 0 where it is not */
};

struct differ_counts {
	int64_t same; /* records that are in both */
	int64_t compacted; /* that are in one, and compacted in the other */
};

/* Whether bytes are such a list, offsets rising from from on and below to. */
bool differ_is_list(struct slice bytes, int64_t from, int64_t to);

/*
 * Go on through the entries of a and b below offset to.  A record that is in
 * one only is no difference below where the other is compacted.
 * 1 there is one, *d; 0 there is none.
 */
int differ_next(struct differ_side *a, struct differ_side *b, int64_t to,
    struct difference *d, struct differ_counts *counts);

#endif
