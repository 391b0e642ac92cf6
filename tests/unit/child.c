#include "child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

#include "spawned.h"

enum { BIG = 100 << 20 };

static char why[160];

/* Wait until it has ended. */
static enum child_end
finish(struct child *c)
{
	struct pollfd fd;
	enum child_end end;

	why[0] = '\0';
	while ((end = child_look(c, why, sizeof(why))) == CHILD_RUNS) {
		fd = (struct pollfd){ c->pidfd, POLLIN, 0 };
		/* Without pidfd (valgrind does not know it) look again. */
		place_need(poll(&fd, 1, c->pidfd < 0 ? 1 : -1) >= 0, "poll",
		    NULL);
	}
	CHECK_EQ_INT(c->pid, 0);
	CHECK_EQ_INT(c->pidfd, -1);
	return end;
}

static enum child_end
run(const char *command, struct slice input, const char *const *env)
{
	struct child c;
	struct err e;

	place_need(child_start(&c, command, input, 0, -1, env, &e) == 0,
	    command, &e);
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

/* For a command that does not read it. */
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
	/* Somebody else still holds its input; the shell's end counts. */
	spawned_fifo("fifo");
	spawned_fifo("after");
	CHECK_EQ_INT(run("{ cat fifo; echo > after; } <&0 & exit 0", input,
	    NULL), CHILD_DONE);
	spawned_release("fifo");
	spawned_await("after");
	spawned_leave();
}

/* It is all there, whatever becomes of our copy and of us. */
static void
large_input(void)
{
	uint8_t *much = malloc(BIG);
	struct child c;
	struct err e;

	place_need(much != NULL, "malloc", NULL);
	memset(much, 'x', BIG);
	spawned_enter();
	spawned_fifo("fifo");
	place_need(child_start(&c, "head -c 1 > out; cat fifo; "
	    "cat | wc -c >> out", (struct slice){ much, BIG }, 0, -1, NULL,
	    &e) == 0, "start", &e);
	memset(much, '\n', BIG);
	spawned_release("fifo");
	CHECK_EQ_INT(finish(&c), CHILD_DONE);
	/* What is left of a file is known to head, which steps back. */
	CHECK_EQ_STR(spawned_read("out"), "x104857599\n");
	spawned_leave();
	free(much);
}

/* It can be read twice, and by no means be changed. */
static void
sealed_input(void)
{
	struct slice input = spawned_text("one\n");

	spawned_enter();
	CHECK_EQ_INT(run("cat > out; cat /dev/stdin >> out", input, NULL),
	    CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "one\none\n");
	CHECK_EQ_INT(run("(echo x >&0) 2> err; (echo x > /dev/stdin) 2>> err; "
	    "truncate -s 0 /dev/stdin 2>> err; cat > out", input, NULL),
	    CHILD_DONE);
	CHECK_EQ_STR(spawned_read("out"), "one\n");
	spawned_leave();
}

/* The limit of the size of files counts; its signal must not kill us. */
static void
limited_input(void)
{
	struct rlimit limit = { 4096, 4096 };
	static uint8_t much[8192];
	struct child c;
	struct err e;
	int fd = dup(STDERR_FILENO);

	signal(SIGXFSZ, SIG_IGN);
	place_need(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit", NULL);
	CHECK_EQ_INT(child_start(&c, "exit 0",
	    (struct slice){ much, sizeof(much) }, 0, -1, NULL, &e), -1);
	CHECK_EQ_INT(e.sys, EFBIG);
	CHECK_EQ_STR(e.text, "the command's input: File too large");
	CHECK_EQ_INT(c.pid, 0);
	/* Nothing is left open. */
	close(fd);
	CHECK_EQ_INT(dup(STDERR_FILENO), fd);
}

static void
limited_input_apart(void)
{
	spawned_apart(limited_input);
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
	    (struct slice){ much, sizeof(much) }, 0, -1, NULL, &e) == 0,
	    "start", &e);
	place_need(child_start(&c, "ls /proc/self/fd > out",
	    (struct slice){ much, sizeof(much) }, 0, -1, NULL, &e) == 0,
	    "start", &e);
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
	    (struct slice){ much, sizeof(much) }, 0, -1, NULL, &e) == 0,
	    "start", &e);
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
    TEST(unread_input), TEST(large_input), TEST(sealed_input),
    TEST(limited_input_apart), TEST(descriptors_apart),
    TEST(signals_apart), TEST(killing), TEST(lost_status))
