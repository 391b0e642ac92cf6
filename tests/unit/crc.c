#include "crc.h"

#include "test.h"

/* The definition, a bit at a time: reflected polynomial 0x82F63B78. */
static uint32_t
plain(const uint8_t *p, size_t n)
{
	uint32_t sum = 0xffffffff;
	int bit;

	for (; n > 0; n--) {
		sum ^= *p++;
		for (bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (0x82f63b78 & (0 - (sum & 1)));
	}
	return ~sum;
}

static void
vector(void)
{
	CHECK_EQ_INT(crc32c("123456789", 9), 0xe3069283);
	CHECK_EQ_INT(crc32c("", 0), 0);
}

/* ISA-L has other code for other lengths and alignments. */
static void
lengths(void)
{
	static uint8_t data[5000];
	size_t i, n;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	for (n = 0; n < 600; n++)
		CHECK_EQ_INT(crc32c(data + n % 16, n), plain(data + n % 16, n));
	CHECK_EQ_INT(crc32c(data + 1, 4999), plain(data + 1, 4999));
}

TEST_MAIN(TEST(vector), TEST(lengths))
