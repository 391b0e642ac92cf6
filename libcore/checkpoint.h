/*
 * checkpoint: the one-line text files of a partition.
 *
 * log-start-offset   "N\n": where the readable log begins
 * cleaner-checkpoint "N\n": below N the log is compacted; clean.lock is held
 *                    to write it.  Who cuts a log off below N lowers it first
 * recovery-point     "BOOT-ID N\n", N of 20 digits: below N all is on disk, as
 *                    known in that boot; a reboot does not make it less true
 * high-watermark     "N\n", N of 20 digits: readers go no further; only where
 *                    there are copies to wait for
 */
#ifndef KLOG_CHECKPOINT_H
#define KLOG_CHECKPOINT_H

#include <stdint.h>

#include "err.h"

#define CHECKPOINT_HIGH "high-watermark"

/* 1 read, 0 there is none (*offset is 0), -1. */
int checkpoint_read_start(
    int dirfd, int64_t *offset, const char *where, struct err *e);
int checkpoint_write_start(
    int dirfd, int64_t offset, const char *where, struct err *e);

int checkpoint_read_cleaner(
    int dirfd, int64_t *offset, const char *where, struct err *e);
int checkpoint_write_cleaner(
    int dirfd, int64_t offset, const char *where, struct err *e);

/* boot gets 36 characters and a NUL. */
int checkpoint_read_recovery(int dirfd, char boot[37], int64_t *offset,
    const char *where, struct err *e);
int checkpoint_write_recovery(int dirfd, const char boot[37], int64_t offset,
    const char *where, struct err *e);

/* 1 read, 0 there is none (*offset is -1), -1. */
int checkpoint_read_high(
    int dirfd, int64_t *offset, const char *where, struct err *e);
int checkpoint_write_high(
    int dirfd, int64_t offset, const char *where, struct err *e);

/* Overwrite it in place, for the same reason without a sync. */
void checkpoint_raise_high(int dirfd, int64_t offset, const char *where);

/* Fill e for a log that ends below its recovery point; returns -1. */
int checkpoint_too_short(
    const char *where, int64_t end, int64_t recovery_point, struct err *e);

/*
 * Raise the recovery point after a sync, by overwriting the line in place: an
 * older one that a power cut brings back is still true, so this is not
 * synced and costs next to nothing.  Without a file it does nothing.
 */
void checkpoint_raise_recovery(
    int dirfd, const char boot[37], int64_t offset, const char *where);

/* Remove what a writer of these files left that was killed. */
void checkpoint_tidy(int dirfd);

#endif
