/*
 * Any text as a format, up to a NUL byte, and any bytes after that as a
 * record for it: no crash, and whole records are within the bytes.
 */
#include "format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct form_meta meta = { "orders", 3, 7, "zstd", true };

static void
write_and_read(struct format *f, const uint8_t *p, size_t n)
{
	struct record r = { .timestamp = 5, .key = SLICE_NULL,
		.value = { p, (int32_t)n }, .headers = { p, 0 } };
	struct format_source from = { &meta, &r, 1, SLICE_NULL, true };
	struct format_record got = { 0 };
	struct buf out = { 0 };
	struct err e;
	size_t used;

	format_write(f, &from, &out, &e);
	if (format_readable(f, &e) == 0) {
		if (format_read(f, p, n, false, &used, &got, &e) ==
		    FORMAT_WHOLE && used > n)
			abort();
		format_read(f, p, n, true, &used, &got, &e);
	}
	format_record_release(&got);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	struct format *f;
	struct err e;
	size_t n;

	if (nul == NULL)
		return 0;
	n = (size_t)(nul - data) + 1;
	f = format_new((const char *)data, &e);
	if (f != NULL)
		write_and_read(f, data + n, size - n);
	format_free(f);
	return 0;
}
