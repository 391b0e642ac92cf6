/*
 * Compaction: what every state of a clean shows, and of its recovery.
 *
 * All that is in the log is acknowledged before a clean starts, so whatever
 * happens the value that each key has is known: the last one or, where a clean
 * reduces, the sum since the last tombstone.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "clock.h"
#include "compaction.h"
#include "cursor.h"
#include "durable.h"

enum { KEYS = 5, OFFSETS = 256, ROUNDS = 3, BATCHES = 9, RETENTION_MS = 1000 };

#define TOMBSTONE INT64_MIN /* a value that is null; no value */

struct put { /* the record at an offset */
	int key;
	int64_t value;
};

static struct {
	uint64_t random;
	struct put list[OFFSETS];
	int64_t count;
	bool there[OFFSETS]; /* as the clean at hand began */
	bool reduces, ended; /* it, and it returned */
	int64_t now, sealed; /* its time, and where it may not clean */
	int step;
} cl;

struct shown { /* what a reader gets */
	bool there[OFFSETS];
	int64_t value[KEYS]; /* TOMBSTONE: none */
	int sealed[KEYS]; /* records below cl.sealed */
};

/* ---- reducing: sums ---- */

static int64_t
plus(int64_t sum, int64_t value)
{
	if (!cl.reduces || sum == TOMBSTONE || value == TOMBSTONE)
		return value;
	return sum + value;
}

static int64_t
value_in(struct slice value)
{
	return value.len < 0 ? TOMBSTONE : (int64_t)get_be64(value.data);
}

static struct {
	int64_t sum;
	uint8_t bytes[8];
} adding;

static int
add_begin(void *context, struct slice key, struct err *e)
{
	(void)context, (void)key, (void)e;
	adding.sum = TOMBSTONE;
	return 0;
}

static int
add_value(void *context, struct slice value, struct err *e)
{
	(void)context, (void)e;
	adding.sum = plus(adding.sum, value_in(value));
	return 0;
}

static int
add_end(void *context, struct slice *value, struct err *e)
{
	(void)context, (void)e;
	put_be64(adding.bytes, (uint64_t)adding.sum);
	*value = SLICE_NULL;
	if (adding.sum != TOMBSTONE)
		*value = (struct slice){ adding.bytes, 8 };
	return 0;
}

static const struct compaction_reduce sums = { add_begin, add_value, add_end,
	NULL };

/* ---- what is shown ---- */

static void
show(struct shown *s, const struct record *r, const struct way *way)
{
	const struct put *p = &cl.list[r->offset];
	int64_t value = value_in(r->value);

	if (r->offset >= cl.count || r->key.len != 1 ||
	    r->key.data[0] != p->key || (!cl.reduces && value != p->value))
		model_fail(way, "offset %lld has another record",
		    (long long)r->offset);
	if (!cl.there[r->offset])
		model_fail(way, "offset %lld is back", (long long)r->offset);
	s->there[r->offset] = true;
	s->value[p->key] = plus(s->value[p->key], value);
	s->sealed[p->key] += r->offset < cl.sealed;
}

static void
read_all(struct shown *s, const struct topic *t, const struct way *way)
{
	struct buf bytes = { 0 };
	struct batch_records br;
	struct cursor c;
	struct record r;
	struct batch b;
	struct view v;
	struct err e;
	int i, got;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < KEYS; i++)
		s->value[i] = TOMBSTONE;
	if (view_open(&v, t->dirfd, 0, t->path, &e) < 0)
		model_fail(way, "view: %s", e.text);
	v.strict = true;
	cursor_init(&c, &v, 0);
	while ((got = cursor_next(&c, &b, &bytes, &e)) > 0) {
		if (batch_records_init(
			&br, &b, bytes.data, NULL, NULL, 1 << 20, &e) < 0)
			model_fail(way, "records: %s", e.text);
		while ((got = batch_records_next(&br, &r, &e)) > 0)
			show(s, &r, way);
		if (got < 0)
			model_fail(way, "record: %s", e.text);
	}
	if (got < 0)
		model_fail(way, "read: %s", e.text);
	if (c.next != cl.count)
		model_fail(way, "reading ends at %lld of %lld",
		    (long long)c.next, (long long)cl.count);
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
}

/* Whether offset is the last of its key below where the clean may go. */
static bool
is_last(int64_t offset)
{
	int64_t i;

	for (i = offset + 1; i < cl.sealed; i++)
		if (cl.list[i].key == cl.list[offset].key)
			return false;
	return true;
}

/*
 * mixed: while segments of one reducing clean are swapped a reader may get
 * some old and some new, whose sums mean nothing.
 */
static void
check_shown(
    const struct topic *t, bool ended, bool mixed, const struct way *way)
{
	int64_t truth[KEYS], o;
	struct shown s;
	int k;

	read_all(&s, t, way);
	for (k = 0; k < KEYS; k++)
		truth[k] = TOMBSTONE;
	for (o = 0; o < cl.count; o++)
		truth[cl.list[o].key] =
		    plus(truth[cl.list[o].key], cl.list[o].value);
	for (k = 0; k < KEYS; k++)
		if (truth[k] != s.value[k] && !mixed)
			model_fail(way, "key %d shows %lld, was given %lld", k,
			    (long long)s.value[k], (long long)truth[k]);
	for (o = 0; o < cl.count; o++)
		if (ended && cl.list[o].value != TOMBSTONE && !cl.reduces &&
		    s.there[o] != (o >= cl.sealed || is_last(o)))
			model_fail(way, "offset %lld is %s", (long long)o,
			    s.there[o] ? "there still" : "gone");
	for (k = 0; k < KEYS; k++)
		if (ended && s.sealed[k] > 1)
			model_fail(
			    way, "key %d has %d records", k, s.sealed[k]);
}

/* ---- a clean ---- */

static void
open_partition(
    struct partition *p, const struct topic *t, const struct way *way)
{
	struct err e;

	if (partition_open(p, t->dirfd, 0, t->path, &t->settings, &e) < 0)
		model_fail(way, "partition: %s", e.text);
}

static void
clean(struct partition *p, const struct way *way)
{
	struct compaction c = { .partition = p,
		.now_ms = cl.now,
		.force = true,
		.reduce = cl.reduces ? &sums : NULL };
	struct err e;

	if (compaction_run(&c, &e) < 0)
		model_fail(way, "clean: %s", e.text);
}

void
clean_check(void (*nest)(const struct point *at), const struct way *way)
{
	bool mixed = cl.reduces && !cl.ended;
	struct partition p;
	struct topic t;
	struct err e;

	model_open(&t, way);
	check_shown(&t, cl.ended, mixed, way);
	calls_point = nest;
	open_partition(&p, &t, way);
	if (append_begin(&p, CLOCK_NEVER, &e) < 0)
		model_fail(way, "recovery: %s", e.text);
	append_end(&p);
	check_shown(&t, cl.ended, mixed, way);
	if (partition_begin_clean(&p, &e) < 0)
		model_fail(way, "finishing: %s", e.text);
	partition_end_clean(&p);
	calls_point = NULL;
	check_shown(&t, cl.ended, false, way);
	check_verified(&t, way);
	calls_point = nest;
	clean(&p, way);
	calls_point = NULL;
	check_shown(&t, true, false, way);
	check_verified(&t, way);
	partition_close(&p);
	topic_close(&t);
}

static void
clean_point(const struct point *at)
{
	if (at->kind == POINT_WAIT)
		return;
	cl.step++;
	if (at->kind != POINT_CALL)
		disk_remember_page(calls_disk);
	check_point(calls_disk, at, NULL, cl.step, true);
}

/* ---- a run ---- */

static void
put_batch(struct partition *p, const struct way *way)
{
	struct batch_builder bb = { 0 };
	struct buf none = { 0 };
	int records = 1 + random_below(&cl.random, 4);
	int64_t base = cl.count, got;
	uint8_t key, value[8], *bytes;
	struct err e;
	size_t size;

	for (; records > 0; records--) {
		struct put *put = &cl.list[cl.count];
		struct record r = { .timestamp = cl.now,
			.key = { &key, 1 },
			.value = SLICE_NULL };

		put->key = random_below(&cl.random, KEYS);
		put->value = cl.count;
		if (random_below(&cl.random, 4) == 0)
			put->value = TOMBSTONE;
		key = (uint8_t)put->key;
		put_be64(value, (uint64_t)put->value);
		if (put->value != TOMBSTONE)
			r.value = (struct slice){ value, 8 };
		if (batch_builder_add(&bb, &r) < 0)
			exit(2);
		cl.there[cl.count++] = true;
	}
	if (batch_builder_finish(
		&bb, NULL, CODEC_NONE, 0, &none, &bytes, &size, &e) < 0 ||
	    append_batch(p, bytes, size, CLOCK_NEVER, &got, &e) < 0 ||
	    durable_wait(p, cl.count, CLOCK_NEVER, &e) < 0)
		model_fail(way, "append: %s", e.text);
	if (got != base)
		model_fail(way, "append: not at the end");
	batch_builder_release(&bb);
}

/* More records, some of them sealed, and a clean with all its states. */
static void
one_round(const struct topic *t)
{
	struct way way = { NULL, cl.step, NONE };
	struct point end = { .kind = POINT_CHANGE, .node = NONE };
	struct partition p;
	struct shown s;
	int i, batches = 3 + random_below(&cl.random, BATCHES);

	open_partition(&p, t, &way);
	cl.ended = false;
	for (i = 0; i < batches; i++)
		put_batch(&p, &way);
	cl.sealed = p.slot.base;
	cl.now += random_below(&cl.random, 3) * RETENTION_MS;
	read_all(&s, t, &way);
	memcpy(cl.there, s.there, sizeof(cl.there));
	calls_point = clean_point;
	clean(&p, &way);
	cl.ended = true;
	clean_point(&end);
	calls_point = NULL;
	read_all(&s, t, &way);
	memcpy(cl.there, s.there, sizeof(cl.there));
	partition_close(&p);
}

void
clean_work(void)
{
	static const int64_t segments[] = { 200, 400, 900 };
	static struct disk disk;
	struct way way = { NULL, 0, NONE };
	struct settings s;
	struct topic t;
	struct err e;
	int i;

	memset(&cl, 0, sizeof(cl));
	past_clear();
	cl.random = mix(run.seed, (uint64_t)run.number);
	cl.reduces = random_below(&cl.random, 3) == 0;
	cl.now = 1600000000000;
	run.segment_bytes = segments[random_below(&cl.random, 3)];
	run.index_interval = random_below(&cl.random, 2) * 150;
	files_begin(&disk);
	calls_disk = &disk;
	calls_actor = 0;
	calls_point = NULL;
	settings_init(&s);
	if (topic_create(MODEL_TOPIC, &s, false, &e) < 0)
		model_fail(&way, "create: %s", e.text);
	past.created = true;
	model_open(&t, &way);
	for (i = 0; i < ROUNDS; i++)
		one_round(&t);
	topic_close(&t);
}
