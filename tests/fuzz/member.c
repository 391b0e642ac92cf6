/*
 * Any bytes as the file of a member: what is taken is in order, and written
 * again it reads the same.  The first byte says whether a checksum is made.
 */
#include "member_info.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct member_info *info)
{
	size_t i;

	for (i = 0; i < info->owned_count; i++)
		if (info->owned[i] < 0 || info->owned[i] >= PARTITIONS_MAX ||
		    (i > 0 && info->owned[i] <= info->owned[i - 1]))
			abort();
	for (i = 0; i < info->topic_count; i++)
		if (strlen(info->topics[i]) != TOPIC_ID - 1)
			abort();
}

static void
write_again(const struct member_info *info)
{
	struct member_info again = *info;
	struct buf out = { 0 };

	again.topics = NULL;
	again.owned = NULL;
	if (member_info_encode(info, &out) < 0 ||
	    member_info_decode(&again, out.data, out.len) != 1 ||
	    again.assignor != info->assignor ||
	    again.topic_count != info->topic_count ||
	    memcmp(again.topics, info->topics,
		info->topic_count * TOPIC_ID) != 0 ||
	    again.owned_count != info->owned_count ||
	    (info->owned_count > 0 &&
		memcmp(again.owned, info->owned,
		    info->owned_count * sizeof(*info->owned)) != 0))
		abort();
	member_info_release(&again);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct member_info info = { .id = "" };
	struct buf text = { 0 };
	char name[MEMBER_ID], sum[16];

	if (size == 0)
		return 0;
	snprintf(name, sizeof(name), "%.*s",
	    (int)(size < MEMBER_ID ? size : MEMBER_ID - 1), (const char *)data);
	if (member_info_parse_name(&info, name) == 0 &&
	    strcmp(info.id, name) != 0)
		abort();
	if (member_info_parse_name(
		&info, "1700000000123-h-4711-00c0ffee") < 0 ||
	    buf_append(&text, data + 1, size - 1) < 0)
		abort();
	if (data[0] & 1) {
		snprintf(sum, sizeof(sum), "end=%08" PRIx32 "\n",
		    crc32c(text.data, text.len));
		if (buf_append(&text, sum, 13) < 0)
			abort();
	}
	if (member_info_decode(&info, text.data, text.len) > 0) {
		check(&info);
		write_again(&info);
	}
	member_info_release(&info);
	buf_release(&text);
	return 0;
}
