#include "member_info.h"

#include "crc.h"
#include "test.h"

#define ID "1700000000123-host-1.x-4711-00c0ffee"
#define TOPICS "AAAAAAAAAAAAAAAAAAAAAA,BBBBBBBBBBBBBBBBBBBBBB"
#define START "id=" ID "\nhost=host-1.x\npid=4711\nstarted=1700000000123\n"

static struct member_info
named(void)
{
	struct member_info info = { .id = "" };

	CHECK_EQ_INT(member_info_parse_name(&info, ID), 0);
	return info;
}

static void
names(void)
{
	static const char *const bad[] = { "", "lock", "1700000000123",
		"1700000000123-h-1", "170000000012-h-1-00000000",
		"17000000001234-h-1-00000000", "1700000000123--1-00000000",
		"1700000000123-h--00000000", "1700000000123-h-0-00000000",
		"1700000000123-h-01-00000000", "1700000000123-h-1-0000000g",
		"1700000000123-h-1-0000000", "1700000000123-h_-1-00000000",
		".1700000000123-h-1-00000000.tmp",
		"1700000000123-1-00000000", "1700000000123-h-1-00000000 " };
	struct member_info info = named();
	size_t i;

	CHECK_EQ_STR(info.id, ID);
	CHECK_EQ_STR(info.host, "host-1.x");
	CHECK_EQ_INT(info.pid, 4711);
	CHECK_EQ_INT(info.started, 1700000000123);
	memset(info.id, 0, sizeof(info.id));
	member_info_name(&info, 0xc0ffee);
	CHECK_EQ_STR(info.id, ID);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (member_info_parse_name(&info, bad[i]) == 0)
			CHECK_EQ_STR(bad[i], "refused");
	CHECK_EQ_STR(info.id, ID);
}

/* Decode a text that gets its checksum here. */
static int
decoded(struct member_info *info, const char *lines)
{
	char text[1024];
	int n;

	n = snprintf(text, sizeof(text), "%send=%08" PRIx32 "\n", lines,
	    crc32c(lines, strlen(lines)));
	return member_info_decode(info, (const uint8_t *)text, (size_t)n);
}

static void
text(void)
{
	char topics[2][TOPIC_ID] = { "AAAAAAAAAAAAAAAAAAAAAA",
		"BBBBBBBBBBBBBBBBBBBBBB" };
	int32_t owned[] = { 0, 2, 3, 4, 7, 99999 };
	struct member_info info = named(), got = named();
	struct buf out = { 0 };
	char sum[16];

	info.assignor = ASSIGN_RANGE;
	info.topics = topics;
	info.topic_count = 2;
	info.owned = owned;
	info.owned_count = 6;
	CHECK_EQ_INT(member_info_encode(&info, &out), 0);
	out.data[out.len - 13] = '\0';
	CHECK_EQ_STR((char *)out.data,
	    START "assignor=range\ntopics=" TOPICS "\nowned=0,2-4,7,99999\n");
	snprintf(sum, sizeof(sum), "nd=%08" PRIx32 "\n",
	    crc32c(out.data, out.len - 13));
	CHECK_EQ_MEM(out.data + out.len - 12, 12, sum, 12);
	out.data[out.len - 13] = 'e';
	/* What is left of a longer text behind it does not count. */
	CHECK_EQ_INT(buf_append(&out, "9\nend=00000000\n", 15), 0);
	CHECK_EQ_INT(member_info_decode(&got, out.data, out.len), 1);
	CHECK_EQ_INT(got.assignor, ASSIGN_RANGE);
	CHECK_EQ_INT(got.topic_count, 2);
	CHECK_EQ_MEM(got.topics, 2 * TOPIC_ID, topics, sizeof(topics));
	CHECK_EQ_MEM(got.owned, got.owned_count * sizeof(*owned), owned,
	    sizeof(owned));
	/* Torn anywhere. */
	out.len -= 16;
	for (; out.len > 0; out.len--)
		CHECK_EQ_INT(
		    member_info_decode(&got, out.data, out.len), 0);
	CHECK_EQ_INT(got.owned_count + got.topic_count, 0);
	buf_release(&out);
}

static void
damage(void)
{
#define WITH(owned) \
	"id=" ID "\nassignor=range\ntopics=" TOPICS "\nowned=" owned "\n"
	static const char *const bad[] = { WITH("1,1"), WITH("2-1"),
		WITH("1,"), WITH(",1"), WITH("-1"), WITH("1-"), WITH("3,2"),
		WITH("1-3,3"), WITH("100000"), WITH("01234567890123456789"),
		WITH("1") "owned=2\n", WITH("1") "pid\n",
		"id=x\nassignor=range\ntopics=" TOPICS "\nowned=\n",
		"id=" ID "\nassignor=x\ntopics=" TOPICS "\nowned=\n",
		"id=" ID "\nassignor=range\ntopics=\nowned=\n",
		"id=" ID "\nassignor=range\ntopics=" TOPICS ",\nowned=\n",
		"id=" ID "\nassignor=range\nowned=\n",
		"id=" ID "\nassignor=range\ntopics="
		"BBBBBBBBBBBBBBBBBBBBBB,AAAAAAAAAAAAAAAAAAAAAA\nowned=\n" };
	struct member_info got = named();
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (decoded(&got, bad[i]) != 0)
			CHECK_EQ_STR(bad[i], "refused");
	/* Unknown keys are of a later version. */
	CHECK_EQ_INT(decoded(&got, "new=1\n" WITH("") "more=\n"), 1);
	CHECK_EQ_INT(got.owned_count, 0);
	CHECK_EQ_INT(decoded(&got, WITH("0-99999")), 1);
	CHECK_EQ_INT(got.owned_count, 100000);
	CHECK_EQ_INT(got.owned[99999], 99999);
	member_info_release(&got);
}

TEST_MAIN(TEST(names), TEST(text), TEST(damage))
