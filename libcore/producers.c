#include "producers.h"

#include "bytes.h"
#include "crc.h"

enum { VERSION = 1 };

enum {				/* positions in an entry */
	ENTRY_ID = 0,
	ENTRY_EPOCH = 8,
	ENTRY_LAST_SEQUENCE = 10,
	ENTRY_LAST_OFFSET = 14,
	ENTRY_OFFSET_DELTA = 22,
	ENTRY_TIMESTAMP = 26,
	ENTRY_COORDINATOR_EPOCH = 34,
	ENTRY_TXN_START = 38
};

static uint32_t
checksum(const uint8_t *p, size_t n)
{
	return crc32c(p + PRODUCERS_COUNT, n - PRODUCERS_COUNT);
}

enum producers_state
producers_decode(const uint8_t *p, size_t n, struct producers *ps)
{
	size_t entries;

	*ps = (struct producers){ 0 };
	if (n < PRODUCERS_HEADER)
		return PRODUCERS_SHORT;
	ps->version = (int16_t)get_be16(p + PRODUCERS_VERSION);
	ps->crc = get_be32(p + PRODUCERS_CRC);
	ps->count = (int32_t)get_be32(p + PRODUCERS_COUNT);
	if (ps->version != VERSION || ps->count < 0)
		return PRODUCERS_BAD;
	entries = (n - PRODUCERS_HEADER) / PRODUCERS_ENTRY;
	if (entries < (size_t)ps->count) {
		ps->present = (int32_t)entries;
		return PRODUCERS_SHORT;
	}
	ps->present = ps->count;
	if (n != PRODUCERS_HEADER + (size_t)ps->count * PRODUCERS_ENTRY ||
	    checksum(p, n) != ps->crc)
		return PRODUCERS_BAD;
	return PRODUCERS_WHOLE;
}

void
producers_get(const uint8_t *p, int32_t i, struct producer *pr)
{
	p += PRODUCERS_HEADER + (size_t)i * PRODUCERS_ENTRY;
	pr->id = (int64_t)get_be64(p + ENTRY_ID);
	pr->epoch = (int16_t)get_be16(p + ENTRY_EPOCH);
	pr->last_sequence = (int32_t)get_be32(p + ENTRY_LAST_SEQUENCE);
	pr->last_offset = (int64_t)get_be64(p + ENTRY_LAST_OFFSET);
	pr->offset_delta = (int32_t)get_be32(p + ENTRY_OFFSET_DELTA);
	pr->timestamp = (int64_t)get_be64(p + ENTRY_TIMESTAMP);
	pr->coordinator_epoch = (int32_t)get_be32(p + ENTRY_COORDINATOR_EPOCH);
	pr->txn_start = (int64_t)get_be64(p + ENTRY_TXN_START);
}

int32_t
producers_first_sequence(const struct producer *pr)
{
	int64_t first = (int64_t)pr->last_sequence - pr->offset_delta;

	if (pr->last_sequence < 0)
		return -1;
	/* Sequences go on at 0 behind INT32_MAX. */
	return (int32_t)(first < 0 ? first + INT32_MAX + 1 : first);
}

static void
put_entry(uint8_t *p, const struct producer *pr)
{
	put_be64(p + ENTRY_ID, (uint64_t)pr->id);
	put_be16(p + ENTRY_EPOCH, (uint16_t)pr->epoch);
	put_be32(p + ENTRY_LAST_SEQUENCE, (uint32_t)pr->last_sequence);
	put_be64(p + ENTRY_LAST_OFFSET, (uint64_t)pr->last_offset);
	put_be32(p + ENTRY_OFFSET_DELTA, (uint32_t)pr->offset_delta);
	put_be64(p + ENTRY_TIMESTAMP, (uint64_t)pr->timestamp);
	put_be32(p + ENTRY_COORDINATOR_EPOCH, (uint32_t)pr->coordinator_epoch);
	put_be64(p + ENTRY_TXN_START, (uint64_t)pr->txn_start);
}

int
producers_encode(const struct producer *list, int32_t count, struct buf *out)
{
	size_t n = PRODUCERS_HEADER + (size_t)count * PRODUCERS_ENTRY;
	uint8_t *p;
	int32_t i;

	if (buf_reserve(out, n) < 0)
		return -1;
	p = out->data + out->len;
	put_be16(p + PRODUCERS_VERSION, VERSION);
	put_be32(p + PRODUCERS_COUNT, (uint32_t)count);
	for (i = 0; i < count; i++)
		put_entry(p + PRODUCERS_HEADER + (size_t)i * PRODUCERS_ENTRY,
		    &list[i]);
	put_be32(p + PRODUCERS_CRC, checksum(p, n));
	out->len += n;
	return 0;
}
