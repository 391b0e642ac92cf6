/*
 * The first byte names a codec; the rest is decompressed under a limit, and
 * is compressed and decompressed again, which must give it back.
 */
#include "codec.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct codec *c = codec_new();
	struct buf packed = { 0 }, plain = { 0 };
	struct err e;
	enum codec_id id;

	if (c == NULL)
		abort();
	if (size > 0) {
		id = (enum codec_id)(data[0] % (CODEC_ZSTD + 1));
		data++;
		size--;
		if (codec_decompress(c, id, data, size, &plain, LIMIT,
		    &e) == 0 ? plain.len > LIMIT : plain.len != 0)
			abort();
		buf_clear(&plain);
		if (codec_compress(c, id, CODEC_LEVEL_DEFAULT, data, size,
		    &packed, &e) < 0)
			abort();
		if (codec_decompress(c, id, packed.data, packed.len, &plain,
		    size, &e) < 0)
			abort();
		if (plain.len != size ||
		    (size > 0 && memcmp(plain.data, data, size) != 0))
			abort();
	}
	buf_release(&packed);
	buf_release(&plain);
	codec_free(c);
	return 0;
}
