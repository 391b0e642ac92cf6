/*
 * place: a topic in a private directory, for the tests of the storage core.
 * Whatever can't be made ends the test program.
 */
#ifndef KLOG_TEST_PLACE_H
#define KLOG_TEST_PLACE_H

#include <fcntl.h>
#include <unistd.h>

#include "append.h"
#include "fsio.h"
#include "test.h"
#include "topic.h"
#include "tree.h"

struct place {
	char dir[64]; /* the private directory */
	int dirfd;
	struct topic topic; /* dir/t, with one partition */
	int part; /* descriptor of dir/t/0 */
	struct partition p;
};

static inline void
place_need(bool good, const char *what, const struct err *e)
{
	if (good)
		return;
	fprintf(stderr, "# %s: %s\n", what, e == NULL ? "" : e->text);
	exit(1);
}

/* Replace a file of the directory dirfd. */
static inline void
place_put(int dirfd, const char *name, const void *data, size_t n)
{
	int fd = openat(
	    dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	place_need(fd >= 0 && write(fd, data, n) == (ssize_t)n, name, NULL);
	close(fd);
}

static inline void
place_dir(struct place *pl)
{
	memset(pl, 0, sizeof(*pl));
	snprintf(pl->dir, sizeof(pl->dir), "/tmp/klog-unit-XXXXXX");
	place_need(mkdtemp(pl->dir) != NULL, "mkdtemp", NULL);
	pl->dirfd = open(pl->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pl->part = pl->p.dirfd = pl->topic.dirfd = -1;
	place_need(pl->dirfd >= 0, pl->dir, NULL);
}

static inline void
place_open(struct place *pl)
{
	char path[80];
	struct err e;

	snprintf(path, sizeof(path), "%s/t", pl->dir);
	place_need(topic_open(&pl->topic, path, &e) == 0, "topic_open", &e);
	pl->part = openat(pl->topic.dirfd, "0", O_RDONLY | O_CLOEXEC);
	place_need(partition_open(&pl->p, pl->topic.dirfd, 0, pl->topic.path,
		       &pl->topic.settings, &e) == 0,
	    "partition_open", &e);
}

static inline void
place_make(struct place *pl)
{
	struct settings s;
	char path[80];
	struct err e;

	place_dir(pl);
	settings_init(&s);
	snprintf(path, sizeof(path), "%s/t", pl->dir);
	place_need(topic_create(path, &s, false, &e) == 0, "topic_create", &e);
	place_open(pl);
}

static inline void
place_close(struct place *pl)
{
	if (pl->p.where != NULL)
		partition_close(&pl->p);
	topic_close(&pl->topic);
	if (pl->part >= 0)
		close(pl->part);
	pl->part = -1;
}

static inline void
place_remove(struct place *pl)
{
	struct err e;

	place_close(pl);
	close(pl->dirfd);
	place_need(tree_remove(AT_FDCWD, pl->dir, "", &e) == 0, "remove", &e);
}

/* A batch of one record each timestamp, each with value "hello". */
static inline void
place_batch(struct batch_builder *bb, const int64_t *ts, int n, uint8_t **out,
    size_t *size)
{
	struct buf none = { 0 };
	struct record r;
	struct err e;
	int i;

	memset(&r, 0, sizeof(r));
	r.key = SLICE_NULL;
	r.value = (struct slice){ (const uint8_t *)"hello", 5 };
	batch_builder_clear(bb);
	for (i = 0; i < n; i++) {
		r.timestamp = ts[i];
		place_need(batch_builder_add(bb, &r) == 0, "add", NULL);
	}
	place_need(batch_builder_finish(bb, NULL, CODEC_NONE, 0, &none, out,
		       size, &e) == 0,
	    "finish", &e);
}

/* Append it; its base offset, or -1 with e. */
static inline int64_t
place_append(struct place *pl, const int64_t *ts, int n, struct err *e)
{
	struct batch_builder bb = { 0 };
	int64_t base = -1;
	uint8_t *bytes;
	size_t size;

	place_batch(&bb, ts, n, &bytes, &size);
	if (append_batch(&pl->p, bytes, size, 0, &base, e) < 0)
		base = -1;
	batch_builder_release(&bb);
	return base;
}

/* count batches of one record, stamped ts, ts + step, ...; 73 bytes each. */
static inline void
place_fill(struct place *pl, int count, int64_t ts, int64_t step)
{
	struct err e;

	for (; count > 0; count--, ts += step)
		place_need(place_append(pl, &ts, 1, &e) >= 0, "append", &e);
}

#endif
