/*
 * spawned: what the tests of child and exec share: a private directory, files
 * that commands write, FIFOs by which they are held and let go, and processes
 * of our own in which a limit or a signal can be tried.
 */
#ifndef KLOG_TEST_SPAWNED_H
#define KLOG_TEST_SPAWNED_H

#include <sys/stat.h>
#include <sys/wait.h>

#include "place.h"

static struct place spawned_place;

/* A new directory, in which the commands run. */
static inline void
spawned_enter(void)
{
	place_dir(&spawned_place);
	place_need(chdir(spawned_place.dir) == 0, "chdir", NULL);
}

static inline void
spawned_leave(void)
{
	place_need(chdir("/") == 0, "chdir", NULL);
	place_remove(&spawned_place);
}

/* The text of a file there; until the next call. */
static inline const char *
spawned_read(const char *name)
{
	static char text[4096];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? "(no such file)" : text;
}

static inline void
spawned_fifo(const char *name)
{
	place_need(mkfifo(name, 0600) == 0, name, NULL);
}

/* Let a command go that reads the FIFO; waits until it does. */
static inline void
spawned_release(const char *fifo)
{
	int fd = open(fifo, O_WRONLY | O_CLOEXEC);

	place_need(fd >= 0, fifo, NULL);
	close(fd);
}

/* Wait until a command has opened the FIFO and closed it again. */
static inline void
spawned_await(const char *fifo)
{
	int fd = open(fifo, O_RDONLY | O_CLOEXEC);
	char c;

	place_need(fd >= 0, fifo, NULL);
	while (read(fd, &c, 1) > 0)
		continue;
	close(fd);
}

/* Run the test in a process of its own: its limits and signals go with it. */
static inline void
spawned_apart(void (*test)(void))
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		test();
		fflush(NULL);
		_exit(test_failures != 0);
	}
	place_need(pid > 0 && waitpid(pid, &status, 0) == pid, "fork", NULL);
	CHECK_EQ_INT(status, 0);
}

static inline struct slice
spawned_text(const char *s)
{
	return (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

#endif
