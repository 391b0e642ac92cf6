/*
 * assign: which member of a consumer group reads which partition.  Pure: the
 * same input gives the same answer in every member.
 *
 * The rules are those of Kafka 4.x: RangeAssignor, and CooperativeSticky-
 * Assignor for the target; see klog-group(1).
 */
#ifndef KLOG_ASSIGN_H
#define KLOG_ASSIGN_H

#include <stddef.h>
#include <stdint.h>

enum assignor { ASSIGN_COOPERATIVE, ASSIGN_RANGE };

struct assign_topic {		/* in the order of their names */
	int32_t partitions;
	int32_t *owner;		/* out: partitions entries, the index of a
				 * member, or -1 nobody */
};

struct assign_owned {		/* a partition that a member holds now */
	int32_t topic, partition;	/* indexes */
};

struct assign_member {		/* in the order of their ids */
	const int32_t *topics;	/* indexes of those it reads, ascending */
	size_t topic_count;
	const struct assign_owned *owned;	/* sorted */
	size_t owned_count;
};

/*
 * Fill owner of every topic: what is to be in the end.  What a member owns
 * but has to give up has its next owner in it.  0, or -1 out of memory.
 */
int assign_range(struct assign_topic *topics, size_t topic_count,
    const struct assign_member *members, size_t member_count);
int assign_cooperative(struct assign_topic *topics, size_t topic_count,
    const struct assign_member *members, size_t member_count);

#endif
