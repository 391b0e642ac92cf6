#include "accumulator.h"

#include <sys/resource.h>

#include "clock.h"
#include "handles.h"
#include "packer.h"
#include "place.h"
#include "view.h"

/* ---- handles ---- */

static void
handles(void)
{
	struct batch_builder bb = { 0 };
	struct rlimit old, low;
	struct settings s;
	struct handles *h;
	struct topic t;
	struct place pl;
	int64_t base, ts = 5;
	char path[80];
	uint8_t *bytes;
	struct err e;
	size_t size;
	int32_t i;

	place_dir(&pl);
	settings_init(&s);
	s.partitions = 12;
	snprintf(path, sizeof(path), "%s/t", pl.dir);
	place_need(topic_create(path, &s, false, &e) == 0 &&
		topic_open(&t, path, &e) == 0, "topic", &e);
	/* Room for two or three at a time. */
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 40;
	place_need(setrlimit(RLIMIT_NOFILE, &low) == 0, "limit", NULL);
	h = handles_new(&t, HANDLES_DURABLE);
	for (i = 0; i < 36; i++) {
		place_batch(&bb, &ts, 1, &bytes, &size);
		CHECK_EQ_INT(handles_append(h, i % 12, bytes, size, 0, &base,
				 &e), 0);
		CHECK_EQ_INT(base, i / 12);
	}
	CHECK_EQ_INT(handles_sync(h, CLOCK_NEVER, &e), 0);
	handles_free(h);
	setrlimit(RLIMIT_NOFILE, &old);
	batch_builder_release(&bb);
	topic_close(&t);
	place_remove(&pl);
}

/* ---- packer ---- */

struct sink {
	uint64_t got, fail_at;
};

static int
sink_append(void *ctx, struct packer_job *job, uint8_t *bytes, size_t size,
    struct err *e)
{
	struct sink *sink = ctx;
	struct batch b;

	if (sink->got == sink->fail_at)
		return err_set(e, ERR_BUSY, "enough");
	CHECK_EQ_INT(batch_decode(bytes, size, &b), BATCH_WHOLE);
	CHECK(batch_verify(bytes, &b));
	CHECK_EQ_INT(job->first_number, sink->got);
	job->base_offset = (int64_t)sink->got++;
	return 0;
}

static int
submit(struct packer *p, uint64_t number, struct err *e)
{
	static const uint8_t value[3000];
	struct packer_job *job;
	struct record r;

	while ((job = packer_get(p, e)) == NULL) {
		if (e->code != ERR_NONE)
			return -1;
		while ((job = packer_done(p)) != NULL)
			packer_put(p, job);
	}
	memset(&r, 0, sizeof(r));
	r.key = SLICE_NULL;
	r.value = (struct slice){ value, sizeof(value) };
	place_need(batch_builder_add(&job->builder, &r) == 0, "add", NULL);
	job->first_number = number;
	return packer_submit(p, job, e);
}

static void
packing(void)
{
	static const int workers[] = { 0, 1, 3, 99 };
	struct packer_options o = { .codec = CODEC_ZSTD, .level = 1,
		.append = sink_append };
	struct packer_job *job;
	struct sink sink;
	struct packer *p;
	struct err e;
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
		sink = (struct sink){ 0, UINT64_MAX };
		o.workers = workers[i];
		o.ctx = &sink;
		p = packer_new(&o, &e);
		place_need(p != NULL, "packer", &e);
		for (n = 0; n < 300; n++)
			CHECK_EQ_INT(submit(p, n, &e), 0);
		CHECK_EQ_INT(packer_drain(p, &e), 0);
		CHECK_EQ_INT(sink.got, 300);
		CHECK_EQ_INT(packer_lowest(p), UINT64_MAX);
		n = 0;
		while ((job = packer_done(p)) != NULL) {
			CHECK(job->first_number >= n);
			n = job->first_number;
			packer_put(p, job);
		}
		CHECK_EQ_INT(n, 299);
		packer_free(p);
	}
}

/* After a failure nothing more is appended, and the lowest number is told. */
static void
packer_fails(void)
{
	struct packer_options o = { .codec = CODEC_NONE,
		.append = sink_append };
	struct sink sink;
	struct packer *p;
	struct err e;
	uint64_t n;

	for (o.workers = 0; o.workers < 4; o.workers += 3) {
		sink = (struct sink){ 0, 20 };
		o.ctx = &sink;
		p = packer_new(&o, &e);
		place_need(p != NULL, "packer", &e);
		for (n = 0; n < 100 && submit(p, n, &e) == 0; n++)
			continue;
		CHECK(n >= 20 && n < 100);
		CHECK_EQ_INT(e.code, ERR_BUSY);
		CHECK_EQ_INT(packer_drain(p, &e), -1);
		CHECK_EQ_INT(sink.got, 20);
		CHECK_EQ_INT(packer_lowest(p), 20);
		packer_free(p);
	}
}

/* ---- accumulator ---- */

struct tally {
	uint64_t records;
	int64_t next[3]; /* offset that comes next, each partition */
};

static int
acked(void *ctx, const struct accumulator_ack *ack, struct err *e)
{
	struct tally *t = ctx;

	(void)e;
	CHECK_EQ_INT(ack->base_offset, t->next[ack->partition]);
	t->next[ack->partition] += ack->count;
	t->records += (uint64_t)ack->count;
	return 0;
}

static int
add(struct accumulator *a, uint64_t n, int32_t size, struct err *e)
{
	static uint8_t value[100000];
	struct record r;

	memset(&r, 0, sizeof(r));
	r.key = SLICE_NULL;
	r.value = (struct slice){ value, size };
	r.timestamp = 1000;
	return accumulator_add(a, (int32_t)(n % 3), &r, n, e);
}

static void
topic3(struct place *pl, struct topic *t)
{
	struct settings s;
	char path[80];
	struct err e;

	place_dir(pl);
	settings_init(&s);
	s.partitions = 3;
	place_need(settings_set(&s, "max.message.bytes", "50000", &e) == 0 &&
		settings_set(&s, "segment.bytes", "200000", &e) == 0,
	    "set", &e);
	snprintf(path, sizeof(path), "%s/t", pl->dir);
	place_need(topic_create(path, &s, false, &e) == 0 &&
		topic_open(t, path, &e) == 0, "topic", &e);
}

static void
accumulating(void)
{
	struct accumulator_options o = { .codec = CODEC_ZSTD, .level = 1,
		.batch_bytes = 4000, .care = HANDLES_DURABLE, .timeout_ms = -1,
		.acked = acked };
	struct accumulator *a;
	struct tally tally;
	struct topic t;
	struct place pl;
	struct view v;
	struct err e;
	uint64_t n;
	int32_t i;

	for (o.workers = 0; o.workers < 3; o.workers += 2) {
		topic3(&pl, &t);
		tally = (struct tally){ 0 };
		o.topic = &t;
		o.ctx = &tally;
		a = accumulator_new(&o, &e);
		place_need(a != NULL, "accumulator", &e);
		CHECK_EQ_INT(accumulator_flush(a, &e), 0);
		for (n = 0; n < 3000; n++)
			CHECK_EQ_INT(add(a, n, (int32_t)(n % 700), &e), 0);
		CHECK_EQ_INT(add(a, n, 40000, &e), 0);
		CHECK_EQ_INT(add(a, n + 1, 60000, &e), 1); /* too large */
		CHECK_EQ_INT(accumulator_flush(a, &e), 0);
		CHECK_EQ_INT(tally.records, 3001);
		CHECK_EQ_INT(accumulator_totals(a)->safe, 3001);
		CHECK_EQ_INT(accumulator_salvage(a), UINT64_MAX);
		for (i = 0; i < 3; i++) {
			place_need(view_open(&v, t.dirfd, i, "t", &e) == 0 &&
				view_refresh(&v, &e) == 0, "view", &e);
			CHECK_EQ_INT(v.end.next_offset, tally.next[i]);
			CHECK_EQ_INT(accumulator_lane(a, i)->end_offset,
			    tally.next[i]);
			view_close(&v);
		}
		accumulator_free(a);
		topic_close(&t);
		place_remove(&pl);
	}
}

/* Somebody holds partition 1: what is safe is told, and what is not. */
static void
accumulator_busy(void)
{
	struct accumulator_options o = { .codec = CODEC_NONE,
		.batch_bytes = 4000, .care = HANDLES_DURABLE, .acked = acked };
	struct tally tally = { 0 };
	struct accumulator *a;
	struct topic t;
	struct place pl;
	struct lock l;
	struct err e;
	int part;

	topic3(&pl, &t);
	part = openat(t.dirfd, "1", O_RDONLY | O_CLOEXEC);
	place_need(lock_open(&l, part, "lock", "x", 0, &e) == 0 &&
		lock_try(&l, &e) == 1, "lock", &e);
	o.topic = &t;
	o.ctx = &tally;
	a = accumulator_new(&o, &e);
	place_need(a != NULL, "accumulator", &e);
	CHECK_EQ_INT(add(a, 0, 10, &e), 0);
	CHECK_EQ_INT(add(a, 1, 10, &e), 0);
	CHECK_EQ_INT(add(a, 2, 10, &e), 0);
	CHECK_EQ_INT(accumulator_flush(a, &e), -1);
	CHECK_EQ_INT(e.code, ERR_BUSY);
	CHECK_EQ_INT(accumulator_salvage(a), 1);
	CHECK_EQ_INT(tally.records, 1);
	CHECK_EQ_INT(accumulator_totals(a)->safe, 1);
	accumulator_free(a);
	lock_close(&l);
	close(part);
	topic_close(&t);
	place_remove(&pl);
}

TEST_MAIN(TEST(handles), TEST(packing), TEST(packer_fails),
    TEST(accumulating), TEST(accumulator_busy))
