/*
 * emit: which records pass, and how they are written.
 */
#ifndef KLOG_EMIT_H
#define KLOG_EMIT_H

#include "consume.h"

/* ---- filter.c ---- */

struct filter;

/* NULL with e->code ERR_NONE: everything passes. */
struct filter *filter_new(const struct options *o, struct err *e);
void filter_free(struct filter *f);

/* 1 it passes, 0 it does not, -1. */
int filter_match(struct filter *f, const struct record *r, struct err *e);

/* ---- emit.c ---- */

/* Check the output form and make its writer; touches no file.  0, or -1. */
int emit_init(struct consumer *c, struct err *e);

/* Make the directory of --whole; prepare stdout.  0, or -1. */
int emit_open(struct consumer *c, struct err *e);

/*
 * Print one record of s if it passes: 1 printed, 0 not, -1.  b is its batch.
 */
int emit_record(struct consumer *c, const struct stream *s,
    const struct batch *b, const struct record *r, struct err *e);

/* The same into out, which is the caller's to write. */
int emit_into(struct consumer *c, const struct stream *s,
    const struct batch *b, const struct record *r, struct buf *out,
    struct err *e);

/* Write out what is buffered.  0, or -1. */
int emit_flush(struct consumer *c, struct err *e);

#endif
