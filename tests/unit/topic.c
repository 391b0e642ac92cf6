#include "topic.h"

#include <errno.h>
#include <sys/stat.h>

#include "lock.h"
#include "names.h"
#include "place_files.h"
#include "topiclist.h"

static void
names(void)
{
	static const char *const good[] = { "a", "a.b_c-D9", "...", "dir/a",
		"/x/a/", "-a" };
	static const char *const bad[] = { "", "/", ".", "..", "a b", "x/..",
		"a\n", "\xc3\xa4", "a:b", "dir/a+" };
	char text[260];
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_EQ_INT(topic_check_name(good[i], &e), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ_INT(topic_check_name(bad[i], &e), -1);
		CHECK_EQ_INT(e.code, ERR_USAGE);
	}
	memset(text, 'a', sizeof(text));
	text[249] = '\0';
	CHECK_EQ_INT(topic_check_name(text, &e), 0);
	text[249] = 'a';
	text[250] = '\0';
	CHECK_EQ_INT(topic_check_name(text, &e), -1);
}

/* Names in the private directory, hidden ones too, but "." and "..". */
static int
entries(const struct place *pl)
{
	char command[128], text[32];
	int n = -1;
	FILE *f;

	snprintf(command, sizeof(command), "ls -A '%s' | wc -l", pl->dir);
	f = popen(command, "r");
	if (f != NULL && fgets(text, sizeof(text), f) != NULL)
		n = (int)strtol(text, NULL, 10);
	if (f != NULL)
		pclose(f);
	return n;
}

static void
life(void)
{
	struct settings s;
	struct topic t;
	struct place pl;
	struct stat st;
	char path[80];
	struct err e;

	place_make(&pl);
	CHECK_EQ_STR(pl.topic.name, "t");
	CHECK_EQ_INT(strlen(pl.topic.settings.id), 22);
	CHECK_EQ_INT(fstatat(pl.part, "lock", &st, 0), 0);
	CHECK_EQ_INT(st.st_mode & 0007, 0);
	CHECK_EQ_INT(fstatat(pl.part, LOG(0), &st, 0), 0);
	snprintf(path, sizeof(path), "%s/t", pl.dir);
	settings_init(&s);
	CHECK_EQ_INT(topic_create(path, &s, false, &e), -1);
	CHECK_EQ_INT(e.sys, EEXIST);
	CHECK_EQ_INT(entries(&pl), 1);
	CHECK_EQ_INT(topic_delete(path, &e), 0);
	CHECK_EQ_INT(entries(&pl), 0);
	CHECK_EQ_INT(topic_reload(&pl.topic, &e), -1);
	CHECK_EQ_INT(topic_open(&t, path, &e), -1);
	CHECK_EQ_INT(e.sys, ENOENT);
	place_put(pl.dirfd, "t", "", 0);
	CHECK_EQ_INT(topic_open(&t, path, &e), -1);
	CHECK_EQ_INT(e.sys, ENOTDIR);
	unlinkat(pl.dirfd, "t", 0);
	place_need(mkdirat(pl.dirfd, "t", 0777) == 0, "mkdir", NULL);
	CHECK_EQ_INT(topic_open(&t, path, &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(topic_create(path, &s, false, &e), -1);
	CHECK_EQ_INT(e.sys, EEXIST);
	place_remove(&pl);
}

/* What killed ones left goes at the next creation; what lives stays. */
static void
leftovers(void)
{
	struct settings s;
	struct place pl;
	char path[80];
	struct err e;
	int fd;

	place_make(&pl);
	place_need(
	    mkdirat(pl.dirfd, ".AAAAAAAAAAAAAAAAAAAAAA.new", 0777) == 0 &&
		mkdirat(pl.dirfd, ".BBBBBBBBBBBBBBBBBBBBBB.old", 0777) == 0 &&
		mkdirat(pl.dirfd, ".CCCCCCCCCCCCCCCCCCCCCC.new", 0777) == 0 &&
		mkdirat(pl.dirfd, ".other.new", 0777) == 0, "mkdir", NULL);
	fd = openat(pl.dirfd, ".AAAAAAAAAAAAAAAAAAAAAA.new",
	    O_RDONLY | O_CLOEXEC);
	place_put(fd, "file", "x", 1);
	close(fd);
	fd = openat(pl.dirfd, ".CCCCCCCCCCCCCCCCCCCCCC.new",
	    O_RDONLY | O_CLOEXEC);
	CHECK_EQ_INT(lock_directory(fd), 1);
	snprintf(path, sizeof(path), "%s/u", pl.dir);
	settings_init(&s);
	s.partitions = 3;
	CHECK_EQ_INT(topic_create(path, &s, false, &e), 0);
	CHECK_EQ_INT(entries(&pl), 4); /* t, u, C, other */
	close(fd);
	place_remove(&pl);
}

static int
more(void *ctx, struct settings *s, struct err *e)
{
	s->partitions = *(int *)ctx;
	return s->partitions < 9 ? 0 : err_set(e, ERR_USAGE, "no");
}

static void
change(void)
{
	struct place pl;
	struct lock l;
	struct err e;
	int n = 3;

	place_make(&pl);
	CHECK_EQ_INT(topic_change(&pl.topic, 0, more, &n, &e), 0);
	CHECK_EQ_INT(pl.topic.settings.partitions, 3);
	CHECK_EQ_INT(faccessat(pl.topic.dirfd, "2/" LOG(0), F_OK, 0), 0);
	n = 9;
	CHECK_EQ_INT(topic_change(&pl.topic, 0, more, &n, &e), -1);
	CHECK_EQ_INT(e.code, ERR_USAGE);
	n = 4;
	CHECK_EQ_INT(lock_open(&l, pl.part, "lock", "x", 0, &e), 0);
	CHECK_EQ_INT(lock_try(&l, &e), 1);
	CHECK_EQ_INT(topic_change(&pl.topic, 0, more, &n, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	lock_close(&l);
	CHECK_EQ_INT(topic_reload(&pl.topic, &e), 0);
	CHECK_EQ_INT(pl.topic.settings.partitions, 3);
	place_remove(&pl);
}

static void
look(void)
{
	struct place pl;
	struct view v;
	int64_t start = -1;
	struct err e;

	place_make(&pl);
	place_put(pl.part, "log-start-offset", "3\n", 2);
	CHECK_EQ_INT(topic_look(&pl.topic, 0, &v, &start, &e), 0);
	CHECK_EQ_INT(start, 0);	/* not behind the end */
	CHECK_EQ_INT(v.end.next_offset, 0);
	CHECK(v.strict && v.batch_max > 0);
	view_close(&v);
	CHECK_EQ_INT(topic_look(&pl.topic, 1, &v, &start, &e), -1);
	CHECK_EQ_INT(e.sys, ENOENT);
	place_remove(&pl);
}

static void
list(void)
{
	struct settings s;
	struct place pl;
	char **found;
	char path[80];
	struct err e;
	size_t n;

	place_make(&pl);
	settings_init(&s);
	snprintf(path, sizeof(path), "%s/b", pl.dir);
	CHECK_EQ_INT(topic_create(path, &s, false, &e), 0);
	place_put(pl.dirfd, "file", "", 0);
	place_need(mkdirat(pl.dirfd, "a", 0777) == 0 &&
		symlinkat("t", pl.dirfd, "link") == 0, "make", NULL);
	CHECK_EQ_INT(topic_list(pl.dir, &found, &n, &e), 0);
	CHECK_EQ_INT(n, 2);
	if (n == 2) {
		CHECK_EQ_STR(found[0], "b");
		CHECK_EQ_STR(found[1], "t");
	}
	names_free(found, n);
	CHECK_EQ_INT(topic_list("/nonexistent", &found, &n, &e), -1);
	CHECK_EQ_INT(e.sys, ENOENT);
	place_remove(&pl);
}

/* A tree goes without following its links. */
static void
tree(void)
{
	struct place pl;
	struct err e;

	place_dir(&pl);
	place_put(pl.dirfd, "kept", "x", 1);
	place_need(mkdirat(pl.dirfd, "d", 0777) == 0 &&
		mkdirat(pl.dirfd, "outside", 0777) == 0 &&
		mkdirat(pl.dirfd, "outside/in", 0777) == 0 &&
		mkdirat(pl.dirfd, "d/e", 0777) == 0 &&
		symlinkat("../outside", pl.dirfd, "d/link") == 0 &&
		symlinkat("../kept", pl.dirfd, "d/e/link") == 0, "make", NULL);
	CHECK_EQ_INT(tree_remove(pl.dirfd, "d", "w", &e), 0);
	CHECK_EQ_INT(faccessat(pl.dirfd, "d", F_OK, 0), -1);
	CHECK_EQ_INT(faccessat(pl.dirfd, "outside/in", F_OK, 0), 0);
	CHECK_EQ_INT(faccessat(pl.dirfd, "kept", F_OK, 0), 0);
	CHECK_EQ_INT(tree_remove(pl.dirfd, "d", "w", &e), -1);
	CHECK_EQ_INT(e.sys, ENOENT);
	place_remove(&pl);
}

TEST_MAIN(TEST(names), TEST(life), TEST(leftovers), TEST(change), TEST(look),
    TEST(list),
    TEST(tree))
