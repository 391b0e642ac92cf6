#include "target.h"

#include "place.h"

enum { EACH = 10, END = 3 * EACH }; /* offsets of what is sent */

struct copying {
	struct place pl;
	struct target *target;
	struct buf out;
	size_t read; /* of out */
};

static int
say(struct copying *c, const struct wire *w, struct err *e)
{
	*e = (struct err){ .code = ERR_NONE };
	return target_take(c->target, w, e);
}

/* The next message of the target's: false, there is none. */
static bool
hear(struct copying *c, struct wire *w)
{
	struct err e;
	size_t size;

	if (wire_get(c->out.data + c->read, c->out.len - c->read, w, &size,
		&e) <= 0)
		return false;
	c->read += size;
	return true;
}

/* Offer the topic, of which end is there. */
static void
join(struct copying *c, int64_t end)
{
	struct target_options o = { .folder = c->pl.dir };
	struct wire w = { .type = WIRE_TOPIC,
		.id = { (const uint8_t *)"0123456789abcdefghijkl", WIRE_ID },
		.name = { (const uint8_t *)"t", 1 },
		.origin = { (const uint8_t *)"x:/t", 4 },
		.partitions = 1 };
	struct err e;

	c->target = target_new(&o, &c->out);
	place_need(c->target != NULL, "target_new", NULL);
	place_need(say(c, &w, &e) == 0, "WIRE_TOPIC", &e);
	CHECK(hear(c, &w) && w.type == WIRE_POSITION);
	CHECK_EQ_INT(w.end, end);
}

static void
offer(struct copying *c)
{
	struct wire w;

	memset(c, 0, sizeof(*c));
	place_dir(&c->pl);
	join(c, 0);
	CHECK(hear(c, &w) && w.type == WIRE_READY);
	CHECK(!hear(c, &w));
}

static void
start(struct copying *c)
{
	struct wire w = { .type = WIRE_START, .cut = -1, .high = -1,
		.end = END };
	struct err e;

	place_need(say(c, &w, &e) == 0, "WIRE_START", &e);
}

static void
end(struct copying *c)
{
	target_free(c->target);
	buf_release(&c->out);
	place_remove(&c->pl);
}

/* Three batches from offset from on; wrong: a bit of the last one. */
static int
send(struct copying *c, int64_t from, int wrong, struct err *e)
{
	uint8_t bytes[3 * BATCH_HEADER];
	struct wire w = { .type = WIRE_BATCHES, .from = from, .high = -1,
		.bytes = { bytes, sizeof(bytes) } };
	int i;

	for (i = 0; i < 3; i++)
		batch_empty(bytes + i * BATCH_HEADER, from + i * EACH,
		    from + i * EACH + EACH - 1, 0);
	bytes[sizeof(bytes) - 1] ^= (uint8_t)wrong;
	return say(c, &w, e);
}

static const struct target_log *
its_log(const struct copying *c)
{
	return &c->target->topics[0]->logs[0];
}

static void
acknowledged_when_on_disk(void)
{
	struct copying c;
	struct wire w;
	struct err e;

	offer(&c);
	start(&c);
	CHECK_EQ_INT(send(&c, 0, 0, &e), 0);
	CHECK(!hear(&c, &w));
	CHECK_EQ_INT(
	    atomic_load(&its_log(&c)->p.state.page->durable_offset), 0);
	CHECK_EQ_INT(target_settle(c.target, &e), 0);
	CHECK(hear(&c, &w) && w.type == WIRE_ACK);
	CHECK_EQ_INT(w.end, END);
	CHECK_EQ_INT(
	    atomic_load(&its_log(&c)->p.state.page->durable_offset), END);
	CHECK_EQ_INT(target_settle(c.target, &e), 0);
	CHECK(!hear(&c, &w)); /* once is enough */
	end(&c);
}

/* What was to be sent next was trimmed meanwhile, maybe up to the end. */
static void
what_it_starts_over_behind_is_acknowledged(void)
{
	struct wire anew = { .type = WIRE_START, .cut = -1, .high = -1,
		.from = END + EACH, .start = END + EACH, .end = END + EACH };
	struct copying c;
	struct wire w;
	struct err e;

	offer(&c);
	start(&c);
	CHECK_EQ_INT(send(&c, 0, 0, &e), 0);
	CHECK_EQ_INT(say(&c, &anew, &e), 0);
	CHECK(hear(&c, &w) && w.type == WIRE_ACK);
	CHECK_EQ_INT(w.end, END);
	CHECK_EQ_INT(target_settle(c.target, &e), 0);
	CHECK(hear(&c, &w) && w.type == WIRE_ACK);
	CHECK_EQ_INT(w.end, END + EACH);
	CHECK(!hear(&c, &w));
	end(&c);
}

static void
bye_is_answered_when_on_disk(void)
{
	struct wire w = { .type = WIRE_BYE };
	struct copying c;
	struct err e;

	offer(&c);
	start(&c);
	CHECK_EQ_INT(send(&c, 0, 0, &e), 0);
	CHECK_EQ_INT(say(&c, &w, &e), 0);
	CHECK(hear(&c, &w) && w.type == WIRE_ACK);
	CHECK_EQ_INT(w.end, END);
	CHECK(hear(&c, &w) && w.type == WIRE_BYE);
	CHECK(target_is_over(c.target));
	CHECK_EQ_INT(send(&c, END, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_DATA);
	end(&c);
}

static void
refused(void)
{
	struct wire w;
	struct copying c;
	struct err e;

	offer(&c);
	CHECK_EQ_INT(send(&c, 0, 0, &e), -1); /* before START */
	CHECK_EQ_INT(e.code, ERR_DATA);
	start(&c);
	CHECK_EQ_INT(send(&c, EACH, 0, &e), -1); /* not where it ends */
	CHECK_EQ_INT(e.code, ERR_DATA);
	CHECK_EQ_INT(send(&c, 0, 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_CORRUPT);
	w = (struct wire){ .type = WIRE_ACK };
	CHECK_EQ_INT(say(&c, &w, &e), -1); /* that is what we say */
	CHECK_EQ_INT(e.code, ERR_DATA);
	CHECK_EQ_INT(its_log(&c)->end, 0);
	CHECK_EQ_INT(its_log(&c)->p.slot.next_offset, 0);
	CHECK_EQ_INT(send(&c, 0, 0, &e), 0); /* nothing of it stayed */
	end(&c);
}

/* The source's epochs are 0 from offset 0 and 1 from from on. */
static int
say_epochs(struct copying *c, enum wire_type type, int64_t from, struct err *e)
{
	struct epochs es = { 0 };
	struct buf packed = { 0 };
	struct wire w = { .type = type, .cut = -1, .high = -1, .from = END,
		.end = 2 * END };
	int r;

	place_need(epochs_assign(&es, 0, 0, 0) == 0 &&
		epochs_assign(&es, 1, from, 8) == 0 &&
		wire_add_epochs(&packed, &es) == 0,
	    "epochs", NULL);
	w.epochs = (struct slice){ packed.data, (int32_t)packed.len };
	r = say(c, &w, e);
	epochs_release(&es);
	buf_release(&packed);
	return r;
}

/* The source was cut off below what it had sent. */
static void
news_of_another_leader(void)
{
	struct copying c;
	struct err e;

	offer(&c);
	start(&c);
	CHECK_EQ_INT(send(&c, 0, 0, &e), 0);
	CHECK_EQ_INT(say_epochs(&c, WIRE_NEWS, END - 1, &e), -1);
	CHECK_EQ_INT(e.code, ERR_SYSTEM);
	CHECK_EQ_INT(epochs_newest(&its_log(&c)->ours), 0);
	CHECK_EQ_INT(say_epochs(&c, WIRE_NEWS, END, &e), 0);
	CHECK_EQ_INT(epochs_newest(&its_log(&c)->ours), 1);
	end(&c);
}

/* Two copy here, and the leader of the second is newer. */
static void
an_older_leader_is_copied_too(void)
{
	struct copying c, d;
	struct wire w;
	struct err e;

	offer(&c);
	start(&c);
	CHECK_EQ_INT(send(&c, 0, 0, &e), 0);
	CHECK_EQ_INT(target_settle(c.target, &e), 0);
	d = c;
	d.out = (struct buf){ 0 };
	d.read = 0;
	join(&d, END);
	CHECK(hear(&d, &w) && w.type == WIRE_READY);
	CHECK_EQ_INT(say_epochs(&d, WIRE_START, END, &e), 0);
	CHECK_EQ_INT(send(&c, END, 0, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	CHECK_EQ_INT(say_epochs(&c, WIRE_NEWS, END, &e), -1);
	CHECK_EQ_INT(e.code, ERR_ROLE);
	target_free(d.target);
	buf_release(&d.out);
	end(&c);
}

TEST_MAIN(TEST(acknowledged_when_on_disk),
    TEST(what_it_starts_over_behind_is_acknowledged),
    TEST(bye_is_answered_when_on_disk), TEST(refused),
    TEST(news_of_another_leader), TEST(an_older_leader_is_copied_too))
