/*
 * digest: what a log holds between two offsets, in a few bytes: BLAKE2b over
 * its records one by one, so that copies of it agree however their batches
 * and segments are cut, compressed and compacted.
 *
 * A record counts with (klog-replicate-protocol(5), Digests): offset (8),
 * timestamp (8), kind (1: 0, or 1 of a control batch), then length (4, -1
 * null) and bytes of key, value and encoded headers; big-endian.
 *
 * Reading only; nothing is written.  One thread.
 */
#ifndef KLOG_DIGEST_H
#define KLOG_DIGEST_H

#include <stdbool.h>

#include "buf.h"
#include "cursor.h"
#include "topic.h"

enum {
	DIGEST_SIZE = 32,
	DIGEST_SHORT = 16, /* of one record in a list */
	DIGEST_ENTRY = 32, /* bytes: offset (8), timestamp (8), digest */
	DIGEST_LIST = 256 << 10 /* bytes of a list, at most */
};

struct digest {
	struct view view;
	struct cursor cursor;
	struct codec *codec;
	struct buf bytes, plain, canon;
	/* As digest_look saw them: */
	int64_t start, end; /* what readers may see; never behind end */
	int64_t high; /* high watermark; -1 the topic has none */
	int64_t cleaned; /* compacted below; 0 where it is not */
	bool compacts; /* the topic's policy */
	int64_t taken; /* bytes of batches read since digest_open */
};

struct digest_sum {
	int64_t to; /* how far it goes, exclusive */
	int64_t records;
	uint8_t sum[DIGEST_SIZE];
};

struct digest_entry {
	int64_t offset, timestamp;
	const uint8_t *sum; /* DIGEST_SHORT bytes; borrowed from the list */
};

/* Open partition number of t, which must live as long, and look.  0, or -1
 * (d is closed). */
int digest_open(
    struct digest *d, const struct topic *t, int32_t number, struct err *e);
void digest_close(struct digest *d);

/* See where the log begins and ends now.  0, or -1. */
int digest_look(struct digest *d, struct err *e);

/*
 * The records from from on and below to, but no more batches when room bytes
 * of them were read (of one at least).  0, or -1: ERR_BUSY if the log was cut
 * off, or its start moved on, under it; ERR_CORRUPT, ERR_SYSTEM.
 */
int digest_range(struct digest *d, int64_t from, int64_t to, int64_t room,
    struct digest_sum *sum, struct err *e);

/* The same one by one: appends to out, DIGEST_LIST bytes at most; *reached is
 * what to is to digest_sum. */
int digest_list(struct digest *d, int64_t from, int64_t to, int64_t room,
    struct buf *out, int64_t *reached, struct err *e);

/* Entry i of a list. */
struct digest_entry digest_entry(const uint8_t *list, size_t i);

#endif
