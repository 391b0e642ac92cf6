#include <inttypes.h>

#include "report.h"
#include "streams.h"

int
stream_fate(struct stream *s, const struct batch *b, bool backwards,
    struct err *e)
{
	const struct options *o = s->consumer->o;

	if (!(b->attributes & BATCH_TRANSACTIONAL) ||
	    o->isolation == ISOLATION_UNCOMMITTED)
		return MARKERS_COMMITTED;
	if (!s->has_ahead && view_open(&s->ahead, s->topic->dirfd,
	    s->partition, s->topic->path, e) < 0)
		return -1;
	if (!s->has_ahead || backwards) {
		view_expect(&s->ahead, &s->topic->settings);
		markers_release(&s->markers);
		markers_init(&s->markers, &s->ahead, s->consumer->codec,
		    b->last_offset + 1);
		s->markers.skip_damage = o->skip_corrupt;
	}
	s->has_ahead = true;
	return markers_fate(&s->markers, b, e);
}

int
stream_read(struct stream *s, struct batch *b, struct buf *bytes,
    int64_t *skipped, struct err *e)
{
	int got;

	for (;;) {
		if (s->cursor.next >= s->to) {
			s->done = true;
			return 0;
		}
		got = cursor_next(&s->cursor, b, bytes, e);
		*skipped += s->cursor.skipped;
		s->cursor.skipped = 0;
		if (s->cursor.cut >= 0)
			report_warn("%s: a recovery cut the log off at offset "
				    "%" PRId64 ": what was read from there on "
				    "is gone, other records follow",
			    s->view.where, s->cursor.cut);
		s->cursor.cut = -1;
		if (got == 0 && !s->consumer->o->follow)
			s->done = true;
		if (got <= 0)
			return got;
		if (b->base_offset >= s->to) {
			s->done = true;
			return 0;
		}
		if ((b->attributes & BATCH_CONTROL) || b->count == 0)
			continue;
		s->segment = s->cursor.base;
		s->position = s->cursor.scan.position - b->size;
		got = stream_fate(s, b, false, e);
		if (got < 0 || got == MARKERS_COMMITTED)
			return got < 0 ? -1 : 1;
		if (got == MARKERS_ABORTED)
			continue;
		/* Not decided yet: it ends what is stable. */
		cursor_seek(&s->cursor, b->base_offset);
		s->done = !s->consumer->o->follow;
		return 0;
	}
}

int
stream_corrupt(const struct stream *s, int64_t segment, int64_t position,
    const struct batch *b, struct err *e)
{
	struct err why = *e;

	if (why.code != ERR_CORRUPT)
		return err_prefix(e, "%s", s->view.where);
	return view_corrupt(&s->view, segment, position, b->base_offset,
	    why.text, e);
}

void
stream_report_damage(const struct stream *s, const struct err *why,
    int64_t first, int64_t last)
{
	report_warn("%s", why->text);
	report_warn("%s: skipped offsets %" PRId64 " to %" PRId64,
	    s->view.where, first, last);
}

int
stream_skip_damage(struct stream *s, struct err *e)
{
	int64_t from = s->cursor.next, to = from;
	struct err why = *e;

	if (!s->consumer->o->skip_corrupt || why.code != ERR_CORRUPT)
		return -1;
	if (cursor_skip_damage(&s->cursor, &from, &to, e) < 0)
		return -1;
	*e = why;
	/* Damage that can't be passed would be met for ever. */
	if (to <= from)
		return -1;
	stream_report_damage(s, &why, from, to - 1);
	return 1;
}
