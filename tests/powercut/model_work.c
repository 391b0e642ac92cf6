/* A run: actors that take turns at the calls of the core, and their lives. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "append.h"
#include "checkpoint.h"
#include "clock.h"
#include "cursor.h"
#include "durable.h"

enum { ACTORS = 5, STACK = 2 << 20, LIVES = 4, BATCHES = 14 };

enum job { JOB_NONE, JOB_CREATE, JOB_PRODUCE, JOB_READ, JOB_TRIM };

struct actor {
	ucontext_t context;
	char *stack;
	enum job job; /* NONE: it ended or was killed */
	struct batch_builder batch;
	uint8_t *bytes; /* what it appends now, or NULL */
	int noted; /* its place in the history, or NONE */
};

static struct {
	uint64_t random;
	struct disk *disk, *spare;
	struct actor actors[ACTORS];
	int current, step, left; /* batches of this life */
	bool over; /* this life */
	bool restless; /* it may end at any point */
	bool only_killed; /* since the log was last recovered */
	struct point last;
	ucontext_t main;
} w;

struct settings_of_run run;

static struct actor *
self(void)
{
	return &w.actors[w.current];
}

static void
yield(void)
{
	swapcontext(&self()->context, &w.main);
	calls_actor = w.current;
}

static void
end_actor(void)
{
	disk_close_all(w.disk, w.current);
	self()->job = JOB_NONE;
	setcontext(&w.main);
}

/* ---- points ---- */

static void
states_here(const struct point *at)
{
	w.step++;
	if (at->kind != POINT_CALL)
		disk_remember_page(w.disk);
	check_point(w.disk, at, NULL, w.step, w.only_killed);
}

static void
at_point(const struct point *at)
{
	struct actor *a = self();

	if (at->kind == POINT_WAIT) {
		yield();
		return;
	}
	if (at->kind == POINT_WRITE && at->data == a->bytes &&
	    a->bytes != NULL)
		a->noted = past_add(a->bytes, at->n);
	states_here(at);
	if (w.restless && random_below(&w.random, 90) == 0) {
		w.last = *at;
		w.over = true;
		setcontext(&w.main);
	}
	if (w.restless && random_below(&w.random, 70) == 0) {
		if (at->kind == POINT_WRITE)
			calls_cut_short(w.disk, at, &w.random);
		end_actor();
	}
	if (random_below(&w.random, 3) == 0)
		yield();
}

/* A promise was just made, by a call that returned. */
static void
promised(void)
{
	struct point at = { .kind = POINT_CHANGE, .node = NONE };

	states_here(&at);
}

static void
failed(const char *what, const struct err *e)
{
	struct way way = { NULL, w.step, NONE };

	model_fail(&way, "%s: %s", what, e->text);
}

/* ---- jobs ---- */

static void
create(void)
{
	struct settings s;
	struct err e;

	settings_init(&s);
	if (topic_create(MODEL_TOPIC, &s, false, &e) < 0) {
		if (e.sys != EEXIST)
			failed("create", &e);
		/* By one who was killed before it was promised. */
		w.last = (struct point){ .kind = POINT_CHANGE };
		w.over = true;
		return;
	}
	past.created = true;
	promised();
}

static void
make_batch(struct actor *a, size_t *size)
{
	static uint8_t value[1024];
	struct record r = { .key = SLICE_NULL };
	struct buf none = { 0 };
	int records = 1 + random_below(&w.random, 3), most;
	struct err e;
	size_t i;

	most = random_below(&w.random, 4) == 0 ? 900 : 120;
	batch_builder_clear(&a->batch);
	for (; records > 0; records--) {
		r.value.len = 8 + random_below(&w.random, most / records);
		for (i = 0; i < (size_t)r.value.len; i += 8)
			put_be64(value + i, random_next(&w.random));
		r.value.data = value;
		r.timestamp = 1600000000000 + random_below(&w.random, 5000);
		if (batch_builder_add(&a->batch, &r) < 0)
			exit(2);
	}
	if (batch_builder_finish(&a->batch, NULL, CODEC_NONE, 0, &none,
		&a->bytes, size, &e) < 0)
		failed("batch", &e);
}

static void
produce(struct actor *a, const struct topic *t)
{
	bool acks = random_below(&w.random, 3) > 0;
	struct partition p;
	int64_t base, end;
	struct err e;
	size_t size;

	if (partition_open(&p, t->dirfd, 0, t->path, &t->settings, &e) < 0)
		failed("open", &e);
	while (w.left > 0 && random_below(&w.random, 12) > 0) {
		w.left--;
		make_batch(a, &size);
		a->noted = NONE;
		if (append_batch(&p, a->bytes, size, CLOCK_NEVER, &base, &e) <
		    0)
			failed("append", &e);
		a->bytes = NULL;
		if (a->noted == NONE || past.list[a->noted].base != base) {
			snprintf(e.text, sizeof(e.text), "not at %lld",
			    (long long)base);
			failed("append", &e);
		}
		w.only_killed = true;
		past_publish(a->noted);
		end = past.list[a->noted].last + 1;
		if (!acks && random_below(&w.random, 6) > 0)
			continue;
		if (durable_wait(&p, end, CLOCK_NEVER, &e) < 0)
			failed("wait", &e);
		past_acknowledge(end);
		promised();
	}
	partition_close(&p);
}

/* What a reader saw, it may remember. */
static void
read_live(const struct topic *t)
{
	struct way way = { NULL, w.step, NONE };
	struct seen s;
	int i;

	read_log(&s, t, true, &way);
	for (i = 0; i < s.count; i++)
		past_publish(s.list[i]);
	yield();
}

static void
trim(const struct topic *t)
{
	struct partition p;
	int64_t start;
	struct err e;

	if (partition_open(&p, t->dirfd, 0, t->path, &t->settings, &e) < 0 ||
	    append_begin(&p, CLOCK_NEVER, &e) < 0)
		failed("trim", &e);
	start = past.start_kept;
	if (start < p.slot.next_offset)
		start += random_below(&w.random,
		    (int)(p.slot.next_offset - start + 2) / 2);
	if (past.start_tried < start)
		past.start_tried = start;
	if (start > 0 &&
	    checkpoint_write_start(p.dirfd, start, p.where, &e) < 0)
		failed("trim", &e);
	past.start_kept = start;
	append_end(&p);
	partition_close(&p);
	promised();
}

static void
live(void)
{
	struct way way = { NULL, w.step, NONE };
	struct actor *a = self();
	struct topic t;

	calls_actor = w.current;
	if (a->job == JOB_CREATE) {
		create();
	} else {
		if (model_open(&t, &way) == 0)
			model_fail(&way, "the topic is gone");
		if (a->job == JOB_PRODUCE)
			produce(a, &t);
		else if (a->job == JOB_READ)
			read_live(&t);
		else
			trim(&t);
		topic_close(&t);
	}
	end_actor();
}

/* ---- lives ---- */

static void
start_actor(int i, enum job job)
{
	struct actor *a = &w.actors[i];

	if (a->stack == NULL)
		a->stack = malloc(STACK);
	if (a->stack == NULL)
		exit(2);
	a->job = job;
	a->bytes = NULL;
	getcontext(&a->context);
	a->context.uc_stack.ss_sp = a->stack;
	a->context.uc_stack.ss_size = STACK;
	a->context.uc_link = NULL;
	makecontext(&a->context, live, 0);
}

static enum job
next_job(int i)
{
	int r = random_below(&w.random, 40);

	if (!past.created)
		return i == 0 ? JOB_CREATE : JOB_NONE;
	if (w.left <= 0)
		return JOB_NONE;
	return r == 0 ? JOB_TRIM : r < 6 ? JOB_READ : JOB_PRODUCE;
}

/* Until all batches are appended, or a crash comes. */
static void
one_life(void)
{
	volatile int i;
	int busy, count = 1 + random_below(&w.random, ACTORS);

	for (i = 0; i < ACTORS; i++)
		w.actors[i].job = JOB_NONE;
	w.over = false;
	w.left = BATCHES;
	calls_disk = w.disk;
	do {
		for (busy = i = 0; i < count; i++) {
			if (w.actors[i].job == JOB_NONE) {
				start_actor(i, next_job(i));
				if (w.actors[i].job == JOB_NONE)
					continue;
			}
			busy++;
			if (random_below(&w.random, 2) == 0)
				continue;
			w.current = i;
			calls_actor = i;
			calls_point = at_point;
			swapcontext(&w.main, &w.actors[i].context);
		}
	} while (busy > 0 && !w.over);
	calls_point = NULL;
	for (i = 0; i < ACTORS; i++)
		disk_close_all(w.disk, i);
	if (!w.over)
		w.last = (struct point){ .kind = POINT_CHANGE };
}

/* The crash that ends a life; what it left is what the next one has. */
static void
crash(void)
{
	struct chooser c = { .random = random_next(&w.random) };
	struct disk *old = w.disk;
	bool kill = random_below(&w.random, 4) == 0;
	struct seen s;
	int i;

	if (kill && w.last.kind == POINT_WRITE)
		calls_cut_short(w.disk, &w.last, &w.random);
	if (kill)
		disk_clone(w.disk, w.spare);
	if (kill && random_below(&w.random, 3) == 0)
		files_remove_page(w.spare);
	if (!kill)
		disk_crash(w.disk, w.spare, &c);
	disk_detach(w.spare);
	w.disk = w.spare;
	w.spare = old;
	calls_disk = w.disk;
	check_future(w.disk, w.spare, kill && w.only_killed, &s);
	for (i = 0; i < past.count; i++)
		past.list[i].lost = past.list[i].stamp != past.stamp &&
		    past.list[i].last >= s.start;
	/* What processes left who died is not seen before it is adopted. */
	for (i = 0; i < s.count && !kill; i++) {
		past.list[s.list[i]].kept = true;
		past_publish(s.list[i]);
	}
	past.created = past.created || (!kill && s.whole);
	if (!kill || s.start < past.start_kept)
		past.start_kept = s.start;
	w.only_killed = true;
}

void
work(void)
{
	static const int64_t segments[] = { 400, 900, 1600, 2600 };
	static const int64_t intervals[] = { 0, 150, 400, 4096 };
	static struct disk disks[2];
	int i;

	past_clear();
	w.random = mix(run.seed, (uint64_t)run.number);
	w.disk = &disks[0];
	w.spare = &disks[1];
	w.step = 0;
	w.only_killed = true;
	run.segment_bytes = segments[random_below(&w.random, 4)];
	run.index_interval = intervals[random_below(&w.random, 4)];
	files_begin(w.disk);
	for (i = 0; i < LIVES; i++) {
		w.restless = i > 0 || random_below(&w.random, 3) > 0;
		one_life();
		crash();
	}
}
