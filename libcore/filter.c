#include "filter.h"

#include <string.h>

enum { KEY_SHOWN = 64 }; /* bytes of a key in a message */

/* What is known of a batch once each of its records was judged. */
struct judged {
	int32_t kept;
	bool changed; /* some are dropped or replaced */
	bool tombstones; /* among those that are kept */
};

void
filter_release(struct filter *f)
{
	buf_release(&f->records);
	buf_release(&f->verdicts);
	buf_release(&f->values);
	buf_release(&f->out);
	buf_release(&f->packed);
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

/* Keep a replaced value until the batch is written. */
static int
hold_value(struct filter *f, const struct slice *value, struct err *e)
{
	if (buf_append(&f->values, &value->len, sizeof(value->len)) < 0 ||
	    (value->len > 0 &&
		buf_append(&f->values, value->data, (size_t)value->len) < 0))
		return no_memory(e);
	return 0;
}

/* Kafka 4.x, Cleaner.shouldRetainRecord. */
static int
judge(struct filter *f, const struct batch *b, const struct record *r,
    struct judged *j, struct err *e)
{
	bool gone = (b->attributes & BATCH_HORIZON) != 0 &&
	    f->now_ms >= b->base_timestamp;
	struct slice value = SLICE_NULL;
	int v = FILTER_DROP;

	if (r->key.len >= 0)
		v = f->verdict(f->context, r, &value, e);
	if (v < 0)
		return -1;
	if (v == FILTER_REPLACE && hold_value(f, &value, e) < 0)
		return -1;
	if (v == FILTER_KEEP && r->value.len < 0 && gone)
		v = FILTER_DROP;
	j->changed |= v != FILTER_KEEP;
	if (v == FILTER_DROP)
		return v;
	j->kept++;
	j->tombstones |= (v == FILTER_KEEP ? r->value.len : value.len) < 0;
	return v;
}

/* Judge every record: f->verdicts has one byte for each. */
static int
judge_all(struct filter *f, const struct batch *b, struct batch_records br,
    struct judged *j, struct err *e)
{
	struct record some[FILTER_AHEAD];
	int got = 1, i, n, v;

	buf_clear(&f->verdicts);
	buf_clear(&f->values);
	if (buf_reserve(&f->verdicts, (size_t)b->count) < 0)
		return no_memory(e);
	while (got > 0) {
		for (n = 0; n < FILTER_AHEAD; n++) {
			got = batch_records_next(&br, &some[n], e);
			if (got <= 0)
				break;
			if (f->expect != NULL && some[n].key.len >= 0)
				f->expect(f->context, &some[n]);
		}
		for (i = 0; got >= 0 && i < n; i++) {
			v = judge(f, b, &some[i], j, e);
			if (v < 0)
				return -1;
			f->verdicts.data[f->verdicts.len++] = (uint8_t)v;
		}
	}
	f->records_read += b->count;
	f->records_kept += j->kept;
	return got;
}

/* Take the next value that was held; *at moves behind it. */
static struct slice
held_value(const struct filter *f, size_t *at)
{
	struct slice value;

	memcpy(&value.len, f->values.data + *at, sizeof(value.len));
	*at += sizeof(value.len);
	value.data = f->values.data + *at;
	if (value.len > 0)
		*at += (size_t)value.len;
	return value;
}

/* Append r to f->out, in batch left.  Times wrap, as in Java. */
static int
add(struct filter *f, const struct batch *left, const struct record *r,
    struct err *e)
{
	int64_t delta = (int64_t)((uint64_t)r->timestamp -
	    (uint64_t)left->base_timestamp);
	int32_t place = (int32_t)(r->offset - left->base_offset);
	int64_t n = record_size(r, delta, place);

	if (n < 0 || (int64_t)f->out.len + n > f->batch_max)
		return err_set(e, ERR_DATA,
		    "offset %lld, key \"%.*s\": not compacted: with the value "
		    "that it would get, the batch at offset %lld would be "
		    "larger than %lld bytes; smaller values, or a larger "
		    "max.message.bytes (klog-topic alter), help",
		    (long long)r->offset, r->key.len < KEY_SHOWN ? r->key.len :
								    KEY_SHOWN,
		    (const char *)r->key.data, (long long)left->base_offset,
		    (long long)f->batch_max);
	if (buf_reserve(&f->out, (size_t)n) < 0)
		return no_memory(e);
	record_encode(f->out.data + f->out.len, r, delta, place);
	f->out.len += (size_t)n;
	return 0;
}

static int
level_of(const struct filter *f, int codec)
{
	return codec == CODEC_ZSTD ? f->zstd_level :
	    codec == CODEC_GZIP	   ? f->gzip_level :
				     CODEC_LEVEL_DEFAULT;
}

/* Records are in f->out behind room for a header: compress, sum. */
static int
finish(struct filter *f, struct batch *left, const uint8_t **out,
    struct err *e)
{
	int codec = left->attributes & BATCH_CODEC_MASK;
	struct buf *result = &f->out;

	if (codec != CODEC_NONE) {
		buf_clear(&f->packed);
		if (buf_reserve(&f->packed, BATCH_HEADER) < 0)
			return no_memory(e);
		f->packed.len = BATCH_HEADER;
		if (codec_compress(f->codec, (enum codec_id)codec,
			level_of(f, codec), f->out.data + BATCH_HEADER,
			f->out.len - BATCH_HEADER, &f->packed, e) < 0)
			return -1;
		if (f->packed.len < f->out.len)
			result = &f->packed;
		else
			left->attributes &= (int16_t)~BATCH_CODEC_MASK;
	}
	left->size = (int32_t)result->len;
	batch_encode(result->data, left);
	*out = result->data;
	return 1;
}

/* Write the records that are kept into a new batch with the old one's place. */
static int
rebuild(struct filter *f, const struct batch *b, struct batch_records br,
    const struct judged *j, struct batch *left, const uint8_t **out,
    struct err *e)
{
	bool first = true;
	struct record r;
	size_t at = 0, i = 0;
	int got;

	buf_clear(&f->out);
	if (buf_reserve(&f->out, (size_t)b->size) < 0)
		return no_memory(e);
	f->out.len = BATCH_HEADER;
	left->count = j->kept;
	left->max_timestamp = INT64_MIN;
	while ((got = batch_records_next(&br, &r, e)) > 0) {
		uint8_t v = f->verdicts.data[i++];

		/* A value that was held may be of a record that went. */
		if (v == FILTER_REPLACE)
			r.value = held_value(f, &at);
		if (v == FILTER_DROP)
			continue;
		if (first && (left->attributes & BATCH_HORIZON) == 0)
			left->base_timestamp = r.timestamp;
		first = false;
		if (r.timestamp > left->max_timestamp)
			left->max_timestamp = r.timestamp;
		if (add(f, left, &r, e) < 0)
			return -1;
	}
	return got < 0 ? -1 : finish(f, left, out, e);
}

/* Every record of it stays. */
static int
keep_all(struct filter *f, const struct batch *b, struct judged *j,
    struct err *e)
{
	buf_clear(&f->verdicts);
	if (buf_reserve(&f->verdicts, (size_t)b->count) < 0)
		return no_memory(e);
	f->verdicts.len = (size_t)b->count;
	memset(f->verdicts.data, FILTER_KEEP, f->verdicts.len);
	j->kept = b->count;
	return 0;
}

int
filter_batch(struct filter *f, const struct batch *b, const uint8_t *bytes,
    const struct batch_records *records, enum filter_batch how,
    struct batch *left, const uint8_t **out, struct err *e)
{
	bool horizon = (b->attributes & BATCH_HORIZON) != 0;
	struct batch_records unpacked;
	struct judged j = { 0 };

	if (how == FILTER_NONE) {
		f->records_read += b->count;
		return 0;
	}
	*left = *b;
	*out = bytes;
	if (how == FILTER_WHOLE)
		return 1;
	if (how == FILTER_MARKER &&
	    (b->count == 0 || (horizon && f->now_ms >= b->base_timestamp)))
		return 0;
	if (records == NULL && batch_records_init(&unpacked, b, bytes, f->codec,
	    &f->records, (size_t)f->batch_max, e) < 0)
		return -1;
	if (records == NULL)
		records = &unpacked;
	if (how == FILTER_RECORDS) {
		if (judge_all(f, b, *records, &j, e) < 0)
			return -1;
		if (j.kept == 0)
			return 0;
	} else if (keep_all(f, b, &j, e) < 0) {
		return -1;
	}
	j.tombstones |= how == FILTER_MARKER;
	if (!j.changed && (horizon || !j.tombstones))
		return 1;
	if (!horizon && j.tombstones) {
		left->attributes |= BATCH_HORIZON;
		left->base_timestamp =
		    f->delete_retention_ms > INT64_MAX - f->now_ms ?
		    INT64_MAX :
		    f->now_ms + f->delete_retention_ms;
	}
	return rebuild(f, b, *records, &j, left, out, e);
}
