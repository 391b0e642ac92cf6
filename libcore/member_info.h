/*
 * member_info: the file of one member of a consumer group,
 * groups/NAME/members/ID (klog-format(5)).  Pure: bytes <-> struct.
 *
 * The name is ID: 13 digits of time in ms, host, pid and 8 random hexadecimal
 * digits, with "-" between, so that names in order are members in the order
 * in which they joined.
 *
 * The text is rewritten in place while others read it: it ends in a checksum,
 * and what follows that is left of an older text.
 */
#ifndef KLOG_MEMBER_INFO_H
#define KLOG_MEMBER_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assign.h"
#include "buf.h"
#include "settings.h"

enum {
	MEMBER_ID = 128,	/* room for an id and its NUL */
	MEMBER_HOST = 64,	/* for a host's name in it */
	MEMBER_FILE_MAX = 4 << 20 /* bytes */
};

struct member_info {
	char id[MEMBER_ID], host[MEMBER_HOST];
	int64_t pid;
	int64_t started;	/* ms, wall clock */
	enum assignor assignor;	/* the one it wants */
	char (*topics)[TOPIC_ID];	/* ids of all it reads, ascending;
				 * malloc'd; none: its text can't be read */
	size_t topic_count;
	int32_t *owned;		/* partitions of the topic that the file is
				 * in, ascending; malloc'd */
	size_t owned_count;
};

/* Fill id from the rest; random is what makes it unlike any other. */
void member_info_name(struct member_info *info, uint32_t random);

/*
 * Fill id, host, pid and started from a file's name: 0, or -1 it is no
 * member's (info unchanged).
 */
int member_info_parse_name(struct member_info *info, const char *name);

/* Append the text to out: 0, or -1 out of memory. */
int member_info_encode(const struct member_info *info, struct buf *out);

/*
 * Fill assignor, topics and owned from a text that says it is of info->id;
 * those it had are freed.  1, 0 it is torn or damaged, -1 out of memory
 * (both: nothing is owned or read then).
 */
int member_info_decode(
    struct member_info *info, const uint8_t *text, size_t n);

/* Free what is malloc'd. */
void member_info_release(struct member_info *info);

#endif
