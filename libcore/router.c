#include "router.h"

uint32_t
router_hash(const void *key, size_t n)
{
	const uint32_t m = 0x5bd1e995;
	const uint8_t *p = key;
	uint32_t h = 0x9747b28c ^ (uint32_t)n;
	uint32_t k;

	for (; n >= 4; n -= 4, p += 4) {
		k = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		    (uint32_t)p[3] << 24;
		k *= m;
		k ^= k >> 24;
		k *= m;
		h = h * m ^ k;
	}
	if (n == 3)
		h ^= (uint32_t)p[2] << 16;
	if (n >= 2)
		h ^= (uint32_t)p[1] << 8;
	if (n >= 1)
		h = (h ^ p[0]) * m;
	h ^= h >> 13;
	h *= m;
	return h ^ h >> 15;
}

int32_t
router_partition(const void *key, size_t n, int32_t partitions)
{
	return (int32_t)(router_hash(key, n) & INT32_MAX) % partitions;
}
