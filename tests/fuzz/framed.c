/*
 * Any bytes as a frame: what is read is written again as the same bytes, and
 * passing over it, in two pieces, finds the same end.
 */
#include "form_frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_skip skip = { 0 };
	struct buf headers = { 0 }, out = { 0 };
	struct record r;
	size_t used, first, second;

	if (frame_get(data, size, &used, &r, &headers) == FRAME_WHOLE) {
		if (frame_put(&out, &r) < 0 || out.len != used ||
		    memcmp(out.data, data, used) != 0)
			abort();
		if (frame_skip(&skip, data, used / 2, &first) !=
		    FRAME_SHORT ||
		    frame_skip(&skip, data + first, size - first, &second) !=
		    FRAME_WHOLE || first + second != used)
			abort();
	} else {
		frame_skip(&skip, data, size, &used);
	}
	buf_release(&headers);
	buf_release(&out);
	return 0;
}
