#include "child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "spawned.h"

enum { BIG = 100 << 20 };

static char why[160];

/* Feed it until it has ended. */
static enum child_end
finish(struct child *c)
{
	struct pollfd fds[2];
	enum child_end end;

	why[0] = '\0';
	while ((end = child_look(c, why, sizeof(why))) == CHILD_RUNS) {
		fds[0] = (struct pollfd){ c->pidfd, POLLIN, 0 };
		fds[1] = (struct pollfd){ c->in_fd, POLLOUT, 0 };
		/* Without pidfd (valgrind does not know it) look again. */
		place_need(poll(fds, 2, c->pidfd < 0 ? 1 : -1) >= 0, "poll",
		    NULL);
		if (fds[1].revents != 0)
			child_feed(c);
	}
	CHECK_EQ_INT(c->pid, 0);
	CHECK_EQ_INT(c->pidfd, -1);
	CHECK_EQ_INT(c->in_fd, -1);
	return end;
}

static enum child_end
run(const char *command, struct slice input, const char *const *env)
{
	struct child c;
	struct err e;

	place_need(child_start(&c, command, input, 0, -1, env, &e) == 0, command,
	    &e);
	return finish(&c);
}

static void
input_arrives(void)
{
	spawned_enter();
	CHECK_EQ_INT(run("cat > out", spawned_text("two\nlines\n"), NULL),
	    CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "two\nlines\n");
	CHECK_EQ_INT(run("cat > out", SLICE_NULL, NULL), CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "");
	CHECK_EQ_INT(run("cat > out", (struct slice){ NULL, 0 }, NULL),
	    CHILD_DONE);
	/* A word that looks like an option is a command all the same. */
	CHECK_EQ_INT(run("-x 2> out", SLICE_NULL, NULL), CHILD_FAILED);
	CHECK_EQ_STR(why, "exit status 127 (no such command)");
	spawned_leave();
}

static void
environment(void)
{
	static const char *const env[] = { "KLOG_KEY=a=b c", "KLOG_OFFSET=",
		NULL };

	spawned_enter();
	setenv("KLOG_KEY", "inherited", 1);
	setenv("KLOG_KEYS", "stays", 1);
	CHECK_EQ_INT(run("env | grep ^KLOG_[KO] | sort > out; "
	    "[ -n \"$PATH\" ]", SLICE_NULL, env), CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"),
	    "KLOG_KEY=a=b c\nKLOG_KEYS=stays\nKLOG_OFFSET=\n");
	CHECK_EQ_INT(run("echo $KLOG_KEY > out", SLICE_NULL, NULL),
	    CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "inherited\n");
	spawned_leave();
}

static void
statuses(void)
{
	static const struct {
		const char *command;
		enum child_end end;
		const char *why;
	} rows[] = {
		{ "exit 0", CHILD_DONE, "" },
		{ "exit 3", CHILD_FAILED, "exit status 3" },
		{ "exit 75", CHILD_LATER, "exit status 75" },
		{ "exit 255", CHILD_FAILED, "exit status 255" },
		{ "/ 2>&-", CHILD_FAILED,
		    "exit status 126 (the command can't be run)" },
		{ "/no/such 2>&-", CHILD_FAILED,
		    "exit status 127 (no such command)" },
		{ "kill -9 $$", CHILD_FAILED, "killed by signal 9 (Killed)" },
		{ "kill -15 $$", CHILD_FAILED,
		    "killed by signal 15 (Terminated)" },
		{ "kill -40 $$", CHILD_FAILED, "killed by signal 40" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_EQ_INT(run(rows[i].command, SLICE_NULL, NULL),
		    rows[i].end);
		CHECK_EQ_STR(why, rows[i].why);
	}
}

/* More than a pipe holds, for a command that does not read it. */
static void
unread_input(void)
{
	static uint8_t much[4 << 20];
	struct slice input = { much, sizeof(much) };

	spawned_enter();
	CHECK_EQ_INT(run("exit 0", input, NULL), CHILD_DONE);
	CHECK_EQ_INT(run("exit 3", input, NULL), CHILD_FAILED);
	CHECK_EQ_STR(why, "exit status 3");
	CHECK_EQ_INT(run("head -c 5 | wc -c > out", input, NULL), CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "5\n");
	/* It goes on without its input. */
	CHECK_EQ_INT(run("exec 0<&-; echo on > out", input, NULL),
	    CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "on\n");
	/* Somebody else still holds the pipe; the shell's end counts. */
	spawned_fifo("fifo");
	spawned_fifo("after");
	CHECK_EQ_INT(run("{ cat fifo; echo > after; } <&0 & exit 0", input,
	    NULL), CHILD_DONE);
	spawned_release("fifo");
	spawned_await("after");
	spawned_leave();
}

/* 100 MiB for a command that takes its time. */
static void
large_input(void)
{
	uint8_t *much = malloc(BIG);
	struct pollfd fd;
	struct child c;
	struct err e;

	place_need(much != NULL, "malloc", NULL);
	memset(much, 'x', BIG);
	spawned_enter();
	spawned_fifo("fifo");
	place_need(child_start(&c, "head -c 1 > out; cat fifo; wc -c >> out",
	    (struct slice){ much, BIG }, 0, -1, NULL, &e) == 0, "start", &e);
	/* Full: feeding returns at once and nothing is ready. */
	do {
		child_feed(&c);
		fd = (struct pollfd){ c.in_fd, POLLOUT, 0 };
	} while (poll(&fd, 1, 20) > 0);
	CHECK(c.left > BIG / 2);
	spawned_release("fifo");
	CHECK_EQ_INT(finish(&c), CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "x104857599\n");
	spawned_leave();
	free(much);
}

/* What the child has is 0, 1, 2, and the directory that ls reads. */
static void
descriptors(void)
{
	static uint8_t much[1 << 20];
	struct child other, c;
	struct err e;
	int fd;

	spawned_enter();
	close_range(3, ~0U, 0);	/* whoever started us may have left some */
	fd = open("/", O_RDONLY | O_CLOEXEC);
	place_need(child_start(&other, "cat > /dev/null; exit 4",
	    (struct slice){ much, sizeof(much) }, 0, -1, NULL, &e) == 0, "start",
	    &e);
	place_need(child_start(&c, "ls /proc/self/fd > out",
	    (struct slice){ much, sizeof(much) }, 0, -1, NULL, &e) == 0, "start",
	    &e);
	CHECK_EQ_INT(finish(&c), CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "0\n1\n2\n3\n");
	place_need(child_start(&c, "readlink /proc/self/fd/* > out",
	    SLICE_NULL, fd, -1, NULL, &e) == 0, "start", &e);
	finish(&c);
	CHECK(strstr(spawned_read("out"), "\n/\n") != NULL);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK_EQ_INT(finish(&other), CHILD_FAILED);
	CHECK_EQ_STR(why, "exit status 4");
	/* All of ours were given back: the next one follows the last. */
	CHECK_EQ_INT(dup(fd), fd + 1);
	close(fd + 1);
	spawned_place.dirfd = fd;
	spawned_leave();
}

static void
descriptors_apart(void)
{
	spawned_apart(descriptors);
}

/* The bits of SigIgn and SigBlk, of the signals we change, must be clear. */
static void
signals(void)
{
	unsigned long long mask, set;
	sigset_t all, old;
	char name[8];
	const char *at;
	int lines = 0;

	spawned_enter();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	CHECK_EQ_INT(run("exec grep -E 'Sig(Ign|Blk)' /proc/self/status "
	    "> out", SLICE_NULL, NULL), CHILD_DONE);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	at = spawned_read("out");
	while (sscanf(at, "%6[^:]: %llx", name, &set) == 2) {
		mask = 1ULL << (SIGPIPE - 1) | 1ULL << (SIGXFSZ - 1);
		if (strcmp(name, "SigBlk") == 0)
			CHECK(set == 0);
		else	/* ignored by nohup stays ignored */
			CHECK((set & mask) == 0 &&
			    (set & 1ULL << (SIGHUP - 1)) != 0);
		at = strchr(at, '\n') + 1;
		lines++;
	}
	CHECK_EQ_INT(lines, 2);
	spawned_leave();
}

static void
signals_apart(void)
{
	spawned_apart(signals);
}

static void
killing(void)
{
	static uint8_t much[1 << 20];
	struct child c;
	struct err e;
	pid_t pid;

	spawned_enter();
	spawned_fifo("fifo");
	place_need(child_start(&c, "echo $$ > fifo; exec sleep 1000",
	    (struct slice){ much, sizeof(much) }, 0, -1, NULL, &e) == 0, "start",
	    &e);
	pid = c.pid;
	spawned_await("fifo");
	CHECK_EQ_INT(child_look(&c, why, sizeof(why)), CHILD_RUNS);
	child_kill(&c);
	CHECK_EQ_INT(c.pid, 0);
	CHECK(kill(pid, 0) < 0 && errno == ESRCH);
	spawned_leave();
}

/* Its status goes to somebody else: told, and not waited for for ever. */
static void
lost_status(void)
{
	struct child c;
	struct err e;

	place_need(child_start(&c, "exit 0", SLICE_NULL, 0, -1, NULL, &e) == 0,
	    "start", &e);
	CHECK_EQ_INT(waitpid(c.pid, NULL, 0), c.pid);
	CHECK_EQ_INT(child_look(&c, why, sizeof(why)), CHILD_FAILED);
	CHECK_EQ_STR(why, "its exit status is lost");
}

TEST_MAIN(TEST(input_arrives), TEST(environment), TEST(statuses),
    TEST(unread_input), TEST(large_input), TEST(descriptors_apart),
    TEST(signals_apart), TEST(killing), TEST(lost_status))
