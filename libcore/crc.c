#include "crc.h"

#include <isa-l/crc.h>

/* ISA-L counts in int, so a longer run goes in pieces of this many bytes. */
enum { CRC_PIECE = 1 << 30 };

uint32_t
crc32c(const void *data, size_t n)
{
	/* ISA-L reads only, but takes a pointer that is not const. */
	unsigned char *p = (unsigned char *)data;
	uint32_t sum = 0xffffffff;

	for (; n > CRC_PIECE; n -= CRC_PIECE, p += CRC_PIECE)
		sum = crc32_iscsi(p, CRC_PIECE, sum);
	if (n > 0)
		sum = crc32_iscsi(p, (int)n, sum);
	return sum ^ 0xffffffff;
}
