#include "position.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "place_opened.h"

enum { NOW = 1700000000 };

static void
committed(void)
{
	struct committed c;
	struct position p;
	struct place pl;
	struct group g;
	struct err e;
	struct stat st;
	int64_t i;

	place_make(&pl);
	g = place_group(&pl, "g");
	CHECK_EQ_INT(group_committed(&g, 0, &c, &e), 0);
	CHECK_EQ_INT(position_open(&p, &g, 0, &e), 0);
	CHECK_EQ_INT(p.last.offset, -1);
	CHECK_EQ_INT(fstat(p.fd, &st), 0);
	CHECK_EQ_INT(st.st_size, 8192);
	CHECK(st.st_blocks * 512 >= 8192);
	CHECK_EQ_INT(group_committed(&g, 0, &c, &e), 0);
	CHECK_EQ_INT(position_sync(&p, &e), 0);
	for (i = 0; i < 5; i++) {
		CHECK_EQ_INT(position_commit(&p, i * 10, 3, NOW + i, &e), 0);
		CHECK(p.dirty);
		CHECK_EQ_INT(group_committed(&g, 0, &c, &e), 1);
		CHECK_EQ_INT(c.offset, i * 10);
		CHECK_EQ_INT(c.epoch, 3);
		CHECK_EQ_INT(c.timestamp, NOW + i);
		CHECK_EQ_INT(c.sequence, i);
	}
	CHECK_EQ_INT(position_sync(&p, &e), 0);
	CHECK(!p.dirty);
	position_close(&p);
	/* Going back is allowed. */
	CHECK_EQ_INT(position_open(&p, &g, 0, &e), 0);
	CHECK_EQ_INT(p.last.offset, 40);
	CHECK_EQ_INT(position_commit(&p, 7, -1, NOW, &e), 0);
	position_close(&p);
	CHECK_EQ_INT(group_committed(&g, 0, &c, &e), 1);
	CHECK_EQ_INT(c.offset, 7);
	CHECK_EQ_INT(c.epoch, -1);
	CHECK_EQ_INT(group_committed(&g, 1, &c, &e), 0);
	group_close(&g);
	place_remove(&pl);
}

static int64_t
offset_now(const struct group *g)
{
	struct committed c;
	struct err e;
	int r = group_committed(g, 0, &c, &e);

	return r == 1 ? c.offset : r == 0 ? -1 : -2;
}

/*
 * A commit that is torn after any number of bytes: the old one counts, or
 * with the last byte the new; and the next commit works.
 */
static void
torn(void)
{
	char line[COMMITTED_LINE], there[COMMITTED_LINE];
	struct committed next;
	struct position p;
	struct place pl;
	struct group g;
	struct err e;
	int64_t old, n;
	int commits;
	bool whole;

	place_make(&pl);
	g = place_group(&pl, "g");
	for (commits = 0; commits < 4; commits++) {
		for (n = 0; n <= COMMITTED_LINE; n++) {
			CHECK_EQ_INT(position_open(&p, &g, 0, &e), 0);
			old = p.last.offset;
			CHECK_EQ_INT(old, offset_now(&g));
			next = (struct committed){ old + 100, 0, NOW,
				p.last.sequence + 1 };
			committed_encode(line, &next);
			CHECK_EQ_INT(fsio_write_at(p.fd, line, (size_t)n,
					 p.slot == 0 ? 4096 : 0),
			    0);
			/* The last bytes may be those that were there. */
			whole = fsio_read_at(p.fd, there, sizeof(there),
				    p.slot == 0 ? 4096 : 0) == sizeof(there) &&
			    memcmp(there, line, sizeof(line)) == 0;
			CHECK(whole ? n > COMMITTED_LINE - 9 :
				      n < COMMITTED_LINE);
			CHECK_EQ_INT(offset_now(&g), whole ? old + 100 : old);
			position_close(&p);
			/* From the second on, each tears an older line. */
			if (commits == 0)
				continue;
			CHECK_EQ_INT(position_open(&p, &g, 0, &e), 0);
			CHECK_EQ_INT(position_commit(&p, old + 5, 0, NOW, &e),
			    0);
			CHECK_EQ_INT(offset_now(&g), old + 5);
			position_close(&p);
		}
	}
	group_close(&g);
	place_remove(&pl);
}

/* The disk takes only a part of the line, or nothing. */
static void
full_disk(void)
{
	struct rlimit limit, none = { RLIM_INFINITY, RLIM_INFINITY };
	struct position p, q;
	struct place pl;
	struct group g;
	struct err e;
	char want[160];

	place_make(&pl);
	g = place_group(&pl, "g");
	place_need(getrlimit(RLIMIT_FSIZE, &none) == 0, "getrlimit", NULL);
	limit = none;
	signal(SIGXFSZ, SIG_IGN);
	CHECK_EQ_INT(position_open(&p, &g, 0, &e), 0);
	CHECK_EQ_INT(position_commit(&p, 1, 0, NOW, &e), 0);
	limit.rlim_cur = 4096 + 40;
	setrlimit(RLIMIT_FSIZE, &limit);
	CHECK_EQ_INT(position_commit(&p, 2, 0, NOW, &e), -1);
	CHECK_EQ_INT(e.sys, EFBIG);
	snprintf(want, sizeof(want), "%s/t/groups/g/offsets/0: File too large",
	    pl.dir);
	CHECK_EQ_STR(e.text, want);
	CHECK_EQ_INT(p.last.offset, 1);
	CHECK_EQ_INT(offset_now(&g), 1);
	CHECK_EQ_INT(position_open(&q, &g, 1, &e), -1);
	CHECK_EQ_INT(q.fd, -1);
	setrlimit(RLIMIT_FSIZE, &none);
	CHECK_EQ_INT(position_commit(&p, 3, 0, NOW, &e), 0);
	CHECK_EQ_INT(offset_now(&g), 3);
	/* What was left half made is completed. */
	CHECK_EQ_INT(position_open(&q, &g, 1, &e), 0);
	CHECK_EQ_INT(fsio_size(q.fd), 8192);
	position_close(&q);
	position_close(&p);
	group_close(&g);
	place_remove(&pl);
}

static void
damaged(void)
{
	struct committed c;
	struct position p;
	struct place pl;
	struct group g;
	struct err e;
	char want[160];
	int fd;

	place_make(&pl);
	g = place_group(&pl, "g");
	CHECK_EQ_INT(position_open(&p, &g, 0, &e), 0);
	CHECK_EQ_INT(position_commit(&p, 1, 0, NOW, &e), 0);
	CHECK_EQ_INT(position_commit(&p, 2, 0, NOW, &e), 0);
	CHECK_EQ_INT(fsio_write_at(p.fd, "x", 1, 4096 + 19), 0);
	CHECK_EQ_INT(offset_now(&g), 1);
	CHECK_EQ_INT(fsio_write_at(p.fd, "x", 1, 19), 0);
	CHECK_EQ_INT(group_committed(&g, 0, &c, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	snprintf(want, sizeof(want),
	    "%s/t/groups/g/offsets/0: neither line is a committed offset",
	    pl.dir);
	CHECK_EQ_STR(e.text, want);
	position_close(&p);
	CHECK_EQ_INT(position_open(&p, &g, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_STR(e.text, want);
	CHECK_EQ_INT(p.fd, -1);
	/* One that is too large is damaged for who reads it as for a member. */
	fd = openat(g.offsets, "0", O_WRONLY | O_TRUNC | O_CLOEXEC);
	CHECK_EQ_INT(ftruncate(fd, 8193), 0);
	close(fd);
	snprintf(want, sizeof(want),
	    "%s/t/groups/g/offsets/0: larger than 8192 bytes", pl.dir);
	CHECK_EQ_INT(group_committed(&g, 0, &c, &e), -1);
	CHECK_EQ_STR(e.text, want);
	CHECK_EQ_INT(position_open(&p, &g, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	CHECK_EQ_STR(e.text, want);
	group_close(&g);
	place_remove(&pl);
}

/* A process that commits 0, 1, 2, ... is killed: never another offset. */
static void
killed(void)
{
	struct committed c;
	struct position p;
	struct place pl;
	struct group g;
	struct err e;
	int64_t seen, i;
	int round;
	pid_t pid;

	place_make(&pl);
	g = place_group(&pl, "g");
	for (round = 0, seen = -1; round < 10; round++) {
		pid = fork();
		if (pid == 0) {
			if (position_open(&p, &g, 0, &e) < 0)
				_exit(1);
			for (i = p.last.offset + 1;; i++)
				if (position_commit(&p, i, 0, i + 7, &e) < 0)
					_exit(1);
		}
		/* Read while it writes; then it dies somewhere. */
		for (i = seen; i < seen + 2000;) {
			int r = group_committed(&g, 0, &c, &e);

			CHECK(r >= 0);
			if (r < 0)
				break;
			if (r == 0)
				continue;
			CHECK(c.offset >= i && c.sequence == c.offset &&
			    c.timestamp == c.offset + 7);
			i = c.offset;
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		CHECK_EQ_INT(position_open(&p, &g, 0, &e), 0);
		CHECK(p.last.offset >= i);
		seen = p.last.offset;
		position_close(&p);
	}
	group_close(&g);
	place_remove(&pl);
}

TEST_MAIN(TEST(committed), TEST(torn), TEST(full_disk), TEST(damaged),
    TEST(killed))
