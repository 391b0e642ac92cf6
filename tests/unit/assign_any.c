/*
 * What holds for any members, topics and owned partitions; seeds are fixed.
 */
#include "assign_world.h"

static void
assigned(struct world *w,
    int (*assign)(struct assign_topic *, size_t, const struct assign_member *,
	size_t))
{
	CHECK_EQ_INT(assign(w->topics, w->topic_count, w->members,
			 w->member_count),
	    0);
}

static uint64_t state;

static int32_t
any(int32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int32_t)(state % (uint64_t)below);
}

static void
any_world(struct world *w, bool alike)
{
	int32_t n = 1 + any(TOPICS), p;
	size_t m, t;

	memset(w, 0, sizeof(*w));
	for (t = 0; t < (size_t)n; t++) {
		w->topics[t].partitions = any(PARTITIONS + 1);
		w->topics[t].owner = w->owners[t];
	}
	w->topic_count = (size_t)n;
	w->member_count = 1 + (size_t)any(MEMBERS);
	for (m = 0; m < w->member_count; m++) {
		struct assign_member *am = &w->members[m];

		am->topics = w->read[m];
		am->owned = w->owned[m];
		for (t = 0; t < w->topic_count; t++) {
			if (alike || any(3) > 0)
				w->read[m][am->topic_count++] = (int32_t)t;
			for (p = 0; p < w->topics[t].partitions; p++)
				if (any(5) == 0)
					w->owned[m][am->owned_count++] =
					    (struct assign_owned){ (int32_t)t,
						    p };
		}
	}
}

static bool
reads(const struct world *w, size_t m, size_t t)
{
	size_t i;

	for (i = 0; i < w->members[m].topic_count; i++)
		if (w->read[m][i] == (int32_t)t)
			return true;
	return false;
}

/* What each was given is what he owns now. */
static void
own_it(struct world *w)
{
	size_t m, t;
	int32_t p;

	for (m = 0; m < w->member_count; m++) {
		w->members[m].owned_count = 0;
		for (t = 0; t < w->topic_count; t++)
			for (p = 0; p < w->topics[t].partitions; p++)
				if (w->owners[t][p] == (int32_t)m)
					w->owned[m]
						[w->members[m].owned_count++] =
					    (struct assign_owned){ (int32_t)t,
						    p };
	}
}

/* Each partition has a reader as its owner, if it has any reader. */
static void
check_owners(const struct world *w)
{
	size_t m, t, readers;
	int32_t p, owner;

	for (t = 0; t < w->topic_count; t++) {
		for (m = readers = 0; m < w->member_count; m++)
			readers += reads(w, m, t);
		for (p = 0; p < w->topics[t].partitions; p++) {
			owner = w->owners[t][p];
			if (readers == 0)
				CHECK_EQ_INT(owner, -1);
			else
				CHECK(owner >= 0 &&
				    owner < (int32_t)w->member_count &&
				    reads(w, (size_t)owner, t));
		}
	}
}

static void
shares(const struct world *w, int32_t *share)
{
	size_t t;
	int32_t p;

	memset(share, 0, MEMBERS * sizeof(*share));
	for (t = 0; t < w->topic_count; t++)
		for (p = 0; p < w->topics[t].partitions; p++)
			if (w->owners[t][p] >= 0)
				share[w->owners[t][p]]++;
}

/* No single move makes two shares more alike. */
static void
check_balance(const struct world *w)
{
	int32_t share[MEMBERS], p, owner;
	size_t m, t;

	shares(w, share);
	for (t = 0; t < w->topic_count; t++) {
		for (p = 0; p < w->topics[t].partitions; p++) {
			owner = w->owners[t][p];
			for (m = 0; owner >= 0 && m < w->member_count; m++)
				if (reads(w, m, t))
					CHECK(share[owner] <= share[m] + 1);
		}
	}
}

static int
differences(const struct world *a, const struct world *b)
{
	size_t t;
	int32_t p;
	int n = 0;

	for (t = 0; t < a->topic_count; t++)
		for (p = 0; p < a->topics[t].partitions; p++)
			n += a->owners[t][p] != b->owners[t][p];
	return n;
}

static void
any_input(void)
{
	static struct world w, before;
	int round;

	state = 88172645463325252U;
	for (round = 0; round < 6000; round++) {
		any_world(&w, round % 2 == 0);
		assigned(&w, assign_range);
		check_owners(&w);
		assigned(&w, assign_cooperative);
		check_owners(&w);
		check_balance(&w);
		/* No change: the same again. */
		own_it(&w);
		before = w;
		assigned(&w, assign_cooperative);
		CHECK_EQ_INT(differences(&w, &before), 0);
		if (test_failures > 0) {
			fprintf(stderr, "# round %d\n", round);
			return;
		}
	}
}

/* A join moves what the new one gets; a leave, what the old one had. */
static void
few_moves(void)
{
	static struct world w, before;
	int32_t share[MEMBERS], total, last;
	int round;
	size_t t;

	state = 1181783497276652981U;
	for (round = 0; round < 4000; round++) {
		do
			any_world(&w, true);
		while (w.member_count < 2);
		last = (int32_t)--w.member_count;
		assigned(&w, assign_cooperative);
		own_it(&w);
		before = w;
		w.members[last].owned_count = 0;
		w.member_count++;
		assigned(&w, assign_cooperative);
		for (t = 0, total = 0; t < w.topic_count; t++)
			total += w.topics[t].partitions;
		CHECK(differences(&w, &before) <= (total + last) / (last + 1));
		shares(&w, share);
		CHECK_EQ_INT(differences(&w, &before), share[last]);
		own_it(&w);
		before = w;
		w.member_count--;
		assigned(&w, assign_cooperative);
		CHECK_EQ_INT(differences(&w, &before), share[last]);
		if (test_failures > 0) {
			fprintf(stderr, "# round %d\n", round);
			return;
		}
	}
}

/*
 * Others give up and take in any order, and each step is followed by a new
 * assignment: nothing moves but what the first one asked for.
 */
static void
steady(void)
{
	static struct world w, target, now;
	int32_t share[MEMBERS], before[MEMBERS];
	int round;
	size_t m, i;

	state = 2685821657736338717U;
	for (round = 0; round < 4000; round++) {
		any_world(&w, true);
		assigned(&w, assign_cooperative);
		own_it(&w);
		w.members[w.member_count - 1].owned_count = 0;
		assigned(&w, assign_cooperative);
		target = w;
		/* Some have given up what they are to give up. */
		for (m = 0; m < w.member_count; m++) {
			struct assign_member *am = &w.members[m];
			size_t kept = 0;

			for (i = 0; i < am->owned_count; i++) {
				struct assign_owned o = w.owned[m][i];

				if (target.owners[o.topic][o.partition] ==
					(int32_t)m ||
				    any(2) == 0)
					w.owned[m][kept++] = o;
			}
			am->owned_count = kept;
		}
		now = w;
		assigned(&now, assign_cooperative);
		CHECK_EQ_INT(differences(&now, &target), 0);
		shares(&now, share);
		shares(&target, before);
		CHECK_EQ_MEM(share, sizeof(share), before, sizeof(before));
		if (test_failures > 0) {
			fprintf(stderr, "# round %d\n", round);
			return;
		}
	}
}

TEST_MAIN(TEST(any_input), TEST(few_moves), TEST(steady))
