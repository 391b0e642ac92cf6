#include "insync_scene.h"

#include <unistd.h>

/* Followers that are no more. */

static int
forget(struct scene *s, const char *name, struct err *e)
{
	const struct topic *t = &s->pl.topic;

	return insync_forget(
	    t->dirfd, t->path, &t->settings, name, clock_mono_ms() + 1000, e);
}

static int
has_file(struct scene *s, const char *path)
{
	return faccessat(s->pl.topic.dirfd, path, F_OK, 0) == 0;
}

static void
leave(struct scene *s, int i)
{
	insync_release(&s->of[i]);
	replicas_close(&s->f[i]);
}

/* What waited for it alone is acknowledged. */
static void
counted(void)
{
	struct scene s;
	struct err e;

	set_up(&s, "2");
	grow(&s, 3);
	ack(&s, 0, 3);
	ack(&s, 1, 3);
	CHECK_EQ_STR(members(&s), "f0\nf1\n");
	grow(&s, 1);
	ack(&s, 0, 4);
	HIGH(&s, 3);
	leave(&s, 1);
	CHECK_EQ_INT(forget(&s, "f1", &e), 1);
	CHECK_EQ_STR(members(&s), "f0\n");
	CHECK(!has_file(&s, "replicas/f1"));
	CHECK(has_file(&s, "replicas/f0"));
	HIGH(&s, 4);
	/* The last one: too few are left, and what was promised stays so. */
	leave(&s, 0);
	CHECK_EQ_INT(forget(&s, "f0", &e), 1);
	CHECK_EQ_STR(members(&s), "");
	HIGH(&s, 4);
	CHECK_EQ_INT(insync_refuse_append(&s.own, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	tear_down(&s);
}

static void
not_there(void)
{
	struct scene s;
	struct err e;

	set_up(&s, "1");
	grow(&s, 1);
	CHECK_EQ_INT(forget(&s, "f3", &e), 0);
	CHECK_EQ_INT(forget(&s, "", &e), -1);
	CHECK_EQ_INT(e.code, ERR_USAGE);
	/* One that never caught up. */
	leave(&s, 2);
	CHECK_EQ_INT(forget(&s, "f2", &e), 1);
	CHECK_EQ_INT(forget(&s, "f2", &e), 0);
	tear_down(&s);
}

static void
connected(void)
{
	struct scene s;
	struct err e;

	set_up(&s, "1");
	grow(&s, 1);
	ack(&s, 0, 1);
	CHECK_EQ_INT(forget(&s, "f0", &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	CHECK_EQ_STR(members(&s), "f0\n");
	CHECK(has_file(&s, "replicas/f0"));
	tear_down(&s);
}

TEST_MAIN(TEST(counted), TEST(not_there), TEST(connected))
