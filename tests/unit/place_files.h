/*
 * place_files: look into, and meddle with, the files of a place's partition.
 */
#ifndef KLOG_TEST_PLACE_FILES_H
#define KLOG_TEST_PLACE_FILES_H

#include "place.h"

/* A file of the partition as hex; "-" if there is none. */
static inline const char *
place_hex(const struct place *pl, const char *name)
{
	static char out[4096];
	uint8_t data[1024];
	ssize_t got, i;
	int fd = openat(pl->part, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return "-";
	got = read(fd, data, sizeof(data));
	close(fd);
	out[0] = '\0';
	for (i = 0; i < got; i++)
		snprintf(out + i * 2, 3, "%02x", data[i]);
	return out;
}

static inline int64_t
place_size(const struct place *pl, const char *name)
{
	int fd = openat(pl->part, name, O_RDONLY | O_CLOEXEC);
	int64_t size = fd < 0 ? -1 : fsio_size(fd);

	if (fd >= 0)
		close(fd);
	return size;
}

#define LOG(n) "0000000000000000000" #n ".log"
#define INDEX(n) "0000000000000000000" #n ".index"
#define TIMEINDEX(n) "0000000000000000000" #n ".timeindex"

/* Flip a bit of the byte at position. */
static inline void
place_flip(const struct place *pl, const char *name, int64_t position)
{
	int fd = openat(pl->part, name, O_RDWR | O_CLOEXEC);
	uint8_t byte = 0;

	place_need(fd >= 0 && fsio_read_at(fd, &byte, 1, position) == 1, name,
	    NULL);
	byte ^= 0x10;
	place_need(fsio_write_at(fd, &byte, 1, position) == 0, name, NULL);
	close(fd);
}

#endif
