#include "exec.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "clock.h"
#include "jobs.h"
#include "main.h"

enum { SLACK_MS = 4 };

/* They are told as they end, not as they began. */
static void
order(void)
{
	static const char *const env[3][2] = { { "F=a" }, { "F=b" },
		{ "F=c" } };
	struct exec_job jobs[3] = { { .env = env[0] }, { .env = env[1] },
		{ .env = env[2] } };
	struct exec *x;
	int i;

	spawned_enter();
	x = new_exec("cat $F", 3, 0, 0);
	for (i = 0; i < 3; i++) {
		spawned_fifo(&env[i][0][2]);
		start(x, &jobs[i]);
	}
	CHECK(!exec_has_room(x));
	for (i = 2; i >= 0; i--) {
		spawned_release(&env[i][0][2]);
		CHECK(next(x) == &jobs[i]);
		check_job(&jobs[i], EXEC_DONE, 1, "");
		CHECK_EQ_INT(exec_pending(x), i);
		CHECK(exec_has_room(x));
	}
	exec_free(x);
	spawned_leave();
}

static void
retries(void)
{
	struct exec_job job = { .input = { (const uint8_t *)"x", 1 } };
	int64_t begun = clock_mono_ms();
	struct exec *x;

	/* Each run gets the whole input; 20, 40 and 80 ms lie between. */
	spawned_enter();
	x = new_exec("cat >> out; exit 3", 1, 3, 20);
	start(x, &job);
	CHECK(next(x) == &job);
	check_job(&job, EXEC_FAILED, 4, "exit status 3");
	CHECK_EQ_STR(spawned_read("out"), "xxxx");
	CHECK(clock_mono_ms() - begun >= 140 - SLACK_MS);
	exec_free(x);

	x = new_exec("cat >> out; [ $(wc -c < out) = 7 ]", 1, -1, 1);
	start(x, &job);
	CHECK(next(x) == &job);
	check_job(&job, EXEC_DONE, 3, "");
	exec_free(x);
	spawned_leave();
}

static void
try_later(void)
{
	struct exec_job job = { .input = { (const uint8_t *)"x", 1 } };
	int64_t begun = clock_mono_ms();
	struct exec *x;

	/* 75 three times (10, 20, 40 ms), then 1: the only one that counts. */
	spawned_enter();
	x = new_exec("cat >> out; [ $(wc -c < out) -gt 3 ] || exit 75; exit 1",
	    1, 0, 10);
	start(x, &job);
	CHECK(next(x) == &job);
	check_job(&job, EXEC_FAILED, 1, "exit status 1");
	CHECK(clock_mono_ms() - begun >= 70 - SLACK_MS);
	exec_free(x);
	spawned_leave();
}

/* What waits is over at once, what runs may end. */
static void
stopping(void)
{
	static const char *const env[3][2] = { { "F=a" }, { "F=b" },
		{ "F=c" } };
	struct exec_job jobs[3] = { { .env = env[0] }, { .env = env[1] },
		{ .env = env[2] } };
	struct pollfd more = { .events = POLLIN };
	struct exec_job *job;
	struct exec *x;
	struct err e;
	int i;

	/* a fails and waits ten minutes; b will exit 0, c will not. */
	spawned_enter();
	for (i = 0; i < 3; i++)
		spawned_fifo(&env[i][0][2]);
	x = new_exec("cat $F; [ $F = b ]", 3, 5, 600000);
	for (i = 0; i < 3; i++)
		start(x, &jobs[i]);
	spawned_release("a");
	while (jobs[0].attempts == 0)
		CHECK_EQ_INT(exec_wait(x, NULL, 0, 5, &job, &e), 0);
	CHECK(!exec_has_room(x));
	exec_stop(x);
	CHECK(next(x) == &jobs[0]);
	check_job(&jobs[0], EXEC_STOPPED, 1, "exit status 1");
	CHECK_EQ_INT(exec_pending(x), 2);
	CHECK(!exec_has_room(x));
	CHECK_EQ_INT(exec_wait(x, &more, 0, 0, &job, &e), 0);
	spawned_release("b");
	CHECK(next(x) == &jobs[1]);
	check_job(&jobs[1], EXEC_DONE, 1, "");
	spawned_release("c");
	CHECK(next(x) == &jobs[2]);
	check_job(&jobs[2], EXEC_STOPPED, 1, "exit status 1");
	CHECK_EQ_INT(exec_pending(x), 0);
	exec_free(x);
	spawned_leave();
}

/* The signal that stops us may be what ended the command. */
static void
signalled(void)
{
	struct exec_job job = { 0 }, *got;
	struct exec *x;
	struct err e;

	main_stop_signals();
	x = new_exec("kill -TERM $PPID; exit 1", 1, 0, 0);
	start(x, &job);
	while (main_stopped() == 0)
		if (exec_wait(x, NULL, 0, -1, &got, &e) != 0)
			break;
	CHECK_EQ_INT(main_stopped(), SIGTERM);
	if (exec_pending(x) > 0) {
		/* It can't sleep until it is told to go on. */
		CHECK(exec_wait(x, NULL, 0, -1, &got, &e) >= 0);
		exec_stop(x);
		if (exec_pending(x) > 0)
			CHECK(next(x) == &job);
	}
	check_job(&job, EXEC_STOPPED, 1, "exit status 1");
	exec_free(x);
}

static void
signalled_apart(void)
{
	spawned_apart(signalled);
}

static void
other_descriptors(void)
{
	struct pollfd more[2] = { { .events = POLLIN }, { .fd = -1 } };
	struct exec_job job = { 0 }, *got;
	int64_t begun;
	struct exec *x;
	struct err e;
	int ends[2];

	spawned_enter();
	spawned_fifo("fifo");
	place_need(pipe2(ends, O_CLOEXEC) == 0, "pipe2", NULL);
	more[0].fd = ends[0];
	x = new_exec("cat fifo", 1, 0, 0);
	start(x, &job);
	begun = clock_mono_ms();
	CHECK_EQ_INT(exec_wait(x, more, 2, 20, &got, &e), 0);
	CHECK_EQ_INT(more[0].revents, 0);
	CHECK(clock_mono_ms() - begun >= 20 - SLACK_MS);
	CHECK_EQ_INT(write(ends[1], "x", 1), 1);
	CHECK_EQ_INT(exec_wait(x, more, 2, -1, &got, &e), 0);
	CHECK_EQ_INT(more[0].revents, POLLIN);
	spawned_release("fifo");
	more[0].fd = -1;
	CHECK_EQ_INT(exec_wait(x, more, 2, -1, &got, &e), 1);
	CHECK(got == &job);
	CHECK_EQ_INT(more[0].revents, 0);
	exec_free(x);
	close(ends[0]);
	close(ends[1]);
	spawned_leave();
}

/* Short ones, one after the other, each with its own input. */
static void
many(int n)
{
	static struct exec_job jobs[1000];
	struct exec *x;
	int begun = 0, over;
	char text[16];

	spawned_enter();
	x = new_exec("read x; echo $x >> out", 4, 0, 0);
	for (over = 0; over < n; over++) {
		for (; begun < n && exec_has_room(x); begun++) {
			jobs[begun].input = spawned_text(
			    &"yyyy\n"[begun % 4]);
			start(x, &jobs[begun]);
		}
		CHECK_EQ_INT(next(x)->outcome, EXEC_DONE);
	}
	CHECK_EQ_INT(exec_pending(x), 0);
	exec_free(x);
	x = new_exec("wc -c < out > size", 1, 0, 0);
	start(x, &jobs[0]);
	check_job(next(x), EXEC_DONE, 1, "");
	exec_free(x);
	snprintf(text, sizeof(text), "%d\n", n / 4 * (5 + 4 + 3 + 2));
	CHECK_EQ_STR(spawned_read("size"), text);
	spawned_leave();
}

static void
thousand(void)
{
	many(1000);
}

/* A kernel without pidfd_open, SIGCHLD ignored by whoever started us. */
static void
old_kernel(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]),
		rules };
	struct sigaction sa;

	place_need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
	    syscall(SYS_pidfd_open, getpid(), 0) < 0, "seccomp", NULL);
	signal(SIGCHLD, SIG_IGN);
	order();
	retries();
	stopping();
	many(200);
	sigaction(SIGCHLD, NULL, &sa);
	CHECK(sa.sa_handler == SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	signalled();
}

static void
old_kernel_apart(void)
{
	spawned_apart(old_kernel);
}

/* The shell is killed. */
static void
freeing(void)
{
	struct exec_job job = { 0 };
	struct exec *x;

	spawned_enter();
	spawned_fifo("fifo");
	x = new_exec("read x 0<> fifo; > out", 1, 0, 0);
	start(x, &job);
	exec_free(x);
	CHECK_EQ_STR(spawned_read("out"), "(no such file)");
	exec_free(NULL);
	spawned_leave();
}

TEST_MAIN(TEST(order), TEST(retries), TEST(try_later), TEST(stopping),
    TEST(signalled_apart), TEST(other_descriptors), TEST(thousand),
    TEST(old_kernel_apart), TEST(freeing))
