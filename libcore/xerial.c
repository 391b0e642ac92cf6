#include "xerial.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "bytes.h"

enum {
	BLOCK = 32 * 1024,	/* input bytes of a chunk */
	MAGIC = 8,		/* bytes of the header that tell the framing */
	HEADER = 16,
	RATIO_MAX = 64		/* an element of 2 or 3 bytes makes 64 */
};

/* Magic, version 1, readable by version 1. */
static const uint8_t header[HEADER] = {
	0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1
};

static int
no_memory(struct err *e)
{
	errno = ENOMEM;
	return err_sys(e, "snappy");
}

/* dlsym gives an object pointer, which C cannot convert to a function's. */
static int
symbol(struct xerial *x, const char *name, void *function)
{
	void *p = dlsym(x->library, name);

	memcpy(function, &p, sizeof(p));
	return p == NULL ? -1 : 0;
}

static int
load(struct xerial *x, struct err *e)
{
	if (x->library != NULL)
		return 0;
	x->library = dlopen("libsnappy.so.1", RTLD_NOW | RTLD_LOCAL);
	if (x->library == NULL)
		return err_set(e, ERR_SYSTEM, "snappy: %s", dlerror());
	if (symbol(x, "snappy_compress", &x->compress) == 0 &&
	    symbol(x, "snappy_uncompress", &x->uncompress) == 0 &&
	    symbol(x, "snappy_max_compressed_length", &x->bound) == 0 &&
	    symbol(x, "snappy_uncompressed_length", &x->claim) == 0)
		return 0;
	xerial_release(x);
	return err_set(e, ERR_SYSTEM,
	    "snappy: libsnappy.so.1: a function is missing");
}

void
xerial_release(struct xerial *x)
{
	if (x->library != NULL)
		dlclose(x->library);
	*x = (struct xerial){ 0 };
}

int
xerial_compress(struct xerial *x, const uint8_t *src, size_t n,
    struct buf *dst, struct err *e)
{
	size_t block, size;

	if (load(x, e) < 0)
		return -1;
	if (buf_append(dst, header, HEADER) < 0)
		return no_memory(e);
	for (; n > 0; src += block, n -= block) {
		block = n < BLOCK ? n : BLOCK;
		size = x->bound(block);
		if (buf_reserve(dst, 4 + size) < 0)
			return no_memory(e);
		if (x->compress((const char *)src, block,
		    (char *)dst->data + dst->len + 4, &size) != SNAPPY_OK)
			return err_set(e, ERR_SYSTEM, "snappy: refused");
		put_be32(dst->data + dst->len, (uint32_t)size);
		dst->len += 4 + size;
	}
	return 0;
}

/*
 * One raw block.  left: bytes it may make.  Its claim is believed only as far
 * as n bytes can fulfil it.
 */
static int
block_decompress(struct xerial *x, const uint8_t *src, size_t n,
    struct buf *dst, size_t left, struct err *e)
{
	const char *s = (const char *)src;
	size_t size;

	if (x->claim(s, n, &size) != SNAPPY_OK || size / RATIO_MAX > n)
		return err_set(e, ERR_CORRUPT, "snappy: malformed");
	if (size > left)
		return err_set(e, ERR_CORRUPT,
		    "snappy: unpacks to more than max.message.bytes allows");
	/* One more, so that an empty block has an address too. */
	if (buf_reserve(dst, size + 1) < 0)
		return no_memory(e);
	if (x->uncompress(s, n, (char *)dst->data + dst->len, &size) !=
	    SNAPPY_OK)
		return err_set(e, ERR_CORRUPT, "snappy: malformed");
	dst->len += size;
	return 0;
}

int
xerial_decompress(struct xerial *x, const uint8_t *src, size_t n,
    struct buf *dst, size_t limit, struct err *e)
{
	size_t start = dst->len;
	uint32_t size;

	if (load(x, e) < 0)
		return -1;
	if (n < MAGIC || memcmp(src, header, MAGIC) != 0)
		return block_decompress(x, src, n, dst, limit, e);
	if (n < HEADER || (int32_t)get_be32(src + MAGIC) < 1)
		return err_set(e, ERR_CORRUPT, "snappy: malformed header");
	src += HEADER;
	n -= HEADER;
	for (; n > 0; src += size, n -= size) {
		if (n < 4 || (size = get_be32(src)) > n - 4)
			return err_set(e, ERR_CORRUPT, "snappy: cut off");
		src += 4;
		n -= 4;
		if (block_decompress(x, src, size, dst,
		    limit - (dst->len - start), e) < 0)
			return -1;
	}
	return 0;
}
