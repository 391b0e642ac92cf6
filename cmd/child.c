#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U	/* linux/memfd.h, from 6.3 on */
#endif

enum {
	STATUS_NOT_RUN = 126,	/* of the shell */
	STATUS_NOT_FOUND = 127
};

static bool
is_replaced(const char *entry, const char *const *added)
{
	size_t name = strcspn(entry, "=");

	for (; *added != NULL; added++)
		if (strncmp(entry, *added, name) == 0 &&
		    (*added)[name] == '=')
			return true;
	return false;
}

/* What we have, with the entries of added; malloc'd, or NULL. */
static char **
merge_environment(const char *const *added)
{
	static const char *const none[] = { NULL };
	size_t n = 0, room = 1;
	const char **merged;
	char **entry;

	if (added == NULL)
		added = none;
	for (entry = environ; entry != NULL && *entry != NULL; entry++)
		room++;
	while (added[n] != NULL)
		n++;
	merged = calloc(room + n, sizeof(*merged));
	if (merged == NULL)
		return NULL;
	memcpy(merged, added, n * sizeof(*merged));
	for (entry = environ; entry != NULL && *entry != NULL; entry++)
		if (!is_replaced(*entry, added))
			merged[n++] = *entry;
	return (char **)merged;
}

/* 0, or an errno. */
static int
spawn(pid_t *pid, const char *command, char **env, int in_fd, int kept,
    int out)
{
	static const int reset[] = { SIGPIPE, SIGXFSZ, SIGCHLD };
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "--" },
		(char *)(uintptr_t)command, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t set;
	int failed;
	size_t i;

	posix_spawnattr_init(&attr);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attr, &set);
	for (i = 0; i < sizeof(reset) / sizeof(reset[0]); i++)
		sigaddset(&set, reset[i]);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	failed = posix_spawn_file_actions_adddup2(&actions, in_fd,
	    STDIN_FILENO);
	if (failed == 0 && out >= 0)
		failed = posix_spawn_file_actions_adddup2(&actions, out,
		    STDOUT_FILENO);
	/* Onto itself: only close-on-exec goes. */
	if (failed == 0 && kept > STDERR_FILENO)
		failed = posix_spawn_file_actions_adddup2(&actions, kept,
		    kept);
	if (failed == 0)
		failed = posix_spawn(pid, "/bin/sh", &actions, &attr, argv,
		    env);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return failed;
}

/* A sealed file with these bytes, at its beginning, or -1. */
static int
open_input(struct slice input, struct err *e)
{
	size_t len = input.len > 0 ? (size_t)input.len : 0, put = 0;
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	ssize_t n;
	int fd;

	/* Some systems demand the flag; those before Linux 6.3 refuse it. */
	fd = memfd_create("klog-input", flags | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("klog-input", flags);
	if (fd < 0)
		return err_sys(e, "the command's input");
	while (put < len) {
		n = pwrite(fd, input.data + put, len - put, (off_t)put);
		if (n < 0 && errno != EINTR)
			break;
		put += n > 0 ? (size_t)n : 0;
	}
	if (put == len && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW |
	    F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return fd;
	err_sys(e, "the command's input");
	close(fd);
	return -1;
}

int
child_start(struct child *c, const char *command, struct slice input,
    int kept, int out, const char *const *added, struct err *e)
{
	int in_fd, r;

	*c = CHILD_NONE;
	in_fd = open_input(input, e);
	if (in_fd < 0)
		return -1;
	r = child_start_on(c, command, in_fd, kept, out, added, e);
	close(in_fd);
	return r;
}

int
child_start_on(struct child *c, const char *command, int in_fd, int kept,
    int out, const char *const *added, struct err *e)
{
	char **env = merge_environment(added);
	int failed;

	*c = CHILD_NONE;
	if (env == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	failed = spawn(&c->pid, command, env, in_fd, kept, out);
	free(env);
	if (failed != 0) {
		*c = CHILD_NONE;
		errno = failed;
		return err_sys(e, "/bin/sh: can't be started");
	}
	c->pidfd = pidfd_open(c->pid, 0);
	return 0;
}

static void
release(struct child *c)
{
	if (c->pidfd >= 0)
		close(c->pidfd);
	*c = CHILD_NONE;
}

static enum child_end
judge(const siginfo_t *info, char *why, size_t size)
{
	int status = info->si_status;
	const char *name;

	if (info->si_code != CLD_EXITED) {
		name = sigdescr_np(status);
		snprintf(why, size, name == NULL ? "killed by signal %d" :
		    "killed by signal %d (%s)", status, name);
		return CHILD_FAILED;
	}
	if (status == 0)
		return CHILD_DONE;
	snprintf(why, size, "exit status %d%s", status,
	    status == STATUS_NOT_RUN ? " (the command can't be run)" :
	    status == STATUS_NOT_FOUND ? " (no such command)" : "");
	return status == EX_TEMPFAIL ? CHILD_LATER : CHILD_FAILED;
}

enum child_end
child_look(struct child *c, char *why, size_t size)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG) < 0) {
		/* ECHILD: somebody else reaped it. */
		snprintf(why, size, "its exit status is lost");
		release(c);
		return CHILD_FAILED;
	}
	if (info.si_pid == 0)
		return CHILD_RUNS;
	release(c);
	return judge(&info, why, size);
}

void
child_kill(struct child *c)
{
	siginfo_t info;

	kill(c->pid, SIGKILL);
	while (waitid(P_PID, (id_t)c->pid, &info, WEXITED) < 0 &&
	    errno == EINTR)
		continue;
	release(c);
}
