#include "role.h"

#include "clock.h"
#include "durable.h"
#include "place.h"

static const int64_t some_time = 1000;

static int
set(struct place *pl, enum role_kind kind, const char *source, int32_t epoch)
{
	struct role r = { .kind = kind, .epoch = epoch };
	struct err e;

	snprintf(r.source, sizeof(r.source), "%s", source);
	return role_set(pl->topic.dirfd, pl->topic.path, 0, &r, &e);
}

/* The file's text, or "" where there is none. */
static const char *
text_of(const struct place *pl)
{
	static char text[256];
	ssize_t n = -1;
	int fd = openat(pl->topic.dirfd, "role", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
lines(void)
{
	struct place pl;
	struct role r;
	struct err e;

	place_make(&pl);
	CHECK_EQ_INT(role_read(&r, pl.topic.dirfd, "t", &e), 0);
	CHECK_EQ_INT(r.kind, ROLE_LEADER);
	CHECK_EQ_INT(set(&pl, ROLE_SEALED, "", 0), 0);
	CHECK_EQ_STR(text_of(&pl), "sealed\n");
	CHECK_EQ_INT(set(&pl, ROLE_REPLICA, "me@host:/a b/t", 0), 0);
	CHECK_EQ_STR(text_of(&pl), "replica of me@host:/a b/t\n");
	CHECK_EQ_INT(role_read(&r, pl.topic.dirfd, "t", &e), 1);
	CHECK_EQ_INT(r.kind, ROLE_REPLICA);
	CHECK_EQ_STR(r.source, "me@host:/a b/t");
	CHECK_EQ_INT(set(&pl, ROLE_FENCED, "", 2147483647), 0);
	CHECK_EQ_STR(text_of(&pl), "fenced by epoch 2147483647\n");
	CHECK_EQ_INT(role_read(&r, pl.topic.dirfd, "t", &e), 1);
	CHECK_EQ_INT(r.kind, ROLE_FENCED);
	CHECK_EQ_INT(r.epoch, 2147483647);
	CHECK_EQ_INT(set(&pl, ROLE_REPLICA, "a\nb", 0), -1);
	CHECK_EQ_INT(set(&pl, ROLE_REPLICA, "", 0), -1);
	CHECK_EQ_STR(text_of(&pl), "fenced by epoch 2147483647\n");
	CHECK_EQ_INT(set(&pl, ROLE_LEADER, "", 0), 0);
	CHECK_EQ_STR(text_of(&pl), "leader\n");
	place_remove(&pl);
}

/* Whatever else is in the file: never taken for a leader. */
static void
damaged(void)
{
	static const char *const bad[] = { "", "\n", "leader", "leader\n\n",
		"Leader\n", "sealed \n", "replica of \n", "replica\n",
		"fenced by epoch\n", "fenced by epoch -1\n",
		"fenced by epoch 2147483648\n", "fenced by epoch 1x\n" };
	struct place pl;
	struct role r;
	struct err e;
	size_t i;

	place_make(&pl);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		place_put(pl.topic.dirfd, "role", bad[i], strlen(bad[i]));
		CHECK_EQ_INT(role_read(&r, pl.topic.dirfd, "t", &e), -1);
		CHECK_EQ_INT(e.code, ERR_CORRUPT);
	}
	CHECK_EQ_STR(e.text, "t/role: is not a role: leader, replica of "
	    "HOST:PATH, fenced by epoch N or sealed");
	place_put(pl.topic.dirfd, "role", "leader\0\n", 8);
	CHECK_EQ_INT(role_read(&r, pl.topic.dirfd, "t", &e), -1);
	/* Nor does a state that is made anew let anybody in. */
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	/* It says what it was: nothing can be told of what it becomes. */
	CHECK_EQ_INT(set(&pl, ROLE_SEALED, "", 0), -1);
	place_remove(&pl);
}

/* Who may append to what; and that it is said how to go on. */
static void
refusals(void)
{
	struct place pl;
	char said[256];
	struct err e;

	place_make(&pl);
	place_fill(&pl, 2, 1000, 1);
	CHECK_EQ_INT(set(&pl, ROLE_SEALED, "", 0), 0);
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	snprintf(said, sizeof(said),
	    "%s: is sealed: klog-topic unseal opens it", pl.topic.path);
	CHECK_EQ_STR(e.text, said);
	pl.p.use = PARTITION_KEEPER;
	CHECK_EQ_INT(append_begin(&pl.p, 0, &e), 0);
	CHECK_EQ_INT(pl.p.slot.next_offset, 2);
	append_end(&pl.p);
	pl.p.use = PARTITION_REPLICA;
	CHECK_EQ_INT(append_begin(&pl.p, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	CHECK_EQ_INT(set(&pl, ROLE_REPLICA, "h:/p", 0), 0);
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), 2);
	pl.p.use = PARTITION_PRODUCER;
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), -1);
	snprintf(said, sizeof(said), "%s: is a replica of h:/p: append there, "
	    "or make this the leader with klog-replicate promote",
	    pl.topic.path);
	CHECK_EQ_STR(e.text, said);
	CHECK_EQ_INT(set(&pl, ROLE_FENCED, "", 7), 0);
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), -1);
	snprintf(said, sizeof(said), "%s: was fenced by epoch 7: another "
	    "leads now; klog-replicate follow makes this its replica",
	    pl.topic.path);
	CHECK_EQ_STR(e.text, said);
	CHECK_EQ_INT(set(&pl, ROLE_LEADER, "", 0), 0);
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), 3);
	place_remove(&pl);
}

/* The state is of another boot, or was removed: the file is asked. */
static void
from_the_file(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	place_fill(&pl, 1, 1000, 1);
	CHECK_EQ_INT(set(&pl, ROLE_SEALED, "", 0), 0);
	unlinkat(pl.part, "state", 0);
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	place_remove(&pl);
}

/* A change was cut short: the file holds, and the next brings the state in
 * line with it. */
static void
half_changed(void)
{
	struct place pl;
	struct err e;

	place_make(&pl);
	CHECK_EQ_INT(set(&pl, ROLE_REPLICA, "h:/p", 0), 0);
	place_put(pl.topic.dirfd, "role", "leader\n", 7);
	pl.p.use = PARTITION_REPLICA;
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	pl.p.use = PARTITION_PRODUCER;
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), 0);
	CHECK_EQ_INT(pl.p.state.page->role, ROLE_LEADER);
	/* Before the file was replaced. */
	atomic_store(&pl.p.state.page->role, ROLE_SEALED);
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), 1);
	CHECK_EQ_INT(pl.p.state.page->role, ROLE_LEADER);
	place_put(pl.topic.dirfd, "role", "sealed\n", 7);
	atomic_store(&pl.p.state.page->role, ROLE_REPLICA);
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	CHECK_EQ_INT(pl.p.state.page->role, ROLE_SEALED);
	/* Whoever mends it may go on where nobody can read it. */
	place_put(pl.topic.dirfd, "role", "Sealed\n", 7);
	CHECK_EQ_INT(place_append(&pl, &some_time, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	pl.p.use = PARTITION_KEEPER;
	CHECK_EQ_INT(append_begin(&pl.p, 0, &e), 0);
	append_end(&pl.p);
	place_remove(&pl);
}

static int
seal(void *ctx, struct role *r, struct err *e)
{
	if (*(int *)ctx != 0)
		return err_set(e, ERR_ROLE, "no");
	r->kind = ROLE_SEALED;
	return 0;
}

/* One of them can't be told: who may not append any more is kept out before
 * the file says so, who may from now on is let in after it. */
static void
some_busy(struct place *pl, const struct settings *s)
{
	struct partition p;
	struct err e;

	place_need(set(pl, ROLE_LEADER, "", 0) == 0 &&
		partition_open(&p, pl->topic.dirfd, 2, pl->topic.path, s,
		    &e) == 0 && append_begin(&p, 0, &e) == 0, "begin", &e);
	CHECK_EQ_INT(set(pl, ROLE_SEALED, "", 0), -1);
	CHECK_EQ_STR(text_of(pl), "leader\n");
	CHECK_EQ_INT(place_append(pl, &some_time, 1, &e), 0);
	append_end(&p);
	CHECK_EQ_INT(set(pl, ROLE_SEALED, "", 0), 0);
	p.use = PARTITION_KEEPER;
	CHECK_EQ_INT(append_begin(&p, 0, &e), 0);
	CHECK_EQ_INT(set(pl, ROLE_LEADER, "", 0), -1);
	append_end(&p);
	CHECK_EQ_STR(text_of(pl), "leader\n");
	CHECK_EQ_INT(p.state.page->role, ROLE_SEALED);
	p.use = PARTITION_PRODUCER;
	CHECK_EQ_INT(append_begin(&p, 0, &e), 0);
	append_end(&p);
	partition_close(&p);
}

/* All partitions; and it waits for who is appending. */
static void
all_partitions(void)
{
	struct settings s;
	struct partition p;
	struct place pl;
	int32_t i;
	int no = 1;
	struct err e;
	char path[80];

	place_dir(&pl);
	settings_init(&s);
	s.partitions = 3;
	snprintf(path, sizeof(path), "%s/t", pl.dir);
	place_need(topic_create(path, &s, false, &e) == 0, "create", &e);
	place_open(&pl);
	CHECK_EQ_INT(role_change(pl.topic.dirfd, path, 0, seal, &no, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	CHECK_EQ_STR(text_of(&pl), "");
	no = 0;
	CHECK_EQ_INT(append_begin(&pl.p, 0, &e), 0);
	CHECK_EQ_INT(role_change(pl.topic.dirfd, path, 0, seal, &no, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	CHECK_EQ_STR(text_of(&pl), "");
	append_end(&pl.p);
	for (i = 0; i < 3; i++) {
		place_need(partition_open(&p, pl.topic.dirfd, i, path, &s,
			       &e) == 0 &&
			append_begin(&p, 0, &e) == 0, "begin", &e);
		append_end(&p);
		partition_close(&p);
	}
	CHECK_EQ_INT(role_change(pl.topic.dirfd, path, 0, seal, &no, &e), 0);
	for (i = 0; i < 3; i++) {
		place_need(partition_open(&p, pl.topic.dirfd, i, path, &s,
			       &e) == 0, "open", &e);
		CHECK_EQ_INT(append_begin(&p, 0, &e), -1);
		CHECK_EQ_INT(e.code, ERR_ROLE);
		partition_close(&p);
	}
	some_busy(&pl, &s);
	place_remove(&pl);
}

TEST_MAIN(TEST(lines), TEST(damaged), TEST(refusals), TEST(from_the_file),
    TEST(half_changed), TEST(all_partitions))
