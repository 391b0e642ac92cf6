#include "assign.h"

#include <stdarg.h>

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

typedef int (*assign_fn)(struct assign_topic *, size_t,
    const struct assign_member *, size_t);

/* Topics with that many partitions each, -1 ends. */
static void
world_topics(struct world *w, ...)
{
	va_list ap;
	int n;

	memset(w, 0, sizeof(*w));
	va_start(ap, w);
	while ((n = va_arg(ap, int)) >= 0) {
		w->topics[w->topic_count].partitions = n;
		w->topics[w->topic_count].owner = w->owners[w->topic_count];
		w->topic_count++;
	}
	va_end(ap);
}

/* A member that reads the topics in "ab" and owns those in "a0 b1". */
static void
world_member(struct world *w, const char *reads, const char *owned)
{
	size_t m = w->member_count++;
	struct assign_member *am = &w->members[m];
	char *end;

	am->topics = w->read[m];
	for (; *reads != '\0'; reads++)
		w->read[m][am->topic_count++] = *reads - 'a';
	am->owned = w->owned[m];
	while (*owned != '\0') {
		struct assign_owned *o = &w->owned[m][am->owned_count++];

		o->topic = *owned - 'a';
		o->partition = (int32_t)strtol(owned + 1, &end, 10);
		owned = *end == ' ' ? end + 1 : end;
	}
}

/* "c1 a0 a1; c2 b0", by topic, then partition. */
static const char *
shown(const struct world *w)
{
	static char out[4096];
	size_t m, t, used = 0;
	int32_t p;

	out[0] = '\0';
	for (m = 0; m < w->member_count; m++) {
		used += (size_t)snprintf(out + used, sizeof(out) - used,
		    "%sc%zu", m > 0 ? "; " : "", m + 1);
		for (t = 0; t < w->topic_count; t++)
			for (p = 0; p < w->topics[t].partitions; p++)
				if (w->owners[t][p] == (int32_t)m)
					used += (size_t)snprintf(out + used,
					    sizeof(out) - used, " %c%" PRId32,
					    (char)('a' + (int)t), p);
	}
	return out;
}

static const char *
assigned(struct world *w, assign_fn assign)
{
	CHECK_EQ_INT(assign(w->topics, w->topic_count, w->members,
			 w->member_count),
	    0);
	return shown(w);
}

/* The answers of Kafka's RangeAssignor. */
static void
range(void)
{
	struct world w;

	world_topics(&w, 10, -1);
	world_member(&w, "a", "");
	world_member(&w, "a", "");
	world_member(&w, "a", "");
	CHECK_EQ_STR(assigned(&w, assign_range),
	    "c1 a0 a1 a2 a3; c2 a4 a5 a6; c3 a7 a8 a9");
	world_topics(&w, 3, 2, -1);
	world_member(&w, "ab", "");
	world_member(&w, "ab", "");
	CHECK_EQ_STR(assigned(&w, assign_range), "c1 a0 a1 b0; c2 a2 b1");
	world_topics(&w, 2, 2, -1);
	world_member(&w, "a", "");
	world_member(&w, "", "");
	world_member(&w, "a", "a0");
	CHECK_EQ_STR(assigned(&w, assign_range), "c1 a0; c2; c3 a1");
}

/* The answers of Kafka's sticky assignors, in their first and last rounds. */
static void
cooperative(void)
{
	struct world w;

	world_topics(&w, 3, 2, -1);
	world_member(&w, "ab", "");
	world_member(&w, "ab", "");
	CHECK_EQ_STR(assigned(&w, assign_cooperative),
	    "c1 a0 a2 b1; c2 a1 b0");
	world_topics(&w, 10, -1);
	world_member(&w, "a", "");
	world_member(&w, "a", "");
	world_member(&w, "a", "");
	CHECK_EQ_STR(assigned(&w, assign_cooperative),
	    "c1 a0 a3 a6 a9; c2 a1 a4 a7; c3 a2 a5 a8");
	/* The second one left. */
	world_topics(&w, 10, -1);
	world_member(&w, "a", "a0 a3 a6 a9");
	world_member(&w, "a", "a2 a5 a8");
	CHECK_EQ_STR(assigned(&w, assign_cooperative),
	    "c1 a0 a1 a3 a6 a9; c2 a2 a4 a5 a7 a8");
}

/*
 * A fourth one joins.  Kafka's class takes the members in the order of a hash
 * table, which is that of "c3", "c4", "c1", "c2".
 */
static void
cooperative_join(void)
{
	struct world w;

	world_topics(&w, 10, -1);
	world_member(&w, "a", "a2 a5 a8");
	world_member(&w, "a", "");
	world_member(&w, "a", "a0 a3 a6 a9");
	world_member(&w, "a", "a1 a4 a7");
	CHECK_EQ_STR(assigned(&w, assign_cooperative),
	    "c1 a2 a5 a8; c2 a7 a9; c3 a0 a3 a6; c4 a1 a4");
	assign_not_yet(w.topics, w.topic_count, w.members, w.member_count);
	CHECK_EQ_STR(shown(&w),
	    "c1 a2 a5 a8; c2; c3 a0 a3 a6; c4 a1 a4");
	CHECK_EQ_INT(w.owners[0][7], -1);
	CHECK_EQ_INT(w.owners[0][9], -1);
}

static void
edges(void)
{
	struct world w;

	/* Nobody is there, or reads it. */
	world_topics(&w, 2, -1);
	w.owners[0][0] = 5;
	CHECK_EQ_STR(assigned(&w, assign_cooperative), "");
	CHECK_EQ_INT(w.owners[0][0], -1);
	CHECK_EQ_STR(assigned(&w, assign_range), "");
	world_member(&w, "", "a0");
	world_member(&w, "", "");
	CHECK_EQ_STR(assigned(&w, assign_cooperative), "c1; c2");
	/* More members than partitions. */
	world_topics(&w, 2, -1);
	world_member(&w, "a", "");
	world_member(&w, "a", "a1");
	world_member(&w, "a", "");
	CHECK_EQ_STR(assigned(&w, assign_cooperative), "c1 a0; c2 a1; c3");
	/* What two claim, nobody keeps; what is not there, nobody has. */
	world_topics(&w, 4, -1);
	world_member(&w, "a", "a0 a1 a9");
	world_member(&w, "a", "a0 b7 a3");
	CHECK_EQ_STR(assigned(&w, assign_cooperative), "c1 a0 a1; c2 a2 a3");
	/* Topics differ: few readers first, then as even as can be. */
	world_topics(&w, 1, 4, -1);
	world_member(&w, "ab", "b0 b1 b2 b3");
	world_member(&w, "b", "");
	CHECK_EQ_STR(assigned(&w, assign_cooperative),
	    "c1 a0 b2 b3; c2 b0 b1");
	/* One that is not read any more goes to him who reads it. */
	world_topics(&w, 2, 2, -1);
	world_member(&w, "a", "a0 b0");
	world_member(&w, "ab", "a1 b1");
	CHECK_EQ_STR(assigned(&w, assign_cooperative), "c1 a0 a1; c2 b0 b1");
}

/* ---- any world: fixed seed ---- */

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
	w->member_count = (size_t)(1 + any(MEMBERS));
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
					w->owned[m][w->members[m]
							.owned_count++] =
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
		assign_not_yet(w.topics, w.topic_count, w.members,
		    w.member_count);
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

TEST_MAIN(TEST(range), TEST(cooperative), TEST(cooperative_join), TEST(edges),
    TEST(any_input), TEST(few_moves), TEST(steady))
