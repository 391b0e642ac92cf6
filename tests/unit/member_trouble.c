/*
 * A member, and what may be done to its files while it lives.
 */
#include "member.h"

#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "scene.h"

static bool
is_news(struct member *m)
{
	struct pollfd pfd = { member_fd(m), POLLIN, 0 };

	return poll(&pfd, 1, 0) == 1;
}

/* -1 and the text of the error, with the private directory cut off. */
static const char *
failure(struct scene *sc, struct member *m)
{
	static struct err e;
	struct member_step step;

	if (member_settle(m, &step, &e) >= 0)
		return "none";
	return strncmp(e.text, sc->pl.dir, strlen(sc->pl.dir)) == 0 ?
	    e.text + strlen(sc->pl.dir) : e.text;
}

static void
pauses(void)
{
	struct member *m[1];
	struct scene sc;
	struct group g;
	struct err e;

	scene_make(&sc, 1, (const int[]){ 1 });
	m[0] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	settle(m, 1);
	CHECK(!is_news(m[0]) && !member_is_paused(m[0], 0));
	CHECK_EQ_INT(group_open(&g, &sc.topics[0], "g", false, &e), 1);
	CHECK_EQ_INT(group_pause(&g, true, &e), 0);
	CHECK(is_news(m[0]) && member_is_paused(m[0], 0));
	CHECK_EQ_INT(work(m[0]), 0);
	CHECK(!is_news(m[0]));
	CHECK_EQ_INT(group_pause(&g, false, &e), 0);
	CHECK(is_news(m[0]) && !member_is_paused(m[0], 0));
	CHECK_EQ_INT(settle(m, 1), 0);
	CHECK_EQ_STR(owns(m[0]), "a0");
	CHECK_EQ_INT(group_delete(&sc.topics[0], "g", false, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	group_close(&g);
	/* Looking from outside wakes nobody. */
	CHECK_EQ_INT(group_open(&g, &sc.topics[0], "g", false, &e), 1);
	group_close(&g);
	CHECK(!is_news(m[0]));
	CHECK_EQ_INT(group_delete(&sc.topics[0], "g", true, &e), 0);
	CHECK(is_news(m[0]));
	CHECK_EQ_STR(failure(&sc, m[0]), "/a/groups/g: group was deleted");
	member_leave(m[0]);
	group_close(&g);
	scene_remove(&sc);
}

static void
removed(void)
{
	struct member *m[1];
	struct scene sc;
	char want[MEMBER_ID + 64];

	scene_make(&sc, 1, (const int[]){ 1 });
	m[0] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	settle(m, 1);
	snprintf(want, sizeof(want), "/a/groups/g/members/%s: was removed",
	    m[0]->self.id);
	CHECK_EQ_INT(
	    unlinkat(member_group(m[0], 0)->members, m[0]->self.id, 0), 0);
	CHECK(is_news(m[0]));
	CHECK_EQ_STR(failure(&sc, m[0]), want);
	member_leave(m[0]);
	scene_remove(&sc);
}

static bool
exists(const struct member *m, const char *name)
{
	return faccessat(member_group(m, 0)->members, name, F_OK,
		   AT_SYMLINK_NOFOLLOW) == 0;
}

static int
made(const struct member *m, const char *name, const char *text)
{
	int fd = openat(member_group(m, 0)->members, name,
	    O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	place_need(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		fsio_write_at(fd, text, strlen(text), 0) == 0,
	    name, NULL);
	return fd;
}

/* The dead and the half born are removed, others' files let alone. */
static void
strangers(void)
{
#define BORN "1700000000000-h-1-00000000"
	const struct timespec old[2] = { { 1700000000, 0 }, { 1700000000, 0 } };
	struct member_info *list;
	struct member *m[1];
	struct scene sc;
	struct err e;
	size_t count;
	int fd;

	scene_make(&sc, 1, (const int[]){ 4 });
	m[0] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	close(made(m[0], "notes", "hello"));
	close(made(m[0], BORN, ""));
	close(made(m[0], "." BORN ".tmp", ""));
	settle(m, 1);
	CHECK_EQ_STR(owns(m[0]), "a0 a1 a2 a3");
	CHECK(exists(m[0], "notes") && !exists(m[0], BORN));
	CHECK(exists(m[0], "." BORN ".tmp"));
	/* Old, but alive; then dead. */
	fd = made(m[0], "." BORN ".tmp", "");
	CHECK_EQ_INT(futimens(fd, old), 0);
	settle(m, 1);
	CHECK(exists(m[0], "." BORN ".tmp"));
	close(fd);
	m[0]->news = true;
	settle(m, 1);
	CHECK(!exists(m[0], "." BORN ".tmp"));
	/* A live one whose text can't be read: its name tells who it is. */
	fd = made(m[0], BORN, "id=\n");
	settle(m, 1);
	CHECK_EQ_STR(owns(m[0]), "a0 a1");
	CHECK_EQ_INT(member_list(member_group(m[0], 0), true, &list, &count,
			 &e),
	    0);
	CHECK_EQ_INT(count, 2);
	CHECK_EQ_STR(list[0].id, BORN);
	CHECK_EQ_STR(list[0].host, "h");
	CHECK_EQ_INT(list[0].pid, 1);
	CHECK_EQ_INT(list[0].started, 1700000000000);
	CHECK_EQ_INT(list[0].owned_count + list[0].topic_count, 0);
	CHECK_EQ_STR(list[1].id, m[0]->self.id);
	CHECK_EQ_INT(list[1].pid, getpid());
	CHECK_EQ_INT(list[1].owned_count, 2);
	CHECK_EQ_INT(list[1].owned[0], 0);
	CHECK_EQ_STR(list[1].topics[0], sc.topics[0].settings.id);
	member_list_free(list, count);
	close(fd);
	member_leave(m[0]);
	scene_remove(&sc);
}

/* What has a member's name, but is no file, is nobody. */
static void
no_files(void)
{
	struct member *m[1];
	struct scene sc;
	struct err e;
	int folder;

	scene_make(&sc, 1, (const int[]){ 2 });
	m[0] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	folder = member_group(m[0], 0)->members;
	place_need(mkdirat(folder, "1700000000000-h-1-00000001", 0777) == 0 &&
	    mkfifoat(folder, "1700000000000-h-1-00000002", 0666) == 0 &&
	    symlinkat("/etc/passwd", folder,
	    "1700000000000-h-1-00000003") == 0, "make", NULL);
	settle(m, 1);
	CHECK_EQ_STR(owns(m[0]), "a0 a1");
	member_leave(m[0]);
	CHECK_EQ_INT(group_delete(&sc.topics[0], "g", false, &e), 0);
	scene_remove(&sc);
}

/* Without inotify it looks every 50 ms; a topic may grow. */
static void
polling(void)
{
	struct member *m[2];
	struct settings s;
	struct scene sc;
	int i;

	scene_make(&sc, 1, (const int[]){ 2 });
	for (i = 0; i < 2; i++) {
		m[i] = joined(&sc, "a", ASSIGN_COOPERATIVE);
		watch_close(&m[i]->watch);
		CHECK_EQ_INT(member_fd(m[i]), -1);
	}
	while (work(m[0]) + work(m[1]) > 0)
		continue;
	CHECK_EQ_INT(member_patience(m[0]), 50);
	CHECK_EQ_STR(owns(m[0]), "a0");
	CHECK_EQ_STR(owns(m[1]), "a1");
	s = sc.topics[0].settings;
	sc.topics[0].settings.partitions = 5;
	while (work(m[0]) + work(m[1]) > 0)
		continue;
	CHECK_EQ_STR(owns(m[0]), "a0 a2 a4");
	CHECK_EQ_STR(owns(m[1]), "a1 a3");
	sc.topics[0].settings = s;
	member_leave(m[0]);
	member_leave(m[1]);
	scene_remove(&sc);
}

/* A lock held by nobody who lives: patience, until it is let go. */
static void
held(void)
{
	struct member *m[1];
	struct scene sc;
	int fd;

	scene_make(&sc, 1, (const int[]){ 2 });
	m[0] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	fd = openat(member_group(m[0], 0)->owners, "1",
	    O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	CHECK_EQ_INT(flock(fd, LOCK_EX | LOCK_NB), 0);
	CHECK_EQ_INT(work(m[0]), 1);
	CHECK_EQ_STR(owns(m[0]), "a0");
	CHECK(member_patience(m[0]) >= 0 && member_patience(m[0]) <= 50);
	close(fd);
	CHECK_EQ_INT(settle(m, 1), 1);
	CHECK_EQ_STR(owns(m[0]), "a0 a1");
	CHECK_EQ_INT(member_patience(m[0]), -1);
	member_leave(m[0]);
	scene_remove(&sc);
}

TEST_MAIN(TEST(pauses), TEST(removed), TEST(strangers), TEST(no_files),
    TEST(polling), TEST(held))
