/*
 * Any bytes as the messages of a target to a source, and of a source to a
 * target, over logs on a disk: whatever is said, what the source has stays,
 * and what the target has are whole batches, no more than it was sent.
 *
 * The first byte: 1 the target is asked, not the source; 2 nothing may be
 * written, or only appended; 4 the other end was honest at first; 8 checksums
 * of batches are put right.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "append.h"
#include "batch.h"
#include "crc.h"
#include "scan.h"
#include "source.h"
#include "target.h"
#include "tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASK_TARGET = 1, ONLY = 2, HONEST = 4, SUMS = 8 };
enum { BATCHES = 3, EACH = 10 }; /* of the source's log: offsets */
enum { MANY = 100 };

static void
need(bool good)
{
	if (!good)
		abort();
}

/* A topic with some batches that have offsets, but no records. */
static void
make_log(const char *path)
{
	uint8_t bytes[BATCHES * BATCH_HEADER];
	struct settings s;
	struct partition p;
	struct topic t;
	struct err e;
	int i;

	settings_init(&s);
	need(topic_create(path, &s, false, &e) == 0);
	need(topic_open(&t, path, &e) == 0);
	need(partition_open(&p, t.dirfd, 0, path, &t.settings, &e) == 0);
	for (i = 0; i < BATCHES; i++)
		batch_empty(bytes + i * BATCH_HEADER, i * EACH,
		    i * EACH + EACH - 1, 0);
	need(append_begin(&p, INT64_MAX, &e) == 0);
	need(append_placed(&p, bytes, sizeof(bytes), &e) == 0);
	append_end(&p);
	partition_close(&p);
	topic_close(&t);
}

/* How many bytes of whole batches the log there has; nothing else is in it. */
static int64_t
check_log(const char *path)
{
	char name[128];
	struct scan s = { 0 };
	struct buf bytes = { 0 };
	struct batch b;
	int64_t at = 0;
	int fd;

	snprintf(name, sizeof(name), "%s/0/%020d.log", path, 0);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	scan_init(&s, fd, 0, INT32_MAX);
	while (scan_peek(&s, &b) == BATCH_WHOLE &&
	    scan_take(&s, &b, &bytes) == BATCH_WHOLE &&
	    batch_verify(bytes.data, &b))
		at = s.position;
	need(lseek(fd, 0, SEEK_END) == at);
	scan_release(&s);
	buf_release(&bytes);
	close(fd);
	return at;
}

/* Put the checksums of what looks like batches right. */
static void
put_right(uint8_t *p, size_t n)
{
	size_t size;

	while (n >= BATCH_HEADER) {
		size = (size_t)get_be32(p + BATCH_LENGTH) + BATCH_OVERHEAD;
		if (size < BATCH_HEADER || size > n)
			return;
		put_be32(p + BATCH_CRC,
		    crc32c(p + BATCH_ATTRIBUTES,
			      size - BATCH_ATTRIBUTES));
		p += size;
		n -= size;
	}
}

/* Every message there is, until one is refused; how many bytes of batches. */
static int64_t
say_all(struct source *s, struct target *t, uint8_t *data, size_t size,
    int how)
{
	int64_t sent = 0;
	struct wire w;
	struct err e;
	size_t n;
	int r = 0;

	while (r >= 0 && wire_get(data, size, &w, &n, &e) > 0) {
		if (w.partitions > MANY) /* they would be made: it takes long */
			break;
		if (w.type == WIRE_BATCHES && (how & SUMS) != 0)
			put_right(data + n - w.bytes.len,
			    (size_t)w.bytes.len);
		sent += w.type == WIRE_BATCHES ? w.bytes.len : 0;
		if (t != NULL)
			r = target_take(t, &w, &e);
		else if ((r = source_take(s, &w, &e)) == 0)
			while ((r = source_pump(s, &e)) == 1)
				;
		data += n;
		size -= n;
	}
	if (t != NULL)
		(void)target_settle(t, &e);
	return sent;
}

static void
ask_source(const char *path, uint8_t *data, size_t size, int how)
{
	const struct source_options o = { .groups = true,
		.read_only = (how & ONLY) != 0,
		.follower = "peer" };
	struct wire w = { .type = WIRE_POSITION, .high = -1 };
	struct buf out = { 0 };
	struct source *s;
	int64_t had;
	struct err e;

	make_log(path);
	had = check_log(path);
	s = source_new(&o, &out);
	need(s != NULL && source_add(s, path, NULL, "x:/t", &e) == 0);
	if (how & HONEST)
		need(source_take(s, &w, &e) == 0);
	say_all(s, NULL, data, size, how);
	source_free(s);
	need(check_log(path) == had);
	buf_release(&out);
}

static void
ask_target(const char *dir, const char *path, uint8_t *data, size_t size,
    int how)
{
	const struct target_options o = { .folder = dir,
		.append_only = (how & ONLY) != 0,
		.groups = true };
	struct wire w = { .type = WIRE_TOPIC,
		.id = { (const uint8_t *)"0123456789abcdefghijkl", WIRE_ID },
		.name = { (const uint8_t *)"t", 1 },
		.origin = { (const uint8_t *)"x:/t", 4 },
		.partitions = 1 };
	struct buf out = { 0 };
	struct target *t = target_new(&o, &out);
	int64_t sent;
	struct err e;

	need(t != NULL);
	if (how & HONEST) {
		need(target_take(t, &w, &e) == 0);
		w = (struct wire){ .type = WIRE_START,
			.cut = -1,
			.high = -1,
			.end = BATCHES * EACH };
		need(target_take(t, &w, &e) == 0);
	}
	sent = say_all(NULL, t, data, size, how);
	target_free(t);
	need(check_log(path) <= sent);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/dev/shm/klog-fuzz-XXXXXX", path[sizeof(dir) + 2];
	uint8_t *copy;
	struct err e;

	if (size == 0)
		return 0;
	copy = malloc(size);
	need(copy != NULL && mkdtemp(dir) != NULL);
	memcpy(copy, data, size);
	snprintf(path, sizeof(path), "%s/t", dir);
	if (data[0] & ASK_TARGET)
		ask_target(dir, path, copy + 1, size - 1, data[0]);
	else
		ask_source(path, copy + 1, size - 1, data[0]);
	free(copy);
	need(tree_remove(AT_FDCWD, dir, dir, &e) == 0);
	return 0;
}
