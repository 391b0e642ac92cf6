/* Ranges and lists of partitions: any text; what is taken is in order. */
#include "range.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct range r;
	struct err e;
	int32_t *list;
	char s[256];
	size_t n, i;

	if (size >= sizeof(s))
		return 0;
	memcpy(s, data, size);
	s[size] = '\0';
	if (range_parse(s, 1795341600000, &r, &e) == 0) {
		if (r.from.kind == BOUND_NONE || r.from.value < 0 ||
		    r.to.value < 0)
			abort();
		if (r.from.kind == r.to.kind && r.from.value > r.to.value)
			abort();
	}
	if (range_partitions(s, &list, &n, &e) == 0) {
		if (n == 0 || n > RANGE_PARTITIONS_MAX || list[0] < 0)
			abort();
		for (i = 1; i < n; i++)
			if (list[i] <= list[i - 1])
				abort();
		free(list);
	}
	return 0;
}
