#include "rewind.h"

#include "group.h"
#include "origins.h"
#include "place_files.h"
#include "position.h"

static void
commit(const struct place *pl, const char *name, int64_t offset)
{
	struct position p;
	struct group g;
	struct err e;

	place_need(group_open(&g, &pl->topic, name, true, &e) == 1 &&
		position_open(&p, &g, 0, &e) == 0 &&
		(offset < 0 || position_commit(&p, offset, 5, 1, &e) == 0),
	    name, &e);
	position_close(&p);
	group_close(&g);
}

/* What counts for the group: offset and epoch. */
static struct committed
committed(const struct place *pl, const char *name)
{
	struct committed c = { .offset = -1 };
	struct group g;
	struct err e;

	place_need(group_open(&g, &pl->topic, name, false, &e) == 1 &&
		group_committed(&g, 0, &c, &e) >= 0,
	    name, &e);
	group_close(&g);
	return c;
}

static char told[256];

static void
tell(void *ctx, const char *group, int64_t from)
{
	size_t n = strlen(told);

	(void)ctx;
	snprintf(told + n, sizeof(told) - n, "%s %d,", group, (int)from);
}

static void
some(void)
{
	struct rewind r = { .told = tell };
	struct epochs es = { 0 };
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 7, 1000, 1);
	CHECK_EQ_INT(rewind_groups(&pl.topic, 0, 7, &r, &e), 0);
	CHECK_EQ_INT(epochs_assign(&es, 0, 0, 1), 0);
	CHECK_EQ_INT(epochs_assign(&es, 2, 3, 2), 0);
	CHECK_EQ_INT(epochs_assign(&es, 4, 7, 3), 0);
	CHECK_EQ_INT(origins_save(&es, pl.part, "x", &e), 0);
	epochs_release(&es);
	commit(&pl, "at", 7);
	commit(&pl, "bad", 9);
	commit(&pl, "behind", 8);
	commit(&pl, "far", 20);
	commit(&pl, "never", -1);
	commit(&pl, "within", 3);
	place_put(pl.topic.dirfd, "groups/bad/offsets/0", "?", 1);
	CHECK_EQ_INT(rewind_groups(&pl.topic, 0, 7, &r, &e), 0);
	CHECK_EQ_STR(told, "behind 8,far 20,");
	CHECK_EQ_INT(r.groups, 2);
	CHECK_EQ_INT(r.records, 14);
	CHECK_EQ_INT(committed(&pl, "at").offset, 7);
	CHECK_EQ_INT(committed(&pl, "at").epoch, 5);
	CHECK_EQ_INT(committed(&pl, "behind").offset, 7);
	CHECK_EQ_INT(committed(&pl, "far").offset, 7);
	CHECK_EQ_INT(committed(&pl, "far").epoch, 2);
	CHECK_EQ_INT(committed(&pl, "never").offset, -1);
	CHECK_EQ_INT(committed(&pl, "within").offset, 3);
	/* Once more there is nothing to do. */
	CHECK_EQ_INT(rewind_groups(&pl.topic, 0, 7, &r, &e), 0);
	CHECK_EQ_INT(r.groups, 2);
	place_remove(&pl);
}

/* A member that reads there goes on committing over what was set back. */
static void
member(void)
{
	struct rewind r = { 0 };
	struct position p;
	struct place pl;
	struct group g;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 3, 1000, 1);
	place_need(group_open(&g, &pl.topic, "g", true, &e) == 1 &&
		position_open(&p, &g, 0, &e) == 0 &&
		position_commit(&p, 6, 0, 1, &e) == 0,
	    "position", &e);
	CHECK_EQ_INT(rewind_groups(&pl.topic, 0, 3, &r, &e), 0);
	CHECK_EQ_INT(committed(&pl, "g").offset, 3);
	CHECK_EQ_INT(position_commit(&p, 4, 0, 1, &e), 0);
	CHECK_EQ_INT(committed(&pl, "g").offset, 4);
	CHECK_EQ_INT(position_commit(&p, 5, 0, 1, &e), 0);
	CHECK_EQ_INT(committed(&pl, "g").offset, 5);
	position_close(&p);
	group_close(&g);
	place_remove(&pl);
}

TEST_MAIN(TEST(some), TEST(member))
