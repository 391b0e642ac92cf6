#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "report.h"

enum {
	WORDS_MAX = 64,
	LOOK_MS = 20,
	END_MS = 2000 /* for it to see that we went */
};

const char *
peer_shell(const char *option)
{
	if (option == NULL)
		option = getenv("KLOG_RSH");
	return option == NULL || *option == '\0' ? "ssh" : option;
}

/*
 * Cut the words of shell apart in place: blanks part them, quotes of either
 * kind keep them together, as in rsync's -e.  How many, or -1.
 */
static int
words(char *shell, char *list[WORDS_MAX])
{
	char *in = shell, *out = shell, quote = '\0';
	int n = 0;

	while (*in != '\0') {
		in += strspn(in, " \t");
		if (*in == '\0')
			break;
		if (n == WORDS_MAX)
			return -1;
		list[n++] = out;
		for (; *in != '\0' &&
		     (quote != '\0' || (*in != ' ' && *in != '\t'));
		     in++)
			if (quote != '\0' && *in == quote)
				quote = '\0';
			else if (quote == '\0' && (*in == '\'' || *in == '"'))
				quote = *in;
			else
				*out++ = *in;
		if (*in != '\0')
			in++;
		*out++ = '\0';
	}
	return quote != '\0' ? -1 : n;
}

/* "klog-replicate --serve -- 'folder'", for the shell there; or NULL. */
static char *
command_line(const struct peer *p)
{
	struct buf b = { 0 };
	const char *c;
	int r = buf_append(&b, p->program, strlen(p->program));

	if (r == 0)
		r = buf_append(&b, " --serve", 8);
	if (r == 0 && *p->folder != '\0') {
		r = buf_append(&b, " -- '", 5);
		for (c = p->folder; r == 0 && *c != '\0'; c++)
			r = *c == '\'' ? buf_append(&b, "'\\''", 4) :
					 buf_append(&b, c, 1);
		if (r == 0)
			r = buf_append(&b, "'", 1);
	}
	if (r == 0)
		r = buf_append(&b, "", 1);
	if (r < 0)
		buf_release(&b);
	return (char *)b.data;
}

/* In the child: become the remote shell. */
static _Noreturn void
become(char **argv)
{
	static const char text[] = ": can't run the remote shell: ";
	const char *why;
	ssize_t ignored;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	execvp(argv[0], argv);
	why = strerror(errno);
	ignored = write(STDERR_FILENO, report_name(), strlen(report_name()));
	ignored += write(STDERR_FILENO, text, sizeof(text) - 1);
	ignored += write(STDERR_FILENO, argv[0], strlen(argv[0]));
	ignored += write(STDERR_FILENO, ": ", 2);
	ignored += write(STDERR_FILENO, why, strlen(why));
	ignored += write(STDERR_FILENO, "\n", 1);
	(void)ignored;
	_exit(LINK_NO_SHELL);
}

/* The child: to is what it reads from, from what it writes to. */
static _Noreturn void
child(const struct peer *p, char **argv, int to, int from)
{
	if (p->host == NULL)
		_exit(p->serve(p->ctx, to, from));
	if (dup2(to, STDIN_FILENO) < 0 || dup2(from, STDOUT_FILENO) < 0)
		_exit(LINK_NO_SHELL);
	become(argv);
}

static int
start(const struct peer *p, char **argv, struct link *l, const char *name,
    struct err *e)
{
	int to[2], from[2];
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	if (pipe2(from, O_CLOEXEC) < 0) {
		err_sys(e, "pipe");
		close(to[0]);
		close(to[1]);
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		close(to[1]);
		close(from[0]);
		child(p, argv, to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	if (pid < 0 || link_open(l, from[0], to[1], name, e) < 0) {
		if (pid < 0)
			err_sys(e, "fork");
		close(to[1]);
		close(from[0]);
		return -1;
	}
	l->pid = pid;
	return 0;
}

int
peer_start(
    const struct peer *p, struct link *l, const char *name, struct err *e)
{
	char *argv[WORDS_MAX + 3] = { NULL };
	char *shell, *line, *host;
	int n, r;

	if (p->host == NULL)
		return start(p, argv, l, name, e);
	shell = strdup(p->shell);
	line = command_line(p);
	n = shell == NULL ? 0 : words(shell, argv);
	if (shell == NULL || line == NULL) {
		r = err_set(e, ERR_SYSTEM, "out of memory");
	} else if (n <= 0) {
		r = err_set(e, ERR_USAGE,
		    "\"%s\" is not a remote shell", p->shell);
	} else {
		host = strdup(p->host);
		argv[n] = host;
		argv[n + 1] = line;
		argv[n + 2] = NULL;
		r = host == NULL ? err_sys(e, "%s", p->host) :
				   start(p, argv, l, name, e);
		free(host);
	}
	free(shell);
	free(line);
	return r;
}

/* Whether the child ends in END_MS. */
static bool
ends(pid_t pid)
{
	int fd = pidfd_open(pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t now = clock_mono_ms(), until = now + END_MS;
	siginfo_t info = { 0 };

	/* A signal ends poll; without a descriptor we look now and then. */
	for (; now < until && info.si_pid == 0; now = clock_mono_ms()) {
		(void)poll(&p, fd < 0 ? 0 : 1,
		    fd < 0 ? LOOK_MS : (int)(until - now));
		if (waitid(P_PID, (id_t)pid, &info,
			WEXITED | WNOHANG | WNOWAIT) < 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	return info.si_pid != 0;
}

int
peer_end(pid_t pid)
{
	int status = 0;

	if (!ends(pid)) {
		kill(pid, SIGTERM);
		if (!ends(pid))
			kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	return status;
}
