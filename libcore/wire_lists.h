/*
 * wire_lists: lists inside of the messages of wire.h.  Pure.
 *
 * names	each its length (2 bytes) and its bytes, at least one, no NUL
 * epochs	each WIRE_EPOCH bytes: epoch (4), start (8), origin (8); epochs
 *		and starts rise
 */
#ifndef KLOG_WIRE_LISTS_H
#define KLOG_WIRE_LISTS_H

#include <stdbool.h>

#include "buf.h"
#include "bytes.h"
#include "epochs.h"

enum {
	WIRE_LIST_MAX = 1 << 20, /* bytes of a list */
	WIRE_NAME_MAX = 4096, /* of a name: paths are the longest */
	WIRE_EPOCH = 20
};

/* Append a name to a list.  0, or -1 out of memory, or it is too long. */
int wire_add_name(struct buf *packed, const char *name);

/* Take the first name off a list (borrowed, without a NUL behind it): 1, 0. */
int wire_next_name(struct slice *names, struct slice *name);

bool wire_names_are_good(struct slice names);

/* Append epochs to a list.  0, or -1 out of memory, or it is too long. */
int wire_add_epochs(struct buf *packed, const struct epochs *es);

/* Unpack a good list into es (released first).  0, or -1 out of memory. */
int wire_get_epochs(struct slice packed, struct epochs *es);

bool wire_epochs_are_good(struct slice packed);

#endif
