#include "batch.h"

#include <errno.h>

#include "crc.h"

/* Length, attributes, two deltas, key, value, header count: a byte each. */
enum { RECORD_MIN = 7 };

/* The most that a record takes besides key, value and headers, and some. */
enum { RECORD_OVERHEAD_MAX = 48 };

enum { ATTRIBUTES_KNOWN = BATCH_CODEC_MASK | BATCH_APPEND_TIME |
    BATCH_TRANSACTIONAL | BATCH_CONTROL | BATCH_HORIZON };

static bool
possible(const struct batch *b, int32_t last_delta)
{
	int codec = b->attributes & BATCH_CODEC_MASK;

	if ((b->attributes & ~ATTRIBUTES_KNOWN) != 0 || codec > CODEC_ZSTD)
		return false;
	if (b->base_offset < 0 || last_delta < 0 ||
	    b->base_offset > INT64_MAX - last_delta)
		return false;
	if (b->count < 0 || b->count > (int64_t)last_delta + 1)
		return false;
	return codec != CODEC_NONE ||
	    b->count <= (b->size - BATCH_HEADER) / RECORD_MIN;
}

enum batch_state
batch_decode(const uint8_t *p, size_t n, struct batch *b)
{
	int32_t length, last_delta;

	*b = (struct batch){ 0 };
	if (n < BATCH_HEADER)
		return BATCH_SHORT;
	length = (int32_t)get_be32(p + BATCH_LENGTH);
	if (p[BATCH_MAGIC] != 2 || length < BATCH_LENGTH_MIN ||
	    length > INT32_MAX - BATCH_OVERHEAD)
		return BATCH_BAD;
	last_delta = (int32_t)get_be32(p + BATCH_LAST_DELTA);
	b->base_offset = (int64_t)get_be64(p + BATCH_BASE_OFFSET);
	b->size = length + BATCH_OVERHEAD;
	b->epoch = (int32_t)get_be32(p + BATCH_EPOCH);
	b->crc = get_be32(p + BATCH_CRC);
	b->attributes = (int16_t)get_be16(p + BATCH_ATTRIBUTES);
	b->base_timestamp = (int64_t)get_be64(p + BATCH_BASE_TIMESTAMP);
	b->max_timestamp = (int64_t)get_be64(p + BATCH_MAX_TIMESTAMP);
	b->producer_id = (int64_t)get_be64(p + BATCH_PRODUCER_ID);
	b->producer_epoch = (int16_t)get_be16(p + BATCH_PRODUCER_EPOCH);
	b->base_sequence = (int32_t)get_be32(p + BATCH_SEQUENCE);
	b->count = (int32_t)get_be32(p + BATCH_COUNT);
	if (!possible(b, last_delta))
		return BATCH_BAD;
	b->last_offset = b->base_offset + last_delta;
	return n < (size_t)b->size ? BATCH_SHORT : BATCH_WHOLE;
}

static uint32_t
checksum(const uint8_t *p, size_t size)
{
	return crc32c(p + BATCH_ATTRIBUTES, size - BATCH_ATTRIBUTES);
}

bool
batch_verify(const uint8_t *p, const struct batch *b)
{
	return checksum(p, (size_t)b->size) == b->crc;
}

void
batch_place(uint8_t *p, int64_t base_offset, int32_t epoch)
{
	put_be64(p + BATCH_BASE_OFFSET, (uint64_t)base_offset);
	put_be32(p + BATCH_EPOCH, (uint32_t)epoch);
}

void
batch_stamp(uint8_t *p, int64_t now_ms)
{
	size_t size = (size_t)get_be32(p + BATCH_LENGTH) + BATCH_OVERHEAD;
	uint16_t attributes = get_be16(p + BATCH_ATTRIBUTES);

	put_be16(p + BATCH_ATTRIBUTES, attributes | BATCH_APPEND_TIME);
	put_be64(p + BATCH_MAX_TIMESTAMP, (uint64_t)now_ms);
	put_be32(p + BATCH_CRC, checksum(p, size));
}

/* Unsigned, because times at both ends of int64 wrap, as they do in Java. */
static int64_t
timestamp_delta(const struct batch_builder *bb, const struct record *r)
{
	if (bb->count == 0)
		return 0;
	return (int64_t)((uint64_t)r->timestamp -
	    (uint64_t)bb->base_timestamp);
}

int64_t
batch_builder_size_with(const struct batch_builder *bb, const struct record *r)
{
	int64_t used = bb->count > 0 ? (int64_t)bb->bytes.len : BATCH_HEADER;
	int64_t n = record_size(r, timestamp_delta(bb, r), bb->count);

	return n < 0 ? INT64_MAX : used + n;
}

int
batch_builder_add(struct batch_builder *bb, const struct record *r)
{
	size_t used = bb->count > 0 ? bb->bytes.len : BATCH_HEADER;
	int64_t delta = timestamp_delta(bb, r);
	int64_t n = (int64_t)RECORD_OVERHEAD_MAX + r->key.len + r->value.len +
	    r->headers.len;

	/* Summing up exactly is for the rare record that is near the end. */
	if (used + (size_t)n > (bb->bytes.cap < INT32_MAX ? bb->bytes.cap :
	    INT32_MAX)) {
		n = record_size(r, delta, bb->count);
		if (n < 0 || n > INT32_MAX - (int64_t)used ||
		    buf_reserve(&bb->bytes, used + (size_t)n -
		    bb->bytes.len) < 0)
			return -1;
	}
	bb->bytes.len = (size_t)(record_encode(bb->bytes.data + used, r, delta,
	    bb->count) - bb->bytes.data);
	if (bb->count++ == 0)
		bb->base_timestamp = bb->max_timestamp = r->timestamp;
	else if (r->timestamp > bb->max_timestamp)
		bb->max_timestamp = r->timestamp;
	return 0;
}

void
batch_encode(uint8_t *p, const struct batch *b)
{
	batch_place(p, b->base_offset, b->epoch);
	put_be32(p + BATCH_LENGTH, (uint32_t)(b->size - BATCH_OVERHEAD));
	p[BATCH_MAGIC] = 2;
	put_be16(p + BATCH_ATTRIBUTES, (uint16_t)b->attributes);
	put_be32(p + BATCH_LAST_DELTA,
	    (uint32_t)(b->last_offset - b->base_offset));
	put_be64(p + BATCH_BASE_TIMESTAMP, (uint64_t)b->base_timestamp);
	put_be64(p + BATCH_MAX_TIMESTAMP, (uint64_t)b->max_timestamp);
	put_be64(p + BATCH_PRODUCER_ID, (uint64_t)b->producer_id);
	put_be16(p + BATCH_PRODUCER_EPOCH, (uint16_t)b->producer_epoch);
	put_be32(p + BATCH_SEQUENCE, (uint32_t)b->base_sequence);
	put_be32(p + BATCH_COUNT, (uint32_t)b->count);
	put_be32(p + BATCH_CRC, checksum(p, (size_t)b->size));
}

/* What a batch has that nobody in particular produced. */
static const struct batch plain = { .epoch = -1,
	.base_timestamp = -1,
	.max_timestamp = -1,
	.producer_id = -1,
	.producer_epoch = -1,
	.base_sequence = -1 };

void
batch_empty(uint8_t *p, int64_t base, int64_t last, int32_t epoch)
{
	struct batch b = plain;

	b.base_offset = base;
	b.last_offset = last;
	b.epoch = epoch;
	b.size = BATCH_HEADER;
	batch_encode(p, &b);
}

void
batch_husk(uint8_t *p, const struct batch *of)
{
	struct batch b = *of;

	b.attributes &= (int16_t) ~(BATCH_CODEC_MASK | BATCH_HORIZON);
	b.size = BATCH_HEADER;
	b.base_timestamp = -1;
	b.count = 0;
	batch_encode(p, &b);
}

int
batch_builder_finish(struct batch_builder *bb, struct codec *c,
    enum codec_id id, int level, struct buf *scratch, uint8_t **out,
    size_t *size, struct err *e)
{
	const struct buf *result = &bb->bytes;
	struct batch b = plain;

	if (bb->count == 0)
		return err_set(e, ERR_DATA, "batch: no record");
	if (id != CODEC_NONE) {
		buf_clear(scratch);
		if (buf_reserve(scratch, BATCH_HEADER) < 0) {
			errno = ENOMEM;
			return err_sys(e, "batch");
		}
		scratch->len = BATCH_HEADER;
		if (codec_compress(c, id, level, bb->bytes.data + BATCH_HEADER,
		    bb->bytes.len - BATCH_HEADER, scratch, e) < 0)
			return -1;
		if (scratch->len < bb->bytes.len)
			result = scratch;
		else
			id = CODEC_NONE;
	}
	b.attributes = (int16_t)id;
	b.last_offset = bb->count - 1;
	b.size = (int32_t)result->len;
	b.base_timestamp = bb->base_timestamp;
	b.max_timestamp = bb->max_timestamp;
	b.count = bb->count;
	batch_encode(result->data, &b);
	*out = result->data;
	*size = result->len;
	return 0;
}

void
batch_builder_clear(struct batch_builder *bb)
{
	struct buf bytes = bb->bytes;

	buf_clear(&bytes);
	*bb = (struct batch_builder){ .bytes = bytes };
}

void
batch_builder_release(struct batch_builder *bb)
{
	buf_release(&bb->bytes);
	*bb = (struct batch_builder){ 0 };
}

int
batch_records_init(struct batch_records *br, const struct batch *b,
    const uint8_t *p, struct codec *c, struct buf *scratch, size_t limit,
    struct err *e)
{
	int id = b->attributes & BATCH_CODEC_MASK;

	br->batch = b;
	br->next = p + BATCH_HEADER;
	br->end = p + b->size;
	br->left = b->count;
	br->last_offset = b->base_offset - 1;
	/* A batch that compaction emptied may keep its codec bits. */
	if (id == CODEC_NONE || br->next == br->end)
		return 0;
	buf_clear(scratch);
	if (codec_decompress(c, (enum codec_id)id, br->next,
	    (size_t)(br->end - br->next), scratch, limit, e) < 0)
		return err_prefix(e, "batch at offset %lld",
		    (long long)b->base_offset);
	br->next = br->end;
	if (scratch->len > 0) {
		br->next = scratch->data;
		br->end = scratch->data + scratch->len;
	}
	return 0;
}

static int
corrupt(const struct batch_records *br, const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "batch at offset %lld: record %ld: %s",
	    (long long)br->batch->base_offset,
	    (long)br->batch->count - br->left, why);
}

int
batch_records_next(struct batch_records *br, struct record *r, struct err *e)
{
	const struct batch *b = br->batch;

	if (br->left == 0) {
		if (br->next == br->end)
			return 0;
		return corrupt(br, "bytes after the last record", e);
	}
	if (record_decode(&br->next, br->end, b->base_offset,
	    b->base_timestamp, r) < 0)
		return corrupt(br, "malformed or cut off", e);
	if (r->offset <= br->last_offset || r->offset > b->last_offset)
		return corrupt(br, "offset out of order", e);
	if ((b->attributes & BATCH_APPEND_TIME) != 0)
		r->timestamp = b->max_timestamp;
	br->last_offset = r->offset;
	br->left--;
	return 1;
}
