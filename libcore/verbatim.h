/*
 * verbatim: batches of another log appended byte for byte: offsets, leader
 * epochs, timestamps and checksums stay (rules R1 and R3 of replication).
 *
 * Everything is verified before a lock is taken, so a peer that is slow or
 * lies never makes others wait.
 */
#ifndef KLOG_VERBATIM_H
#define KLOG_VERBATIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "partition.h"

struct verbatim {
	int64_t from; /* where the log ends that they go to */
	int32_t epoch; /* leader epoch of the batch before; -1 none */
	bool holes; /* offsets may be missing: they are gone at the source */
	int64_t batch_max; /* bytes: settings_batch_limit */
	int64_t end; /* filled: where the log ends with them */
	int64_t batches, records; /* filled: how many they are */
	int32_t last_epoch; /* filled: of the last one */
};

/*
 * Whether n bytes are just whole batches that may follow v->from: well formed,
 * checksums right, offsets rising (by one, without v->holes), epochs not
 * falling.  0, or -1 ERR_CORRUPT, without saying whose they are.
 */
int verbatim_check(
    const uint8_t *bytes, size_t n, struct verbatim *v, struct err *e);

/*
 * Append what verbatim_check found good, rolling where it is due: append_begin
 * came before and p->slot.next_offset is v->from.  The epochs are noted
 * already.  0, or -1 (a part of them, whole batches, may be there).
 */
int verbatim_append(struct partition *p, const uint8_t *bytes, size_t n,
    struct err *e);

#endif
