/*
 * Truncation: what every state of it shows, and of what is done next.
 *
 * The topic is a replica whose leader has other records from some offset on.
 * Below that offset nothing that was synced is ever missing; behind it each
 * such batch is in the log still, or in a file of cut/.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "clock.h"
#include "origins.h"
#include "role.h"
#include "truncate.h"

enum { ROUNDS = 3, BATCHES = 10 };

static struct {
	uint64_t random;
	int32_t epoch; /* the newest that was begun */
	int64_t at;    /* where the log is to end */
	bool ended;    /* it was told so */
	int step;
} cut;

/* ---- what is asked ---- */

static void
check_batches(const struct disk *d, const struct seen *s, bool only_killed,
    bool ended, const struct way *way)
{
	const struct past *p;
	bool sure;
	int i;

	for (i = 0; i < past.count; i++) {
		p = &past.list[i];
		sure = p->kept || only_killed || ended;
		if (p->lost)
			continue;
		if (p->stamp == past.stamp) {
			if (ended && p->last >= cut.at)
				model_fail(way, "offset %lld is back",
				    (long long)p->base);
			continue;
		}
		if (!sure || (p->last >= cut.at && files_cut_has(d, p)))
			continue;
		model_fail(way, "offset %lld of epoch %d is gone%s",
		    (long long)p->base, p->epoch,
		    p->last >= cut.at ? ", and not saved" : "");
	}
	if (ended && s->next != cut.at)
		model_fail(way, "reading ends at %lld, the log at %lld",
		    (long long)s->next, (long long)cut.at);
}

static void
truncate_it(struct partition *p, const struct way *way)
{
	struct truncate t = { .partition = p, .offset = cut.at };
	struct err e;

	if (truncate_log(&t, CLOCK_NEVER, &e) < 0)
		model_fail(way, "truncation: %s", e.text);
	if (t.end != cut.at)
		model_fail(way, "truncation: ends at %lld, not %lld",
		    (long long)t.end, (long long)cut.at);
}

/* None begins where the log does not go. */
static void
check_epochs(const struct partition *p, const struct way *way)
{
	struct epochs es = { 0 };
	struct err e;
	size_t i;

	if (origins_read(&es, p->dirfd, p->where, &e) < 0)
		model_fail(way, "epochs: %s", e.text);
	for (i = 0; i < es.count; i++)
		if (es.list[i].start >= cut.at)
			model_fail(way, "epoch %d starts at %lld still",
			    es.list[i].epoch, (long long)es.list[i].start);
	epochs_release(&es);
}

/* As a copy does with what its leader has there. */
static void
begin_epoch(struct partition *p, const struct way *way)
{
	struct epochs es = { 0 };
	uint64_t origin;
	struct err e;

	if (append_begin(p, CLOCK_NEVER, &e) < 0 ||
	    origins_read(&es, p->dirfd, p->where, &e) < 0 ||
	    origins_draw(&origin, &e) < 0)
		model_fail(way, "epochs: %s", e.text);
	if (epochs_assign(&es, cut.epoch + 1, p->slot.next_offset, origin) < 0)
		exit(2);
	if (origins_save(&es, p->dirfd, p->where, &e) < 0)
		model_fail(way, "epochs: %s", e.text);
	p->slot.epoch = cut.epoch + 1;
	state_publish(&p->state, &p->slot);
	append_end(p);
	epochs_release(&es);
}

static void
check_append(struct partition *p, const struct way *way)
{
	uint64_t random = cut.random;
	int32_t size;

	begin_epoch(p, way);
	(void)model_append(p, &random, &size, way);
	model_sync(p, way);
}

void
cut_check(struct disk *d, bool only_killed,
    void (*nest)(const struct point *at), const struct way *way)
{
	struct partition p;
	struct topic t;
	struct seen s;

	model_open(&t, way);
	read_log(&s, &t, !only_killed, way);
	check_batches(d, &s, only_killed, cut.ended, way);
	calls_point = nest;
	model_partition(&p, &t, way);
	model_recover(&p, way);
	calls_point = NULL;
	read_log(&s, &t, false, way);
	check_batches(d, &s, only_killed, cut.ended, way);
	check_verified(&t, way);
	if (cut.ended)
		check_epochs(&p, way);
	/* What was not synced may have been lost from below the cut. */
	if (s.next >= cut.at) {
		calls_point = nest;
		truncate_it(&p, way);
		calls_point = NULL;
		read_log(&s, &t, false, way);
		check_batches(d, &s, only_killed, cut.ended, way);
		if (s.next != cut.at)
			model_fail(way, "cut again, reading ends at %lld",
			    (long long)s.next);
		check_epochs(&p, way);
		check_verified(&t, way);
	}
	check_append(&p, way);
	check_verified(&t, way);
	partition_close(&p);
	topic_close(&t);
	if (calls_held(d) != 0)
		model_fail(way, "%d handles and locks are left",
		    calls_held(d));
}

/* ---- a run ---- */

static void
cut_point(const struct point *at)
{
	if (at->kind == POINT_WAIT)
		return;
	cut.step++;
	if (at->kind != POINT_CALL)
		disk_remember_page(calls_disk);
	check_point(calls_disk, at, NULL, cut.step, true);
}

/* The log is filled, and cut back to the start of some batch. */
static void
one_round(const struct topic *t)
{
	struct point end = { .kind = POINT_CHANGE, .node = NONE };
	struct way way = { NULL, cut.step, NONE };
	struct partition p;
	int batches = 2 + random_below(&cut.random, BATCHES);
	/* Anywhere, near the end, where nothing is synced, near the start. */
	int i, n, where = random_below(&cut.random, 3), from = 0;

	model_partition(&p, t, &way);
	begin_epoch(&p, &way);
	cut.epoch++;
	/* The last of them maybe not synced. */
	model_fill(&p, &cut.random, batches,
	    batches - (where == 1 ? 6 : random_below(&cut.random, 4)), &way);
	while (past.list[from].lost)
		from++;
	n = past.count - from;
	if (where == 1 && n > 4)
		from = past.count - 4;
	if (where > 0 && n > 4)
		n = 4;
	do
		i = from + random_below(&cut.random, n);
	while (past.list[i].lost);
	cut.at = past.list[i].base;
	cut.ended = false;
	calls_point = cut_point;
	truncate_it(&p, &way);
	cut.ended = true;
	cut_point(&end);
	calls_point = NULL;
	for (i = 0; i < past.count; i++) {
		past.list[i].lost |= past.list[i].last >= cut.at;
		past.list[i].kept = true;
	}
	partition_close(&p);
}

void
cut_work(void)
{
	static const int64_t segments[] = { 400, 900, 2000 };
	struct role role = { .kind = ROLE_REPLICA, .source = "h:/t" };
	static struct disk disk;
	struct way way = { NULL, 0, NONE };
	struct topic t;
	struct err e;
	int i;

	memset(&cut, 0, sizeof(cut));
	cut.random = mix(run.seed, (uint64_t)run.number);
	run.segment_bytes = segments[random_below(&cut.random, 3)];
	run.index_interval = random_below(&cut.random, 2) * 150;
	model_create(&disk, &t);
	if (role_set(t.dirfd, t.path, CLOCK_NEVER, &role, &e) < 0)
		model_fail(&way, "role: %s", e.text);
	for (i = 0; i < ROUNDS; i++)
		one_round(&t);
	topic_close(&t);
}
