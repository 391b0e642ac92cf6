/*
 * place: the offset in a partition that a start (-o) means.
 */
#ifndef KLOG_TOPIC_PLACE_H
#define KLOG_TOPIC_PLACE_H

#include <stdint.h>

#include "codec.h"
#include "err.h"
#include "range.h"
#include "view.h"

/*
 * Within [start, end], however large the number that was asked for is; start
 * is where v, which was looked at, starts.  1 and *timestamp is that of the
 * record there, 0 it is not known (only BOUND_TIME looks) or there is none,
 * -1.
 */
int place_of(const struct bound *b, struct view *v, struct codec *codec,
    int64_t start, int64_t *offset, int64_t *timestamp, struct err *e);

#endif
