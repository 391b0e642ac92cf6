#include "member.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock.h"
#include "member_parts.h"
#include "place.h"

enum { SETTLE_MS = 20000, SHORT_MS = 300 };

struct scene {			/* topics a, b, c and who reads them */
	struct place pl;
	struct topic topics[3];
	int count;
};

static void
scene_make(struct scene *sc, int count, const int *partitions)
{
	char path[80];
	struct settings s;
	struct err e;
	int i;

	memset(sc, 0, sizeof(*sc));
	place_dir(&sc->pl);
	for (i = 0; i < count; i++) {
		settings_init(&s);
		s.partitions = partitions[i];
		snprintf(path, sizeof(path), "%s/%c", sc->pl.dir, 'a' + i);
		place_need(topic_create(path, &s, false, &e) == 0, "create",
		    &e);
		place_need(topic_open(&sc->topics[i], path, &e) == 0, "open",
		    &e);
	}
	sc->count = count;
}

static void
scene_remove(struct scene *sc)
{
	while (sc->count > 0)
		topic_close(&sc->topics[--sc->count]);
	place_remove(&sc->pl);
}

static struct member *
joined(struct scene *sc, const char *reads, enum assignor assignor)
{
	struct topic *list[3];
	struct member *m;
	struct err e;
	size_t n = 0;
	int64_t now = clock_wall_ms();

	for (; *reads != '\0'; reads++)
		list[n++] = &sc->topics[*reads - 'a'];
	m = member_join(list, n, "g", assignor, &e);
	place_need(m != NULL, "member_join", &e);
	/* The next one joins later: names tell it in ms. */
	while (clock_wall_ms() <= now + 1)
		continue;
	return m;
}

/* Do all that m finds to do now: how many steps. */
static int
work(struct member *m)
{
	struct member_step step;
	struct err e;
	int r, n = 0;

	for (; (r = member_settle(m, &step, &e)) > 0; n++) {
		CHECK(member_owns(m, step.topic, step.partition));
		if (step.kind == MEMBER_GIVE)
			member_release(m, step.topic, step.partition);
	}
	place_need(r == 0, "member_settle", &e);
	return n;
}

/* Until nobody has anything to do or to wait for: how many steps. */
static int
settle(struct member **all, int count)
{
	int64_t deadline = clock_mono_ms() + SETTLE_MS;
	int i, n, steps = 0, busy;

	do {
		for (i = n = busy = 0; i < count; i++) {
			n += work(all[i]);
			busy += member_patience(all[i]) >= 0;
		}
		steps += n;
		place_need(clock_mono_ms() < deadline, "never settled", NULL);
	} while (n > 0 || busy > 0);
	return steps;
}

/* "a0 a1 b0": what m owns, numbered by the topics it gave. */
static const char *
owns(const struct member *m)
{
	static char out[512];
	size_t used = 0, t;
	int32_t p;

	out[0] = '\0';
	for (t = 0; t < m->count; t++)
		for (p = 0; p < m->in[t].count; p++)
			if (member_owns(m, (int32_t)t, p))
				used += (size_t)snprintf(out + used,
				    sizeof(out) - used, "%s%s%" PRId32,
				    used > 0 ? " " : "", m->in[t].topic->name,
				    p);
	return out;
}

static void
come_and_go(void)
{
	struct member *m[3];
	struct scene sc;

	scene_make(&sc, 1, (const int[]) { 10 });
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
	scene_make(&sc, 2, (const int[]) { 3, 3 });
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

	scene_make(&sc, 3, (const int[]) { 3, 2, 4 });
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
	CHECK(member_join((struct topic *[]) { &sc.topics[0], &sc.topics[0] },
		  2, "g", ASSIGN_RANGE, &e) == NULL);
	CHECK_EQ_INT(e.code, ERR_USAGE);
	CHECK(member_join((struct topic *[]) { &sc.topics[0] }, 1, "g/h",
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

	scene_make(&sc, 1, (const int[]) { 4 });
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

	scene_make(&sc, 1, (const int[]) { 6 });
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
