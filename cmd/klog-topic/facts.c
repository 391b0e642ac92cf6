#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "batch.h"
#include "cursor.h"
#include "epochs.h"
#include "reverse.h"
#include "segment.h"
#include "verbs.h"

/* One batch in hand. */
struct batch_read {
	struct batch batch;
	struct buf bytes, scratch;
	struct batch_records records;
};

static void
release(struct batch_read *r)
{
	buf_release(&r->bytes);
	buf_release(&r->scratch);
}

static int
open_batch(struct batch_read *r, const struct view *v, struct codec *codec,
    struct err *e)
{
	if (batch_records_init(&r->records, &r->batch, r->bytes.data, codec,
		&r->scratch, (size_t)v->batch_max, e) < 0)
		return err_prefix(e, "%s", v->where);
	return 0;
}

/*
 * The outermost record of the batch that is within the log: its first, or
 * (newest) its last.  1, 0 there is none, -1.
 */
static int
outermost(struct batch_read *r, const struct facts *f, const struct view *v,
    struct codec *codec, bool newest, int64_t *timestamp, struct err *e)
{
	struct record record;
	int found = 0;
	int got;

	if (r->batch.attributes & BATCH_CONTROL)
		return 0;
	if (open_batch(r, v, codec, e) < 0)
		return -1;
	while ((newest || !found) &&
	    (got = batch_records_next(&r->records, &record, e)) != 0) {
		if (got < 0)
			return err_prefix(e, "%s", v->where);
		if (record.offset < f->start || record.offset >= f->end)
			continue;
		*timestamp = record.timestamp;
		found = 1;
	}
	return found;
}

static int
find_first(struct facts *f, struct view *v, struct codec *codec,
    struct err *e)
{
	struct batch_read r = { 0 };
	struct cursor c;
	int got = 1;
	int found = 0;

	cursor_init(&c, v, f->start);
	while (found == 0 && c.next < f->end &&
	    (got = cursor_next(&c, &r.batch, &r.bytes, e)) > 0)
		found = outermost(&r, f, v, codec, false, &f->first, e);
	cursor_release(&c);
	release(&r);
	f->any = found > 0;
	return got < 0 || found < 0 ? -1 : 0;
}

static int
find_last(struct facts *f, struct view *v, struct codec *codec, struct err *e)
{
	struct batch_read r = { 0 };
	struct reverse back;
	int got = 1;
	int found = 0;

	reverse_init(&back, v, f->end);
	while (found == 0 &&
	    (got = reverse_next(&back, &r.batch, &r.bytes, e)) > 0 &&
	    r.batch.last_offset >= f->start)
		found = outermost(&r, f, v, codec, true, &f->last, e);
	reverse_release(&back);
	release(&r);
	return got < 0 || found < 0 ? -1 : 0;
}

static int
sum_logs(struct facts *f, const struct view *v, struct err *e)
{
	char name[SEGMENT_NAME];
	struct stat st;
	size_t i;

	for (i = 0; i < v->segments.count; i++) {
		segment_name(name, v->segments.bases[i], SEGMENT_LOG);
		if (fstatat(v->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			f->disk += st.st_size;
		else if (errno != ENOENT)
			return err_sys(e, "%s/%s", v->where, name);
	}
	f->segments = v->segments.count;
	return 0;
}

int
facts_read(struct facts *f, struct view *v, int64_t start,
    struct codec *codec, struct err *e)
{
	struct epochs epochs = { 0 };

	*f = (struct facts){ .start = start,
		.end = v->end.next_offset,
		.epoch = -1 };
	if (sum_logs(f, v, e) < 0 ||
	    epochs_read(&epochs, v->dirfd, v->where, e) < 0)
		return -1;
	if (epochs.count > 0)
		f->epoch = epochs.list[epochs.count - 1].epoch;
	epochs_release(&epochs);
	if (find_first(f, v, codec, e) < 0)
		return -1;
	return f->any ? find_last(f, v, codec, e) : 0;
}

/* Count the records of a batch that may begin before the log does. */
static int
count_records(struct facts *f, struct batch_read *r, struct err *e)
{
	struct record record;
	int got;

	if (r->batch.attributes & BATCH_CONTROL)
		return 0;
	if (r->batch.base_offset >= f->start) {
		f->records += r->batch.count;
		return 0;
	}
	while ((got = batch_records_next(&r->records, &record, e)) > 0)
		f->records += record.offset >= f->start;
	return got;
}

int
facts_count(struct facts *f, struct view *v, struct codec *codec,
    struct progress *p, struct err *e)
{
	struct batch_read r = { 0 };
	struct cursor c;
	int64_t before;
	int got = 1;
	int failed = 0;

	cursor_init(&c, v, f->start);
	while (c.next < f->end &&
	    (got = cursor_next(&c, &r.batch, &r.bytes, e)) > 0) {
		before = f->records;
		failed = open_batch(&r, v, codec, e);
		if (failed != 0)
			break;
		f->stored += r.batch.size;
		f->raw += BATCH_HEADER + (r.records.end - r.records.next);
		failed = count_records(f, &r, e);
		if (failed != 0)
			break;
		progress_tick(p, r.batch.size, f->records - before);
	}
	cursor_release(&c);
	release(&r);
	return got < 0 || failed != 0 ? -1 : 0;
}
