#include "member.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "scene.h"

enum { SHORT_MS = 300 };

static void
come_and_go(void)
{
	struct member *m[3];
	struct scene sc;

	scene_make(&sc, 1, (const int[]){ 10 });
	m[0] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	CHECK_EQ_STR(owns(m[0]), "");
	CHECK_EQ_INT(member_patience(m[0]), 0);
	CHECK_EQ_INT(settle(m, 1), 10);
	CHECK_EQ_STR(owns(m[0]), "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9");
	m[1] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	CHECK_EQ_INT(settle(m, 2), 10);
	CHECK_EQ_STR(owns(m[0]), "a0 a1 a2 a3 a4");
	CHECK_EQ_STR(owns(m[1]), "a5 a6 a7 a8 a9");
	m[2] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	CHECK_EQ_INT(settle(m, 3), 6);
	CHECK_EQ_STR(owns(m[0]), "a0 a1 a2 a3");
	CHECK_EQ_STR(owns(m[1]), "a5 a6 a7");
	CHECK_EQ_STR(owns(m[2]), "a4 a8 a9");
	member_leave(m[1]);
	m[1] = m[2];
	CHECK_EQ_INT(settle(m, 2), 3);
	CHECK_EQ_STR(owns(m[0]), "a0 a1 a2 a3 a5");
	CHECK_EQ_STR(owns(m[1]), "a4 a6 a7 a8 a9");
	CHECK_EQ_INT(settle(m, 2), 0);
	member_leave(m[0]);
	member_leave(m[1]);
	scene_remove(&sc);
}

static void
ranges(void)
{
	struct member *m[2];
	struct scene sc;

	/* What the first one wants counts. */
	scene_make(&sc, 2, (const int[]){ 3, 3 });
	m[0] = joined(&sc, "ab", ASSIGN_RANGE);
	m[1] = joined(&sc, "ab", ASSIGN_COOPERATIVE);
	settle(m, 2);
	CHECK_EQ_STR(owns(m[0]), "a0 a1 b0 b1");
	CHECK_EQ_STR(owns(m[1]), "a2 b2");
	member_leave(m[0]);
	m[0] = m[1];
	m[1] = joined(&sc, "ab", ASSIGN_RANGE);
	settle(m, 2);
	CHECK_EQ_STR(owns(m[0]), "a0 a2 b2");
	CHECK_EQ_STR(owns(m[1]), "a1 b0 b1");
	member_leave(m[0]);
	member_leave(m[1]);
	scene_remove(&sc);
}

static void
topics(void)
{
	struct member *m[3];
	struct scene sc;
	struct err e;

	scene_make(&sc, 3, (const int[]){ 3, 2, 4 });
	/* Given in another order, it is the same set. */
	m[0] = joined(&sc, "ab", ASSIGN_COOPERATIVE);
	m[1] = joined(&sc, "ba", ASSIGN_COOPERATIVE);
	settle(m, 2);
	CHECK_EQ_STR(owns(m[0]), "a0 a2 b1");
	CHECK_EQ_STR(owns(m[1]), "b0 a1");
	/* One that reads more: each topic for itself. */
	m[2] = joined(&sc, "bc", ASSIGN_COOPERATIVE);
	settle(m, 3);
	CHECK_EQ_STR(owns(m[0]), "a0 a2 b1");
	CHECK_EQ_STR(owns(m[1]), "b0 a1");
	CHECK_EQ_STR(owns(m[2]), "c0 c1 c2 c3");
	member_leave(m[0]);
	m[0] = m[2];
	settle(m, 2);
	CHECK_EQ_STR(owns(m[0]), "b1 c0 c1 c2 c3");
	CHECK_EQ_STR(owns(m[1]), "b0 a0 a1 a2");
	member_leave(m[0]);
	member_leave(m[1]);
	CHECK(member_join((struct topic *[]){ &sc.topics[0], &sc.topics[0] }, 2,
		  "g", ASSIGN_RANGE, &e) == NULL);
	CHECK_EQ_INT(e.code, ERR_USAGE);
	CHECK(member_join((struct topic *[]){ &sc.topics[0] }, 1, "g/h",
		  ASSIGN_RANGE, &e) == NULL);
	CHECK_EQ_INT(e.code, ERR_USAGE);
	scene_remove(&sc);
}

/* Another process that is a member, and waits for nothing but its end. */
static pid_t
other(struct scene *sc)
{
	struct member_step step;
	struct member *m;
	struct pollfd pfd;
	struct err e;
	int64_t ms;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	m = joined(sc, "a", ASSIGN_COOPERATIVE);
	for (;;) {
		while (member_settle(m, &step, &e) > 0)
			if (step.kind == MEMBER_GIVE)
				member_release(
				    m, step.topic, step.partition);
		ms = member_patience(m);
		pfd = (struct pollfd){ member_fd(m), POLLIN, 0 };
		poll(&pfd, 1, (int)ms);
	}
}

/* Work and wait, as a program does, until m owns that. */
static void
await(struct member *m, const char *what)
{
	int64_t deadline = clock_mono_ms() + SETTLE_MS, ms;
	struct pollfd pfd = { member_fd(m), POLLIN, 0 };

	while (work(m), strcmp(owns(m), what) != 0) {
		ms = member_patience(m);
		poll(&pfd, 1, ms < 0 ? SETTLE_MS : (int)ms);
		if (clock_mono_ms() > deadline) {
			CHECK_EQ_STR(owns(m), what);
			return;
		}
	}
}

/* Work until all partitions of the topic are listed by some member. */
static void
await_listed(struct member *m, size_t total)
{
	int64_t deadline = clock_mono_ms() + SETTLE_MS;
	struct pollfd pfd = { member_fd(m), POLLIN, 0 };
	struct member_info *list;
	size_t count, i, owned;
	struct err e;

	for (;;) {
		work(m);
		CHECK_EQ_INT(member_list(member_group(m, 0), false, &list,
				 &count, &e),
		    0);
		for (i = owned = 0; i < count; i++)
			owned += list[i].owned_count;
		member_list_free(list, count);
		if (owned == total)
			return;
		place_need(clock_mono_ms() < deadline, "never listed", NULL);
		poll(&pfd, 1, 1000);
	}
}

/* For a while nothing changes. */
static void
stays(struct member *m, const char *what)
{
	int64_t end = clock_mono_ms() + SHORT_MS, ms, left;
	struct pollfd pfd = { member_fd(m), POLLIN, 0 };

	while ((left = end - clock_mono_ms()) > 0) {
		work(m);
		CHECK_EQ_STR(owns(m), what);
		ms = member_patience(m);
		poll(&pfd, 1, (int)(ms < 0 || ms > left ? left : ms));
	}
}

static void
killed(void)
{
	struct member *m;
	struct scene sc;
	pid_t pid;
	int round;

	scene_make(&sc, 1, (const int[]){ 4 });
	m = joined(&sc, "a", ASSIGN_COOPERATIVE);
	for (round = 0; round < 20; round++) {
		await(m, "a0 a1 a2 a3");
		pid = other(&sc);
		await(m, "a0 a1");
		kill(pid, SIGKILL);
		await(m, "a0 a1 a2 a3");
		waitpid(pid, NULL, 0);
	}
	member_leave(m);
	scene_remove(&sc);
}

/* A stopped member keeps what it has, and gives it up when it goes on. */
static void
stopped(void)
{
	struct member *m[2];
	struct scene sc;
	int status;
	pid_t pid;

	scene_make(&sc, 1, (const int[]){ 6 });
	m[0] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	await(m[0], "a0 a1 a2 a3 a4 a5");
	pid = other(&sc);
	await(m[0], "a0 a1 a2");
	await_listed(m[0], 6);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	stays(m[0], "a0 a1 a2");
	m[1] = joined(&sc, "a", ASSIGN_COOPERATIVE);
	settle(m, 2);
	CHECK_EQ_STR(owns(m[0]), "a0 a1");
	CHECK_EQ_STR(owns(m[1]), "a2");
	stays(m[1], "a2");
	kill(pid, SIGCONT);
	await(m[1], "a2 a5");
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	settle(m, 2);
	CHECK_EQ_STR(owns(m[0]), "a0 a1 a3");
	CHECK_EQ_STR(owns(m[1]), "a2 a4 a5");
	member_leave(m[0]);
	member_leave(m[1]);
	scene_remove(&sc);
}

TEST_MAIN(TEST(come_and_go), TEST(ranges), TEST(topics), TEST(killed),
    TEST(stopped))
