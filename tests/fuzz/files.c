/*
 * Any bytes as each text file of a topic and as a .log: the readers give an
 * answer or an error, and a scan ends.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "conf.h"
#include "epochs.h"
#include "fsio.h"
#include "scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put(int dirfd, const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0666);

	if (fd < 0 || fsio_write_at(fd, data, size, 0) < 0)
		abort();
	close(fd);
}

static void
read_log(int dirfd)
{
	int fd = openat(dirfd, "log", O_RDONLY | O_CLOEXEC);
	struct scan s = { 0 };
	struct batch b;
	int64_t last = -1;

	if (fd < 0)
		abort();
	scan_init(&s, fd, 0, INT32_MAX);
	while (scan_peek(&s, &b) == BATCH_WHOLE) {
		if (s.position <= last)
			abort();
		last = s.position;
		scan_skip(&s, &b);
	}
	if (scan_resync(&s, 0, 0, &b) == SCAN_IO)
		abort();
	scan_release(&s);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { CONF_NAME, "log",
		"leader-epoch-checkpoint", "log-start-offset",
		"recovery-point" };
	char dir[] = "/dev/shm/klog-fuzz-XXXXXX", boot[37];
	struct epochs es = { 0 };
	struct settings s;
	struct err e;
	int64_t offset;
	size_t i;
	int dirfd;

	if (mkdtemp(dir) == NULL)
		abort();
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(dirfd, names[i], data, size);
	conf_read(&s, dirfd, "t", &e);
	epochs_read(&es, dirfd, "t", &e);
	epochs_release(&es);
	checkpoint_read_start(dirfd, &offset, "t", &e);
	checkpoint_read_recovery(dirfd, boot, &offset, "t", &e);
	read_log(dirfd);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dirfd, names[i], 0);
	close(dirfd);
	rmdir(dir);
	return 0;
}
