/*
 * source: the end of a replication that has the log (rules R1-R15 of
 * kafka-semantics.md, klog-replicate-protocol(5)).
 *
 * It answers a target's positions and sends what the target lacks: whole
 * batches as they lie in the log, and only what is durable here, so that a
 * target never has more than what survives a power cut.  It owns no
 * connection: messages come in by source_take, go out into a buffer, and the
 * caller moves the bytes.  One thread.
 */
#ifndef KLOG_SOURCE_H
#define KLOG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "source_parts.h"
#include "wire.h"

/* out gets the messages; o is copied.  NULL: out of memory. */
struct source *source_new(const struct source_options *o, struct buf *out);
void source_free(struct source *s);

/*
 * Offer the topic at path: as name (NULL: its own), to be a replica of
 * origin; now, or when another process that serves the same follower has
 * ended or was found to be cut off from it.  0, or -1.
 */
int source_add(struct source *s, const char *path, const char *name,
    const char *origin, struct err *e);

/* Whether a topic of that name is offered already. */
bool source_offers(const struct source *s, const char *name);

/*
 * A message of the target's.  0, or -1: ERR_ROLE if the target knows of a
 * newer leader (then the topic is fenced, durably), ERR_DATA if the message
 * can't be, ...
 */
int source_take(struct source *s, const struct wire *w, struct err *e);

/*
 * Put the next message or two into out, about 1 MiB at most.  1 there is
 * more, 0 nothing more for now, 2 all is sent and acknowledged and WIRE_BYE
 * was put, -1.
 */
int source_pump(struct source *s, struct err *e);

/* Under follow: a descriptor (or -1) that is readable when the log changes;
 * then source_look.  Without one the caller looks now and then. */
int source_watch(const struct source *s);
void source_look(struct source *s);

/*
 * When (clock_mono_ms) source_pump has to be called though nothing came: a
 * follower may lag too long; CLOCK_NEVER.
 */
int64_t source_again(struct source *s);

/*
 * Another process asks us if our follower lives (replicas_serve.h): 1 it is to
 * be pinged; 0, or -1: ERR_BUSY that process serves it now.  source_heard
 * notes that the follower was heard of: 0, or -1 likewise.
 */
int source_is_asked(struct source *s, struct err *e);
int source_heard(struct source *s, struct err *e);

/* The target was asked to stop, or we were: WIRE_BYE at the next pump. */
void source_finish(struct source *s);

/* WIRE_BYE was put because all that was to be done is done. */
bool source_is_over(const struct source *s);

const struct source_counts *source_counts(const struct source *s);

#endif
