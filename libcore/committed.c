#include "committed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crc.h"
#include "units.h"

/* "offset epoch time sequence checksum", of fixed width. */
enum { OFFSET = 0, EPOCH = 21, TIME = 33, SEQUENCE = 54, SUM = 76, END = 85 };

_Static_assert(END + 1 == COMMITTED_LINE, "one line");

void
committed_encode(char line[COMMITTED_LINE], const struct committed *c)
{
	char text[COMMITTED_LINE + 1];

	snprintf(text, sizeof(text),
	    "%020" PRId64 " %+011" PRId32 " %+020" PRId64 " %020" PRId64 "  ",
	    c->offset, c->epoch, c->timestamp, c->sequence);
	snprintf(text + SUM, sizeof(text) - SUM, "%08" PRIx32 " \n",
	    crc32c(text, SUM));
	memcpy(line, text, COMMITTED_LINE);
}

/* The number in [from, to) of a line, signed if it has a sign. */
static int
number(const uint8_t *line, int from, int to, int64_t max, int64_t *out)
{
	char text[32];
	int sign = 1;

	if (line[from] == '+' || line[from] == '-')
		sign = line[from++] == '-' ? -1 : 1;
	memcpy(text, line + from, (size_t)(to - from));
	text[to - from] = '\0';
	if (units_int(text, 0, max, out) < 0)
		return -1;
	*out *= sign;
	return 0;
}

int
committed_decode(const uint8_t *p, size_t n, struct committed *c)
{
	char again[COMMITTED_LINE];
	int64_t epoch;

	if (n < COMMITTED_LINE || memchr(p, '\0', COMMITTED_LINE) != NULL ||
	    number(p, OFFSET, EPOCH - 1, INT64_MAX, &c->offset) < 0 ||
	    number(p, EPOCH, TIME - 1, INT32_MAX, &epoch) < 0 ||
	    number(p, TIME, SEQUENCE - 1, INT64_MAX, &c->timestamp) < 0 ||
	    number(p, SEQUENCE, SUM - 2, INT64_MAX, &c->sequence) < 0)
		return -1;
	c->epoch = (int32_t)epoch;
	/* Checksum, blanks and widths at once. */
	committed_encode(again, c);
	return memcmp(again, p, COMMITTED_LINE) == 0 ? 0 : -1;
}

int
committed_latest(const uint8_t *p, size_t n, struct committed *c)
{
	struct committed one;
	int i, latest = -1;

	for (i = 0; i < COMMITTED_SLOTS; i++) {
		size_t at = (size_t)i * COMMITTED_BLOCK;

		if (n <= at || committed_decode(p + at, n - at, &one) < 0)
			continue;
		if (latest < 0 || one.sequence > c->sequence) {
			latest = i;
			*c = one;
		}
	}
	return latest;
}

int
committed_blank(const uint8_t *p, size_t n)
{
	size_t at, i;
	int blank = 0;

	for (at = 0; at < COMMITTED_SLOTS * COMMITTED_BLOCK;
	    at += COMMITTED_BLOCK) {
		for (i = 0; i < COMMITTED_LINE; i++)
			if (at + i < n && p[at + i] != 0)
				break;
		blank += i == COMMITTED_LINE;
	}
	return blank;
}
