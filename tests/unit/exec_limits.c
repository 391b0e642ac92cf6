#include <errno.h>
#include <sys/resource.h>

#include "jobs.h"

enum { NOBODY = 65534 };

static void
limit(__rlimit_resource_t resource, rlim_t n)
{
	struct rlimit r;

	place_need(getrlimit(resource, &r) == 0, "getrlimit", NULL);
	r.rlim_cur = n;
	place_need(setrlimit(resource, &r) == 0, "setrlimit", NULL);
}

/* With that limit nothing starts and nothing is lost: a new one, a retry. */
static void
refused(__rlimit_resource_t resource, rlim_t few, rlim_t enough, int sys,
    const char *text)
{
	struct exec_job first = { 0 }, second = { 0 }, *got;
	struct exec *x;
	struct err e;

	x = new_exec("if [ -e failed ]; then exit 0; fi; > failed; exit 1", 2,
	    1, 1);
	start(x, &first);
	limit(resource, few);
	CHECK_EQ_INT(exec_start(x, &second, &e), -1);
	CHECK_EQ_INT(e.sys, sys);
	CHECK_EQ_STR(e.text, text);
	CHECK_EQ_INT(exec_pending(x), 1);
	while (exec_wait(x, NULL, 0, -1, &got, &e) == 0)
		continue;
	CHECK(got == NULL);
	CHECK_EQ_INT(e.sys, sys);
	CHECK_EQ_STR(e.text, text);
	CHECK_EQ_INT(exec_pending(x), 1);
	limit(resource, enough);
	start(x, &second);
	CHECK_EQ_INT(next(x)->outcome, EXEC_DONE);
	CHECK_EQ_INT(next(x)->outcome, EXEC_DONE);
	CHECK_EQ_INT(first.attempts, 2);
	CHECK_EQ_INT(second.attempts, 1);
	exec_free(x);
}

static void
no_descriptors(void)
{
	refused(RLIMIT_NOFILE, 3, 256, EMFILE,
	    "the command's input: Too many open files");
}

static void
no_processes(void)
{
	if (geteuid() == 0)
		place_need(fchown(spawned_place.dirfd, NOBODY, NOBODY) == 0 &&
		    setresuid(NOBODY, NOBODY, NOBODY) == 0, "nobody", NULL);
	refused(RLIMIT_NPROC, 0, 1000, EAGAIN, "/bin/sh: can't be started: "
	    "Resource temporarily unavailable");
}

static void
limits(void)
{
	spawned_enter();
	spawned_apart(no_descriptors);
	spawned_leave();
	spawned_enter();
	spawned_apart(no_processes);
	spawned_leave();
}

/* Linux gives no process a longer string (MAX_ARG_STRLEN: 32 pages). */
static void
long_value(void)
{
	static char value[200000];
	const char *const env[] = { value, NULL };
	struct exec_job job = { .env = env };
	struct exec *x = new_exec("exit 0", 1, -1, 0);

	memset(value, 'k', sizeof(value) - 1);
	memcpy(value, "KLOG_KEY=", 9);
	start(x, &job);
	CHECK(!exec_has_room(x));
	CHECK(next(x) == &job);
	check_job(&job, EXEC_FAILED, 0, "its environment is too large");
	CHECK(exec_has_room(x));
	exec_free(x);
}

TEST_MAIN(TEST(limits), TEST(long_value))
