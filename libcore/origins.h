/*
 * origins: leader-epoch-origins, who began which leader epoch: lines "EPOCH
 * ORIGIN", the origin 16 hexadecimal digits, drawn at random whenever an
 * epoch begins: by a recovery or a promotion.
 *
 * Two logs may begin the same epoch apart from each other: a leader that
 * rebooted, and its replica that was promoted meanwhile.  Numbers then agree
 * where records don't; origins differ.  One that is not noted is 0.
 */
#ifndef KLOG_ORIGINS_H
#define KLOG_ORIGINS_H

#include "epochs.h"

/* Read both files: the epochs and their origins.  0, or -1. */
int origins_read(
    struct epochs *es, int dirfd, const char *where, struct err *e);

/* The lines of that file alone; start means nothing.  0, or -1. */
int origins_lines(
    struct epochs *lines, int dirfd, const char *where, struct err *e);

/* Give those epochs the origins that the file has.  0, or -1. */
int origins_add(struct epochs *es, int dirfd, const char *where, struct err *e);

/*
 * Replace both files, durably (append lock held).  An epoch is never there
 * without its origin: killed in between, there is at most an origin too many,
 * of an epoch that is not there.  0, or -1.
 */
int origins_save(
    const struct epochs *es, int dirfd, const char *where, struct err *e);

/* A new origin, never 0.  0, or -1. */
int origins_draw(uint64_t *origin, struct err *e);

/* Remove what a killed writer of either file left; the append lock is held. */
void origins_tidy(int dirfd);

#endif
