/*
 * Any bytes as a .snapshot: entries are read only where they are, and what
 * counts as whole comes out the same when it is written again.
 */
#include "producers.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_again(const uint8_t *data, size_t size, const struct producers *ps)
{
	struct producer *list = calloc((size_t)ps->count + 1, sizeof(*list));
	struct buf out = { 0 };
	int32_t i;

	if (list == NULL)
		abort();
	for (i = 0; i < ps->count; i++)
		producers_get(data, i, &list[i]);
	if (producers_encode(list, ps->count, &out) < 0 || out.len != size ||
	    memcmp(out.data, data, size) != 0)
		abort();
	buf_release(&out);
	free(list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum producers_state state;
	struct producers ps;
	struct producer pr;
	int32_t i;

	state = producers_decode(data, size, &ps);
	if (ps.present < 0 || (ps.present > 0 && ps.present > ps.count))
		abort();
	for (i = 0; i < ps.present; i++) {
		producers_get(data, i, &pr);
		if (pr.last_sequence >= 0 && pr.offset_delta >= 0 &&
		    producers_first_sequence(&pr) < 0)
			abort();
	}
	if (state == PRODUCERS_WHOLE)
		write_again(data, size, &ps);
	return 0;
}
