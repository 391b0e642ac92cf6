/*
 * Any bytes as a file of committed offsets: what is taken for one must be
 * what is written for it.
 */
#include "committed.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[COMMITTED_LINE];
	struct committed c;
	int slot = committed_latest(data, size, &c);

	if (slot < 0)
		return 0;
	committed_encode(line, &c);
	if (memcmp(line, data + (size_t)slot * COMMITTED_BLOCK,
		sizeof(line)) != 0 ||
	    c.offset < 0 || c.sequence < 0)
		abort();
	return 0;
}
