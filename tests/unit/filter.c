#include "filter.h"

#include "test.h"

#define T INT64_C(1700000000000)

enum { DAY = 86400000 };

/* Worked examples E and F of Kafka's format: what its own filter writes. */
static const char example_e[] =
    "000000000000000a0000004800000009021d18d1e10040000000020000018bd50d4aa0"
    "0000018bcfe56801000000000000004d000200000005000000021600bf8abf52000261"
    "0231001400bd8abf520202620100";
static const char example_f[] =
    "000000000000000a0000003100000009028f3c180b000000000002ffffffffffffffff"
    "0000018bcfe56802000000000000004d00020000000500000000";

static struct slice
text(const char *s)
{
	return s == NULL ?
	    SLICE_NULL :
	    (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

/* a=1, b (a tombstone), a=2 at offsets 10 to 12 of producer 77. */
static void
original(struct buf *out, struct batch *b, enum codec_id codec, struct codec *c)
{
	static const char *const keys[] = { "a", "b", "a" };
	static const char *const values[] = { "1", NULL, "2" };
	struct batch_builder bb = { 0 };
	struct buf scratch = { 0 };
	uint8_t *bytes;
	struct err e;
	size_t size;
	int i;

	for (i = 0; i < 3; i++) {
		struct record r = { .timestamp = T + i,
			.key = text(keys[i]),
			.value = text(values[i]) };

		CHECK_EQ_INT(batch_builder_add(&bb, &r), 0);
	}
	CHECK_EQ_INT(batch_builder_finish(
			 &bb, c, codec, 1, &scratch, &bytes, &size, &e),
	    0);
	CHECK_EQ_INT(batch_decode(bytes, size, b), BATCH_WHOLE);
	b->base_offset = 10;
	b->last_offset = 12;
	b->epoch = 9;
	b->producer_id = 77;
	b->producer_epoch = 2;
	b->base_sequence = 5;
	batch_encode(bytes, b);
	buf_append(out, bytes, size);
	batch_builder_release(&bb);
	buf_release(&scratch);
}

struct wanted { /* of the three records */
	enum filter_verdict verdict[3];
	const char *value; /* for REPLACE */
};

static int
verdict(void *context, const struct record *r, struct slice *value,
    struct err *e)
{
	const struct wanted *w = context;

	(void)e;
	*value = text(w->value);
	return (int)w->verdict[r->offset - 10];
}

struct sieve {
	struct filter f;
	struct wanted w;
	struct buf bytes;
	struct batch b, left;
	const uint8_t *out;
	struct err e;
};

static void
begin(struct sieve *s)
{
	memset(s, 0, sizeof(*s));
	s->f = (struct filter){ .now_ms = T + 100000,
		.delete_retention_ms = DAY,
		.batch_max = 1 << 20,
		.codec = codec_new(),
		.verdict = verdict,
		.context = &s->w };
	s->w = (struct wanted){ { FILTER_KEEP, FILTER_KEEP, FILTER_KEEP }, "" };
}

static void
end(struct sieve *s)
{
	codec_free(s->f.codec);
	filter_release(&s->f);
	buf_release(&s->bytes);
}

static int
run(struct sieve *s, enum filter_batch how)
{
	return filter_batch(&s->f, &s->b, s->bytes.data, NULL, how, &s->left,
	    &s->out, &s->e);
}

static void
check_hex(const uint8_t *bytes, int32_t size, const char *want)
{
	char hex[512] = "";
	int i;

	for (i = 0; i < size && i < 250; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	CHECK_EQ_STR(hex, want);
}

static void
golden_e(void)
{
	struct sieve s;

	begin(&s);
	original(&s.bytes, &s.b, CODEC_NONE, s.f.codec);
	s.w.verdict[2] = FILTER_DROP;
	CHECK_EQ_INT(run(&s, FILTER_RECORDS), 1);
	check_hex(s.out, s.left.size, example_e);
	/* It stays so until its horizon, byte for byte. */
	buf_clear(&s.bytes);
	buf_append(&s.bytes, s.out, (size_t)s.left.size);
	CHECK_EQ_INT(
	    batch_decode(s.bytes.data, s.bytes.len, &s.b), BATCH_WHOLE);
	s.f.now_ms += DAY - 1;
	CHECK_EQ_INT(run(&s, FILTER_RECORDS), 1);
	CHECK(s.out == s.bytes.data);
	/* Then the tombstone goes, and the horizon stays. */
	s.f.now_ms++;
	CHECK_EQ_INT(run(&s, FILTER_RECORDS), 1);
	CHECK_EQ_INT(s.left.count, 1);
	CHECK_EQ_INT(s.left.attributes, BATCH_HORIZON);
	CHECK_EQ_INT(s.left.base_timestamp, T + 100000 + DAY);
	CHECK_EQ_INT(s.left.max_timestamp, T);
	end(&s);
}

static void
golden_f(void)
{
	uint8_t husk[BATCH_HEADER];
	struct sieve s;
	int i;

	begin(&s);
	original(&s.bytes, &s.b, CODEC_NONE, s.f.codec);
	for (i = 0; i < 3; i++)
		s.w.verdict[i] = FILTER_DROP;
	CHECK_EQ_INT(run(&s, FILTER_RECORDS), 0);
	batch_husk(husk, &s.b);
	check_hex(husk, BATCH_HEADER, example_f);
	end(&s);
}

/* A value that is put in keeps offset, time and place; null is a tombstone. */
static void
replaces(void)
{
	struct batch_records br;
	struct buf scratch = { 0 };
	struct sieve s;
	struct record r;

	begin(&s);
	original(&s.bytes, &s.b, CODEC_ZSTD, s.f.codec);
	s.w = (struct wanted){ { FILTER_DROP, FILTER_DROP, FILTER_REPLACE },
		"3" };
	CHECK_EQ_INT(run(&s, FILTER_RECORDS), 1);
	CHECK_EQ_INT(s.left.attributes & BATCH_HORIZON, 0);
	CHECK_EQ_INT(batch_records_init(&br, &s.left, s.out, s.f.codec,
			 &scratch, 1 << 20, &s.e),
	    0);
	CHECK_EQ_INT(batch_records_next(&br, &r, &s.e), 1);
	CHECK_EQ_INT(r.offset, 12);
	CHECK_EQ_INT(r.timestamp, T + 2);
	CHECK_EQ_INT(r.value.len, 1);
	CHECK_EQ_INT(r.value.data[0], '3');
	CHECK_EQ_INT(batch_records_next(&br, &r, &s.e), 0);
	CHECK_EQ_INT(s.left.base_timestamp, T + 2);
	s.w.value = NULL;
	CHECK_EQ_INT(run(&s, FILTER_RECORDS), 1);
	CHECK_EQ_INT(s.left.attributes & BATCH_HORIZON, BATCH_HORIZON);
	CHECK_EQ_INT(s.f.records_read, 6);
	CHECK_EQ_INT(s.f.records_kept, 2);
	buf_release(&scratch);
	end(&s);
}

/* Markers: kept, then with a horizon, then gone; aborted data goes at once. */
static void
markers(void)
{
	struct sieve s;

	begin(&s);
	original(&s.bytes, &s.b, CODEC_NONE, s.f.codec);
	s.b.attributes = BATCH_CONTROL | BATCH_TRANSACTIONAL;
	batch_encode(s.bytes.data, &s.b);
	CHECK_EQ_INT(run(&s, FILTER_WHOLE), 1);
	CHECK(s.out == s.bytes.data);
	CHECK_EQ_INT(run(&s, FILTER_MARKER), 1);
	CHECK_EQ_INT(s.left.count, 3);
	CHECK_EQ_INT(s.left.attributes,
	    BATCH_CONTROL | BATCH_TRANSACTIONAL | BATCH_HORIZON);
	s.b.attributes = s.left.attributes;
	s.b.base_timestamp = s.f.now_ms;
	CHECK_EQ_INT(run(&s, FILTER_MARKER), 0);
	CHECK_EQ_INT(run(&s, FILTER_NONE), 0);
	end(&s);
}

/* A batch of a codec that does not pay is written without one. */
static void
without_codec(void)
{
	struct sieve s;

	begin(&s);
	original(&s.bytes, &s.b, CODEC_NONE, s.f.codec);
	s.b.attributes = CODEC_NONE;
	s.w.verdict[0] = FILTER_DROP;
	CHECK_EQ_INT(run(&s, FILTER_RECORDS), 1);
	CHECK(batch_verify(s.out, &(struct batch){ .size = s.left.size,
				      .crc = get_be32(s.out + BATCH_CRC) }));
	CHECK_EQ_INT(s.left.base_offset, 10);
	CHECK_EQ_INT(s.left.last_offset, 12);
	CHECK_EQ_INT(s.left.base_sequence, 5);
	end(&s);
}

TEST_MAIN(TEST(golden_e), TEST(golden_f), TEST(replaces), TEST(markers),
    TEST(without_codec))
