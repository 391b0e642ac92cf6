/*
 * assign_world: members, topics and who owns what, for the tests of assign.
 */
#ifndef KLOG_TEST_ASSIGN_WORLD_H
#define KLOG_TEST_ASSIGN_WORLD_H

#include "assign.h"
#include "test.h"

enum { MEMBERS = 8, TOPICS = 4, PARTITIONS = 24 };

struct world {
	struct assign_topic topics[TOPICS];
	struct assign_member members[MEMBERS];
	size_t topic_count, member_count;
	int32_t owners[TOPICS][PARTITIONS];
	int32_t read[MEMBERS][TOPICS];
	struct assign_owned owned[MEMBERS][TOPICS * PARTITIONS];
};

#endif
