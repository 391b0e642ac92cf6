/*
 * Any bytes as a batch: its header, its sum, its records.  The sum is not
 * asked for before the records are read, or the fuzzer would get no further.
 */
#include "batch.h"

#include <stdlib.h>

#include "lines.h"

enum { LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read all bytes handed out, so that a sanitizer sees it. */
static void
touch(struct slice s)
{
	const volatile uint8_t *p = s.data;
	int32_t i;

	for (i = 0; i < s.len; i++)
		(void)p[i];
}

/* The bulk way must not take more than the general way would. */
static void
take_lines(struct batch_records br)
{
	struct buf out = { 0 };

	while (lines_take(&br, '\n', 1 << 16, &out) > 0)
		buf_clear(&out);
	if (br.left < 0 || br.next > br.end)
		abort();
	buf_release(&out);
}

static void
walk(const struct batch *b, const uint8_t *p, struct codec *c,
    struct buf *scratch)
{
	struct batch_records br;
	struct record r;
	struct err e;
	int64_t before = b->base_offset - 1;
	int32_t count = 0;
	int got;

	if (batch_records_init(&br, b, p, c, scratch, LIMIT, &e) < 0)
		return;
	take_lines(br);
	while ((got = batch_records_next(&br, &r, &e)) == 1) {
		if (r.offset <= before || r.offset > b->last_offset)
			abort();
		before = r.offset;
		count++;
		touch(r.key);
		touch(r.value);
		touch(r.headers);
	}
	if (got == 0 && count != b->count)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct codec *c = codec_new();
	struct buf scratch = { 0 };
	struct batch b;
	uint8_t *copy;

	if (c == NULL)
		abort();
	if (batch_decode(data, size, &b) == BATCH_WHOLE) {
		if ((size_t)b.size > size)
			abort();
		batch_verify(data, &b);
		walk(&b, data, c, &scratch);
		copy = malloc((size_t)b.size);
		if (copy == NULL)
			abort();
		memcpy(copy, data, (size_t)b.size);
		batch_stamp(copy, 1);
		if (batch_decode(copy, (size_t)b.size, &b) != BATCH_WHOLE ||
		    !batch_verify(copy, &b))
			abort();
		free(copy);
	}
	buf_release(&scratch);
	codec_free(c);
	return 0;
}
