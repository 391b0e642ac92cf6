#include "assign.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NOBODY = -1, DISPUTED = -2 };

struct deal {			/* what an assignment works on */
	struct assign_topic *topics;
	size_t topic_count;
	const struct assign_member *members;
	size_t member_count;
	int32_t *has;		/* by member: partitions given to it so far */
};

static int
deal_init(struct deal *d, struct assign_topic *topics, size_t topic_count,
    const struct assign_member *members, size_t member_count)
{
	size_t t;
	int32_t p;

	*d = (struct deal){ topics, topic_count, members, member_count, NULL };
	for (t = 0; t < topic_count; t++)
		for (p = 0; p < topics[t].partitions; p++)
			topics[t].owner[p] = NOBODY;
	d->has = calloc(member_count + 1, sizeof(*d->has));
	return d->has == NULL ? -1 : 0;
}

static bool
reads(const struct assign_member *m, size_t topic)
{
	size_t low = 0, high = m->topic_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if ((size_t)m->topics[middle] < topic)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->topic_count && (size_t)m->topics[low] == topic;
}

int
assign_range(struct assign_topic *topics, size_t topic_count,
    const struct assign_member *members, size_t member_count)
{
	int32_t readers, share, larger, end, p;
	struct deal d;
	size_t t, m;

	if (deal_init(&d, topics, topic_count, members, member_count) < 0)
		return -1;
	for (t = 0; t < topic_count; t++) {
		readers = 0;
		for (m = 0; m < member_count; m++)
			readers += reads(&members[m], t);
		if (readers == 0)
			continue;
		share = topics[t].partitions / readers;
		larger = topics[t].partitions % readers;
		p = 0;
		for (m = 0; m < member_count; m++) {
			if (!reads(&members[m], t))
				continue;
			end = p + share + (larger-- > 0);
			while (p < end)
				topics[t].owner[p++] = (int32_t)m;
		}
	}
	free(d.has);
	return 0;
}

/* The place in topics of something owned that its owner may have, or NULL. */
static int32_t *
owned_place(const struct assign_topic *topics, size_t topic_count,
    const struct assign_member *m, const struct assign_owned *o)
{
	if (o->topic < 0 || (size_t)o->topic >= topic_count ||
	    o->partition < 0 ||
	    o->partition >= topics[o->topic].partitions ||
	    !reads(m, (size_t)o->topic))
		return NULL;
	return &topics[o->topic].owner[o->partition];
}

/* Let everybody keep what he owns; what two claim, neither keeps (Kafka). */
static void
keep_owned(struct deal *d)
{
	int32_t *owner, p;
	size_t m, i, t;

	for (m = 0; m < d->member_count; m++) {
		for (i = 0; i < d->members[m].owned_count; i++) {
			owner = owned_place(d->topics, d->topic_count,
			    &d->members[m], &d->members[m].owned[i]);
			if (owner != NULL)
				*owner = *owner == NOBODY ? (int32_t)m :
							    DISPUTED;
		}
	}
	for (t = 0; t < d->topic_count; t++) {
		for (p = 0; p < d->topics[t].partitions; p++) {
			owner = &d->topics[t].owner[p];
			if (*owner == DISPUTED)
				*owner = NOBODY;
			else if (*owner != NOBODY)
				d->has[*owner]++;
		}
	}
}

/* Take from those who have more than limit[] all but the first of theirs. */
static void
trim(struct deal *d, const int32_t *limit)
{
	int32_t *owner, p, most = 0;
	size_t t;

	for (t = 0; t < d->topic_count; t++)
		if (d->topics[t].partitions > most)
			most = d->topics[t].partitions;
	memset(d->has, 0, d->member_count * sizeof(*d->has));
	for (p = 0; p < most; p++) {
		for (t = 0; t < d->topic_count; t++) {
			if (p >= d->topics[t].partitions)
				continue;
			owner = &d->topics[t].owner[p];
			if (*owner == NOBODY)
				continue;
			if (d->has[*owner] < limit[*owner])
				d->has[*owner]++;
			else
				*owner = NOBODY;
		}
	}
}

/*
 * Deal what nobody has, a round at a time, to those with fewer than least;
 * then one each to those with just that, until all are gone.
 */
static void
deal_rest(struct deal *d, int32_t least)
{
	size_t n = d->member_count, m = 0, under = 0, t, i;
	int32_t p;

	for (i = 0; i < n; i++)
		under += d->has[i] < least;
	for (t = 0; t < d->topic_count; t++) {
		if (!reads(&d->members[0], t))
			continue;
		for (p = 0; p < d->topics[t].partitions; p++) {
			if (d->topics[t].owner[p] != NOBODY)
				continue;
			while (under > 0 ? d->has[m] >= least :
					   d->has[m] > least)
				m = (m + 1) % n;
			d->topics[t].owner[p] = (int32_t)m;
			if (++d->has[m] == least && --under == 0)
				m = 0;
			else
				m = (m + 1) % n;
		}
	}
}

/*
 * All read the same topics.  Each keeps what it has up to its share, in the
 * order of partitions, then topics.  Of those that have enough, the first
 * ones get the larger share; Kafka takes them in the order of a hash table.
 */
static int
assign_equal(struct deal *d)
{
	int32_t total = 0, least, larger;
	int32_t *limit;
	size_t t, m;

	for (t = 0; t < d->topic_count; t++)
		if (reads(&d->members[0], t))
			total += d->topics[t].partitions;
	least = total / (int32_t)d->member_count;
	larger = total % (int32_t)d->member_count;
	limit = calloc(d->member_count, sizeof(*limit));
	if (limit == NULL)
		return -1;
	for (m = 0; m < d->member_count; m++) {
		limit[m] = least;
		if (larger > 0 && d->has[m] > least) {
			limit[m]++;
			larger--;
		}
	}
	trim(d, limit);
	free(limit);
	deal_rest(d, least);
	return 0;
}

/* The one with the fewest partitions that reads it, the first of equals. */
static int32_t
emptiest(const struct deal *d, size_t topic)
{
	int32_t best = NOBODY;
	size_t m;

	for (m = 0; m < d->member_count; m++)
		if (reads(&d->members[m], topic) &&
		    (best == NOBODY || d->has[m] < d->has[best]))
			best = (int32_t)m;
	return best;
}

static void
give(struct deal *d, size_t topic, int32_t partition, int32_t to)
{
	int32_t *owner = &d->topics[topic].owner[partition];

	if (*owner != NOBODY)
		d->has[*owner]--;
	*owner = to;
	d->has[to]++;
}

/* Give what nobody has of the topics that this many members read. */
static void
place_rest(struct deal *d, size_t readers)
{
	size_t t, m, count;
	int32_t p;

	for (t = 0; t < d->topic_count; t++) {
		for (m = count = 0; m < d->member_count; m++)
			count += reads(&d->members[m], t);
		if (count != readers)
			continue;
		for (p = 0; p < d->topics[t].partitions; p++)
			if (d->topics[t].owner[p] == NOBODY)
				give(d, t, p, emptiest(d, t));
	}
}

/*
 * Topics differ: what nobody has goes where the fewest are, topics with few
 * readers first; then each partition moves to the emptiest that may have it
 * while that makes two shares more alike, which ends, because the sum of
 * their squares falls.
 */
static void
assign_differing(struct deal *d)
{
	int32_t p, from, to;
	size_t t, readers;
	bool moved;

	for (readers = 1; readers <= d->member_count; readers++)
		place_rest(d, readers);
	do {
		moved = false;
		for (t = 0; t < d->topic_count; t++) {
			for (p = 0; p < d->topics[t].partitions; p++) {
				from = d->topics[t].owner[p];
				to = from == NOBODY ? NOBODY : emptiest(d, t);
				if (to == NOBODY ||
				    d->has[from] <= d->has[to] + 1)
					continue;
				give(d, t, p, to);
				moved = true;
			}
		}
	} while (moved);
}

static bool
all_alike(const struct assign_member *members, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (members[i].topic_count != members[0].topic_count ||
		    members[0].topic_count == 0 ||
		    memcmp(members[i].topics, members[0].topics,
			members[0].topic_count * sizeof(int32_t)) != 0)
			return false;
	return true;
}

int
assign_cooperative(struct assign_topic *topics, size_t topic_count,
    const struct assign_member *members, size_t member_count)
{
	struct deal d;
	int r = 0;

	if (deal_init(&d, topics, topic_count, members, member_count) < 0)
		return -1;
	keep_owned(&d);
	if (member_count > 0 && all_alike(members, member_count))
		r = assign_equal(&d);
	else
		assign_differing(&d);
	free(d.has);
	return r;
}
