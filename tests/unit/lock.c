#include "lock.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"
#include "place.h"

/* A process that holds dir/lock until its pipe is closed. */
static pid_t
holder(const struct place *pl, int *end)
{
	struct err e;
	struct lock l;
	int fds[2], ready[2];
	char byte;
	pid_t pid;

	place_need(pipe(fds) == 0 && pipe(ready) == 0, "pipe", NULL);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		if (lock_open(&l, pl->dirfd, "lock", "d", 1, &e) < 0 ||
		    lock_try(&l, &e) != 1 || write(ready[1], "x", 1) != 1)
			_exit(1);
		_exit(read(fds[0], &byte, 1) < 0);
	}
	close(fds[0]);
	place_need(read(ready[0], &byte, 1) == 1, "ready", NULL);
	close(ready[0]);
	close(ready[1]);
	*end = fds[1];
	return pid;
}

static void
try_take(void)
{
	struct place pl;
	struct lock l;
	struct err e;
	char want[80], name[16];
	pid_t pid;
	int end;

	place_dir(&pl);
	CHECK_EQ_INT(lock_open(&l, pl.dirfd, "lock", "d", 0, &e), -1);
	CHECK_EQ_INT(e.sys, ENOENT);
	pid = holder(&pl, &end);
	CHECK_EQ_INT(lock_open(&l, pl.dirfd, "lock", "d", 0, &e), 0);
	CHECK_EQ_INT(lock_try(&l, &e), 0);
	CHECK_EQ_INT(lock_take(&l, clock_mono_ms() + 20, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	place_need(prctl(PR_GET_NAME, name) == 0, "prctl", NULL);
	snprintf(want, sizeof(want), "d/lock: locked by process %ld (%s)",
	    (long)pid, name);
	CHECK_EQ_STR(e.text, want);
	kill(pid, SIGKILL);
	CHECK_EQ_INT(lock_take(&l, CLOCK_NEVER, &e), 0);
	close(end);
	waitpid(pid, NULL, 0);
	lock_drop(&l);
	CHECK_EQ_INT(lock_try(&l, &e), 1);
	lock_close(&l);
	place_remove(&pl);
}

/* Its name is given to another file: that one counts. */
static void
replaced(void)
{
	struct lock a, b;
	struct place pl;
	struct err e;

	place_dir(&pl);
	CHECK_EQ_INT(lock_open(&a, pl.dirfd, "lock", "d", 1, &e), 0);
	unlinkat(pl.dirfd, "lock", 0);
	CHECK_EQ_INT(lock_try(&a, &e), -1);
	CHECK_EQ_INT(e.sys, ENOENT);
	CHECK_EQ_INT(lock_open(&b, pl.dirfd, "lock", "d", 1, &e), 0);
	CHECK_EQ_INT(lock_try(&b, &e), 1);
	CHECK_EQ_INT(lock_try(&a, &e), 0);
	CHECK_EQ_INT(lock_take(&a, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	lock_drop(&b);
	CHECK_EQ_INT(lock_try(&a, &e), 1);
	CHECK_EQ_INT(lock_try(&b, &e), 0);
	lock_close(&a);
	lock_close(&b);
	place_remove(&pl);
}

static void
on_signal(int sig)
{
	(void)sig;
}

/* One that asks to stop ends the wait; one for a progress line does not. */
static void
signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct place pl;
	struct lock l;
	struct err e;
	pid_t pid, killer;
	int end, round;

	place_dir(&pl);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	pid = holder(&pl, &end);
	CHECK_EQ_INT(lock_open(&l, pl.dirfd, "lock", "d", 0, &e), 0);
	for (round = 0; round < 2; round++) {
		killer = fork();
		if (killer == 0) {
			for (;;) {
				if (kill(getppid(), SIGUSR1) < 0)
					_exit(1);
				usleep(20000);
				if (kill(getppid(), SIGTERM) < 0)
					_exit(1);
			}
		}
		CHECK_EQ_INT(lock_take(&l, round == 0 ? CLOCK_NEVER :
						      clock_mono_ms() + 60000,
				 &e),
		    -1);
		CHECK_EQ_INT(e.code, ERR_STOPPED);
		kill(killer, SIGKILL);
		waitpid(killer, NULL, 0);
		killer = fork();
		if (killer == 0) {
			for (;;) {
				if (kill(getppid(), SIGUSR1) < 0)
					_exit(1);
				usleep(1000);
			}
		}
		CHECK_EQ_INT(lock_take(&l, clock_mono_ms() + 50, &e), -1);
		CHECK_EQ_INT(e.code, ERR_BUSY);
		kill(killer, SIGKILL);
		waitpid(killer, NULL, 0);
	}
	close(end);
	waitpid(pid, NULL, 0);
	lock_close(&l);
	place_remove(&pl);
}

static void
directory(void)
{
	struct place pl;
	int other;

	place_dir(&pl);
	other = open(pl.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_EQ_INT(lock_directory(pl.dirfd), 1);
	CHECK_EQ_INT(lock_directory(other), 0);
	close(other);
	place_remove(&pl);
}

TEST_MAIN(TEST(try_take), TEST(replaced), TEST(signals), TEST(directory))
