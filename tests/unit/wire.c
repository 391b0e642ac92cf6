#include "wire.h"

#include "test.h"

static struct slice
text(const char *s)
{
	return (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

/* Decode what hex spells: what wire_get says. */
static int
get(const char *hex, struct wire *w)
{
	static uint8_t bytes[512];
	struct err e;
	size_t n, size;

	n = test_hex(hex, bytes, sizeof(bytes));
	return wire_get(bytes, n, w, &size, &e);
}

static void
put(const struct wire *w, const char *hex)
{
	uint8_t want[512];
	struct buf out = { 0 };
	size_t n = test_hex(hex, want, sizeof(want));

	CHECK_EQ_INT(wire_put(&out, w), 0);
	CHECK_EQ_MEM(out.data, out.len, want, n);
	buf_release(&out);
}

static const char id[] = "ABCDEFGHIJKLMNOPQRSTUV";

/* By hand, from klog-replicate-protocol(5). */
static const char hello[] = "01 00000014 01 02 0003 683a70"
			    "00000009 0001 61 0004 6f2e2a78";
static const char topic[] =
    "02 0000002e 00000001"
    "4142434445464748494a4b4c4d4e4f505152535455 56 0001 61 0001 62 00000002"
    "00000006 613d310a623d";
static const char position[] =
    "03 00000038 00000000 00000001 0000000000000005 0000000000000002"
    "ffffffffffffffff 00000014 00000003 0000000000000002 00000000000000ff";
static const char batches[] =
    "05 00000024 00000000 00000001 01 0000000000000005 0000000000000002"
    "0000000000000004 010203";
static const char ack[] = "06 00000010 00000000 00000001 0000000000000007";
static const char group[] =
    "09 0000001f 00000000 00000002 0001 67 0000000000000009 00000001"
    "0000018bcfe56800 ";
static const char error[] = "0d 00000008 06 00000003 6e6f21";
static const char bye[] = "0e 00000000";
static const char digest[] =
    "10 0000001d 00000007 00000000 00000002 01 0000000000000005"
    "0000000000000009";
static const char extent[] =
    "11 00000024 00000007 0000000000000009 0000000000000002"
    "ffffffffffffffff 0000000000000004";
static const char digested[] =
    "12 0000003c 00000007 0000000000000005 0000000000000009"
    "0000000000000003"
    "4142434445464748 494a4b4c4d4e4f50 5152535455565758 595a303132333435";
static const char listed[] =
    "13 00000017 00000007 0000000000000005 0000000000000009 010203";

static void
both_ways(void)
{
	struct buf names = { 0 }, epochs = { 0 };
	struct epoch one = { 3, 2, 255 };
	struct epochs list = { &one, 1 };
	struct wire w = { .type = WIRE_HELLO,
		.direction = WIRE_PULL,
		.flags = WIRE_GROUPS,
		.name = text("h:p") };

	wire_add_name(&names, "a");
	wire_add_name(&names, "o.*x");
	w.names = (struct slice){ names.data, (int32_t)names.len };
	put(&w, hello);
	w = (struct wire){ .type = WIRE_TOPIC,
		.topic = 1,
		.id = { (const uint8_t *)id, WIRE_ID },
		.name = text("a"),
		.origin = text("b"),
		.partitions = 2,
		.text = text("a=1\nb=") };
	put(&w, topic);
	w = (struct wire){ .type = WIRE_POSITION,
		.partition = 1,
		.end = 5,
		.start = 2,
		.high = -1 };
	CHECK_EQ_INT(wire_add_epochs(&epochs, &list), 0);
	w.epochs = (struct slice){ epochs.data, (int32_t)epochs.len };
	put(&w, position);
	w = (struct wire){ .type = WIRE_BATCHES,
		.partition = 1,
		.flags = WIRE_HOLES,
		.from = 5,
		.start = 2,
		.high = 4,
		.bytes = text("\1\2\3") };
	put(&w, batches);
	w = (struct wire){ .type = WIRE_ACK, .partition = 1, .end = 7 };
	put(&w, ack);
	w = (struct wire){ .type = WIRE_GROUP,
		.partition = 2,
		.name = text("g"),
		.from = 9,
		.epoch = 1,
		.time = 1700000000000 };
	put(&w, group);
	w = (struct wire){ .type = WIRE_ERROR,
		.status = 6,
		.text = text("no!") };
	put(&w, error);
	w = (struct wire){ .type = WIRE_BYE };
	put(&w, bye);
	buf_release(&names);
	buf_release(&epochs);
}

static void
digests(void)
{
	static const char sum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
	struct wire w = { .type = WIRE_DIGEST,
		.number = 7,
		.partition = 2,
		.flags = WIRE_LIST,
		.from = 5,
		.end = 9 };

	put(&w, digest);
	w = (struct wire){ .type = WIRE_EXTENT,
		.number = 7,
		.start = 2,
		.end = 9,
		.high = -1,
		.cleaned = 4 };
	put(&w, extent);
	w = (struct wire){ .type = WIRE_DIGESTED,
		.number = 7,
		.from = 5,
		.end = 9,
		.records = 3,
		.digest = text(sum) };
	put(&w, digested);
	w = (struct wire){ .type = WIRE_LISTED,
		.number = 7,
		.from = 5,
		.end = 9,
		.bytes = text("\1\2\3") };
	put(&w, listed);
	CHECK_EQ_INT(get(digest, &w), 1);
	CHECK_EQ_INT(w.flags, WIRE_LIST);
	CHECK_EQ_INT(w.end, 9);
	CHECK_EQ_INT(get(extent, &w), 1);
	CHECK_EQ_INT(w.number, 7);
	CHECK_EQ_INT(w.cleaned, 4);
	CHECK_EQ_INT(get(digested, &w), 1);
	CHECK_EQ_INT(w.records, 3);
	CHECK_EQ_MEM(w.digest.data, (size_t)w.digest.len, sum, 32);
	CHECK_EQ_INT(get(listed, &w), 1);
	CHECK_EQ_MEM(w.bytes.data, (size_t)w.bytes.len, "\1\2\3", 3);
}

static void
read_back(void)
{
	struct epochs es = { 0 };
	struct slice name;
	struct wire w;

	CHECK_EQ_INT(get(hello, &w), 1);
	CHECK_EQ_INT(w.type, WIRE_HELLO);
	CHECK_EQ_INT(w.direction, WIRE_PULL);
	CHECK_EQ_INT(w.flags, WIRE_GROUPS);
	CHECK_EQ_MEM(w.name.data, (size_t)w.name.len, "h:p", 3);
	CHECK_EQ_INT(wire_next_name(&w.names, &name), 1);
	CHECK_EQ_MEM(name.data, (size_t)name.len, "a", 1);
	CHECK_EQ_INT(wire_next_name(&w.names, &name), 1);
	CHECK_EQ_MEM(name.data, (size_t)name.len, "o.*x", 4);
	CHECK_EQ_INT(wire_next_name(&w.names, &name), 0);
	CHECK_EQ_INT(get(topic, &w), 1);
	CHECK_EQ_INT(w.topic, 1);
	CHECK_EQ_INT(w.partitions, 2);
	CHECK_EQ_MEM(w.id.data, (size_t)w.id.len, id, WIRE_ID);
	CHECK_EQ_MEM(w.text.data, (size_t)w.text.len, "a=1\nb=", 6);
	CHECK_EQ_INT(get(position, &w), 1);
	CHECK_EQ_INT(w.high, -1);
	CHECK_EQ_INT(wire_get_epochs(w.epochs, &es), 0);
	CHECK_EQ_INT(es.count, 1);
	CHECK_EQ_INT(es.list[0].epoch, 3);
	CHECK_EQ_INT(es.list[0].start, 2);
	CHECK_EQ_INT(es.list[0].origin, 255);
	epochs_release(&es);
	CHECK_EQ_INT(get(batches, &w), 1);
	CHECK_EQ_MEM(w.bytes.data, (size_t)w.bytes.len, "\1\2\3", 3);
	CHECK_EQ_INT(get(group, &w), 1);
	CHECK_EQ_INT(w.time, 1700000000000);
	CHECK_EQ_INT(get(error, &w), 1);
	CHECK_EQ_INT(w.status, 6);
	CHECK_EQ_INT(get(bye, &w), 1);
	CHECK_EQ_INT(w.type, WIRE_BYE);
}

static void
cut_anywhere(void)
{
	static const char *const all[] = { hello, topic, position, batches,
		ack, group, error, bye, digest, extent, digested, listed };
	uint8_t bytes[512];
	struct wire w;
	struct err e;
	size_t i, n, k, size;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		n = test_hex(all[i], bytes, sizeof(bytes));
		for (k = 0; k < n; k++) {
			CHECK_EQ_INT(wire_get(bytes, k, &w, &size, &e), 0);
			CHECK_EQ_INT(size, k < WIRE_HEADER ? 0 : n);
		}
	}
}

/* What a peer that is broken or means harm may say. */
static void
refused(void)
{
	static const char *const bad[] = {
		"00 00000000", "0a 00000000", /* no such type */
		"14 00000000", "ff 00000000",
		"06 00000011", "06 ffffffff",		     /* too long */
		"05 04000031", "02 7fffffff",
		"06 0000000f 00000000 00000001 00000000000000", /* short */
		"0e 00000001 00",				/* bye */
		"06 00000010 80000000 00000001 0000000000000007",
		"06 00000010 00000000 00000001 8000000000000007",
		"01 00000009 00 00 0001 70 00000000", /* direction 0 */
		"01 00000009 04 00 0001 70 00000000",
		"01 00000009 01 04 0001 70 00000000", /* flag 4 */
		"01 00000009 01 00 0001 00 00000000", /* NUL in a name */
		"01 00000009 01 00 0002 70 00000000", /* beyond the end */
		"01 0000000b 01 00 0001 70 00000002 0000", /* empty name */
		"01 0000000c 01 00 0001 70 00000003 000261",
		"0d 00000008 00 00000003 6e6f21", /* status 0 */
		/* of a comparison: flag 2; number below 0; a digest too
		 * short; a list too long */
		"10 0000001d 00000007 00000000 00000002 02 0000000000000005"
		"0000000000000009",
		"11 00000024 80000007 0000000000000009 0000000000000002"
		"ffffffffffffffff 0000000000000004",
		"12 0000001d 00000007 0000000000000005 0000000000000009"
		"0000000000000003 41",
		"13 00040015",
		/* epochs: 19 bytes; twice the same; backwards */
		"03 00000037 00000000 00000001 0000000000000005"
		"0000000000000002 ffffffffffffffff 00000013 00000003"
		"0000000000000002 000000000000ff",
		"03 0000004c 00000000 00000001 0000000000000005"
		"0000000000000002 ffffffffffffffff 00000028"
		"00000003 0000000000000002 00000000000000ff"
		"00000003 0000000000000004 00000000000000ff",
		"03 0000004c 00000000 00000001 0000000000000005"
		"0000000000000002 ffffffffffffffff 00000028"
		"00000003 0000000000000002 00000000000000ff"
		"00000004 0000000000000001 00000000000000ff",
	};
	struct wire w;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (get(bad[i], &w) != -1) {
			fprintf(stderr, "# taken: %s\n", bad[i]);
			CHECK(false);
		}
}

static int
greeted(const char *s, size_t n)
{
	int version = 0, r = wire_greeted((const uint8_t *)s, n, &version);

	CHECK(r <= 0 || version == 1);
	return r;
}

static void
greeting(void)
{
	static const char good[] = "klog-replicate 1\n\1";
	char line[WIRE_GREETING_MAX], junk[100];
	size_t i;

	CHECK_EQ_INT(wire_greet(line), 17);
	CHECK_EQ_MEM(line, 17, good, 17);
	for (i = 0; i < 17; i++)
		CHECK_EQ_INT(greeted(good, i), 0);
	CHECK_EQ_INT(greeted(NULL, 0), 0);
	CHECK_EQ_INT(greeted(good, 18), 17);
	CHECK_EQ_INT(greeted("klog-replicate 12345678901\n", 27), 27);
	CHECK_EQ_INT(greeted("klog-replicate 0\n", 17), -1);
	CHECK_EQ_INT(greeted("klog-replicate \n", 16), -1);
	CHECK_EQ_INT(greeted("klog-replicate 1\r\n", 18), -1);
	CHECK_EQ_INT(greeted("Welcome", 7), -1);
	memset(junk, '1', sizeof(junk));
	memcpy(junk, "klog-replicate ", 15);
	CHECK_EQ_INT(greeted(junk, 63), 0);
	CHECK_EQ_INT(greeted(junk, 64), -1);
	CHECK_EQ_INT(greeted(junk, 100), -1);
}

TEST_MAIN(TEST(both_ways), TEST(digests), TEST(read_back), TEST(cut_anywhere),
    TEST(refused), TEST(greeting))
