#include "assign.h"

#include <stdarg.h>

#include "assign_world.h"

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

TEST_MAIN(TEST(range), TEST(cooperative), TEST(cooperative_join), TEST(edges))
