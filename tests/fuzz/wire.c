/*
 * Any bytes as what a peer of klog-replicate says: a greeting, then messages;
 * those that are taken say the same when they are written again.
 */
#include "wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk_lists(const struct wire *w)
{
	struct slice names = w->names, name;
	struct epochs es = { 0 };
	int32_t left = names.len;
	size_t i;

	while (wire_next_name(&names, &name)) {
		if (name.len <= 0)
			abort();
		left -= name.len + 2;
	}
	if (left != 0)
		abort();
	if (wire_get_epochs(w->epochs, &es) < 0)
		abort();
	for (i = 1; i < es.count; i++)
		if (es.list[i].epoch <= es.list[i - 1].epoch ||
		    es.list[i].start <= es.list[i - 1].start)
			abort();
	epochs_release(&es);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = { 0 };
	struct wire w;
	struct err e;
	size_t n;
	int version, r;

	r = wire_greeted(data, size, &version);
	if (r > 0) {
		if ((size_t)r > size || version != WIRE_VERSION)
			abort();
		data += r;
		size -= (size_t)r;
	}
	while (wire_get(data, size, &w, &n, &e) > 0) {
		walk_lists(&w);
		buf_clear(&out);
		if (n > size || wire_put(&out, &w) < 0 || out.len != n ||
		    memcmp(out.data, data, n) != 0)
			abort();
		data += n;
		size -= n;
	}
	buf_release(&out);
	return 0;
}
