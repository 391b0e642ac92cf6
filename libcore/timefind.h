/*
 * timefind: from a time to an offset, as Kafka's ListOffsets does it
 * (klog-format(5), TIME INDEX): the first segment whose largest timestamp is
 * not below t, its time index, its offset index, then records.
 */
#ifndef KLOG_TIMEFIND_H
#define KLOG_TIMEFIND_H

#include "codec.h"
#include "cursor.h"
#include "err.h"
#include "view.h"

/*
 * The first record, by offset, from log_start on, with timestamp >= t (ms).
 * raw_limit bounds a decompressed batch, in bytes.  v must be listed and
 * refreshed.  1: *offset and *timestamp are set; 0 there is none; -1.
 */
int timefind_first(struct view *v, struct codec *codec, int64_t log_start,
    int64_t t, size_t raw_limit, int64_t *offset, int64_t *timestamp,
    struct err *e);

/*
 * The same with a cursor on v, which then stands at that offset: the batch is
 * not looked up and read again.
 */
int timefind_seek(struct cursor *c, struct codec *codec, int64_t log_start,
    int64_t t, size_t raw_limit, int64_t *offset, int64_t *timestamp,
    struct err *e);

/* The largest timestamp of segment base, -1 if it has none.  0, or -1. */
int timefind_segment_max(
    struct view *v, int64_t base, int64_t *timestamp, struct err *e);

#endif
