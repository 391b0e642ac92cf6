/*
 * answer: the end of a comparison that is asked: it tells where logs begin
 * and end, and digests of what they hold (klog-replicate-protocol(5),
 * Digests).  It writes nothing, whatever is asked, and neither asks nor
 * changes who leads.
 *
 * As source.h it owns no connection: questions come in by answer_take,
 * answers go into a buffer.  A later question takes the place of an earlier
 * one.  One thread.
 */
#ifndef KLOG_ANSWER_H
#define KLOG_ANSWER_H

#include "buf.h"
#include "err.h"
#include "wire.h"

enum { ANSWER_SHARE = 16 << 20 }; /* bytes of batches that one digest is of */

struct answer; /* opaque */

/* out gets the messages.  NULL: out of memory. */
struct answer *answer_new(struct buf *out);
void answer_free(struct answer *a);

/* Offer the topic at path: puts WIRE_TOPIC.  0, or -1. */
int answer_add(struct answer *a, const char *path, struct err *e);

/*
 * A message of who asks.  0, or -1: ERR_DATA if it is none that may come, or
 * ERR_BUSY if what it asks for is not there any more.
 */
int answer_take(struct answer *a, const struct wire *w, struct err *e);

/* Put the next answer, DIGEST_LIST bytes and a header at most.  1 there are
 * more, 0 there are none, -1. */
int answer_pump(struct answer *a, struct err *e);

#endif
