/*
 * bytes: integers as Kafka lays them out, and borrowed runs of bytes.
 *
 * Everything is big-endian; records use zig-zag varints of at most 5 (int32)
 * or 10 (int64) bytes.  Pure; nothing is owned here.
 */
#ifndef KLOG_BYTES_H
#define KLOG_BYTES_H

#include <stdint.h>
#include <string.h>

/* Borrowed bytes; whoever hands one out says for how long they live. */
struct slice {
	const uint8_t *data;
	int32_t len;		/* bytes; -1 is null, which is not empty */
};

#define SLICE_NULL ((struct slice){ NULL, -1 })

enum { VARINT_MAX = 5, VARLONG_MAX = 10 };

static inline uint16_t
get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get_be32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline uint64_t
get_be64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

static inline void
put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put_be32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
put_be64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, sizeof(v));
}

/* Bytes that v takes as a zig-zag varint (int32) or varlong (int64). */
int varint_size(int32_t v);
int varlong_size(int64_t v);

/* Write v at p, which has room; the byte after it is returned. */
uint8_t *varint_put(uint8_t *p, int32_t v);
uint8_t *varlong_put(uint8_t *p, int64_t v);

/*
 * Read one at *p, not touching end, and move *p past it.
 * 0, or -1 if it is cut off or longer than the type allows.
 */
int varint_get(const uint8_t **p, const uint8_t *end, int32_t *v);
int varlong_get(const uint8_t **p, const uint8_t *end, int64_t *v);

#endif
