/*
 * Many members that join, leave, are stopped and are killed at random: no
 * partition ever has two owners, and in the end each has one.
 */
#include "member.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "clock.h"
#include "place.h"

enum { SLOTS = 8, PARTS = 24, NUMBERS = 8192 };
enum { STORM_MS = 3000, SETTLE_MS = 20000 };

struct shared {			/* by all processes */
	_Atomic int owner[PARTS];	/* number of a process; 0 nobody */
	_Atomic int was_killed[NUMBERS];	/* by its number */
	_Atomic int twice;	/* partitions that had two owners */
	_Atomic int failed;	/* calls that failed */
	_Atomic int calm;	/* nobody leaves any more */
	_Atomic int idle[SLOTS];	/* sleeps until it hears something */
};

static struct shared *sh;

static void
take(int number, int32_t partition)
{
	int before = 0;

	while (!atomic_compare_exchange_strong(
	    &sh->owner[partition], &before, number)) {
		if (before != 0 && !atomic_load(&sh->was_killed[before])) {
			atomic_fetch_add(&sh->twice, 1);
			return;
		}
	}
}

static void
drop(int number, int32_t partition)
{
	if (!atomic_compare_exchange_strong(
		&sh->owner[partition], &number, 0))
		atomic_fetch_add(&sh->twice, 1);
}

static void
leave(struct member *m, int number)
{
	int32_t p;

	for (p = 0; p < PARTS; p++)
		if (member_owns(m, 0, p))
			drop(number, p);
	member_leave(m);
}

/* Be a member for a while: 0 left, or -1 failed. */
static int
belong(struct topic *t, int number, int slot, unsigned *seed)
{
	struct member_step step;
	struct pollfd pfd;
	struct member *m;
	struct err e;
	int64_t wait;
	int r, rounds = rand_r(seed) % 40;

	m = member_join(&t, 1, "g", ASSIGN_COOPERATIVE, &e);
	for (; m != NULL && (atomic_load(&sh->calm) || rounds > 0); rounds--) {
		while ((r = member_settle(m, &step, &e)) > 0) {
			if (step.kind == MEMBER_TOOK) {
				take(number, step.partition);
				continue;
			}
			/* A batch in hand. */
			if (rand_r(seed) % 4 == 0)
				usleep((unsigned)rand_r(seed) % 3000);
			drop(number, step.partition);
			member_release(m, 0, step.partition);
		}
		if (r < 0) {
			leave(m, number);
			m = NULL;
			break;
		}
		wait = member_patience(m);
		atomic_store(&sh->idle[slot], wait < 0);
		pfd = (struct pollfd){ member_fd(m), POLLIN, 0 };
		/* Only in a storm: so that it ends without news too. */
		poll(&pfd, 1,
		    wait >= 0 || atomic_load(&sh->calm) ? (int)wait : 20);
		atomic_store(&sh->idle[slot], 0);
	}
	if (m == NULL) {
		fprintf(stderr, "# member: %s\n", e.text);
		return -1;
	}
	leave(m, number);
	return 0;
}

static pid_t
spawn(const char *path, int number, int slot)
{
	unsigned seed = (unsigned)number;
	struct topic t;
	struct err e;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (topic_open(&t, path, &e) < 0)
		_exit(1);
	while (belong(&t, number, slot, &seed) == 0)
		continue;
	atomic_fetch_add(&sh->failed, 1);
	_exit(1);
}

/* It is stopped first, so that it does nothing once it counts as killed. */
static void
end(pid_t pid, int number)
{
	int status;

	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	atomic_store(&sh->was_killed[number], 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* Each partition has an owner that lives, shares are even, all sleep. */
static bool
is_settled(const int *numbers)
{
	int has[SLOTS] = { 0 }, i, p;

	for (p = 0; p < PARTS; p++) {
		for (i = 0; i < SLOTS && numbers[i] != sh->owner[p]; i++)
			continue;
		if (i == SLOTS)
			return false;
		has[i]++;
	}
	for (i = 0; i < SLOTS; i++)
		if (has[i] != PARTS / SLOTS || !atomic_load(&sh->idle[i]))
			return false;
	return true;
}

static void
check_list(struct topic *t)
{
	struct member_info *list;
	struct group g;
	struct err e;
	size_t count, i, owned = 0;

	place_need(group_open(&g, t, "g", false, &e) == 1, "group", &e);
	CHECK_EQ_INT(member_list(&g, false, &list, &count, &e), 0);
	CHECK_EQ_INT(count, SLOTS);
	for (i = 0; i < count; i++)
		owned += list[i].owned_count;
	CHECK_EQ_INT(owned, PARTS);
	member_list_free(list, count);
	group_close(&g);
}

static void
storm(void)
{
	int numbers[SLOTS], next = 1, i;
	pid_t pids[SLOTS];
	struct settings s;
	struct place pl;
	struct topic t;
	unsigned seed = 20261122;
	int64_t deadline;
	char path[80];
	struct err e;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	place_need(sh != MAP_FAILED, "mmap", NULL);
	place_dir(&pl);
	settings_init(&s);
	s.partitions = PARTS;
	snprintf(path, sizeof(path), "%s/t", pl.dir);
	place_need(topic_create(path, &s, false, &e) == 0, "create", &e);
	place_need(topic_open(&t, path, &e) == 0, "open", &e);
	for (i = 0; i < SLOTS; i++)
		pids[i] = spawn(path, numbers[i] = next++, i);
	deadline = clock_mono_ms() + STORM_MS;
	while (clock_mono_ms() < deadline && next < NUMBERS) {
		/* The pace of the storm, not a wait for something. */
		usleep((unsigned)rand_r(&seed) % 6000);
		i = rand_r(&seed) % SLOTS;
		if (rand_r(&seed) % 3 == 0) {
			kill(pids[i], SIGSTOP);
			usleep((unsigned)rand_r(&seed) % 3000);
			kill(pids[i], SIGCONT);
			continue;
		}
		end(pids[i], numbers[i]);
		pids[i] = spawn(path, numbers[i] = next++, i);
	}
	atomic_store(&sh->calm, 1);
	deadline = clock_mono_ms() + SETTLE_MS;
	while (!is_settled(numbers) && clock_mono_ms() < deadline)
		usleep(1000);
	CHECK(is_settled(numbers));
	CHECK_EQ_INT(sh->twice, 0);
	CHECK_EQ_INT(sh->failed, 0);
	check_list(&t);
	for (i = 0; i < SLOTS; i++)
		end(pids[i], numbers[i]);
	topic_close(&t);
	place_remove(&pl);
	munmap(sh, sizeof(*sh));
}

TEST_MAIN(TEST(storm))
