#include "codec.h"

#include <lz4frame.h>
#include <stdlib.h>

#include "test.h"

enum { MIB = 1 << 20, ROOM = 2 * MIB };

static const enum codec_id all[] = { CODEC_NONE, CODEC_GZIP, CODEC_SNAPPY,
    CODEC_LZ4, CODEC_ZSTD };

enum { ALL = sizeof(all) / sizeof(all[0]) };

static uint8_t text[MIB], noise[MIB], zeros[MIB];

static void
fill(void)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < MIB; i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (uint8_t)(x >> 24);
		text[i] = (uint8_t)("GET /index HTTP/1.1 200\n"[i % 24] +
		    (noise[i] > 250));
	}
}

static void
round_trip(struct codec *c, enum codec_id id, int level, const uint8_t *data,
    size_t n)
{
	struct buf packed = { 0 }, plain = { 0 };
	struct err e;

	CHECK_EQ_INT(buf_append(&packed, "before", 6), 0);
	CHECK_EQ_INT(buf_append(&plain, "kept", 4), 0);
	CHECK_EQ_INT(codec_compress(c, id, level, data, n, &packed, &e), 0);
	CHECK_EQ_INT(codec_decompress(c, id, packed.data + 6, packed.len - 6,
	    &plain, n, &e), 0);
	CHECK_EQ_MEM(packed.data, 6, "before", 6);
	CHECK_EQ_MEM(plain.data, 4, "kept", 4);
	CHECK_EQ_MEM(plain.data + 4, plain.len - 4, data, n);
	if (n > 0) {
		plain.len = 4;
		CHECK_EQ_INT(codec_decompress(c, id, packed.data + 6,
		    packed.len - 6, &plain, n - 1, &e), -1);
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
		CHECK_EQ_INT(plain.len, 4);
	}
	buf_release(&packed);
	buf_release(&plain);
}

static void
round_trips(void)
{
	static const size_t sizes[] = { 0, 1, 2, 100, 32767, 32768, 32769,
	    65536, 65537, 300000, MIB };
	struct codec *c = codec_new();
	size_t i, j;

	for (i = 0; i < ALL; i++)
		for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			round_trip(c, all[i], CODEC_LEVEL_DEFAULT, text,
			    sizes[j]);
			round_trip(c, all[i], CODEC_LEVEL_DEFAULT, noise,
			    sizes[j]);
			round_trip(c, all[i], CODEC_LEVEL_DEFAULT, zeros,
			    sizes[j]);
		}
	codec_free(c);
}

static void
levels(void)
{
	struct codec *c = codec_new();
	struct buf b = { 0 };
	struct err e;
	size_t low;
	int level;

	for (level = 0; level <= 9; level++)
		round_trip(c, CODEC_GZIP, level, text, 30000);
	for (level = -7; level <= 22; level += level < 18 ? 1 : 4)
		round_trip(c, CODEC_ZSTD, level, text, 30000);
	round_trip(c, CODEC_ZSTD, -131072, text, 30000);
	CHECK_EQ_INT(codec_compress(c, CODEC_GZIP, 1, text, MIB, &b, &e), 0);
	low = b.len;
	buf_clear(&b);
	CHECK_EQ_INT(codec_compress(c, CODEC_GZIP, 9, text, MIB, &b, &e), 0);
	CHECK(b.len < low);
	CHECK_EQ_INT(codec_compress(c, CODEC_GZIP, 10, text, 9, &b, &e), -1);
	CHECK_EQ_INT(e.code, ERR_USAGE);
	buf_release(&b);
	codec_free(c);
}

static void
names(void)
{
	size_t i;

	for (i = 0; i < ALL; i++)
		CHECK_EQ_INT(codec_parse(codec_name((int)all[i])), all[i]);
	CHECK_EQ_INT(codec_parse("uncompressed"), CODEC_NONE);
	CHECK_EQ_INT(codec_parse("lzma"), -1);
	CHECK_EQ_INT(codec_parse(""), -1);
	CHECK(codec_name(5) == NULL && codec_name(-1) == NULL);
	codec_free(NULL);
}

/* What goes before the data, as Kafka writes it. */
static void
framing(void)
{
	static const uint8_t lz4[] = { 4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82 };
	static const uint8_t xerial[] = { 0x82, 'S', 'N', 'A', 'P', 'P', 'Y',
	    0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 5, 4 << 2, 'h', 'e', 'l',
	    'l', 'o' };
	struct codec *c = codec_new();
	struct buf b = { 0 };
	struct err e;

	CHECK_EQ_INT(codec_compress(c, CODEC_LZ4, 0, text, 1000, &b, &e), 0);
	CHECK_EQ_MEM(b.data, sizeof(lz4), lz4, sizeof(lz4));
	CHECK_EQ_MEM(b.data + b.len - 4, 4, "\0\0\0\0", 4);
	buf_clear(&b);
	CHECK_EQ_INT(codec_compress(c, CODEC_SNAPPY, 0, "hello", 5, &b, &e),
	    0);
	CHECK_EQ_MEM(b.data, b.len, xerial, sizeof(xerial));
	buf_clear(&b);
	CHECK_EQ_INT(codec_compress(c, CODEC_ZSTD, 1, text, 1000, &b, &e), 0);
	CHECK_EQ_MEM(b.data, 4, "\x28\xb5\x2f\xfd", 4);
	CHECK_EQ_INT(b.data[4] & 0xe4, 0);	/* no content size, no sum */
	buf_release(&b);
	codec_free(c);
}

/* Decompress and expect the outcome, with a copy that ends where src ends. */
static int
unpack(struct codec *c, enum codec_id id, const void *src, size_t n,
    struct buf *out, size_t limit)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	struct err e = { 0 };
	int r;

	memcpy(copy, src, n);
	buf_clear(out);
	r = codec_decompress(c, id, copy, n, out, limit, &e);
	if (r < 0) {
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
		CHECK_EQ_INT(out->len, 0);
	}
	free(copy);
	return r;
}

static void
raw_snappy(void)
{
	static const char claim[] = "\xff\xff\xff\xff\x07\0a";
	struct codec *c = codec_new();
	struct buf out = { 0 };

	CHECK_EQ_INT(unpack(c, CODEC_SNAPPY, "\5\x10hello", 7, &out, 99), 0);
	CHECK_EQ_MEM(out.data, out.len, "hello", 5);
	CHECK_EQ_INT(unpack(c, CODEC_SNAPPY, "\0", 1, &out, 99), 0);
	CHECK_EQ_INT(out.len, 0);
	/* A claim of 2 GiB - 1 in seven bytes is not believed. */
	CHECK_EQ_INT(unpack(c, CODEC_SNAPPY, claim, 7, &out, ROOM), -1);
	CHECK_EQ_INT(unpack(c, CODEC_SNAPPY, claim, 7, &out, SIZE_MAX), -1);
	CHECK(out.cap < 1000);
	CHECK_EQ_INT(unpack(c, CODEC_SNAPPY, "\5\x10helloo", 8, &out, 99), -1);
	buf_release(&out);
	codec_free(c);
}

static void
concatenated(void)
{
	struct codec *c = codec_new();
	struct buf two = { 0 }, out = { 0 };
	struct err e;
	size_t i;
	int r;

	for (i = 0; i < ALL; i++) {
		buf_clear(&two);
		CHECK_EQ_INT(codec_compress(c, all[i], 1, "first ", 6, &two,
		    &e), 0);
		CHECK_EQ_INT(codec_compress(c, all[i], 1, "second", 6, &two,
		    &e), 0);
		r = unpack(c, all[i], two.data, two.len, &out, 12);
		if (all[i] == CODEC_LZ4 || all[i] == CODEC_SNAPPY) {
			CHECK_EQ_INT(r, -1);
			continue;
		}
		CHECK_EQ_INT(r, 0);
		CHECK_EQ_MEM(out.data, out.len, "first second", 12);
		CHECK_EQ_INT(unpack(c, all[i], two.data, two.len, &out, 11),
		    -1);
	}
	buf_release(&two);
	buf_release(&out);
	codec_free(c);
}

/* Cut anywhere or with a byte too many: refused, never overread. */
static void
damaged(void)
{
	struct codec *c = codec_new();
	struct buf b = { 0 }, out = { 0 };
	struct err e;
	size_t i, n;

	for (i = 1; i < ALL; i++) {
		buf_clear(&b);
		CHECK_EQ_INT(codec_compress(c, all[i], 1, text, 40000, &b, &e),
		    0);
		for (n = 0; n < b.len; n += n < 100 || n + 100 > b.len ? 1 : 7)
			/* Between two chunks xerial's framing may end. */
			if (unpack(c, all[i], b.data, n, &out, MIB) == 0)
				CHECK(all[i] == CODEC_SNAPPY &&
				    out.len % 32768 == 0);
		CHECK_EQ_INT(buf_append(&b, "x", 1), 0);
		CHECK_EQ_INT(unpack(c, all[i], b.data, b.len, &out, MIB), -1);
		CHECK_EQ_INT(unpack(c, all[i], noise, 1000, &out, MIB), -1);
		for (n = 0; n + 1 < b.len; n += n < 64 ? 1 : 31) {
			b.data[n] ^= 0x55;
			unpack(c, all[i], b.data, b.len - 1, &out, MIB);
			b.data[n] ^= 0x55;
		}
		/* The contexts are as good as new after all that. */
		round_trip(c, all[i], CODEC_LEVEL_DEFAULT, text, 50000);
	}
	buf_release(&b);
	buf_release(&out);
	codec_free(c);
}

static void
bombs(void)
{
	struct codec *c = codec_new();
	struct buf bomb = { 0 }, out = { 0 }, many = { 0 };
	struct err e;
	size_t i;
	int j;

	for (j = 0; j < 64; j++)
		CHECK_EQ_INT(buf_append(&many, zeros, MIB), 0);
	for (i = 1; i < ALL; i++) {
		buf_clear(&bomb);
		buf_release(&out);
		CHECK_EQ_INT(codec_compress(c, all[i], 1, many.data, many.len,
		    &bomb, &e), 0);
		CHECK_EQ_INT(unpack(c, all[i], bomb.data, bomb.len, &out,
		    MIB), -1);
		CHECK(out.cap <= 4 * MIB);
		CHECK_EQ_INT(unpack(c, all[i], bomb.data, bomb.len, &out,
		    many.len), 0);
		CHECK_EQ_INT(out.len, many.len);
	}
	buf_release(&bomb);
	buf_release(&out);
	buf_release(&many);
	codec_free(c);
}

/* Other writers' lz4 frames: sums and sizes are fine, linked blocks not. */
static void
lz4_frames(void)
{
	LZ4F_preferences_t p = LZ4F_INIT_PREFERENCES;
	struct codec *c = codec_new();
	struct buf out = { 0 };
	uint8_t *frame = malloc(ROOM);
	size_t n;

	p.frameInfo.blockSizeID = LZ4F_max4MB;
	p.frameInfo.blockMode = LZ4F_blockIndependent;
	p.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
	p.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
	p.frameInfo.contentSize = MIB;
	n = LZ4F_compressFrame(frame, ROOM, text, MIB, &p);
	CHECK_EQ_INT(unpack(c, CODEC_LZ4, frame, n, &out, MIB), 0);
	CHECK_EQ_MEM(out.data, out.len, text, MIB);
	p.frameInfo.blockSizeID = LZ4F_max64KB;
	p.frameInfo.blockMode = LZ4F_blockLinked;
	n = LZ4F_compressFrame(frame, ROOM, text, MIB, &p);
	CHECK_EQ_INT(unpack(c, CODEC_LZ4, frame, n, &out, MIB), -1);
	free(frame);
	buf_release(&out);
	codec_free(c);
}

/* Unpacking one after the other into the same memory takes no more of it. */
static void
same_room(void)
{
	struct codec *c = codec_new();
	struct buf packed, plain;
	size_t i, cap;
	struct err e;
	int n;

	for (i = 0; i < ALL; i++) {
		packed = plain = (struct buf){ 0 };
		CHECK_EQ_INT(codec_compress(c, all[i], CODEC_LEVEL_DEFAULT,
		    text, MIB / 3, &packed, &e), 0);
		for (n = 0, cap = 0; n < 9; n++) {
			buf_clear(&plain);
			CHECK_EQ_INT(codec_decompress(c, all[i], packed.data,
			    packed.len, &plain, 64 * MIB, &e), 0);
			CHECK(n == 0 || plain.cap == cap);
			cap = plain.cap;
		}
		buf_release(&packed);
		buf_release(&plain);
	}
	codec_free(c);
}

TEST_MAIN(TEST(fill), TEST(names), TEST(framing), TEST(round_trips),
    TEST(levels), TEST(raw_snappy), TEST(concatenated), TEST(damaged),
    TEST(bombs), TEST(lz4_frames), TEST(same_room))
