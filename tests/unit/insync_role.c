#include "insync_scene.h"

#include "truncate.h"

/* The in-sync set and the watermark when settings and roles change. */

/* From one copy to two and back, with records there. */
static void
altered(void)
{
	struct scene s;
	struct topic *t = &s.pl.topic;
	struct err e;

	set_up(&s, "1");
	grow(&s, 3);
	HIGH(&s, -1);
	place_fill(&s.pl, 1, 1000, 1);
	configure(&s, "min.insync.replicas", "2");
	CHECK_EQ_INT(
	    insync_settle(t->dirfd, t->path, &t->settings, 0, &e), 0);
	/* What was readable stays so, and is on disk now. */
	HIGH(&s, 4);
	CHECK_EQ_INT(atomic_load(&page(&s)->durable_offset), 4);
	grow(&s, 1);
	HIGH(&s, 4);
	configure(&s, "min.insync.replicas", "1");
	CHECK_EQ_INT(
	    insync_settle(t->dirfd, t->path, &t->settings, 0, &e), 0);
	HIGH(&s, -1);
	CHECK_EQ_INT(place_size(&s.pl, CHECKPOINT_HIGH), -1);
	tear_down(&s);
}

/* The watermark of a replica is its leader's, or its own durable end. */
static void
replica(void)
{
	struct scene s;
	struct role r = { .kind = ROLE_REPLICA, .source = "h:/t" };
	struct topic *t;
	struct err e;

	set_up(&s, "1");
	t = &s.pl.topic;
	grow(&s, 3);
	place_need(
	    role_set(t->dirfd, t->path, 0, &r, &e) == 0, "role", &e);
	CHECK_EQ_INT(insync_follow(&s.pl.p, 2, &e), 0);
	HIGH(&s, 2);
	CHECK_EQ_INT(insync_follow(&s.pl.p, 9, &e), 0);
	HIGH(&s, 3);
	CHECK_EQ_INT(insync_follow(&s.pl.p, 1, &e), 0);
	HIGH(&s, 3);
	/* It counts no copies. */
	ack(&s, 0, 3);
	CHECK_EQ_STR(members(&s), "-");
	r = (struct role){ .kind = ROLE_LEADER };
	place_need(
	    role_set(t->dirfd, t->path, 0, &r, &e) == 0, "role", &e);
	grow(&s, 1);
	HIGH(&s, -1);
	tear_down(&s);
}

/* What followers had under another leader counts no more. */
static void
led_before(void)
{
	struct scene s;
	struct role r = { .kind = ROLE_REPLICA, .source = "h:/t" };
	struct topic *t;
	struct err e;

	set_up(&s, "2");
	t = &s.pl.topic;
	grow(&s, 2);
	ack(&s, 0, 2);
	CHECK_EQ_STR(members(&s), "f0\n");
	place_need(role_set(t->dirfd, t->path, 0, &r, &e) == 0, "role", &e);
	CHECK_EQ_INT(insync_follow(&s.pl.p, 2, &e), 0);
	CHECK_EQ_STR(members(&s), "-");
	r = (struct role){ .kind = ROLE_LEADER };
	place_need(role_set(t->dirfd, t->path, 0, &r, &e) == 0, "role", &e);
	CHECK_EQ_INT(insync_refuse_append(&s.own, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	ack(&s, 0, 2);
	CHECK_EQ_STR(members(&s), "f0\n");
	tear_down(&s);
}

/* Cut the log back to offset, as one that follows another leader does. */
static void
cut(struct scene *s, int64_t offset)
{
	struct truncate t = { .partition = &s->pl.p, .offset = offset };
	enum partition_use use = s->pl.p.use;
	struct err e;

	s->pl.p.use = PARTITION_KEEPER;
	place_need(truncate_log(&t, 0, &e) == 0, "truncate", &e);
	s->pl.p.use = use;
}

/* Who waits for copies while another comes to lead is not told of those of
 * other records, though the topic leads again. */
static void
led_by_another(void)
{
	struct scene s;
	struct role r = { .kind = ROLE_REPLICA, .source = "h:/t" };
	struct topic *t;
	struct err e;

	set_up(&s, "2");
	t = &s.pl.topic;
	grow(&s, 2);
	ack(&s, 0, 2);
	CHECK_EQ_INT(insync_refuse_append(&s.own, &e), 0);
	grow(&s, 1);
	CHECK_EQ_INT(insync_wait(&s.own, 3, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	place_need(role_set(t->dirfd, t->path, 0, &r, &e) == 0, "role", &e);
	CHECK_EQ_INT(
	    insync_wait(&s.own, 3, clock_mono_ms() + 60000, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	cut(&s, 2);
	r = (struct role){ .kind = ROLE_LEADER };
	place_need(role_set(t->dirfd, t->path, 0, &r, &e) == 0, "role", &e);
	grow(&s, 2);
	ack(&s, 0, 4);
	HIGH(&s, 4);
	CHECK_EQ_INT(insync_wait(&s.own, 3, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	insync_release(&s.own);
	insync_init(&s.own, &s.pl.p, 0, &s.files);
	/* What was cut off before is of no matter to who comes later. */
	CHECK_EQ_INT(insync_refuse_append(&s.own, &e), 0);
	grow(&s, 1);
	ack(&s, 0, 5);
	CHECK_EQ_INT(insync_wait(&s.own, 5, 0, &e), 0);
	tear_down(&s);
}

/* Killed while the set changes: the next one reads it again. */
static void
killed(void)
{
	struct scene s;

	set_up(&s, "2");
	grow(&s, 1);
	ack(&s, 0, 1);
	/* Another process added f1, and died before it said so. */
	place_put(s.pl.part, INSYNC_NAME, "f0\nf1\n", 6);
	atomic_fetch_add(&page(&s)->in_sync_seq, 1);
	grow(&s, 1);
	ack(&s, 0, 2);
	HIGH(&s, 1);
	ack(&s, 1, 2);
	HIGH(&s, 2);
	tear_down(&s);
}

TEST_MAIN(TEST(altered), TEST(replica), TEST(led_before),
    TEST(led_by_another), TEST(killed))
