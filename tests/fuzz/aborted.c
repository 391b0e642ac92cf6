/*
 * Any bytes as a .txnindex entry: what counts as whole has an order of
 * offsets, and comes out the same when it is written again.
 */
#include "aborted.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[ABORTED_ENTRY];
	enum aborted_state state;
	struct aborted a;

	state = aborted_decode(data, size, &a);
	if ((state == ABORTED_SHORT) != (size < ABORTED_ENTRY))
		abort();
	if (state == ABORTED_SHORT)
		return 0;
	if (state == ABORTED_WHOLE && (a.version != 0 || a.first_offset < 0 ||
	    a.first_offset > a.last_offset))
		abort();
	aborted_encode(again, &a);
	if (memcmp(again, data, ABORTED_ENTRY) != 0)
		abort();
	return 0;
}
