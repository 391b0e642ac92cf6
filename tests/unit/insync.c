#include "place_files.h"

#include "checkpoint.h"
#include "clock.h"
#include "conf.h"
#include "durable.h"
#include "insync.h"
#include "role.h"

/* What acknowledgements do to the in-sync set and the high watermark. */

static const struct replica head = { "host", 42, 1000, 1000 };

struct scene {
	struct place pl;
	struct insync_files files;
	struct insync own;
	struct replicas_file f[3];
	struct insync of[3];	/* one a process that serves */
};

static void
configure(struct scene *s, const char *key, const char *value)
{
	struct topic *t = &s->pl.topic;
	struct err e;

	place_need(settings_set(&t->settings, key, value, &e) == 0 &&
		conf_write(&t->settings, t->dirfd, t->path, &e) == 0,
	    "conf", &e);
}

static void
set_up(struct scene *s, const char *copies)
{
	struct err e;
	char name[8];
	int i;

	memset(s, 0, sizeof(*s));
	place_make(&s->pl);
	configure(s, "min.insync.replicas", copies);
	configure(s, "replica.lag.time.max.ms", "100");
	insync_init(&s->own, &s->pl.p, 0, &s->files);
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		place_need(replicas_serve(&s->f[i], s->pl.topic.dirfd, "t",
			       name, &head, &e) == 0,
		    "serve", &e);
		insync_init(&s->of[i], &s->pl.p, 0, &s->files);
	}
}

static void
tear_down(struct scene *s)
{
	int i;

	for (i = 0; i < 3; i++) {
		insync_release(&s->of[i]);
		replicas_close(&s->f[i]);
	}
	insync_release(&s->own);
	insync_files_release(&s->files);
	place_remove(&s->pl);
}

static struct state_page *
page(struct scene *s)
{
	return s->pl.p.state.page;
}

/* Append n records and make them durable. */
static void
grow(struct scene *s, int n)
{
	struct err e;

	place_fill(&s->pl, n, 1000, 1);
	place_need(durable_wait(&s->pl.p, s->pl.p.slot.next_offset, 0, &e) == 0,
	    "durable", &e);
}

static void
ack(struct scene *s, int i, int64_t offset)
{
	struct err e;

	place_need(insync_acked(&s->of[i], &s->f[i], offset, 5000, &e) == 0,
	    "acked", &e);
}

static const char *
members(struct scene *s)
{
	static struct buf text;
	struct err e;

	if (fsio_read_file(s->pl.part, INSYNC_NAME, &text, 1000, "t", &e) <= 0)
		return "-";
	return (const char *)text.data;
}

#define HIGH(s, n)                                                           \
	do {                                                                 \
		int64_t noted;                                               \
		struct err err;                                              \
		CHECK_EQ_INT(atomic_load(&page(s)->high_watermark), n);      \
		CHECK(checkpoint_read_high((s)->pl.part, &noted, "t", &err) >= \
		    0);                                                      \
		CHECK_EQ_INT(noted, n);                                      \
	} while (0)

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

TEST_MAIN(TEST(two_copies), TEST(not_durable), TEST(one_copy), TEST(lag_out),
    TEST(two_observers), TEST(altered), TEST(replica),
    TEST(led_before), TEST(about_to_join), TEST(killed))
