#include "insync_scene.h"

/* What acknowledgements do to the in-sync set and the high watermark. */

static void
two_copies(void)
{
	struct scene s;
	struct err e;

	set_up(&s, "2");
	grow(&s, 3);
	HIGH(&s, 0);
	CHECK_EQ_INT(insync_refuse_append(&s.own, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	/* Not caught up: it does not count. */
	ack(&s, 0, 2);
	CHECK_EQ_STR(members(&s), "-");
	HIGH(&s, 0);
	ack(&s, 0, 3);
	CHECK_EQ_STR(members(&s), "f0\n");
	HIGH(&s, 3);
	CHECK_EQ_INT(insync_refuse_append(&s.own, &e), 0);
	/* A second one: the least of both. */
	ack(&s, 1, 3);
	CHECK_EQ_STR(members(&s), "f0\nf1\n");
	grow(&s, 2);
	HIGH(&s, 3);
	ack(&s, 0, 5);
	HIGH(&s, 3);
	ack(&s, 1, 4);
	HIGH(&s, 4);
	ack(&s, 1, 5);
	HIGH(&s, 5);
	CHECK_EQ_INT(insync_has(&s.own, "f1", &e), 1);
	CHECK_EQ_INT(insync_has(&s.own, "f2", &e), 0);
	/* What is said below what was said before: it never falls. */
	ack(&s, 1, 2);
	HIGH(&s, 5);
	tear_down(&s);
}

/* What the leader has not synced is on no enough copies, whoever says so. */
static void
not_durable(void)
{
	struct scene s;

	set_up(&s, "2");
	grow(&s, 1);
	ack(&s, 0, 1);
	place_fill(&s.pl, 1, 1000, 1);
	ack(&s, 0, 2);
	HIGH(&s, 1);
	grow(&s, 0);
	ack(&s, 0, 2);
	HIGH(&s, 2);
	tear_down(&s);
}

static void
one_copy(void)
{
	struct scene s;
	struct err e;

	set_up(&s, "1");
	grow(&s, 3);
	HIGH(&s, -1);
	CHECK_EQ_INT(insync_refuse_append(&s.own, &e), 0);
	CHECK_EQ_INT(insync_wait(&s.own, 3, 0, &e), 0);
	/* One that is in sync is waited for all the same. */
	ack(&s, 0, 3);
	CHECK_EQ_STR(members(&s), "f0\n");
	grow(&s, 1);
	HIGH(&s, -1);
	CHECK_EQ_INT(insync_wait(&s.own, 4, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	ack(&s, 0, 4);
	CHECK_EQ_INT(insync_wait(&s.own, 4, 0, &e), 0);
	HIGH(&s, -1);
	tear_down(&s);
}

static void
lag_out(void)
{
	struct scene s;
	struct err e;
	int64_t again, t = 100000;

	set_up(&s, "2");
	grow(&s, 1);
	ack(&s, 0, 1);
	ack(&s, 1, 1);
	/* Both have everything: for ever. */
	CHECK_EQ_INT(insync_observe(&s.own, t + 1000000, &again, &e), 0);
	CHECK_EQ_INT(again, CLOCK_NEVER);
	CHECK_EQ_STR(members(&s), "f0\nf1\n");
	grow(&s, 1);
	ack(&s, 0, 2);
	t = clock_mono_ms() + 1000000;
	CHECK_EQ_INT(insync_observe(&s.own, t, &again, &e), 0);
	CHECK_EQ_STR(members(&s), "f0\nf1\n");
	CHECK(again > t && again <= t + 100);
	HIGH(&s, 1);
	CHECK_EQ_INT(insync_observe(&s.own, t + 99, &again, &e), 0);
	CHECK_EQ_STR(members(&s), "f0\nf1\n");
	CHECK_EQ_INT(insync_observe(&s.own, t + 200, &again, &e), 0);
	CHECK_EQ_STR(members(&s), "f0\n");
	HIGH(&s, 2);
	/* It comes back when it has caught up. */
	ack(&s, 1, 1);
	CHECK_EQ_STR(members(&s), "f0\n");
	ack(&s, 1, 2);
	CHECK_EQ_STR(members(&s), "f0\nf1\n");
	/* Both gone: it stands still, and nothing is taken. */
	grow(&s, 1);
	t += 1000000;
	CHECK_EQ_INT(insync_observe(&s.own, t, &again, &e), 0);
	CHECK_EQ_INT(insync_observe(&s.own, t + 200, &again, &e), 0);
	CHECK_EQ_STR(members(&s), "");
	HIGH(&s, 2);
	CHECK_EQ_INT(insync_refuse_append(&s.own, &e), -1);
	CHECK_EQ_STR(strstr(e.text, ": not"),
	    ": not enough in-sync replicas: 1 of 2 (min.insync.replicas): "
	    "nothing more was written");
	tear_down(&s);
}

/* Two who look at the same: what one left out the other does not count. */
static void
two_observers(void)
{
	struct scene s;
	struct insync other;
	struct partition p;
	struct err e;
	int64_t again, t;

	set_up(&s, "2");
	grow(&s, 1);
	ack(&s, 0, 1);
	ack(&s, 1, 1);
	place_need(partition_open(&p, s.pl.topic.dirfd, 0, "t",
		       &s.pl.topic.settings, &e) == 0,
	    "open", &e);
	insync_init(&other, &p, 0, &s.files);
	CHECK_EQ_INT(insync_has(&other, "f1", &e), 1);
	grow(&s, 1);
	ack(&s, 0, 2);
	t = clock_mono_ms() + 1000000;
	CHECK_EQ_INT(insync_observe(&s.own, t, &again, &e), 0);
	CHECK_EQ_INT(insync_observe(&other, t + 150, &again, &e), 0);
	/* One that has just come goes by how long it has stood. */
	CHECK_EQ_STR(members(&s), "f0\n");
	HIGH(&s, 2);
	CHECK_EQ_INT(insync_observe(&s.own, t + 300, &again, &e), 0);
	CHECK_EQ_STR(members(&s), "f0\n");
	CHECK_EQ_INT(insync_has(&s.own, "f1", &e), 0);
	insync_release(&other);
	partition_close(&p);
	tear_down(&s);
}

/* One that comes close joins, though others are faster. */
static void
about_to_join(void)
{
	struct scene s;
	struct err e;

	set_up(&s, "1");
	grow(&s, 3);
	CHECK_EQ_INT(insync_wait(&s.own, 3, 0, &e), 0);
	ack(&s, 0, 1);
	grow(&s, 1);
	CHECK_EQ_INT(insync_wait(&s.own, 4, 0, &e), 0);
	ack(&s, 0, 3);
	CHECK_EQ_STR(members(&s), "-");
	grow(&s, 1);
	CHECK_EQ_INT(insync_wait(&s.own, 5, 0, &e), -1);
	ack(&s, 0, 4);
	CHECK_EQ_STR(members(&s), "f0\n");
	CHECK_EQ_INT(insync_wait(&s.own, 5, 0, &e), -1);
	ack(&s, 0, 5);
	CHECK_EQ_INT(insync_wait(&s.own, 5, 0, &e), 0);
	/* One that does not come is not waited for long. */
	ack(&s, 1, 4);
	grow(&s, 1);
	ack(&s, 0, 6);
	ack(&s, 1, 5);
	CHECK(atomic_load(&page(&s)->joining_ms) > 0);
	grow(&s, 1);
	ack(&s, 0, 7);
	CHECK_EQ_INT(insync_wait(&s.own, 7, 0, &e), -1);
	CHECK_EQ_INT(
	    insync_wait(&s.own, 7, clock_mono_ms() + 5000, &e), 0);
	tear_down(&s);
}

TEST_MAIN(TEST(two_copies), TEST(not_durable), TEST(one_copy), TEST(lag_out),
    TEST(two_observers), TEST(about_to_join))
