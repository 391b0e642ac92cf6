/*
 * Any bytes as the files of a partition: verify must get through them, and
 * after a salvage find nothing.  The first byte says which file the rest is:
 * .log, .index, .timeindex, leader-epoch-checkpoint or recovery-point; the
 * others are those of a good log of two batches.
 */
#include "verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch.h"
#include "clock.h"
#include "fsio.h"
#include "repair.h"
#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = { "0/00000000000000000000.log",
	"0/00000000000000000000.index", "0/00000000000000000000.timeindex",
	"0/leader-epoch-checkpoint", "0/recovery-point" };

enum { FILES = sizeof(files) / sizeof(files[0]) };

static void
need(bool good)
{
	if (!good)
		abort();
}

static void
put(int dirfd, const char *name, const void *data, size_t n)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	need(fd >= 0 && fsio_write_at(fd, data, n, 0) == 0);
	close(fd);
}

static void
told(void *context, const struct trouble *t)
{
	(void)t;
	++*(int *)context;
}

static void
did(void *context, const char *line)
{
	(void)context;
	need(strlen(line) > 0);
}

static int
troubles(const struct topic *t, struct err *e)
{
	int n = 0;
	struct verify v = { .topic = t,
		.deep = true,
		.told = told,
		.context = &n };

	if (verify_partition(&v, 0, e) < 0)
		n = -1;
	verify_release(&v);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char conf[] =
	    "version=1\nid=AAAAAAAAAAAAAAAAAAAAAA\npartitions=1\n";
	char dir[] = "/dev/shm/klog-fuzz.XXXXXX";
	uint8_t log[2 * BATCH_HEADER];
	struct topic t;
	struct err e;
	int fd;

	if (size == 0)
		return 0;
	need(mkdtemp(dir) != NULL);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	need(fd >= 0 && mkdirat(fd, "0", 0777) == 0);
	batch_empty(log, 0, 4, 0);
	batch_empty(log + BATCH_HEADER, 5, 9, 0);
	put(fd, "topic.conf", conf, sizeof(conf) - 1);
	put(fd, files[0], log, sizeof(log));
	put(fd, files[1], "", 0);
	put(fd, files[2], "", 0);
	put(fd, files[3], "0\n1\n0 0\n", 8);
	put(fd, files[data[0] % FILES], data + 1, size - 1);
	close(fd);
	need(topic_open(&t, dir, &e) == 0);
	need(troubles(&t, &e) >= 0);
	struct repair r = { .topic = &t,
		.kinds = MEND_INDEX | MEND_TAIL | MEND_SALVAGE,
		.deadline = CLOCK_NEVER,
		.did = did };
	/* Too many offsets lost for one segment is refused. */
	if (repair_partition(&r, 0, &e) < 0)
		need(e.code == ERR_CORRUPT);
	else
		need(troubles(&t, &e) == 0);
	topic_close(&t);
	need(tree_remove(AT_FDCWD, dir, "", &e) == 0);
	return 0;
}
