#include "aborted.h"

#include "bytes.h"

enum {				/* positions in an entry */
	ENTRY_VERSION = 0,
	ENTRY_PRODUCER_ID = 2,
	ENTRY_FIRST_OFFSET = 10,
	ENTRY_LAST_OFFSET = 18,
	ENTRY_STABLE_OFFSET = 26
};

enum aborted_state
aborted_decode(const uint8_t *p, size_t n, struct aborted *a)
{
	*a = (struct aborted){ 0 };
	if (n < ABORTED_ENTRY)
		return ABORTED_SHORT;
	a->version = (int16_t)get_be16(p + ENTRY_VERSION);
	a->producer_id = (int64_t)get_be64(p + ENTRY_PRODUCER_ID);
	a->first_offset = (int64_t)get_be64(p + ENTRY_FIRST_OFFSET);
	a->last_offset = (int64_t)get_be64(p + ENTRY_LAST_OFFSET);
	a->stable_offset = (int64_t)get_be64(p + ENTRY_STABLE_OFFSET);
	if (a->version != 0 || a->first_offset < 0 || a->stable_offset < 0 ||
	    a->last_offset < a->first_offset)
		return ABORTED_BAD;
	return ABORTED_WHOLE;
}

void
aborted_encode(uint8_t *p, const struct aborted *a)
{
	put_be16(p + ENTRY_VERSION, (uint16_t)a->version);
	put_be64(p + ENTRY_PRODUCER_ID, (uint64_t)a->producer_id);
	put_be64(p + ENTRY_FIRST_OFFSET, (uint64_t)a->first_offset);
	put_be64(p + ENTRY_LAST_OFFSET, (uint64_t)a->last_offset);
	put_be64(p + ENTRY_STABLE_OFFSET, (uint64_t)a->stable_offset);
}
