#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include "clock.h"
#include "main.h"
#include "produce.h"
#include "report.h"
#include "router.h"

enum {
	SYNC_WAITED_MS = 100,	/* somebody waits for acknowledgements */
	SYNC_STREAM_MS = 1000,	/* nobody does, but a stream never ends */
	LOOK_MS = 1000,		/* for new settings, at most so often */
	TEE_BYTES = 1 << 20	/* copied records held back at most */
};

struct pace {			/* when what is due */
	int64_t opened;		/* mono: oldest record not sent; 0 none */
	int64_t unsafe;		/* mono: oldest not acknowledged; 0 none */
	int64_t arrived;	/* of the last record */
	uint64_t sent;
};

/* A number below n; xorshift, seeded once: spreading needs no more. */
static int32_t
random_below(struct producer *p, int32_t n)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return (int32_t)((p->random >> 11) % (uint64_t)n);
}

/* The partition of a record, or -1 with e: there is no such one. */
static int32_t
route(struct producer *p, const struct form_record *in, struct err *e)
{
	const struct slice *key = &in->rec.key;
	int32_t n = p->topic.settings.partitions;
	uint64_t sent;

	if (in->partition >= n)
		return err_set(e, ERR_DATA, "%s: %s %" PRIu64
		    ": partition %" PRId32 " is not there, %s has %" PRId32,
		    in->source, files_unit(p), in->number, in->partition,
		    p->topic.name, n);
	if (in->partition >= 0)
		return in->partition;
	if (p->o->has_partition)
		return (int32_t)p->o->partition;
	if (n == 1)
		return 0;
	if (p->o->partitioner == PARTITIONER_ROUNDROBIN)
		return p->sticky = (p->sticky + 1) % n;
	if (p->o->partitioner == PARTITIONER_MURMUR2 && key->len >= 0)
		return router_partition(key->data, (size_t)key->len, n);
	sent = accumulator_sent(p->accumulator);
	if (p->sticky < 0 || p->sent != sent) {
		p->sticky = random_below(p, n);
		p->sent = sent;
	}
	return p->sticky;
}

/* What Kafka's leader refuses too (LogValidator).  0, or -1 ERR_DATA. */
static int
check_record(struct producer *p, const struct form_record *in,
    const struct record *r, struct err *e)
{
	const struct settings *s = &p->topic.settings;

	if (r->key.len < 0 && (s->cleanup_policy & CLEANUP_COMPACT))
		return err_set(e, ERR_DATA, "%s: %s %" PRIu64
		    ": has no key, which a compacted topic needs", in->source,
		    files_unit(p), in->number);
	if (s->timestamp_after_max_ms != SETTING_NEVER &&
	    r->timestamp - in->arrived_ms > s->timestamp_after_max_ms)
		return err_set(e, ERR_DATA, "%s: %s %" PRIu64
		    ": its time is too far ahead of the clock "
		    "(message.timestamp.after.max.ms)", in->source,
		    files_unit(p), in->number);
	return 0;
}

/* What ends a record of the input, or nothing: it ends by itself. */
static struct slice
delimiter(const struct producer *p)
{
	const struct options *o = p->o;

	if (o->framed || o->whole || o->format != NULL)
		return (struct slice){ (const uint8_t *)"", 0 };
	if (o->null_delimited)
		return (struct slice){ (const uint8_t *)"", 1 };
	if (o->delimiter != NULL)
		return (struct slice){ p->unescaped.data, p->delimiter_len };
	return (struct slice){ (const uint8_t *)"\n", 1 };
}

/* Append the record to the FILE of --on-error, and its end if it lacks it. */
static int
put_aside(struct producer *p, const struct form_record *in, struct err *e)
{
	struct slice end = delimiter(p);
	struct iovec parts[2] = {
		{ (void *)(uintptr_t)in->raw.data, (size_t)in->raw.len },
		{ (void *)(uintptr_t)end.data, (size_t)end.len },
	};
	bool ended = in->raw.len >= end.len && memcmp(in->raw.data +
	    in->raw.len - end.len, end.data, (size_t)end.len) == 0;
	size_t all = parts[0].iov_len + (ended ? 0 : parts[1].iov_len);
	ssize_t put = writev(p->errors_fd, parts, ended ? 1 : 2);

	if (put == (ssize_t)all)
		return 0;
	if (put >= 0)
		errno = ENOSPC;
	return err_sys(e, "%s", p->o->on_error);
}

/* A record that can't be taken: 0 it was put aside, -1 stop. */
static int
reject(struct producer *p, const struct form_record *in, struct err *e)
{
	if (p->o->on_error == NULL)
		return -1;
	p->skipped++;
	if (p->errors_fd < 0) {
		report_warn("%s", e->text);
		return 0;
	}
	return put_aside(p, in, e);
}

static int
flush(struct producer *p, struct pace *pace, struct err *e)
{
	int r = accumulator_flush(p->accumulator, e);

	p->progress.what = NULL;
	p->awaits_told = false;
	if (r < 0)
		return -1;
	pace->opened = pace->unsafe = 0;
	return ack_flush(p, e);
}

/* Keep to --rate: sleep until this record is due. */
static int
keep_rate(struct producer *p, struct pace *pace, struct err *e)
{
	double due = (double)(p->taken - 1) / p->o->rate_per_ms;
	int64_t wait = (int64_t)due - (clock_mono_ms() - p->started);
	struct timespec ts;

	if (wait <= 0)
		return 0;
	if (wait > p->o->linger && flush(p, pace, e) < 0)
		return -1;
	ts = (struct timespec){ wait / 1000, wait % 1000 * 1000000 };
	nanosleep(&ts, NULL);	/* a signal is seen by the loop */
	return 0;
}

/* Settings that were changed hold from this record on.  0, or -1. */
static int
keep_settings(struct producer *p, struct pace *pace, int64_t arrived,
    struct err *e)
{
	if (arrived >= p->looked && arrived - p->looked < LOOK_MS)
		return 0;
	p->looked = arrived;
	if (!topic_is_stale(&p->topic))
		return 0;
	return flush(p, pace, e) < 0 ? -1 : target_renew(p, e);
}

/* Store one record.  0, or -1. */
static int
take(struct producer *p, struct pace *pace, const struct form_record *in,
    struct err *e)
{
	struct record r = in->rec;
	int32_t partition;
	int got = 1;

	if (!in->has_timestamp)
		r.timestamp = in->arrived_ms;
	if (keep_settings(p, pace, in->arrived_ms, e) < 0)
		return -1;
	p->taken = files_number(p, in->number);
	if (p->o->rate_per_ms > 0 && keep_rate(p, pace, e) < 0)
		return -1;
	partition = route(p, in, e);
	if (partition < 0 || check_record(p, in, &r, e) < 0) {
		got = reject(p, in, e);
		p->taken -= got < 0;
		return got;
	}
	got = accumulator_add(p->accumulator, partition, &r, p->taken, e);
	if (got > 0) {
		err_set(e, ERR_DATA, "%s: %s %" PRIu64 ": larger than %s's "
		    "max.message.bytes (%" PRId64 ")", in->source,
		    files_unit(p), in->number, p->topic.name,
		    p->topic.settings.max_message_bytes);
		got = reject(p, in, e);
		p->taken -= got < 0;
		return got;
	}
	p->bytes += (uint64_t)in->raw.len;
	if (got == 0 && p->o->tee &&
	    buf_append(&p->tee, in->raw.data, (size_t)in->raw.len) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return got;
}

/*
 * The lines behind in that are read already, all at once, if nothing has to
 * be looked at or done for each.  They go where in went.  0, or -1.
 */
static int
take_lines(struct producer *p, const struct form_record *in,
    struct err *e)
{
	const struct options *o = p->o;
	const struct accumulator_totals *t =
	    accumulator_totals(p->accumulator);
	int32_t partition = o->has_partition ? (int32_t)o->partition :
	    p->topic.settings.partitions == 1 ? 0 : p->sticky;
	uint64_t before = t->added, number;
	struct slice text;
	uint8_t delimiter;
	int64_t used;

	if (o->tee || o->has_limit || o->rate_per_ms > 0 ||
	    (p->topic.settings.cleanup_policy & CLEANUP_COMPACT))
		return 0;
	if (!o->has_partition && p->topic.settings.partitions > 1 &&
	    (o->partitioner == PARTITIONER_ROUNDROBIN ||
	    p->sent != accumulator_sent(p->accumulator)))
		return 0;
	text = form_reader_rest(p->reader, &delimiter);
	if (text.len == 0)
		return 0;
	number = files_number(p, in->number + 1);
	used = accumulator_add_lines(p->accumulator, partition, text,
	    delimiter, in->arrived_ms, number, e);
	if (used <= 0)
		return (int)used;
	form_reader_take(p->reader, (size_t)used, t->added - before);
	p->bytes += (uint64_t)used;
	p->taken = number + (t->added - before) - 1;
	return 0;
}

/* Send and acknowledge what has waited long enough.  0, or -1. */
static int
keep_pace(struct producer *p, struct pace *pace, int64_t arrived,
    struct err *e)
{
	uint64_t sent = accumulator_sent(p->accumulator);
	bool waited = p->o->tee || p->o->report != NULL;
	int64_t now;

	if (p->tee.len > TEE_BYTES)
		return flush(p, pace, e);
	/* Of one read(2), the first record will do; but not if we sleep. */
	if (pace->opened != 0 && sent == pace->sent &&
	    arrived == pace->arrived && p->o->rate_per_ms <= 0)
		return 0;
	now = clock_mono_ms();
	if (pace->opened == 0 || sent != pace->sent)
		pace->opened = now;
	if (pace->unsafe == 0)
		pace->unsafe = now;
	pace->sent = sent;
	pace->arrived = arrived;
	progress_tick(&p->progress, (int64_t)p->bytes - p->progress.bytes,
	    (int64_t)p->taken - p->progress.records);
	if (p->regular && !waited && p->o->rate_per_ms <= 0)
		return 0;
	if (now - pace->unsafe >= (waited ? SYNC_WAITED_MS : SYNC_STREAM_MS))
		return flush(p, pace, e);
	if (now - pace->opened <= p->o->linger)
		return 0;
	pace->opened = 0;
	return accumulator_send(p->accumulator, e);
}

/* The next record, letting batches go when the input pauses. */
static enum form_state
next_record(struct producer *p, struct pace *pace, struct form_record *in,
    struct err *e)
{
	enum form_state got;
	int64_t wait;

	got = form_reader_next(p->reader, in, 0, e);
	if (got != FORM_TIMEOUT)
		return got;
	if (pace->unsafe != 0) {
		wait = pace->opened == 0 ? 0 :
		    pace->opened + p->o->linger - clock_mono_ms();
		if (wait > 0)
			got = form_reader_next(p->reader, in, (int)wait, e);
		if (got != FORM_TIMEOUT)
			return got;
		if (flush(p, pace, e) < 0)
			return FORM_FAILED;
	}
	progress_tick(&p->progress, 0, 0);
	return form_reader_next(p->reader, in, -1, e);
}

/* The open file is read to its end: 1 go on, 0 that was all, -1. */
static int
end_of_file(struct producer *p, struct pace *pace, struct err *e)
{
	if (!p->o->follow)
		return files_next(p, e);
	if (flush(p, pace, e) < 0 || files_wait(p, e) < 0)
		return -1;
	return 1;
}

int
loop_run(struct producer *p, struct err *e)
{
	struct pace pace = { 0 };
	struct form_record in;
	uint64_t limit = p->o->has_limit ? (uint64_t)p->o->limit : UINT64_MAX;
	int r;

	r = files_next(p, e);
	while (r > 0 && main_stopped() == 0 &&
	    accumulator_totals(p->accumulator)->added < limit) {
		switch (next_record(p, &pace, &in, e)) {
		case FORM_GOT:
			if (take(p, &pace, &in, e) < 0 ||
			    take_lines(p, &in, e) < 0 ||
			    keep_pace(p, &pace, in.arrived_ms, e) < 0)
				r = -1;
			break;
		case FORM_BAD:
			if (reject(p, &in, e) < 0)
				r = -1;
			else
				p->taken = files_number(p, in.number);
			break;
		case FORM_END:
			r = end_of_file(p, &pace, e);
			break;
		case FORM_FAILED:
			r = -1;
			break;
		case FORM_TIMEOUT:
		case FORM_INTERRUPTED:
			progress_tick(&p->progress, 0, 0);
			break;
		}
	}
	if (r >= 0)
		r = flush(p, &pace, e);
	return r < 0 ? -1 : 0;
}
