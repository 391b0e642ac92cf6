#include "accumulator.h"

#include <stdlib.h>

#include "batch.h"
#include "clock.h"
#include "handles.h"
#include "lanes.h"
#include "lines.h"
#include "packer.h"

enum {
	OPEN_BYTES_MAX = 8 << 20, /* in all open batches */
	UNSAFE_BYTES_MAX = 256 << 20, /* sent, not acknowledged */
	RECORD_OVERHEAD = 40, /* at most, headers apart */
	LANES_KEEPING = 8 /* up to here each keeps its buffer */
};

struct accumulator {
	struct accumulator_options o;
	struct packer *packer;
	struct lanes lanes;
	size_t open_bytes;
	int64_t unsafe_bytes; /* sent since the last acknowledgement */
	int64_t batch_bytes, batch_max;
	uint64_t sent;
	struct accumulator_totals totals;
	/* Below, and lanes' totals: only in the turn to append, or drained. */
	struct handles *handles;
	uint64_t appended; /* records */
	uint64_t unsafe_lowest; /* number of one appended, not synced */
	uint64_t unflushed; /* records since flush.messages was served */
	int64_t unflushed_since;
};

static int64_t
deadline(const struct accumulator *a)
{
	return a->o.timeout_ms < 0 ? CLOCK_NEVER :
				     clock_mono_ms() + a->o.timeout_ms;
}

/* flush.messages and flush.ms bound what --acks 0 may lose. */
static bool
flush_is_due(const struct accumulator *a)
{
	const struct settings *s = &a->o.topic->settings;

	return a->o.care == HANDLES_NONE &&
	    ((int64_t)a->unflushed >= s->flush_messages ||
		(s->flush_ms < SETTING_NEVER &&
		    clock_mono_ms() - a->unflushed_since >= s->flush_ms));
}

static int
append(void *ctx, struct packer_job *job, uint8_t *bytes, size_t size,
    struct err *e)
{
	struct accumulator *a = ctx;
	struct lane *l = &a->lanes.list[job->partition];

	if (handles_append(a->handles, job->partition, bytes, size, deadline(a),
		&job->base_offset, e) < 0)
		return -1;
	if (l->totals.cut_bytes == 0)
		l->totals.cut_bytes = handles_cut(
		    a->handles, job->partition, &l->totals.cut_offset);
	if (l->totals.first_offset < 0)
		l->totals.first_offset = job->base_offset;
	l->totals.end_offset = job->base_offset + job->builder.count;
	l->totals.records += (uint64_t)job->builder.count;
	if (job->first_number < a->unsafe_lowest)
		a->unsafe_lowest = job->first_number;
	if (a->unflushed == 0)
		a->unflushed_since = clock_mono_ms();
	a->unflushed += (uint64_t)job->builder.count;
	a->appended += (uint64_t)job->builder.count;
	a->totals.batches++;
	a->totals.raw_bytes += job->builder.bytes.len;
	a->totals.stored_bytes += size;
	if (!flush_is_due(a))
		return 0;
	a->unflushed = 0;
	return handles_sync(a->handles, deadline(a), e);
}

/* Go on with what another has done. */
static void
take_totals(struct accumulator *a, const struct accumulator *before)
{
	int32_t i;

	for (i = 0; i < a->lanes.count && i < before->lanes.count; i++)
		a->lanes.list[i].totals = before->lanes.list[i].totals;
	a->totals = before->totals;
	a->appended = before->appended;
	a->sent = before->sent;
}

struct accumulator *
accumulator_new(const struct accumulator_options *o, struct err *e)
{
	const struct settings *s = &o->topic->settings;
	struct packer_options po = {
		.stopped = o->stopped,
		.workers = o->workers,
		.codec = o->codec,
		.level = o->level,
		.append_time = s->append_time != 0,
		.append = append,
	};
	struct accumulator *a = calloc(1, sizeof(*a));

	if (a == NULL)
		goto memory;
	a->o = *o;
	a->unsafe_lowest = UINT64_MAX;
	a->batch_max = s->max_message_bytes < s->segment_bytes ?
	    s->max_message_bytes :
	    s->segment_bytes;
	a->batch_bytes = o->batch_bytes < a->batch_max ? o->batch_bytes :
							 a->batch_max;
	a->handles = handles_new(o->topic, o->care);
	if (lanes_grow(&a->lanes, s->partitions) < 0 || a->handles == NULL)
		goto memory;
	handles_watch(a->handles, &o->watcher);
	if (o->before != NULL)
		take_totals(a, o->before);
	a->o.before = NULL;
	po.ctx = a;
	a->packer = packer_new(&po, e);
	if (a->packer != NULL)
		return a;
	accumulator_free(a);
	return NULL;
memory:
	err_set(e, ERR_SYSTEM, "out of memory");
	accumulator_free(a);
	return NULL;
}

void
accumulator_free(struct accumulator *a)
{
	if (a == NULL)
		return;
	packer_free(a->packer);
	handles_free(a->handles);
	lanes_release(&a->lanes);
	free(a);
}

/* Take back the jobs that are done, telling of each. */
static int
reap(struct accumulator *a, struct err *e)
{
	struct accumulator_ack ack;
	struct packer_job *job;
	int r = 0;

	while ((job = packer_done(a->packer)) != NULL) {
		ack = (struct accumulator_ack){
			.partition = job->partition,
			.count = job->builder.count,
			.base_offset = job->base_offset,
			.base_timestamp = job->builder.base_timestamp,
			.append_time = job->append_time,
			.records = job->builder.bytes.data + BATCH_HEADER,
			.size = job->builder.bytes.len - BATCH_HEADER,
		};
		if (r == 0 && a->o.acked != NULL)
			r = a->o.acked(a->o.ctx, &ack, e);
		if (a->lanes.count > LANES_KEEPING)
			batch_builder_release(&job->builder);
		packer_put(a->packer, job);
	}
	return r;
}

/* All that was submitted is appended: make it durable and say so. */
static int
acknowledge(struct accumulator *a, struct err *e)
{
	if (a->o.care != HANDLES_NONE) {
		if (handles_sync(a->handles, deadline(a), e) < 0)
			return -1;
		a->totals.durable = a->appended;
		if (handles_wait_copied(a->handles, deadline(a), e) < 0)
			return -1;
	}
	a->unsafe_lowest = UINT64_MAX;
	a->unsafe_bytes = 0;
	a->totals.safe = a->appended;
	return reap(a, e);
}

/*
 * A free job.  Where records are kept until they are acknowledged, all may be
 * waiting for just that.
 */
static struct packer_job *
get_job(struct accumulator *a, struct err *e)
{
	struct packer_job *job;
	int r;

	while ((job = packer_get(a->packer, e)) == NULL) {
		if (e->code != ERR_NONE)
			return NULL;
		if (a->o.acked == NULL)
			r = reap(a, e);
		else if ((r = packer_drain(a->packer, e)) == 0)
			r = acknowledge(a, e);
		if (r < 0)
			return NULL;
	}
	return job;
}

static int
send_lane(struct accumulator *a, int32_t partition, struct err *e)
{
	struct lane *l = &a->lanes.list[partition];
	struct batch_builder builder;
	struct packer_job *job;

	job = get_job(a, e);
	if (job == NULL)
		return -1;
	builder = job->builder;
	job->builder = l->builder;
	l->builder = builder;
	job->partition = partition;
	job->first_number = l->first_number;
	a->open_bytes -= job->builder.bytes.len;
	a->unsafe_bytes += (int64_t)job->builder.bytes.len;
	a->sent++;
	if (packer_submit(a->packer, job, e) < 0)
		return -1;
	if (a->unsafe_bytes < UNSAFE_BYTES_MAX)
		return 0;
	return packer_drain(a->packer, e) < 0 ? -1 : acknowledge(a, e);
}

/* Too much is open: send the largest batch. */
static int
send_largest(struct accumulator *a, struct err *e)
{
	int32_t i, largest = 0;

	for (i = 1; i < a->lanes.count; i++)
		if (a->lanes.list[i].builder.bytes.len >
		    a->lanes.list[largest].builder.bytes.len)
			largest = i;
	return send_lane(a, largest, e);
}

int
accumulator_add(struct accumulator *a, int32_t partition,
    const struct record *r, uint64_t number, struct err *e)
{
	struct lane *l = &a->lanes.list[partition];
	size_t before = l->builder.bytes.len;
	int64_t bound = (int64_t)before + RECORD_OVERHEAD + r->headers.len +
	    (r->key.len > 0 ? r->key.len : 0) +
	    (r->value.len > 0 ? r->value.len : 0);

	/* The exact size is only worth computing near the limit. */
	if (bound > a->batch_bytes &&
	    batch_builder_size_with(&l->builder, r) > a->batch_bytes) {
		if (l->builder.count > 0 && send_lane(a, partition, e) < 0)
			return -1;
		if (batch_builder_size_with(&l->builder, r) > a->batch_max)
			return 1;
		before = 0;
	}
	if (l->builder.count == 0)
		l->first_number = number;
	if (batch_builder_add(&l->builder, r) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	a->open_bytes += l->builder.bytes.len - before;
	a->totals.added++;
	return a->open_bytes > OPEN_BYTES_MAX ? send_largest(a, e) : 0;
}

int64_t
accumulator_add_lines(struct accumulator *a, int32_t partition,
    struct slice text, uint8_t delimiter, int64_t timestamp, uint64_t number,
    struct err *e)
{
	struct lane *l = &a->lanes.list[partition];
	const uint8_t *next = text.data;
	size_t before = l->builder.bytes.len;
	bool opening = l->builder.count == 0;
	int32_t added;

	if (opening)
		before = 0;
	added = lines_add(&l->builder, &next, text.data + text.len, delimiter,
	    timestamp, a->batch_bytes);
	if (added == 0)
		return 0;
	if (opening)
		l->first_number = number;
	a->open_bytes += l->builder.bytes.len - before;
	a->totals.added += (uint64_t)added;
	if (a->open_bytes > OPEN_BYTES_MAX && send_largest(a, e) < 0)
		return -1;
	return next - text.data;
}

int
accumulator_send(struct accumulator *a, struct err *e)
{
	int32_t i;

	if (a->open_bytes == 0)
		return 0;
	for (i = 0; i < a->lanes.count; i++)
		if (a->lanes.list[i].builder.count > 0 &&
		    send_lane(a, i, e) < 0)
			return -1;
	return 0;
}

int
accumulator_flush(struct accumulator *a, struct err *e)
{
	if (accumulator_send(a, e) < 0 || packer_drain(a->packer, e) < 0)
		return -1;
	return acknowledge(a, e);
}

uint64_t
accumulator_salvage(struct accumulator *a)
{
	struct err ignored;
	uint64_t lowest;

	packer_drain(a->packer, &ignored);
	acknowledge(a, &ignored);
	lowest = lanes_lowest(&a->lanes);
	if (packer_lowest(a->packer) < lowest)
		lowest = packer_lowest(a->packer);
	return a->unsafe_lowest < lowest ? a->unsafe_lowest : lowest;
}

uint64_t
accumulator_sent(const struct accumulator *a)
{
	return a->sent;
}

const struct accumulator_totals *
accumulator_totals(const struct accumulator *a)
{
	return &a->totals;
}

const struct accumulator_lane *
accumulator_lane(const struct accumulator *a, int32_t partition)
{
	return &a->lanes.list[partition].totals;
}
