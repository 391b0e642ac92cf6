/*
 * Snapshots: at every moment of one the topic is as it was, and the snapshot
 * is not there, or whole.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "snapshot.h"

enum { BATCHES = 10 };

#define SNAPSHOT "/d/s"

static struct {
	uint64_t random;
	bool ended; /* it was told so */
	int step;
} sn;

/* All there ever was. */
static void
check_all(const struct topic *t, int more, const struct way *way)
{
	struct seen s;

	read_log(&s, t, false, way);
	if (s.count != past.count - more)
		model_fail(way, "%s: has %d of %d batches", t->path, s.count,
		    past.count - more);
}

static void
use(const struct topic *t, void (*nest)(const struct point *at),
    const struct way *way)
{
	struct partition p;

	check_all(t, 0, way);
	calls_point = nest;
	model_partition(&p, t, way);
	model_recover(&p, way);
	calls_point = NULL;
	partition_close(&p);
	check_all(t, 0, way);
	check_verified(t, way);
}

/* What is appended to one of them is not in the other. */
static void
check_apart(const struct topic *t, const struct topic *other,
    const struct way *way)
{
	struct history *h = &past;
	int count = h->count, used = h->used;
	uint64_t random = sn.random;
	struct partition p;
	int16_t first;
	int64_t base;

	model_partition(&p, t, way);
	model_recover(&p, way);
	base = p.slot.next_offset;
	first = h->first[base];
	model_fill(&p, &random, 1, 1, way);
	partition_close(&p);
	check_all(t, 0, way);
	check_all(other, 1, way);
	h->count = count;
	h->used = used;
	h->first[base] = first;
}

static void
take(const struct topic *t, const struct way *way)
{
	struct err e;

	if (snapshot_take(t, SNAPSHOT, false, CLOCK_NEVER, &e) < 0)
		model_fail(way, "snapshot: %s", e.text);
}

void
snapshot_check(void (*nest)(const struct point *at), const struct way *way)
{
	struct topic t, s;
	struct err e;

	model_open(&t, way);
	use(&t, nest, way);
	if (topic_open(&s, SNAPSHOT, &e) < 0) {
		if (e.sys != ENOENT || sn.ended)
			model_fail(way, "opening: %s", e.text);
		calls_point = nest;
		take(&t, way);
		calls_point = NULL;
		if (topic_open(&s, SNAPSHOT, &e) < 0)
			model_fail(way, "opening: %s", e.text);
	}
	s.settings.segment_bytes = run.segment_bytes;
	s.settings.index_interval_bytes = run.index_interval;
	use(&s, nest, way);
	if (way->state % 2 == 0)
		check_apart(&s, &t, way);
	else
		check_apart(&t, &s, way);
	check_verified(&s, way);
	check_verified(&t, way);
	topic_close(&s);
	topic_close(&t);
	if (calls_held(calls_disk) != 0)
		model_fail(way, "%d handles and locks are left",
		    calls_held(calls_disk));
}

static void
snapshot_point(const struct point *at)
{
	if (at->kind == POINT_WAIT)
		return;
	sn.step++;
	if (at->kind != POINT_CALL)
		disk_remember_page(calls_disk);
	check_point(calls_disk, at, NULL, sn.step, true);
}

void
snapshot_work(void)
{
	static const int64_t segments[] = { 400, 900, 2000 };
	struct point end = { .kind = POINT_CHANGE, .node = NONE };
	struct way way = { NULL, 0, NONE };
	static struct disk disk;
	struct partition p;
	struct topic t;
	int batches;

	memset(&sn, 0, sizeof(sn));
	sn.random = mix(run.seed, (uint64_t)run.number);
	run.segment_bytes = segments[random_below(&sn.random, 3)];
	run.index_interval = random_below(&sn.random, 2) * 150;
	model_create(&disk, &t);
	model_partition(&p, &t, &way);
	batches = 2 + random_below(&sn.random, BATCHES);
	model_fill(&p, &sn.random, batches, batches, &way);
	partition_close(&p);
	calls_point = snapshot_point;
	take(&t, &way);
	sn.ended = true;
	snapshot_point(&end);
	calls_point = NULL;
	topic_close(&t);
}
