#include "bytes.h"

static uint32_t
zigzag32(int32_t v)
{
	return (uint32_t)v << 1 ^ (uint32_t)(v >> 31);
}

static uint64_t
zigzag64(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

int
varint_size(int32_t v)
{
	return (38 - __builtin_clz(zigzag32(v) | 1)) / 7;
}

int
varlong_size(int64_t v)
{
	return (70 - __builtin_clzll(zigzag64(v) | 1)) / 7;
}

uint8_t *
varint_put(uint8_t *p, int32_t v)
{
	uint32_t z = zigzag32(v);

	for (; z >= 0x80; z >>= 7)
		*p++ = (uint8_t)(z | 0x80);
	*p++ = (uint8_t)z;
	return p;
}

uint8_t *
varlong_put(uint8_t *p, int64_t v)
{
	uint64_t z = zigzag64(v);

	for (; z >= 0x80; z >>= 7)
		*p++ = (uint8_t)(z | 0x80);
	*p++ = (uint8_t)z;
	return p;
}

/*
 * As in Kafka's ByteUtils, a needlessly long form is taken, and so are bits
 * of the last byte that the type has no place for: they are dropped.
 */
int
varint_get(const uint8_t **p, const uint8_t *end, int32_t *v)
{
	const uint8_t *s = *p;
	uint32_t z = 0;
	unsigned shift;

	for (shift = 0; s < end && shift < 7 * VARINT_MAX; shift += 7) {
		z |= (uint32_t)(*s & 0x7f) << shift;
		if (*s++ < 0x80) {
			*v = (int32_t)(z >> 1 ^ (0 - (z & 1)));
			*p = s;
			return 0;
		}
	}
	return -1;
}

int
varlong_get(const uint8_t **p, const uint8_t *end, int64_t *v)
{
	const uint8_t *s = *p;
	uint64_t z = 0;
	unsigned shift;

	for (shift = 0; s < end && shift < 7 * VARLONG_MAX; shift += 7) {
		z |= (uint64_t)(*s & 0x7f) << shift;
		if (*s++ < 0x80) {
			*v = (int64_t)(z >> 1 ^ (0 - (z & 1)));
			*p = s;
			return 0;
		}
	}
	return -1;
}
