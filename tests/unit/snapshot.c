#include "snapshot.h"

#include <errno.h>
#include <sys/stat.h>

#include "checkpoint.h"
#include "clock.h"
#include "place_files.h"
#include "position.h"
#include "role.h"
#include "segment.h"
#include "verify.h"
#include "view.h"

static int
take(struct place *pl, const char *name, char path[96], struct err *e)
{
	snprintf(path, 96, "%s/%s", pl->dir, name);
	return snapshot_take(&pl->topic, path, false, clock_mono_ms(), e);
}

static void
count_trouble(void *context, const struct trouble *t)
{
	fprintf(stderr, "# %s: %s\n", t->file, t->what);
	++*(int *)context;
}

/* What klog-check would have to say of the topic at path. */
static int
troubles(const char *path)
{
	struct verify v = { .deep = true, .told = count_trouble };
	struct topic t;
	struct err e;
	int n = 0;

	place_need(topic_open(&t, path, &e) == 0, "open", &e);
	v.topic = &t;
	v.context = &n;
	place_need(verify_topic(&v, &e) == 0 &&
		verify_partition(&v, 0, &e) == 0, "verify", &e);
	verify_release(&v);
	topic_close(&t);
	return n;
}

static int64_t
end_of(const char *path)
{
	struct topic t;
	struct view v;
	struct err e;
	int64_t end;

	place_need(topic_open(&t, path, &e) == 0 &&
		view_open(&v, t.dirfd, 0, path, &e) == 0 &&
		view_refresh(&v, &e) == 0, "view", &e);
	end = v.end.next_offset;
	view_close(&v);
	topic_close(&t);
	return end;
}

/* Append to the topic at path; the offset, or -1. */
static int64_t
append_to(const char *path, struct err *e)
{
	struct batch_builder bb = { 0 };
	struct partition p;
	struct topic t;
	int64_t base = -1, ts = 5000;
	uint8_t *bytes;
	size_t size;

	place_need(topic_open(&t, path, e) == 0 &&
		partition_open(&p, t.dirfd, 0, path, &t.settings, e) == 0,
	    "open", e);
	place_batch(&bb, &ts, 1, &bytes, &size);
	if (append_batch(&p, bytes, size, 0, &base, e) < 0)
		base = -1;
	batch_builder_release(&bb);
	partition_close(&p);
	topic_close(&t);
	return base;
}

/* Names of the file of that name in the topic at path. */
static unsigned
names_of(const char *path, const char *file)
{
	char name[160];
	struct stat st;

	snprintf(name, sizeof(name), "%s/0/%s", path, file);
	return lstat(name, &st) < 0 ? 0 : (unsigned)st.st_nlink;
}

static void
apart(void)
{
	char path[96];
	struct place pl;
	struct err e;

	place_make(&pl);
	pl.topic.settings.segment_bytes = 3 * 73;
	place_fill(&pl, 5, 1000, 1);
	CHECK_EQ_INT(take(&pl, "s", path, &e), 0);
	CHECK_EQ_INT(end_of(path), 5);
	CHECK_EQ_INT(names_of(path, LOG(0)), 2);
	CHECK_EQ_INT(names_of(path, LOG(3)), 2);
	CHECK_EQ_INT(names_of(path, LOG(5)), 1);
	CHECK_EQ_INT(names_of(pl.topic.path, LOG(5)), 1);
	CHECK_EQ_INT(names_of(path, TIMEINDEX(0)), 2);
	CHECK_EQ_INT(troubles(path), 0);
	CHECK_EQ_INT(troubles(pl.topic.path), 0);
	/* Each goes on for itself. */
	place_fill(&pl, 2, 2000, 1);
	CHECK_EQ_INT(append_to(path, &e), 5);
	CHECK_EQ_INT(end_of(path), 6);
	CHECK_EQ_INT(end_of(pl.topic.path), 7);
	CHECK_EQ_INT(troubles(path), 0);
	CHECK_EQ_INT(troubles(pl.topic.path), 0);
	place_remove(&pl);
}

/* What is known of it is right: nothing is verified, no epoch begins. */
static void
born_right(void)
{
	char path[96], boot[37];
	struct place pl;
	struct topic t;
	struct state st = { 0 };
	struct err e;
	int64_t safe;
	int dirfd;

	place_make(&pl);
	place_fill(&pl, 4, 1000, 1);
	CHECK_EQ_INT(take(&pl, "s", path, &e), 0);
	place_need(topic_open(&t, path, &e) == 0, "open", &e);
	CHECK(strcmp(t.settings.id, pl.topic.settings.id) != 0);
	dirfd = openat(t.dirfd, "0", O_RDONLY | O_CLOEXEC);
	CHECK_EQ_INT(checkpoint_read_recovery(dirfd, boot, &safe, "p", &e), 1);
	CHECK_EQ_INT(safe, 4);
	CHECK_EQ_STR(boot, pl.p.boot);
	CHECK_EQ_INT(state_map(&st, dirfd, false, false, "p", &e), 1);
	CHECK(state_is_valid(&st, dirfd, pl.p.boot));
	CHECK_EQ_INT(atomic_load(&st.page->durable_offset), 4);
	CHECK_EQ_INT(atomic_load(&st.page->role), ROLE_LEADER);
	state_unmap(&st);
	close(dirfd);
	topic_close(&t);
	place_remove(&pl);
}

/* An index that both have is not written to. */
static void
index_unshared(void)
{
	char path[96];
	struct place pl;
	struct err e;

	place_make(&pl);
	pl.topic.settings.segment_bytes = 3 * 73;
	place_fill(&pl, 5, 1000, 1);
	CHECK_EQ_INT(take(&pl, "s", path, &e), 0);
	unlinkat(pl.part, "state", 0);
	unlinkat(pl.part, "recovery-point", 0);
	place_fill(&pl, 1, 2000, 1);
	CHECK_EQ_INT(names_of(path, TIMEINDEX(0)), 1);
	CHECK_EQ_INT(names_of(pl.topic.path, TIMEINDEX(0)), 1);
	CHECK_EQ_INT(names_of(path, LOG(0)), 2);
	CHECK_EQ_INT(troubles(path), 0);
	CHECK_EQ_INT(troubles(pl.topic.path), 0);
	place_remove(&pl);
}

/* Whatever its name says, what is shared keeps its bytes. */
static void
log_not_cut(void)
{
	char path[96];
	struct place pl;
	struct err e;
	int fd;

	place_make(&pl);
	place_fill(&pl, 3, 1000, 1);
	CHECK_EQ_INT(take(&pl, "s", path, &e), 0);
	fd = openat(pl.part, LOG(0), O_WRONLY | O_APPEND | O_CLOEXEC);
	place_need(write(fd, "torn", 4) == 4, "write", NULL);
	close(fd);
	unlinkat(pl.part, LOG(3), 0);
	unlinkat(pl.part, "state", 0);
	unlinkat(pl.part, "recovery-point", 0);
	CHECK_EQ_INT(append_to(pl.topic.path, &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK(strstr(e.text, LOG(0) ": has 2 names") != NULL);
	CHECK_EQ_INT(place_size(&pl, LOG(0)), 3 * 73 + 4);
	place_remove(&pl);
}

static void
busy_or_there(void)
{
	char path[96];
	struct partition cleaner;
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 3, 1000, 1);
	place_need(partition_open(&cleaner, pl.topic.dirfd, 0, pl.topic.path,
		       &pl.topic.settings, &e) == 0 &&
		partition_begin_clean(&cleaner, &e) == 0, "clean", &e);
	CHECK_EQ_INT(take(&pl, "s", path, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	CHECK_EQ_INT(access(path, F_OK), -1);
	partition_end_clean(&cleaner);
	partition_close(&cleaner);
	CHECK_EQ_INT(take(&pl, "t", path, &e), -1);
	CHECK_EQ_INT(e.sys, EEXIST);
	CHECK_EQ_INT(take(&pl, "s", path, &e), 0);
	place_remove(&pl);
}

/* A group has never read what the snapshot lacks. */
static void
groups(void)
{
	char path[96];
	struct committed c;
	struct position at;
	struct group g;
	struct place pl;
	struct topic t;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 3, 1000, 1);
	place_need(group_open(&g, &pl.topic, "g", true, &e) == 1 &&
		position_open(&at, &g, 0, &e) == 0 &&
		position_commit(&at, 1, 0, 77, &e) == 0 &&
		position_commit(&at, 2, 0, 78, &e) == 0, "commit", &e);
	CHECK_EQ_INT(take(&pl, "s", path, &e), 0);
	place_need(position_commit(&at, 3, 0, 79, &e) == 0, "commit", &e);
	position_close(&at);
	group_close(&g);
	place_need(topic_open(&t, path, &e) == 0 &&
		group_open(&g, &t, "g", false, &e) == 1, "open", &e);
	CHECK_EQ_INT(group_committed(&g, 0, &c, &e), 1);
	CHECK_EQ_INT(c.offset, 2);
	CHECK_EQ_INT(c.epoch, 0);
	CHECK_EQ_INT(c.timestamp, 78);
	group_close(&g);
	topic_close(&t);
	place_remove(&pl);
}

TEST_MAIN(TEST(apart), TEST(born_right), TEST(index_unshared),
    TEST(log_not_cut), TEST(busy_or_there), TEST(groups))
