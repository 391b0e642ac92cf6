/*
 * source_send: what source says of its own accord, and when.
 */
#ifndef KLOG_SOURCE_SEND_H
#define KLOG_SOURCE_SEND_H

#include "source_parts.h"

/* WIRE_TOPIC or WIRE_SETTINGS of t.  0, or -1. */
int source_send_topic(struct source *s, struct source_topic *t,
    enum wire_type type, struct err *e);

int source_send_start(struct source *s, struct source_topic *t,
    struct source_log *l, int64_t from, int64_t cut, struct err *e);

/* source.c: bring t->logs up to what the topic's settings say.  0, or -1. */
int source_grow(
    struct source *s, struct source_topic *t, struct err *e);

#endif
