#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fsio.h"

enum { GRACE_MS = 2000 };

enum { HOLDER = 24 };	/* room for " (", a name of 15 bytes, ")" */

int
lock_open(struct lock *l, int dirfd, const char *name, const char *where,
    int create, struct err *e)
{
	*l = (struct lock){ -1, dirfd, name, where };
	l->fd = fsio_open(
	    dirfd, name, O_RDWR | (create ? O_CREAT : 0), 0660, where, e);
	return l->fd < 0 ? -1 : 0;
}

/* The pid that holds the lock, from /proc/locks, or 0. */
static long
lock_holder(const struct lock *l)
{
	unsigned major_nr, minor_nr;
	unsigned long ino;
	char line[256], kind[16];
	struct stat st;
	long pid, found = 0;
	FILE *f;

	if (fstat(l->fd, &st) < 0)
		return 0;
	f = fopen("/proc/locks", "re");
	if (f == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), f) != NULL) {
		if (strstr(line, "->") != NULL)
			continue; /* a waiter */
		if (sscanf(line, "%*s %15s %*s %*s %ld %x:%x:%lu", kind, &pid,
			&major_nr, &minor_nr, &ino) == 5 &&
		    strcmp(kind, "FLOCK") == 0 && ino == st.st_ino &&
		    major_nr == major(st.st_dev) &&
		    minor_nr == minor(st.st_dev))
			found = pid;
	}
	fclose(f);
	return found;
}

/* " (klog-clean)": which program a process is, or "" if it can't be told. */
static void
name_holder(long pid, char out[HOLDER])
{
	char path[32], name[HOLDER - 4] = "";
	size_t i;
	FILE *f;

	*out = '\0';
	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(name, sizeof(name), f) != NULL)
		name[strcspn(name, "\n")] = '\0';
	fclose(f);
	/* A process gives itself any name. */
	for (i = 0; name[i] != '\0'; i++)
		if (name[i] < ' ' || name[i] > '~')
			name[i] = '?';
	if (*name != '\0')
		snprintf(out, HOLDER, " (%s)", name);
}

/* 1: the file we locked is still the one that has the name. */
static int
lock_is_current(struct lock *l, struct err *e)
{
	struct stat held, named;
	int fd;

	if (fstat(l->fd, &held) < 0)
		return err_sys(e, "%s/%s", l->where, l->name);
	if (fstatat(l->dirfd, l->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    held.st_ino == named.st_ino && held.st_dev == named.st_dev)
		return 1;
	fd = fsio_open(l->dirfd, l->name, O_RDWR, 0, l->where, e);
	if (fd < 0) {
		lock_drop(l);
		return -1;
	}
	close(l->fd); /* drops the lock on the file that was replaced */
	l->fd = fd;
	return 0;
}

int
lock_try(struct lock *l, struct err *e)
{
	int current;

	do {
		if (flock(l->fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				return 0;
			if (errno == EINTR) {
				current = 0;
				continue;
			}
			return err_sys(e, "%s/%s", l->where, l->name);
		}
		current = lock_is_current(l, e);
		if (current < 0)
			return -1;
	} while (!current);
	return 1;
}

int
lock_busy(const struct lock *l, struct err *e)
{
	char name[HOLDER];
	long pid = lock_holder(l);

	if (pid > 0) {
		name_holder(pid, name);
		return err_set(e, ERR_BUSY, "%s/%s: locked by process %ld%s",
		    l->where, l->name, pid, name);
	}
	return err_set(
	    e, ERR_BUSY, "%s/%s: locked by another process", l->where, l->name);
}

static int
lock_stopped(struct lock *l, struct err *e)
{
	return err_set(e, ERR_STOPPED, "%s/%s: stopped while waiting", l->where,
	    l->name);
}

static int
wait_until(struct lock *l, int64_t deadline, struct err *e)
{
	struct timespec pause = { 0, 100000 };
	int got;

	while ((got = lock_try(l, e)) == 0) {
		if (clock_mono_ms() >= deadline)
			return lock_busy(l, e);
		if (nanosleep(&pause, NULL) < 0)
			return lock_stopped(l, e);
		if (pause.tv_nsec < 10000000)
			pause.tv_nsec *= 2;
	}
	return got < 0 ? -1 : 0;
}

/*
 * Sleep in flock(2): the one who lets go wakes us, in turn.  A signal gives
 * it GRACE_MS more, so that what is in hand can still be stored; a second one
 * ends it.  One that comes just before the call is lost, the next one is not.
 */
static int
wait_for_ever(struct lock *l, struct err *e)
{
	int current;

	do {
		if (flock(l->fd, LOCK_EX) < 0) {
			if (errno != EINTR)
				return err_sys(
				    e, "%s/%s", l->where, l->name);
			if (wait_until(l, clock_mono_ms() + GRACE_MS, e) == 0)
				return 0;
			return e->code == ERR_BUSY ? lock_stopped(l, e) : -1;
		}
		current = lock_is_current(l, e);
	} while (current == 0);
	return current < 0 ? -1 : 0;
}

int
lock_take(struct lock *l, int64_t deadline, struct err *e)
{
	sigset_t block, old;
	int got;

	got = lock_try(l, e);
	if (got != 0)
		return got < 0 ? -1 : 0;
	/* A wish for a progress line must not look like one to stop. */
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigaddset(&block, SIGCHLD);
	sigaddset(&block, SIGALRM);
	sigaddset(&block, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &block, &old);
	got = deadline == CLOCK_NEVER ? wait_for_ever(l, e) :
					wait_until(l, deadline, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return got;
}

void
lock_drop(struct lock *l)
{
	flock(l->fd, LOCK_UN);
}

void
lock_close(struct lock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

int
lock_directory(int dirfd)
{
	return flock(dirfd, LOCK_EX | LOCK_NB) == 0;
}

bool
lock_is_free(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return false;
	flock(fd, LOCK_UN);
	return true;
}
