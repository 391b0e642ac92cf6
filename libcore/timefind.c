#include "timefind.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "index.h"
#include "segment.h"

enum { LISTINGS_MAX = 8 };

/*
 * The last time entry of segment base that is not above t, and the last of
 * all; their timestamps are -1 if there is none.
 */
static int
time_entries(struct view *v, int64_t base, int64_t t,
    struct timeindex_entry *en, struct timeindex_entry *last, struct err *e)
{
	int fd, r;

	*en = *last = (struct timeindex_entry){ -1, base };
	fd = segment_open(
	    v->dirfd, base, SEGMENT_TIMEINDEX, O_RDONLY, v->where, e);
	if (fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	r = timeindex_find(fd, base, t, v->end.next_offset, en, last);
	if (r < 0)
		err_sys(e, "%s/%020" PRId64 ".timeindex", v->where, base);
	close(fd);
	return r;
}

/* A sealed segment without timestamps counts by its file's age (Kafka). */
static int
file_time(struct view *v, int64_t base, int64_t *timestamp, struct err *e)
{
	struct stat st;
	int fd, r;

	fd = segment_open(v->dirfd, base, SEGMENT_LOG, O_RDONLY, v->where, e);
	if (fd < 0) {
		*timestamp = -1; /* retention was faster */
		return e->code == ERR_NONE ? 0 : -1;
	}
	r = fstat(fd, &st);
	if (r < 0)
		err_sys(e, "%s/%020" PRId64 ".log", v->where, base);
	else
		*timestamp = st.st_size == 0 ?
		    -1 :
		    (int64_t)st.st_mtim.tv_sec * 1000 +
			st.st_mtim.tv_nsec / 1000000;
	close(fd);
	return r;
}

/* Walk the headers behind the last time entry of a segment, at offset from. */
static int
header_max(struct view *v, int64_t base, int64_t from, int64_t *timestamp,
    struct err *e)
{
	int64_t end = base == v->end.base ? v->end.position : INT64_MAX;
	struct scan s = { .size_max = v->batch_max };
	struct batch b;
	int64_t position = 0;
	int fd, r;

	fd = segment_open(v->dirfd, base, SEGMENT_INDEX, O_RDONLY, v->where, e);
	if (fd >= 0) {
		position = index_lookup(fd, base, from);
		close(fd);
	}
	fd = segment_open(v->dirfd, base, SEGMENT_LOG, O_RDONLY, v->where, e);
	if (fd < 0)
		return e->code == ERR_NONE ? 0 : -1;
	scan_init(&s, fd, position < 0 ? 0 : position, end);
	if (position > 0 && scan_peek(&s, &b) != BATCH_WHOLE)
		scan_init(&s, fd, 0, end);
	while ((r = scan_peek(&s, &b)) == BATCH_WHOLE) {
		if (b.max_timestamp > *timestamp)
			*timestamp = b.max_timestamp;
		scan_skip(&s, &b);
	}
	if (r == SCAN_IO)
		err_sys(e, "%s/%020" PRId64 ".log", v->where, base);
	scan_release(&s);
	close(fd);
	return r == SCAN_IO ? -1 : 0;
}

/*
 * The largest timestamp of segment base, -1 if it has none; and if that is not
 * below t, the last time entry not above t.
 */
static int
segment_times(struct view *v, int64_t base, int64_t t, int64_t *max,
    struct timeindex_entry *en, struct err *e)
{
	struct timeindex_entry last;
	struct state_slot slot;

	if (base == v->end.base && v->state.page != NULL) {
		state_read(&v->state, &slot);
		if (slot.base == base && slot.position == v->end.position) {
			*max = slot.max_timestamp;
			return *max < t ? 0 :
			    time_entries(v, base, t, en, &last, e);
		}
	}
	if (time_entries(v, base, t, en, &last, e) < 0)
		return -1;
	*max = last.timestamp;
	if ((base == v->end.base || last.timestamp < 0) &&
	    header_max(v, base, last.offset, max, e) < 0)
		return -1;
	return *max >= 0 || base == v->end.base ? 0 :
						  file_time(v, base, max, e);
}

int
timefind_segment_max(
    struct view *v, int64_t base, int64_t *timestamp, struct err *e)
{
	struct timeindex_entry en;

	return segment_times(v, base, INT64_MAX, timestamp, &en, e);
}

/*
 * The first record from offset log_start on with timestamp >= t, in the
 * batches from the one that holds start to those that begin at end.
 */
static int
search(struct cursor *c, struct codec *codec, int64_t log_start, int64_t start,
    int64_t end, int64_t t, size_t raw_limit, struct record *found,
    struct err *e)
{
	struct buf bytes = { 0 }, scratch = { 0 };
	struct batch_records br;
	struct batch b;
	int got, r = 0;

	cursor_seek(c, start);
	while (r == 0 && c->next < end &&
	    (r = cursor_next(c, &b, &bytes, e)) > 0) {
		r = 0;
		if (b.attributes & BATCH_CONTROL)
			continue;
		if (batch_records_init(&br, &b, bytes.data, codec, &scratch,
			raw_limit, e) < 0) {
			r = err_prefix(e, "%s", c->view->where);
			break;
		}
		while ((got = batch_records_next(&br, found, e)) > 0)
			if (found->offset >= log_start &&
			    found->timestamp >= t)
				break;
		r = got;
	}
	buf_release(&bytes);
	buf_release(&scratch);
	return r;
}

/* Where log_start lies in the listing. */
static size_t
first_segment(const struct view *v, int64_t log_start)
{
	ptrdiff_t i = segment_list_find(&v->segments, log_start);

	return i < 0 ? 0 : (size_t)i;
}

/* And behind the last one that may be read. */
static size_t
segments_end(const struct view *v)
{
	size_t n = v->segments.count;

	while (n > 0 && v->segments.bases[n - 1] > v->end.base)
		n--;
	return n;
}

int
timefind_seek(struct cursor *c, struct codec *codec, int64_t log_start,
    int64_t t, size_t raw_limit, int64_t *offset, int64_t *timestamp,
    struct err *e)
{
	struct view *v = c->view;
	struct timeindex_entry en;
	struct record found = { 0 };
	int64_t max, base, start, end;
	size_t i;
	int r = 0, again = 0;

	c->since = t;
	i = first_segment(v, log_start);
	for (; r == 0 && i < segments_end(v); i++) {
		base = v->segments.bases[i];
		r = segment_times(v, base, t, &max, &en, e);
		/* It is gone: removed, or merged with one we have passed. */
		if (r == 0 && max < 0 && base < v->end.base &&
		    again++ < LISTINGS_MAX) {
			r = view_list(v, e);
			i = first_segment(v, log_start) - 1;
		}
		if (r < 0 || max < t)
			continue;
		/* Up to an entry below t all is below t. */
		start = en.timestamp >= 0 && en.timestamp < t ? en.offset + 1 :
								en.offset;
		if (start < log_start)
			start = log_start;
		end = i + 1 < v->segments.count ? v->segments.bases[i + 1] :
						  v->end.next_offset;
		r = search(c, codec, log_start, start, end, t, raw_limit,
		    &found, e);
	}
	c->since = INT64_MIN;
	if (r > 0) {
		*offset = found.offset;
		*timestamp = found.timestamp;
		cursor_seek(c, found.offset);
	}
	return r;
}

int
timefind_first(struct view *v, struct codec *codec, int64_t log_start,
    int64_t t, size_t raw_limit, int64_t *offset, int64_t *timestamp,
    struct err *e)
{
	struct cursor c;
	int r;

	cursor_init(&c, v, log_start);
	r = timefind_seek(
	    &c, codec, log_start, t, raw_limit, offset, timestamp, e);
	cursor_release(&c);
	return r;
}
