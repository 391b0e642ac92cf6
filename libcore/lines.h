/*
 * lines: the bulk way into a batch and out of it.  Text lines without key and
 * headers are found, framed and copied in one loop, where the general way
 * takes a record apart and puts it together again in every layer.
 */
#ifndef KLOG_LINES_H
#define KLOG_LINES_H

#include "batch.h"

/*
 * Add a record to bb for each run of bytes up to a delimiter, in order, with
 * that timestamp (ms).  Stops before the batch might grow past limit bytes,
 * at bytes without a delimiter, or when memory is short.  *from is moved
 * behind the last delimiter that was used.  How many were added.
 */
int32_t lines_add(struct batch_builder *bb, const uint8_t **from,
    const uint8_t *end, uint8_t delimiter, int64_t timestamp, int64_t limit);

/*
 * Append the values of br's next records to out, the delimiter after each,
 * until out holds full bytes.  Stops before a record that is not plain (it
 * has headers, or is not a record at all): batch_records_next goes on there.
 * How many were taken.
 */
int32_t lines_take(struct batch_records *br, uint8_t delimiter, size_t full,
    struct buf *out);

#endif
