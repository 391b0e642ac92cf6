/*
 * probe: what a driver in a slow language can't measure: short lives of
 * programs, and the way of one line from a producer to a follower.
 *
 *   probe start RUNS INPUT COMMAND...   median wall time of a run, in us;
 *                                       INPUT becomes stdin
 *   probe memory COMMAND...             its largest resident set, in KiB
 *   probe latency LINES PRODUCE CONSUME DIR TOPIC
 *                                       p50 and p99 in us, and the CPU time
 *                                       in ms of 1 s idle, of the follower
 *   probe handover LINES                the least that lines one by one into
 *                                       cat cost: each when the one before
 *                                       was read out of a pipe of one page
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, WARM_UP = 20, PAUSE_NS = 1000000, LIMIT = 1000000 };

extern char **environ;

static void
die(const char *what)
{
	perror(what);
	exit(3);
}

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static long
count(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end != '\0' || end == text || n < 1 || n > LIMIT) {
		fprintf(stderr, "probe: %s: not a count\n", text);
		exit(2);
	}
	return n;
}

/* A program with these as its stdin and stdout. */
static pid_t
start(char *const *argv, int in, int out)
{
	posix_spawn_file_actions_t files;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (posix_spawnp(&pid, argv[0], &files, NULL, argv, environ) != 0)
		die(argv[0]);
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

static void
finish(pid_t pid, const char *name)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (status != 0) {
		fprintf(stderr, "probe: %s: status %d\n", name, status);
		exit(3);
	}
}

static int
by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
time_starts(long runs, const char *input, char *const *argv)
{
	int64_t *took = calloc((size_t)runs, sizeof(*took));
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC), in;
	long i;

	if (took == NULL || out < 0)
		die("/dev/null");
	for (i = 0; i < runs; i++) {
		in = open(input, O_RDONLY | O_CLOEXEC);
		if (in < 0)
			die(input);
		took[i] = now_ns();
		finish(start(argv, in, out), argv[0]);
		took[i] = now_ns() - took[i];
		close(in);
	}
	qsort(took, (size_t)runs, sizeof(*took), by_size);
	printf("%.1f\n", (double)took[runs / 2] / 1000);
	free(took);
	return 0;
}

/*
 * A process starts with the peak of the one that made it: this program is
 * small.
 */
static int
show_memory(char *const *argv)
{
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct rusage used;

	if (out < 0)
		die("/dev/null");
	finish(start(argv, STDIN_FILENO, out), argv[0]);
	getrusage(RUSAGE_CHILDREN, &used);
	printf("%ld\n", used.ru_maxrss);
	return 0;
}

/* What pid ran on the CPU so far, in ns. */
static int64_t
cpu_ns(pid_t pid)
{
	struct timespec t;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) != 0 || clock_gettime(id, &t) < 0)
		die("CPU clock");
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
pass(int to, int from, const char *line, size_t n)
{
	char back[128];
	size_t have = 0;
	ssize_t got;

	if (write(to, line, n) != (ssize_t)n)
		die("producer");
	while (have < n) {
		got = read(from, back + have, sizeof(back) - have);
		if (got <= 0)
			die("follower");
		have += (size_t)got;
	}
	if (have != n || memcmp(back, line, n) != 0) {
		fprintf(stderr, "probe: another line came\n");
		exit(3);
	}
}

static int
time_lines(long lines, char **argv)
{
	char *produce[] = { argv[0], "-q", "-a", "0", "--linger", "0",
		"--dir", argv[2], argv[3], NULL };
	char *consume[] = { argv[1], "-q", "-f", "-o", "end", "--dir", argv[2],
		argv[3], NULL };
	struct timespec pause = { 0, PAUSE_NS }, second = { 1, 0 };
	int64_t *took = calloc((size_t)lines, sizeof(*took)), idle;
	int in[2], out[2], status;
	pid_t producer, follower;
	char line[64];
	long i, n;

	if (took == NULL || pipe2(in, O_CLOEXEC) < 0 ||
	    pipe2(out, O_CLOEXEC) < 0)
		die("pipe");
	follower = start(consume, STDIN_FILENO, out[1]);
	nanosleep(&second, NULL);
	producer = start(produce, in[0], STDERR_FILENO);
	close(in[0]);
	for (i = -WARM_UP; i < lines; i++) {
		n = snprintf(line, sizeof(line), "line %ld\n", i);
		nanosleep(&pause, NULL);
		idle = now_ns();
		pass(in[1], out[0], line, (size_t)n);
		if (i >= 0)
			took[i] = now_ns() - idle;
	}
	idle = cpu_ns(follower);
	nanosleep(&second, NULL);
	idle = cpu_ns(follower) - idle;
	close(in[1]);
	finish(producer, argv[0]);
	kill(follower, SIGTERM);
	waitpid(follower, &status, 0);
	qsort(took, (size_t)lines, sizeof(*took), by_size);
	printf("%.1f %.1f %.3f\n", (double)took[lines / 2] / 1000,
	    (double)took[lines * 99 / 100] / 1000, (double)idle / 1000000);
	free(took);
	return 0;
}

static int
hand_over(long lines)
{
	char *cat[] = { "cat", NULL };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), to[2];
	struct pollfd empty = { .events = POLLOUT };
	char line[] = "{\"what\": \"a line of a hundred bytes\", \"a\": 1, "
	    "\"b\": 2, \"c\": 3, \"d\": 4, \"e\": 5, \"f\": [6, 7, 8, 9]}\n";
	pid_t reader;

	if (null < 0 || pipe2(to, O_CLOEXEC) < 0 ||
	    fcntl(to[1], F_SETPIPE_SZ, PAGE) != PAGE)
		die("pipe");
	reader = start(cat, to[0], null);
	close(to[0]);
	empty.fd = to[1];
	while (lines-- > 0)
		if (write(to[1], line, sizeof(line) - 1) !=
		    (ssize_t)sizeof(line) - 1 || poll(&empty, 1, -1) != 1)
			die("cat");
	close(to[1]);
	finish(reader, cat[0]);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 4 && strcmp(argv[1], "start") == 0)
		return time_starts(count(argv[2]), argv[3], argv + 4);
	if (argc > 2 && strcmp(argv[1], "memory") == 0)
		return show_memory(argv + 2);
	if (argc == 7 && strcmp(argv[1], "latency") == 0)
		return time_lines(count(argv[2]), argv + 3);
	if (argc == 3 && strcmp(argv[1], "handover") == 0)
		return hand_over(count(argv[2]));
	fprintf(stderr, "usage: probe start RUNS INPUT COMMAND...\n"
	    "       probe memory COMMAND...\n"
	    "       probe latency LINES PRODUCE CONSUME DIR TOPIC\n"
	    "       probe handover LINES\n");
	return 2;
}
