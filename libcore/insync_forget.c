#include "insync_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "append.h"
#include "clock.h"
#include "fsio.h"
#include "lock.h"

/* It counts no more in the partition of s.  The append lock is held. */
static int
leave(struct insync *s, const char *file, struct err *e)
{
	bool *leaves;
	size_t i;
	int r;

	if (insync_load(s, e) < 0)
		return -1;
	if (!insync_is_member(s, file))
		return 0;
	leaves = calloc(s->count, sizeof(*leaves));
	if (leaves == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (i = 0; i < s->count; i++)
		leaves[i] = strcmp(s->members[i].name, file) == 0;
	r = insync_store(s, NULL, leaves, e);
	free(leaves);
	return r;
}

static int
leave_one(struct partition *p, int32_t number, const char *file,
    int64_t deadline, struct err *e)
{
	struct insync_files files = { 0 };
	struct insync s;
	int64_t again;
	int r;

	insync_init(&s, p, number, &files);
	r = insync_begin(p, deadline, e);
	if (r == 0) {
		r = leave(&s, file, e);
		append_end(p);
	}
	/* What waited for it alone is on all that count now. */
	if (r == 0)
		r = insync_observe(&s, clock_mono_ms(), &again, e);
	insync_release(&s);
	insync_files_release(&files);
	return r;
}

static int
leave_all(int topic_dirfd, const char *where, const struct settings *settings,
    const char *file, int64_t deadline, struct err *e)
{
	struct partition p;
	int32_t i;
	int r = 0;

	for (i = 0; r == 0 && i < settings->partitions; i++) {
		if (partition_open(&p, topic_dirfd, i, where, settings, e) < 0)
			return -1;
		r = leave_one(&p, i, file, deadline, e);
		partition_close(&p);
	}
	return r;
}

static int
remove_file(int topic_dirfd, const char *where, const char *file,
    struct err *e)
{
	int dirfd = fsio_open_dir(topic_dirfd, REPLICAS_DIR, where, e);
	int r = 0;

	if (dirfd < 0)
		return -1;
	if ((unlinkat(dirfd, file, 0) < 0 && errno != ENOENT) ||
	    fsio_sync_dir(dirfd) < 0)
		r = err_sys(e, "%s/" REPLICAS_DIR "/%s", where, file);
	close(dirfd);
	return r;
}

int
insync_forget(int topic_dirfd, const char *where,
    const struct settings *settings, const char *name, int64_t deadline,
    struct err *e)
{
	struct replicas_file f;
	char file[REPLICAS_NAME];
	int r;

	if (replicas_file_name(name, file, e) < 0)
		return -1;
	r = replicas_open(&f, topic_dirfd, where, file, e);
	if (r <= 0)
		return r;
	/* Nobody serves it while we have the lock. */
	if (!lock_directory(f.fd))
		r = err_set(e, ERR_BUSY,
		    "%s: the copy %s is connected: nothing was changed", where,
		    name);
	else if (leave_all(topic_dirfd, where, settings, file, deadline, e) <
		0 ||
	    remove_file(topic_dirfd, where, file, e) < 0)
		r = -1;
	replicas_close(&f);
	return r;
}
