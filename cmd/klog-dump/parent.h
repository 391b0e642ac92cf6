/*
 * parent: the directory of the file in hand, for the readers of libcore that
 * find their file in a directory by its name.
 */
#ifndef KLOG_DUMP_PARENT_H
#define KLOG_DUMP_PARENT_H

#include "err.h"

struct parent {
	int fd;
	char *path;		/* for messages: "." where the file has none */
};

/* Open the directory that file is in, through links.  0, or -1. */
int parent_open(struct parent *dir, const char *file, struct err *e);
void parent_close(struct parent *dir);

/* Make a text about "./NAME" one about file, as it was named.  -1. */
int parent_named(const char *file, struct err *e);

#endif
