/* One state: what is read, what recovery makes of it, what comes after. */
#include "model.h"

#include <errno.h>
#include <string.h>

#include "append.h"
#include "clock.h"
#include "cursor.h"
#include "durable.h"
#include "verify.h"

/* ---- reading ---- */

int
model_open(struct topic *t, const struct way *way)
{
	struct err e;

	if (topic_open(t, MODEL_TOPIC, &e) < 0) {
		if (past.created || e.sys != ENOENT)
			model_fail(way, "open: %s", e.text);
		return 0;
	}
	t->settings.segment_bytes = run.segment_bytes;
	t->settings.index_interval_bytes = run.index_interval;
	if (run.number < CLEAN_RUNS || run.number >= CUT_RUNS)
		return 1;
	t->settings.cleanup_policy = CLEANUP_COMPACT;
	t->settings.delete_retention_ms = 1000;
	return 1;
}

static void
read_batches(struct seen *s, struct view *v, bool tolerate,
    const struct way *way)
{
	struct buf bytes = { 0 };
	struct cursor c;
	struct batch b;
	struct err e;
	int i, r;

	cursor_init(&c, v, s->start);
	while ((r = cursor_next(&c, &b, &bytes, &e)) == 1) {
		i = past_match(bytes.data, (int32_t)bytes.len);
		if (i < 0)
			model_fail(way, "read: offset %lld was never written",
			    (long long)b.base_offset);
		if (s->count == 0 ? b.base_offset > s->start :
				    b.base_offset != s->next)
			model_fail(way, "read: a gap at %lld",
			    (long long)b.base_offset);
		if (s->count == PAST)
			model_fail(way, "read: no end");
		past.list[i].stamp = past.stamp;
		s->list[s->count++] = (int16_t)i;
		s->next = b.last_offset + 1;
	}
	if (r < 0 && !tolerate)
		model_fail(way, "read: %s", e.text);
	s->whole = r == 0;
	cursor_release(&c);
	buf_release(&bytes);
}

void
read_log(struct seen *s, const struct topic *t, bool tolerate,
    const struct way *way)
{
	struct view v;
	struct err e;

	past.stamp++;
	*s = (struct seen){ .whole = false };
	if (view_open(&v, t->dirfd, 0, t->path, &e) < 0)
		model_fail(way, "view: %s", e.text);
	v.strict = true;
	v.past_copies = true;
	if (view_list(&v, &e) < 0 || view_start(&v, &s->start, &e) < 0)
		model_fail(way, "view: %s", e.text);
	s->next = s->start;
	read_batches(s, &v, tolerate, way);
	view_close(&v);
}

/* All that was promised is among what was just read. */
static void
check_promises(
    const struct seen *s, bool only_killed, const struct way *way)
{
	const struct past *p;
	int i;

	for (i = 0; i < past.count; i++) {
		p = &past.list[i];
		if (p->stamp == past.stamp || p->last < s->start || p->lost)
			continue;
		if (p->kept || (only_killed && p->visible))
			model_fail(way,
			    "offset %lld, epoch %d, is gone, though it was %s",
			    (long long)p->base, p->epoch,
			    p->kept ? "acknowledged" : "appended");
	}
	if (s->start > past.start_tried)
		model_fail(way, "the log starts at %lld, never asked for",
		    (long long)s->start);
}

/* Whoever looks for the offset of batch i finds it. */
static void
check_seek(const struct topic *t, int i, const struct way *way)
{
	struct buf bytes = { 0 };
	struct cursor c;
	struct batch b;
	struct view v;
	struct err e;

	if (view_open(&v, t->dirfd, 0, t->path, &e) < 0)
		model_fail(way, "view: %s", e.text);
	v.strict = true;
	cursor_init(&c, &v, past.list[i].last);
	if (cursor_next(&c, &b, &bytes, &e) != 1 ||
	    past_match(bytes.data, (int32_t)bytes.len) != i)
		model_fail(way, "offset %lld is not found",
		    (long long)past.list[i].last);
	cursor_release(&c);
	buf_release(&bytes);
	view_close(&v);
}

/* ---- recovering and going on ---- */

static void
begin(struct partition *p, const struct topic *t, const struct way *way)
{
	struct err e;

	if (partition_open(p, t->dirfd, 0, t->path, &t->settings, &e) < 0)
		model_fail(way, "partition: %s", e.text);
	if (append_begin(p, CLOCK_NEVER, &e) < 0)
		model_fail(way, "recovery: %s", e.text);
}

/* Readers that lost something are told of it by a new epoch. */
static void
check_epoch(
    const struct partition *p, const struct seen *s, const struct way *way)
{
	const struct past *q;
	int i;

	for (i = 0; i < past.count; i++) {
		q = &past.list[i];
		if (q->visible && q->stamp != past.stamp &&
		    q->last >= s->start && q->epoch >= p->slot.epoch)
			model_fail(way,
			    "offset %lld of epoch %d is gone, but epoch %d "
			    "goes on",
			    (long long)q->base, q->epoch, p->slot.epoch);
	}
}

/* The next append lands at the end and is told durable. */
static void
check_append(struct partition *p, const struct way *way)
{
	static struct batch_builder bb;
	static uint8_t *ready;
	static size_t size;
	uint8_t bytes[256];
	struct record r = { .key = SLICE_NULL, .timestamp = 1600000009000 };
	struct buf none = { 0 };
	int64_t base, end = p->slot.next_offset;
	struct err e;

	if (ready == NULL) {
		r.value = (struct slice){ (const uint8_t *)"probe", 5 };
		if (batch_builder_add(&bb, &r) < 0 ||
		    batch_builder_finish(&bb, NULL, CODEC_NONE, 0, &none,
			&ready, &size, &e) < 0)
			model_fail(way, "no batch");
	}
	memcpy(bytes, ready, size);
	if (append_batch(p, bytes, size, CLOCK_NEVER, &base, &e) < 0 ||
	    durable_wait(p, base + 1, CLOCK_NEVER, &e) < 0)
		model_fail(way, "append: %s", e.text);
	if (base != end)
		model_fail(way, "append: at %lld, the end was %lld",
		    (long long)base, (long long)end);
	if (past_has(base, p->slot.epoch))
		model_fail(way,
		    "offset %lld of epoch %d shows a second record",
		    (long long)base, p->slot.epoch);
}

/* Without the state page all is found again as it is. */
static void
check_again(struct disk *d, const struct topic *t,
    const struct partition *was, const struct way *way)
{
	uint64_t before = files_sum(d);
	struct partition p;

	files_remove_page(d);
	begin(&p, t, way);
	append_end(&p);
	if (files_sum(d) != before)
		model_fail(way, "a second recovery changed files");
	if (p.slot.next_offset != was->slot.next_offset ||
	    p.slot.epoch != was->slot.epoch ||
	    p.slot.position != was->slot.position)
		model_fail(way, "a second recovery finds another end");
	partition_close(&p);
}

static void
same_beginning(const struct seen *before, const struct seen *after,
    const struct way *way)
{
	if (before->start != after->start)
		return;
	if (before->count > after->count ||
	    memcmp(before->list, after->list,
		(size_t)before->count * sizeof(before->list[0])) != 0)
		model_fail(way, "recovery cut what a reader had just read");
}

static void
fail_verified(void *context, const struct trouble *t)
{
	model_fail(context, "klog-check would say: %s: position %lld: %s",
	    t->file, (long long)t->position, t->what);
}

void
check_verified(const struct topic *t, const struct way *way)
{
	struct verify v = { .topic = t,
		.deep = true,
		.told = fail_verified,
		.context = (void *)(uintptr_t)way };
	struct err e;

	if (verify_topic(&v, &e) < 0 || verify_partition(&v, 0, &e) < 0)
		model_fail(way, "verifying: %s", e.text);
	verify_release(&v);
}

void
check_disk(struct disk *d, bool only_killed,
    void (*nest)(const struct point *at), const struct way *way)
{
	struct seen before, after;
	struct partition p;
	struct topic t;

	if (run.number >= SNAPSHOT_RUNS) {
		snapshot_check(nest, way);
		return;
	}
	if (run.number >= CUT_RUNS) {
		cut_check(d, only_killed, nest, way);
		return;
	}
	if (run.number >= CLEAN_RUNS) {
		clean_check(nest, way);
		return;
	}
	if (model_open(&t, way) == 0)
		return;
	read_log(&before, &t, !only_killed, way);
	check_promises(&before, only_killed, way);
	calls_point = nest;
	begin(&p, &t, way);
	append_end(&p);
	calls_point = NULL;
	read_log(&after, &t, false, way);
	check_promises(&after, only_killed, way);
	if (p.slot.next_offset != after.next && after.start < after.next)
		model_fail(way, "reading ends at %lld, the log at %lld",
		    (long long)after.next, (long long)p.slot.next_offset);
	same_beginning(&before, &after, way);
	if (after.count > 0 && way->state % 4 == 0)
		check_seek(&t, after.list[d->seq % (unsigned)after.count], way);
	check_epoch(&p, &after, way);
	check_files(d, &after, only_killed, way);
	check_append(&p, way);
	partition_close(&p);
	check_verified(&t, way);
	if (way->state % 4 == 1)
		check_again(d, &t, &p, way);
	topic_close(&t);
	if (calls_held(d) != 0)
		model_fail(way, "%d handles and locks are left",
		    calls_held(d));
}

void
check_future(const struct disk *d, struct disk *copy, bool only_killed,
    struct seen *s)
{
	struct way way = { NULL, 0, NONE };
	struct disk *old = calls_disk;
	struct topic t;
	struct partition p;

	calls_point = NULL;
	disk_clone(d, copy);
	calls_disk = copy;
	*s = (struct seen){ .whole = false };
	if (model_open(&t, &way) == 1) {
		begin(&p, &t, &way);
		append_end(&p);
		partition_close(&p);
		read_log(s, &t, false, &way);
		check_promises(s, only_killed, &way);
		topic_close(&t);
	}
	calls_disk = old;
}
