/*
 * handler: the command that members run in a storm of groups.  It notes when
 * it began and ended, and what it was given, in a log that is its member's.
 *
 *	handler FOLDER MOST_MS FAULTS
 *
 * The log is FOLDER/$MEMBER; lines are "S pid partition first begin" and
 * "E pid partition first begin end count crc how", times in nanoseconds of
 * the monotonic clock; crc is zlib's, of all that came on stdin.  It works
 * for 0 to MOST_MS ms, ten times as long where the first record is larger than
 * PART bytes, of which it has read no more then.  One run in FAULTS (0: none)
 * kills itself before it is done, and one exits 75: how is "died" or "later",
 * else "ok".
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { PART = 16384 };

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static uint32_t
crc_more(uint32_t crc, const unsigned char *p, size_t n)
{
	int bit;

	crc = ~crc;
	while (n-- > 0) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* One write, so that lines of several runs do not mix. */
static void
note(int fd, const char *line, int len)
{
	if (write(fd, line, (size_t)len) != len)
		exit(EX_IOERR);
}

int
main(int argc, char **argv)
{
	const char *partition = getenv("KLOG_PARTITION");
	const char *first = getenv("KLOG_OFFSET"), *how = "ok";
	const char *member = getenv("MEMBER");
	int64_t begin = now(), luck = begin / 1000;
	unsigned char data[PART];
	char text[4096];
	struct timespec work = { 0 };
	uint32_t crc = 0;
	size_t lines = 0;
	ssize_t got, i;
	int fd, faults;

	if (argc != 4 || partition == NULL || first == NULL || member == NULL)
		return EX_USAGE;
	snprintf(text, sizeof(text), "%s/%s", argv[1], member);
	fd = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return EX_CANTCREAT;
	note(fd, text, snprintf(text, sizeof(text), "S %d %s %s %" PRId64 "\n",
	    (int)getpid(), partition, first, begin));
	luck += getpid();
	if (strtol(argv[2], NULL, 10) > 0)
		work.tv_nsec = luck % strtol(argv[2], NULL, 10) * 1000000;
	if (luck % 32 == 0)
		work.tv_nsec *= 20;
	got = read(STDIN_FILENO, data, sizeof(data));
	if (got > 0 && memchr(data, '\n', (size_t)got) == NULL)
		work.tv_nsec *= 10;
	work.tv_sec = work.tv_nsec / 1000000000;
	work.tv_nsec %= 1000000000;
	nanosleep(&work, NULL);
	for (; got > 0; got = read(STDIN_FILENO, data, sizeof(data))) {
		crc = crc_more(crc, data, (size_t)got);
		for (i = 0; i < got; i++)
			lines += data[i] == '\n';
	}
	faults = (int)strtol(argv[3], NULL, 10);
	if (faults > 0 && luck % faults < 2)
		how = luck % faults == 0 ? "died" : "later";
	note(fd, text, snprintf(text, sizeof(text), "E %d %s %s %" PRId64
	    " %" PRId64 " %zu %" PRIu32 " %s\n", (int)getpid(), partition,
	    first, begin, now(), lines, crc, how));
	if (how[0] == 'd')
		raise(SIGKILL);
	return how[0] == 'l' ? EX_TEMPFAIL : 0;
}
