/*
 * place_crash: what crashes leave in a place's partition.
 */
#ifndef KLOG_TEST_PLACE_CRASH_H
#define KLOG_TEST_PLACE_CRASH_H

#include <dirent.h>
#include <sys/stat.h>

#include "checkpoint.h"
#include "place_files.h"

static const char other_boot[] = "00000000-0000-0000-0000-000000000000";

/* Write n bytes at the end of a file of the partition. */
static inline void
add(const struct place *pl, const char *name, const void *data, size_t n)
{
	int fd = openat(pl->part, name, O_WRONLY | O_CLOEXEC);

	place_need(fd >= 0 && fsio_write_at(fd, data, n, fsio_size(fd)) == 0,
	    name, NULL);
	close(fd);
}

/* A batch of one record as it would stand at offset. */
static inline void
add_batch(const struct place *pl, const char *name, int64_t offset,
    int32_t epoch, size_t left)
{
	struct batch_builder bb = { 0 };
	int64_t ts = 5000;
	uint8_t *bytes;
	size_t size;

	place_batch(&bb, &ts, 1, &bytes, &size);
	batch_place(bytes, offset, epoch);
	add(pl, name, bytes, left < size ? left : size);
	batch_builder_release(&bb);
}

/* As after a restart of the machine; the recovery point says offset. */
static inline void
reboot(struct place *pl, int64_t offset)
{
	struct err e;

	place_close(pl);
	place_open(pl);
	unlinkat(pl->part, "state", 0);
	place_need(checkpoint_write_recovery(
		       pl->part, other_boot, offset, "x", &e) == 0,
	    "recovery point", &e);
}

static inline int
begin(struct place *pl, struct err *e)
{
	int r = append_begin(&pl->p, 0, e);

	if (r == 0)
		append_end(&pl->p);
	return r;
}

/* Bytes of all files in cut/. */
static inline int64_t
cut_size(const struct place *pl)
{
	int fd = openat(pl->part, "cut", O_RDONLY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int64_t sum = 0;
	struct dirent *de;
	struct stat st;

	place_need(dir != NULL, "cut", NULL);
	while ((de = readdir(dir)) != NULL)
		if (de->d_name[0] != '.' &&
		    fstatat(fd, de->d_name, &st, 0) == 0)
			sum += st.st_size;
	closedir(dir);
	return sum;
}

#endif
