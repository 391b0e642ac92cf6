/*
 * deadletter: a topic that takes the records that no command could process.
 *
 * A dead letter is the record as it was (key, value, headers, time) with
 * three more headers behind its own (names as text, values as text):
 *
 *	klog.error	why it was given up
 *	klog.source	"orders/3/1041": topic, partition and offset
 *	klog.attempts	how often it was tried
 *
 * A key goes to the partition where Kafka's Java client puts it (router.h);
 * records without key take turns.  The topic is never created here.
 */
#ifndef KLOG_DEADLETTER_H
#define KLOG_DEADLETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "record.h"
#include "topic.h"

struct deadletter;		/* opaque */

/*
 * path as from where_topic; timeout_ms bounds each wait for a lock (-1: waits
 * for ever).  unsafe: as topic_check_local.
 * NULL, with e: ERR_SYSTEM "no such topic" and what topic_open says.
 */
struct deadletter *deadletter_open(const char *path, bool unsafe,
    int64_t timeout_ms, struct err *e);

/* NULL is let through. */
void deadletter_close(struct deadletter *d);

/* Its topic, to be compared with those that are read; as long as d. */
const struct topic *deadletter_topic(const struct deadletter *d);

/*
 * Append r and wait until it is on disk.  A record without time gets the
 * present one.  0, or -1: ERR_DATA the topic does not take it (too large with
 * its new headers, no key where it is compacted, a time too far ahead);
 * ERR_BUSY, ERR_SYSTEM and others as the log says.  It may be put again
 * after any failure; then it can be there twice.
 */
int deadletter_put(struct deadletter *d, const struct record *r,
    const char *source, int64_t attempts, const char *error, struct err *e);

#endif
