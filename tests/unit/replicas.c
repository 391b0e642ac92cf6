#include <poll.h>

#include "insync_scene.h"

#include "insync_parts.h"
#include "watch.h"

/* One that is served by two, as two processes would. */
struct two {
	struct scene s;
	struct replicas_file other;
	struct replicas_ask ask;
};

static void
begin(struct two *t)
{
	memset(t, 0, sizeof(*t));
	set_up(&t->s, "1");
	t->other.fd = -1;
}

static void
end(struct two *t)
{
	replicas_close(&t->other);
	tear_down(&t->s);
}

/* Try for so long: what replicas_serve says at last. */
static int
serve(struct two *t, int64_t ms, struct err *e)
{
	static const struct replica later = { "host", 43, 2000, 2000 };
	int64_t until = clock_mono_ms() + ms;
	int r;

	do {
		r = replicas_serve(&t->other, t->s.pl.topic.dirfd, "t", "f0",
		    &later, &t->ask, e);
		if (r == 0)
			(void)poll(NULL, 0, REPLICAS_AGAIN_MS);
	} while (r == 0 && clock_mono_ms() < until);
	return r;
}

static int64_t
acked(struct two *t)
{
	struct replica_acked a;
	struct replicas_file f;
	struct err e;

	place_need(replicas_open(&f, t->s.pl.topic.dirfd, "t", "f0", &e) == 1 &&
		replicas_read(&f, 0, &a, &e) >= 0,
	    "read", &e);
	replicas_close(&f);
	return a.offset;
}

/* It is asked by each try, and whoever is heard of keeps it. */
static void
who_lives_is_left_alone(void)
{
	struct watch w;
	struct pollfd p;
	struct err e;
	struct two t;

	begin(&t);
	watch_open(&w);
	CHECK(watch_add(&w, t.s.f[0].fd, WATCH_CLOSED) >= 0);
	p = (struct pollfd){ w.fd, POLLIN, 0 };
	place_need(replicas_contact(&t.s.f[0], 3000, &e) == 0, "contact", &e);
	CHECK_EQ_INT(poll(&p, 1, 0), 0);
	CHECK_EQ_INT(serve(&t, 0, &e), 0);
	CHECK_EQ_INT(poll(&p, 1, 0), 1);
	place_need(replicas_contact(&t.s.f[0], 4000, &e) == 0, "contact", &e);
	CHECK_EQ_INT(serve(&t, 1000, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	CHECK_EQ_STR(
	    e.text, "t: another process serves the copy f0 already");
	CHECK_EQ_INT(replicas_check(&t.s.f[0], &e), 0);
	watch_close(&w);
	end(&t);
}

/* One that ends while it is asked makes room at once. */
static void
who_ends_makes_room(void)
{
	struct err e;
	struct two t;

	begin(&t);
	CHECK_EQ_INT(serve(&t, 0, &e), 0);
	place_need(replicas_contact(&t.s.f[0], 4000, &e) == 0, "contact", &e);
	CHECK_EQ_INT(serve(&t, 0, &e), 0);
	replicas_close(&t.s.f[0]);
	CHECK_EQ_INT(serve(&t, 0, &e), 1);
	end(&t);
}

/*
 * One that is cut off and later goes on where it was: what it says counts
 * nowhere, whoever reads the file.
 */
static void
who_is_silent_is_replaced(void)
{
	struct replica_acked more = { 7, 7000 };
	struct err e;
	struct two t;

	begin(&t);
	grow(&t.s, 9);
	ack(&t.s, 0, 5);
	place_need(insync_load(&t.s.own, &e) == 0, "load", &e);
	CHECK_EQ_INT(serve(&t, 10000, &e), 1);
	CHECK_EQ_INT(acked(&t), 5);
	CHECK_EQ_INT(replicas_ack(&t.s.f[0], 0, &more, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	CHECK_EQ_INT(replicas_check(&t.s.f[0], &e), -1);
	CHECK_EQ_INT(insync_acked(&t.s.of[0], &t.s.f[0], 9, 8000, &e), -1);
	CHECK_EQ_STR(members(&t.s), "-");
	CHECK_EQ_INT(acked(&t), 5);
	/* Who is served now counts, and he alone. */
	place_need(insync_acked(&t.s.of[1], &t.other, 9, 9000, &e) == 0,
	    "acked", &e);
	CHECK_EQ_STR(members(&t.s), "f0\n");
	CHECK_EQ_INT(acked(&t), 9);
	end(&t);
}

/* Those who have its file open see that another has its name. */
static void
readers_see_who_took_over(void)
{
	struct replica_acked less = { 3, 7000 };
	struct err e;
	struct two t;

	begin(&t);
	configure(&t.s, "min.insync.replicas", "2");
	grow(&t.s, 9);
	ack(&t.s, 0, 9);
	CHECK_EQ_STR(members(&t.s), "f0\n");
	place_need(insync_load(&t.s.own, &e) == 0, "load", &e);
	CHECK_EQ_INT(serve(&t, 10000, &e), 1);
	place_need(replicas_ack(&t.other, 0, &less, &e) == 0, "ack", &e);
	place_need(insync_load(&t.s.own, &e) == 0 &&
		insync_read_acked(&t.s.own, &e) == 0,
	    "read", &e);
	CHECK_EQ_INT((int)t.s.own.count, 1);
	CHECK_EQ_INT(t.s.own.members[0].acked, 3);
	end(&t);
}

TEST_MAIN(TEST(who_lives_is_left_alone), TEST(who_ends_makes_room),
    TEST(who_is_silent_is_replaced), TEST(readers_see_who_took_over))
