/*
 * klog: the front door.  "klog CMD ..." becomes klog-CMD; alone it tells
 * which programs there are.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "main.h"
#include "report.h"

#define PREFIX "klog-"

enum { PROGRAMS_MAX = 64, SUMMARY_MAX = 128 };

extern char **environ;

struct klog {
	struct opt_common common;
};

/* The klog-* beside the program that runs: names without the prefix. */
struct programs {
	char *dir;
	char *names[PROGRAMS_MAX];
	size_t n;
};

static const struct opt table[] = { OPT_ROWS_COMMON, OPT_END };

static void
release(struct programs *p)
{
	while (p->n > 0)
		free(p->names[--p->n]);
	free(p->dir);
	p->dir = NULL;
}

/* Letters, digits and dashes: nothing that leads to another directory. */
static int
is_word(const char *s)
{
	return *s != '\0' && *s != '-' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static int
is_program(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	    faccessat(dirfd, name, X_OK, 0) == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The directory of the running program; NULL without /proc. */
static char *
own_dir(void)
{
	char *path = realpath("/proc/self/exe", NULL);
	char *slash = path == NULL ? NULL : strrchr(path, '/');

	if (slash == NULL) {
		free(path);
		return NULL;
	}
	slash[slash == path] = '\0';
	return path;
}

/* What can't be read is left out: the map is a help, no inventory. */
static void
look(struct programs *p)
{
	struct dirent *d;
	char *name;
	DIR *dir;

	*p = (struct programs){ .dir = own_dir() };
	dir = p->dir == NULL ? NULL : opendir(p->dir);
	if (dir == NULL)
		return;
	while (p->n < PROGRAMS_MAX && (d = readdir(dir)) != NULL) {
		if (strncmp(d->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    !is_word(d->d_name + strlen(PREFIX)) ||
		    !is_program(dirfd(dir), d->d_name))
			continue;
		name = strdup(d->d_name + strlen(PREFIX));
		if (name == NULL)
			break;
		p->names[p->n++] = name;
	}
	closedir(dir);
	if (p->n > 1)
		qsort(p->names, p->n, sizeof(p->names[0]), by_name);
}

/* "DIR/klog-NAME", malloc'd, or NULL. */
static char *
path_of(const struct programs *p, const char *name)
{
	char *path;

	if (p->dir == NULL ||
	    asprintf(&path, "%s/" PREFIX "%s", p->dir, name) < 0)
		return NULL;
	return path;
}

/* Run argv with output to fd, without input and messages; its pid, or -1. */
static pid_t
start(char *const *argv, int fd)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	if (posix_spawn_file_actions_addopen(
		&actions, 0, "/dev/null", O_RDONLY, 0) != 0 ||
	    posix_spawn_file_actions_addopen(
		&actions, 2, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, fd, 1) != 0 ||
	    posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A script of somebody else's may not know --help and go to work. */
static int
is_compiled(const char *path)
{
	char magic[4] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int yes;

	if (fd < 0)
		return 0;
	yes = read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	    memcmp(magic, "\177ELF", sizeof(magic)) == 0;
	close(fd);
	return yes;
}

/* The line after the first empty one of --help; empty if there is none. */
static void
read_summary(FILE *f, char summary[SUMMARY_MAX])
{
	char line[512];
	int next = 0;

	*summary = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (next == 1)
			snprintf(summary, SUMMARY_MAX, "%.*s",
			    (int)strcspn(line, "\n"), line);
		next = next > 0 ? 2 : *line == '\n';
	}
}

static void
ask_summary(char *path, char summary[SUMMARY_MAX])
{
	char help[] = "--help";
	char *argv[] = { path, help, NULL };
	int ends[2];
	pid_t pid;
	FILE *f;

	*summary = '\0';
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	pid = start(argv, ends[1]);
	close(ends[1]);
	f = fdopen(ends[0], "r");
	if (f != NULL) {
		read_summary(f, summary);
		fclose(f);
	} else {
		close(ends[0]);
	}
	if (pid > 0)
		wait_for(pid);
}

static int
print_map(const struct programs *p)
{
	char summary[SUMMARY_MAX];
	char *path;
	int widest = 4;		/* of "help" */
	size_t i;

	for (i = 0; i < p->n; i++)
		if ((int)strlen(p->names[i]) > widest)
			widest = (int)strlen(p->names[i]);
	puts("usage: klog CMD [ARG...]\n"
	     "       klog help [CMD]\n\n"
	     "Kafka's log as Unix filters.  klog CMD runs klog-CMD:\n");
	for (i = 0; i < p->n; i++) {
		path = path_of(p, p->names[i]);
		*summary = '\0';
		if (path != NULL && is_compiled(path))
			ask_summary(path, summary);
		free(path);
		if (*summary == '\0')
			printf("  %s\n", p->names[i]);
		else
			printf("  %-*s  %s\n", widest, p->names[i], summary);
	}
	printf("  %-*s  %s\n", widest, "help", "explain a program");
	return 0;
}

/* Become klog-NAME; argv[0] is replaced.  Returns only if it can't be. */
static int
become(const struct programs *p, const char *name, char **argv,
    struct err *e)
{
	const char *near;
	char *path = path_of(p, name);
	char *whole;

	if (asprintf(&whole, PREFIX "%s", name) < 0) {
		free(path);
		return err_sys(e, "%s", name);
	}
	argv[0] = whole;
	errno = ENOENT;
	if (path != NULL)
		execv(path, argv);
	if (errno == ENOENT)
		execvp(whole, argv);
	free(path);
	if (errno != ENOENT) {
		err_sys(e, "%s", whole);
		free(whole);
		return -1;
	}
	free(whole);
	near = opt_nearest(name, (const char *const *)p->names, p->n);
	if (near != NULL)
		return err_set(e, ERR_USAGE,
		    "unknown command %s; did you mean %s?", name, near);
	return err_set(e, ERR_USAGE,
	    "unknown command %s; klog alone lists what there is", name);
}

/* Whether man(1) is there and knows the page. */
static int
has_page(char *page)
{
	char man[] = "man", where[] = "-w";
	char *argv[] = { man, where, page, NULL };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	if (null < 0)
		return 0;
	pid = start(argv, null);
	close(null);
	return pid > 0 && wait_for(pid) == 0;
}

static int
help(const struct programs *p, const char *name, struct err *e)
{
	char man[] = "man", option[] = "--help";
	char *argv[] = { NULL, option, NULL };
	char *page;

	if (isatty(STDOUT_FILENO) && asprintf(&page, PREFIX "%s", name) >= 0) {
		argv[0] = man;
		argv[1] = page;
		if (has_page(page))
			execvp(man, argv);
		free(page);
		argv[1] = option;
	}
	return become(p, name, argv, e);
}

static int
run_command(const struct programs *p, int argc, char **argv, struct err *e)
{
	int asked = strcmp(argv[0], "help") == 0;
	const char *name = asked ? argv[1] : argv[0];

	if (asked && argc > 2)
		return err_set(e, ERR_USAGE, "unexpected operand: %s", argv[2]);
	if (asked && argc == 1)
		return print_map(p);
	if (!is_word(name))
		return err_set(e, ERR_USAGE,
		    "unknown command %s; klog alone lists what there is",
		    name);
	return asked ? help(p, name, e) : become(p, name, argv, e);
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct programs p;
	int status;

	(void)opts;
	look(&p);
	status = argc == 0 ? print_map(&p) : run_command(&p, argc, argv, e);
	release(&p);
	return status;
}

static const char *const usage[] = { "CMD [ARG...]", "help [CMD]", NULL };

static const struct command command = {
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct klog),
	.max_operands = OPERANDS_ANY,
	.in_order = true,
	.run = run,
};

static const struct program program = {
	.name = "klog",
	.summary = "run one of klog's programs",
	.single = &command,
};

int
main(int argc, char **argv)
{
	return main_run(&program, argc, argv);
}
