/*
 * serve: the end of a connection that was called.
 */
#ifndef KLOG_SERVE_H
#define KLOG_SERVE_H

#include <stdbool.h>

#include "err.h"

struct serving {
	const char *folder; /* whose topics are served */
	const char *origin; /* what the caller takes them for a replica of */
	bool confined; /* no file outside of it is touched */
	bool read_only; /* only a source, and nothing is written */
	bool append_only; /* only a target, that only grows */
	bool unsafe;
};

/*
 * Serve the connection whose ends are in and out, to its end.  What fails is
 * told the caller, who tells the user: *told then (or if he went away).
 * 0, or -1.
 */
int serve(const struct serving *o, int in, int out, bool *told,
    struct err *e);

#endif
