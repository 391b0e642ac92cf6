#include "group.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "place_opened.h"

static bool
is_there(const struct place *pl, const char *path)
{
	return faccessat(pl->topic.dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
names(void)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "a~" };
	struct place pl;
	struct group g;
	struct err e;
	size_t i;

	place_make(&pl);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ_INT(group_open(&g, &pl.topic, bad[i], true, &e), -1);
		CHECK_EQ_INT(e.code, ERR_USAGE);
	}
	CHECK_EQ_STR(e.text,
	    "\"a~\" is not a group's name: "
	    "at most 249 of A-Z a-z 0-9 . _ - may be in it");
	CHECK(!is_there(&pl, "groups"));
	place_remove(&pl);
}

static void
life(void)
{
	char **list, want[128];
	struct place pl;
	struct group g;
	struct err e;
	size_t count;

	place_make(&pl);
	CHECK_EQ_INT(group_open(&g, &pl.topic, "g", false, &e), 0);
	CHECK_EQ_INT(group_list(&pl.topic, &list, &count, &e), 0);
	CHECK_EQ_INT(count, 0);
	g = place_group(&pl, "g");
	CHECK(is_there(&pl, "groups/g/offsets") &&
	    is_there(&pl, "groups/g/owners") &&
	    is_there(&pl, "groups/g/members"));
	snprintf(want, sizeof(want), "%s/t/groups/g", pl.dir);
	CHECK_EQ_STR(g.where, want);
	CHECK_EQ_STR(g.name, "g");
	CHECK(group_is_current(&g));
	group_close(&g);
	g = place_group(&pl, "a.b");
	group_close(&g);
	place_put(pl.topic.dirfd, "groups/file", "", 0);
	CHECK_EQ_INT(mkdirat(pl.topic.dirfd, "groups/old~", 0777), 0);
	CHECK_EQ_INT(group_list(&pl.topic, &list, &count, &e), 0);
	CHECK_EQ_INT(count, 2);
	CHECK_EQ_STR(list[0], "a.b");
	CHECK_EQ_STR(list[1], "g");
	free(list[0]);
	free(list[1]);
	free(list);
	/* One that has lost a folder is opened as far as it is there. */
	CHECK_EQ_INT(
	    unlinkat(pl.topic.dirfd, "groups/g/owners", AT_REMOVEDIR), 0);
	CHECK_EQ_INT(group_open(&g, &pl.topic, "g", false, &e), 1);
	CHECK_EQ_INT(g.owners, -1);
	CHECK(g.members >= 0);
	group_close(&g);
	place_remove(&pl);
}

static void
links(void)
{
	struct place pl;
	struct group g;
	struct err e;
	char want[128];

	place_make(&pl);
	CHECK_EQ_INT(symlinkat("/tmp", pl.topic.dirfd, "groups"), 0);
	CHECK_EQ_INT(group_open(&g, &pl.topic, "g", true, &e), -1);
	snprintf(want, sizeof(want), "%s/t/groups: is a symbolic link", pl.dir);
	CHECK_EQ_STR(e.text, want);
	CHECK(faccessat(AT_FDCWD, "/tmp/g/members", F_OK, 0) < 0);
	place_remove(&pl);
}

static void
paused(void)
{
	struct place pl;
	struct group g;
	struct err e;

	place_make(&pl);
	g = place_group(&pl, "g");
	CHECK(!group_is_paused(&g));
	CHECK_EQ_INT(group_pause(&g, false, &e), 0);
	CHECK_EQ_INT(group_pause(&g, true, &e), 0);
	CHECK_EQ_INT(group_pause(&g, true, &e), 0);
	CHECK(group_is_paused(&g));
	CHECK(is_there(&pl, "groups/g/paused"));
	CHECK_EQ_INT(group_pause(&g, false, &e), 0);
	CHECK(!group_is_paused(&g));
	group_close(&g);
	place_remove(&pl);
}

static void
deleted(void)
{
	struct place pl;
	struct group g, h;
	struct err e;
	char want[160];
	int fd, seen;

	place_make(&pl);
	CHECK_EQ_INT(group_delete(&pl.topic, "g", false, &e), -1);
	CHECK_EQ_INT(e.sys, ENOENT);
	snprintf(want, sizeof(want), "%s/t: no group g", pl.dir);
	CHECK_EQ_STR(e.text, want);
	g = place_group(&pl, "g");
	fd = openat(g.members, "1700000000000-h-1-00000000",
	    O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_EQ_INT(flock(fd, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ_INT(group_open_member(&g, "1700000000000-h-1-00000000", &seen,
			 &e),
	    1);
	close(seen);
	CHECK_EQ_INT(group_delete(&pl.topic, "g", false, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	snprintf(want, sizeof(want), "%s/t/groups/g: has live members",
	    pl.dir);
	CHECK_EQ_STR(e.text, want);
	CHECK(group_is_current(&g));
	close(fd);
	CHECK_EQ_INT(group_open_member(&g, "1700000000000-h-1-00000000", &seen,
			 &e),
	    0);
	close(seen);
	/* Nobody joins a group that is going, or deletes one being joined. */
	CHECK_EQ_INT(group_enter_door(&g, &e), 1);
	CHECK_EQ_INT(group_delete(&pl.topic, "g", false, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	group_leave_door(&g);
	CHECK_EQ_INT(mkdirat(pl.topic.dirfd, "groups/g~", 0777), 0);
	place_put(pl.topic.dirfd, "groups/g~/left", "x", 1);
	CHECK_EQ_INT(group_delete(&pl.topic, "g", false, &e), 0);
	CHECK(!is_there(&pl, "groups/g") && !is_there(&pl, "groups/g~"));
	CHECK(!group_is_current(&g));
	h = place_group(&pl, "g");
	CHECK(!group_is_current(&g));
	CHECK_EQ_INT(group_enter_door(&g, &e), 0);
	CHECK_EQ_INT(group_enter_door(&h, &e), 1);
	CHECK_EQ_INT(group_delete(&pl.topic, "g", true, &e), 0);
	group_close(&h);
	group_close(&g);
	place_remove(&pl);
}

TEST_MAIN(TEST(names), TEST(life), TEST(links), TEST(paused), TEST(deleted))
