/*
 * confine: give up rights that the rest of a program's life does not need, so
 * that whoever finds a hole in it gains nothing by it.
 */
#ifndef KLOG_CONFINE_H
#define KLOG_CONFINE_H

#include <stdbool.h>

#include "err.h"

/*
 * From now on no file can be opened but below the current directory (and what
 * the system tells of itself), none there be executed, or written to if
 * !writes; no other program can be run, no connection made, no signal sent to
 * others, no privilege gained; memory is limited to a gigabyte.  Where the
 * kernel has no Landlock the rest still holds.
 * 1 all of it, 0 without Landlock, -1 ERR_SYSTEM.
 */
int confine(bool writes, struct err *e);

#endif
