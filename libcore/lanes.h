/*
 * lanes: the open batch of each partition, for accumulator.
 */
#ifndef KLOG_LANES_H
#define KLOG_LANES_H

#include <stdint.h>

#include "batch.h"

struct accumulator_lane { /* totals of one partition */
	int64_t first_offset, end_offset; /* of this run; -1 none */
	uint64_t records;
	int64_t cut_bytes, cut_offset; /* what recovery cut off; handles.h */
};

struct lane {
	struct accumulator_lane totals;
	struct batch_builder builder;
	uint64_t first_number; /* of the open batch */
};

struct lanes { /* zero it to start */
	struct lane *list;
	int32_t count;
};

/* Have count of them: those there are stay.  0, or -1 out of memory. */
int lanes_grow(struct lanes *l, int32_t count);
void lanes_release(struct lanes *l);

/* The smallest number in the open batches; UINT64_MAX if there are none. */
uint64_t lanes_lowest(const struct lanes *l);

#endif
