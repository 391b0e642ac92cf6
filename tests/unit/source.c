#include "source.h"

#include "durable.h"
#include "place.h"

static const int64_t times[] = { 1, 2, 3 };

struct sending {
	struct place pl;
	struct source *source;
	struct buf out;
	size_t read; /* of out */
};

static void
begin(struct sending *s)
{
	struct err e;

	memset(s, 0, sizeof(*s));
	place_make(&s->pl);
	place_need(place_append(&s->pl, times, 3, &e) == 0, "append", &e);
}

static void
end(struct sending *s)
{
	source_free(s->source);
	buf_release(&s->out);
	place_remove(&s->pl);
}

static int
say(struct sending *s, const struct wire *w, struct err *e)
{
	*e = (struct err){ .code = ERR_NONE };
	return source_take(s->source, w, e);
}

/* The next message of the source's: 0 there is none. */
static enum wire_type
hear(struct sending *s, struct wire *w)
{
	struct err e;
	size_t size;

	if (wire_get(s->out.data + s->read, s->out.len - s->read, w, &size,
		&e) <= 0)
		return 0;
	s->read += size;
	return w->type;
}

/* All that it has to say; what source_pump says then. */
static int
pump(struct sending *s)
{
	struct err e;
	int r;

	while ((r = source_pump(s->source, &e)) == 1)
		continue;
	place_need(r >= 0, "source_pump", &e);
	return r;
}

/* To a copy that has nothing. */
static void
offer(struct sending *s, bool read_only)
{
	const struct source_options o = { .read_only = read_only };
	struct wire w;
	struct err e;

	source_free(s->source);
	s->out.len = s->read = 0;
	s->source = source_new(&o, &s->out);
	place_need(s->source != NULL &&
		source_add(s->source, s->pl.topic.path, NULL, "x:/t", &e) == 0,
	    "source_add", &e);
	CHECK_EQ_INT(hear(s, &w), WIRE_TOPIC);
	CHECK_EQ_MEM(w.id.data, (size_t)w.id.len, s->pl.topic.settings.id,
	    WIRE_ID);
	w = (struct wire){ .type = WIRE_POSITION, .high = -1 };
	place_need(say(s, &w, &e) == 0, "WIRE_POSITION", &e);
	w = (struct wire){ .type = WIRE_READY };
	place_need(say(s, &w, &e) == 0, "WIRE_READY", &e);
	CHECK_EQ_INT(hear(s, &w), WIRE_START);
	CHECK_EQ_INT(w.from, 0);
	CHECK_EQ_INT(w.cut, -1);
}

static int64_t
durable(const struct sending *s)
{
	return atomic_load(&s->pl.p.state.page->durable_offset);
}

/* Who may write syncs what it sends. */
static void
on_disk_before_it_is_sent(void)
{
	struct sending s;
	struct wire w;
	struct err e;

	begin(&s);
	CHECK_EQ_INT(durable(&s), 0);
	offer(&s, false);
	CHECK_EQ_INT(pump(&s), 0);
	CHECK_EQ_INT(hear(&s, &w), WIRE_BATCHES);
	CHECK_EQ_INT(w.from, 0);
	CHECK_EQ_INT(source_counts(s.source)->records, 3);
	CHECK_EQ_INT(durable(&s), 3);
	CHECK_EQ_INT(hear(&s, &w), 0); /* it waits for the copy */
	w = (struct wire){ .type = WIRE_ACK, .end = 3 };
	CHECK_EQ_INT(say(&s, &w, &e), 0);
	CHECK_EQ_INT(pump(&s), 2);
	CHECK_EQ_INT(hear(&s, &w), WIRE_BYE);
	CHECK(source_is_over(s.source));
	end(&s);
}

/* Who may not sends what others synced, and nothing else. */
static void
not_on_disk_not_sent(void)
{
	struct sending s;
	struct wire w;
	struct err e;

	begin(&s);
	offer(&s, true);
	pump(&s);
	CHECK_EQ_INT(hear(&s, &w), WIRE_BYE);
	CHECK_EQ_INT(source_counts(s.source)->records, 0);
	place_need(durable_wait(&s.pl.p, 3, INT64_MAX, &e) == 0, "sync", &e);
	place_need(place_append(&s.pl, times, 2, &e) == 3, "append", &e);
	offer(&s, true);
	pump(&s);
	CHECK_EQ_INT(hear(&s, &w), WIRE_BATCHES);
	CHECK_EQ_INT(source_counts(s.source)->records, 3);
	CHECK_EQ_INT(hear(&s, &w), 0);
	CHECK_EQ_INT(durable(&s), 3);
	end(&s);
}

static void
refused(void)
{
	struct wire w = { .type = WIRE_ACK, .end = 4 };
	struct sending s;
	struct err e;

	begin(&s);
	offer(&s, false);
	pump(&s);
	CHECK_EQ_INT(say(&s, &w, &e), -1); /* more than was sent */
	CHECK_EQ_INT(e.code, ERR_DATA);
	w = (struct wire){ .type = WIRE_POSITION, .partition = 1 };
	CHECK_EQ_INT(say(&s, &w, &e), -1);
	CHECK_EQ_INT(e.code, ERR_DATA);
	w = (struct wire){ .type = WIRE_POSITION, .topic = 1 };
	CHECK_EQ_INT(say(&s, &w, &e), -1);
	CHECK_EQ_INT(e.code, ERR_DATA);
	w = (struct wire){ .type = WIRE_POSITION, .start = 2, .end = 1 };
	CHECK_EQ_INT(say(&s, &w, &e), -1);
	CHECK_EQ_INT(e.code, ERR_DATA);
	w = (struct wire){ .type = WIRE_BATCHES };
	CHECK_EQ_INT(say(&s, &w, &e), -1); /* that is what we say */
	CHECK_EQ_INT(e.code, ERR_DATA);
	end(&s);
}

TEST_MAIN(TEST(on_disk_before_it_is_sent), TEST(not_on_disk_not_sent),
    TEST(refused))
