/*
 * Any bytes as an .index and a .timeindex: every answer must lie within what
 * the file can hold, however it is asked.
 */
#include "index.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fsio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_positions(int fd, int64_t base)
{
	int64_t *positions = NULL, last = 0;
	int32_t count, i;

	if (index_positions(fd, base, &positions, &count) < 0)
		abort();
	for (i = 0; i < count; i++) {
		if (positions[i] <= last || positions[i] > INT32_MAX)
			abort();
		last = positions[i];
	}
	free(positions);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t targets[] = { 0, 1, 4096, INT32_MAX,
		INT64_MAX - 1, INT64_MAX };
	struct timeindex_entry en, last;
	int64_t position;
	size_t i;
	int fd = memfd_create("index", MFD_CLOEXEC);

	if (fd < 0 || fsio_write_at(fd, data, size, 0) < 0)
		abort();
	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		position = index_lookup(fd, 1000, targets[i]);
		if (position < 0 || position > INT32_MAX)
			abort();
		if (timeindex_find(
			fd, 1000, targets[i], 5000, &en, &last) < 0 ||
		    en.timestamp > targets[i] || en.offset >= 5000 ||
		    last.timestamp < -1 || last.offset >= 5000)
			abort();
	}
	check_positions(fd, 1000);
	close(fd);
	return 0;
}
