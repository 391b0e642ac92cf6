#include <stdlib.h>
#include <string.h>

#include "member.h"
#include "member_parts.h"

struct listing {		/* what a member says in one topic */
	const struct member_info *info;
	int32_t topic;		/* its place among those assigned together */
};

struct plan {			/* topics that are assigned together */
	struct member *m;
	const struct roster *rosters;
	const size_t *in;	/* indexes of m->in, in order */
	size_t topic_count;
	struct assign_topic *topics;
	int32_t *numbers;	/* 0, 1, ...: all members read all of them */
	int32_t *owners;	/* what the topics' owner points into */
	struct listing *listings;	/* by id, then topic */
	size_t listing_count;
	struct assign_member *members;
	struct assign_owned *owned;
};

static int
compare_listings(const void *a, const void *b)
{
	const struct listing *one = a, *other = b;
	int order = strcmp(one->info->id, other->info->id);

	return order != 0 ? order : one->topic - other->topic;
}

static void
plan_release(struct plan *pl)
{
	free(pl->topics);
	free(pl->numbers);
	free(pl->owners);
	free(pl->listings);
	free(pl->members);
	free(pl->owned);
}

static int
plan_allocate(struct plan *pl)
{
	size_t i, k, partitions = 0, listings = 0, owned = 0;

	for (i = 0; i < pl->topic_count; i++) {
		const struct roster *ro = &pl->rosters[pl->in[i]];

		partitions += (size_t)pl->m->in[pl->in[i]].count;
		listings += ro->count;
		for (k = 0; k < ro->count; k++)
			owned += ro->list[k].owned_count;
	}
	pl->topics = calloc(pl->topic_count + 1, sizeof(*pl->topics));
	pl->numbers = calloc(pl->topic_count + 1, sizeof(*pl->numbers));
	pl->owners = calloc(partitions + 1, sizeof(*pl->owners));
	pl->listings = calloc(listings + 1, sizeof(*pl->listings));
	pl->members = calloc(listings + 1, sizeof(*pl->members));
	pl->owned = calloc(owned + 1, sizeof(*pl->owned));
	if (pl->topics == NULL || pl->numbers == NULL || pl->owners == NULL ||
	    pl->listings == NULL || pl->members == NULL || pl->owned == NULL)
		return -1;
	return 0;
}

static void
plan_topics(struct plan *pl)
{
	int32_t *owner = pl->owners;
	size_t i, k;

	for (i = 0; i < pl->topic_count; i++) {
		const struct roster *ro = &pl->rosters[pl->in[i]];

		pl->numbers[i] = (int32_t)i;
		pl->topics[i].partitions = pl->m->in[pl->in[i]].count;
		pl->topics[i].owner = owner;
		owner += pl->topics[i].partitions;
		for (k = 0; k < ro->count; k++)
			pl->listings[pl->listing_count++] =
			    (struct listing){ &ro->list[k], (int32_t)i };
	}
	qsort(pl->listings, pl->listing_count, sizeof(*pl->listings),
	    compare_listings);
}

/* How many members there are. */
static size_t
plan_members(struct plan *pl)
{
	struct assign_owned *owned = pl->owned;
	struct assign_member *am = pl->members;
	const char *id = "";
	size_t i, k;

	for (i = 0; i < pl->listing_count; i++) {
		const struct member_info *info = pl->listings[i].info;

		if (strcmp(info->id, id) != 0)
			*am++ = (struct assign_member){ pl->numbers,
				pl->topic_count, owned, 0 };
		id = info->id;
		am[-1].owned_count += info->owned_count;
		for (k = 0; k < info->owned_count; k++)
			*owned++ = (struct assign_owned){
				pl->listings[i].topic, info->owned[k] };
	}
	return (size_t)(am - pl->members);
}

/* Our own number among the members. */
static int32_t
own_number(const struct plan *pl)
{
	const char *id = "";
	int32_t number = -1;
	size_t i;

	for (i = 0; i < pl->listing_count; i++) {
		if (strcmp(pl->listings[i].info->id, id) != 0)
			number++;
		id = pl->listings[i].info->id;
		if (strcmp(id, pl->m->self.id) == 0)
			return number;
	}
	return -1;
}

static int
assign_together(struct member *m, const struct roster *rosters,
    const size_t *in, size_t topic_count)
{
	struct plan pl = { .m = m, .rosters = rosters, .in = in,
		.topic_count = topic_count };
	int32_t own, p;
	size_t count, i;
	int r = -1;

	if (plan_allocate(&pl) < 0)
		goto out;
	plan_topics(&pl);
	count = plan_members(&pl);
	own = own_number(&pl);
	r = (pl.listing_count > 0 &&
		    pl.listings[0].info->assignor == ASSIGN_RANGE ?
		    assign_range :
		    assign_cooperative)(pl.topics, topic_count, pl.members,
	    count);
	for (i = 0; r == 0 && i < topic_count; i++)
		for (p = 0; p < pl.topics[i].partitions; p++)
			m->in[in[i]].held[p].wanted =
			    own >= 0 && pl.topics[i].owner[p] == own;
out:
	plan_release(&pl);
	return r;
}

/* Whether all members of our topics read just what we read. */
static bool
all_read_the_same(const struct member *m, const struct roster *rosters)
{
	size_t i, k;

	for (i = 0; i < m->count; i++) {
		for (k = 0; k < rosters[i].count; k++) {
			const struct member_info *info = &rosters[i].list[k];

			if (info->topic_count != m->self.topic_count ||
			    memcmp(info->topics, m->self.topics,
				m->self.topic_count * TOPIC_ID) != 0)
				return false;
		}
	}
	return true;
}

/* Mark what others say they have.  0 if two claim one partition, else 1. */
static int
mark_listed(struct member *m, const struct roster *rosters)
{
	const struct member_info *info;
	struct membership *in;
	size_t i, k, n;
	int32_t p;
	int once = 1;

	for (i = 0; i < m->count; i++) {
		in = &m->in[i];
		for (p = 0; p < in->count; p++)
			in->held[p].listed = false;
		for (k = 0; k < rosters[i].count; k++) {
			info = &rosters[i].list[k];
			if (strcmp(info->id, m->self.id) == 0)
				continue;
			for (n = 0; n < info->owned_count; n++) {
				p = info->owned[n];
				if (p >= in->count)
					continue;
				if (in->held[p].listed || in->held[p].owned)
					once = 0;
				in->held[p].listed = true;
			}
		}
	}
	return once;
}

int
member_target(struct member *m, const struct roster *rosters)
{
	int once = mark_listed(m, rosters);
	size_t i;

	if (all_read_the_same(m, rosters))
		return assign_together(m, rosters, m->order, m->count) < 0 ?
		    -1 : once;
	for (i = 0; i < m->count; i++)
		if (assign_together(m, rosters, &m->order[i], 1) < 0)
			return -1;
	return once;
}
