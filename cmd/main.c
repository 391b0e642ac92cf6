#include "main.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "complete.h"
#include "report.h"

enum {
	STATUS_REFUSED = 3,	/* klog(7), EXIT STATUS */
	AGAIN_US = 50000
};

static volatile sig_atomic_t stop_signal;

/*
 * The signal may come right before a call that waits for ever, after the
 * flag was looked at: so calls are interrupted again and again from then on.
 */
static void
on_stop(int sig)
{
	static const struct itimerval again = {
		.it_interval.tv_usec = AGAIN_US, .it_value.tv_usec = AGAIN_US
	};

	if (sig == SIGALRM)
		return;
	if (stop_signal == 0)
		stop_signal = sig;
	(void)setitimer(ITIMER_REAL, &again, NULL);
}

void
main_stop_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM };
	struct sigaction sa = { .sa_handler = on_stop };
	struct sigaction old;
	size_t i;

	/* No SA_RESTART: a read that waits must end, so that we look. */
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaction(signals[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

int
main_stopped(void)
{
	return stop_signal;
}

int
main_stop(struct err *e)
{
	return err_set(e, ERR_STOPPED, "%s", "");
}

int
main_status(const struct err *e)
{
	switch (e->code) {
	case ERR_USAGE:
		return 2;
	case ERR_CORRUPT:
		return 4;
	case ERR_BUSY:
		return 5;
	case ERR_ROLE:
		return 6;
	case ERR_STOPPED:
		return 128 + stop_signal;
	case ERR_NONE:
	case ERR_SYSTEM:
	case ERR_DATA:
		break;
	}
	return 3;
}

/* Flush and close stdout, checking all that can fail. */
static int
close_stdout(struct err *e)
{
	/* A failed flush can leave fclose returning 0: ask all three. */
	int failed = fflush(stdout) != 0 ? errno : 0;

	if (ferror(stdout) && failed == 0)
		failed = EIO;
	if (fclose(stdout) != 0 && failed == 0)
		failed = errno;
	if (failed == 0)
		return 0;
	errno = failed;
	return err_sys(e, "stdout");
}

/*
 * A file opened while descriptor 0, 1 or 2 is closed would take its place,
 * and output would go into it.  The stand-ins are opened the wrong way round
 * so that using them fails.
 */
static void
keep_descriptors(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* A topic's state page was cut off under us: there is nothing to go on with. */
static void
lost_page(int signal_number)
{
	static const char text[] =
	    "klog: the state file of a topic was truncated while in use\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)signal_number;
	(void)ignored;
	_exit(STATUS_REFUSED);
}

static void
prepare(void)
{
	struct rlimit limit;

	keep_descriptors();
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGBUS, lost_page);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
print_outcome(const struct program *p, const struct command *c,
    enum opt_outcome outcome, const char *shell, struct err *e)
{
	switch (outcome) {
	case OPT_HELP:
		program_help(p, c, stdout);
		return 0;
	case OPT_VERSION:
		printf("%s (klog) %s\n", p->name, KLOG_VERSION);
		return 0;
	case OPT_DUMP_OPTIONS:
		program_dump(p, stdout);
		return 0;
	case OPT_DUMP_COMPLETION:
		return complete_script(p, shell, stdout, e);
	case OPT_FAILED:
	case OPT_RUN:
		break;
	}
	return -1;
}

/* "TOPIC", from "[options] TOPIC [FILE...]": the nth word of capitals. */
static void
operand_name(const char *usage, int n, char *name, size_t size)
{
	size_t len;

	snprintf(name, size, "an operand");
	for (;; usage += len) {
		usage += strcspn(usage, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		len = strspn(usage, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (len == 0)
			return;
		if (n-- == 0) {
			snprintf(name, size, "%.*s", (int)len, usage);
			return;
		}
	}
}

static int
check_operands(const struct command *c, int argc, char **argv, struct err *e)
{
	char name[32];

	if (argc < c->min_operands) {
		operand_name(c->usage[0], argc, name, sizeof(name));
		return err_set(e, ERR_USAGE, "%s is missing%s%s", name,
		    argc > 0 ? " after " : "",
		    argc > 0 ? argv[argc - 1] : "");
	}
	if (c->max_operands != OPERANDS_ANY && argc > c->max_operands)
		return err_set(e, ERR_USAGE, "unexpected operand: %s",
		    argv[c->max_operands]);
	return 0;
}

/* Run one command; argv[0] is what precedes its arguments. */
static int
run_command(const struct program *p, const struct command *c,
    const struct opt_common *before, int argc, char **argv, struct err *e)
{
	struct opt_common *common = calloc(1, c->opts_size);
	enum opt_outcome outcome;
	int status;

	if (common == NULL)
		return err_sys(e, "options");
	if (c->defaults != NULL)
		memcpy(common, c->defaults, c->opts_size);
	*common = *before;
	outcome = opt_parse(c->opts, common, &argc, argv, c->in_order, e);
	report_init(p->name, common->quiet, common->verbose);
	if (outcome != OPT_RUN && outcome != OPT_FAILED)
		status = print_outcome(p, c, outcome, common->shell, e);
	else if (outcome == OPT_FAILED ||
	    check_operands(c, argc, argv, e) != 0)
		status = -1;
	else
		status = c->run(common, argc, argv, e);
	opt_release(c->opts, common);
	free(common);
	return status;
}

static const struct command *
find_verb(const struct program *p, const char *name)
{
	const struct command *v;

	for (v = p->verbs; v != NULL && v->name != NULL; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static int
unknown_verb(const struct program *p, const char *word, struct err *e)
{
	const char *names[64];
	const char *near;
	const struct command *v;
	char list[512] = "";
	size_t n = 0;
	size_t used = 0;

	for (v = p->verbs; v->name != NULL; v++) {
		if (n == sizeof(names) / sizeof(names[0]) ||
		    used + strlen(v->name) + 2 >= sizeof(list))
			break;
		used += (size_t)snprintf(list + used, sizeof(list) - used,
		    "%s%s", n > 0 ? ", " : "", v->name);
		names[n++] = v->name;
	}
	near = word == NULL ? NULL : opt_nearest(word, names, n);
	if (word == NULL)
		return err_set(e, ERR_USAGE,
		    "a command is missing: one of %s", list);
	if (near != NULL)
		return err_set(e, ERR_USAGE,
		    "unknown command %s; did you mean %s?", word, near);
	return err_set(e, ERR_USAGE,
	    "unknown command %s; there are %s", word, list);
}

/* Options before a verb; they hold for every verb. */
static const struct opt common_rows[] = {
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_ROW_PROGRESS,
	OPT_END,
};

/* Find the command that is meant and run it; *used says which it was. */
static int
run_program(const struct program *p, int argc, char **argv,
    const struct command **used, struct err *e)
{
	struct opt_common common = { 0 };
	enum opt_outcome outcome;

	*used = argc > 1 ? find_verb(p, argv[1]) : NULL;
	if (*used != NULL)
		return run_command(p, *used, &common, argc - 1, argv + 1, e);
	*used = p->single;
	if (*used != NULL)
		return run_command(p, *used, &common, argc, argv, e);
	outcome = opt_parse(common_rows, &common, &argc, argv, true, e);
	if (outcome == OPT_FAILED)
		return -1;
	if (outcome != OPT_RUN)
		return print_outcome(p, NULL, outcome, common.shell, e);
	*used = argc > 0 ? find_verb(p, argv[0]) : NULL;
	if (*used == NULL)
		return unknown_verb(p, argv[0], e);
	return run_command(p, *used, &common, argc, argv, e);
}

int
main_run(const struct program *p, int argc, char **argv)
{
	const struct command *used = NULL;
	struct err e = { ERR_NONE, 0, "" };
	struct err closing;
	int status;

	prepare();
	report_init(p->name, false, 0);
	status = run_program(p, argc, argv, &used, &e);
	if (status < 0) {
		status = main_status(&e);
		if (e.text[0] != '\0')
			report_error("%s", e.text);
		if (e.code == ERR_USAGE)
			program_usage(p, used, stderr);
	}
	if (close_stdout(&closing) != 0) {
		/* What failed first is the cause; say it once. */
		if (status == 0 || status == 1) {
			report_error("%s", closing.text);
			status = main_status(&closing);
		}
	}
	return status;
}
