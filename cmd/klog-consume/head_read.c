#include <inttypes.h>

#include "checkpoint.h"
#include "head.h"
#include "report.h"
#include "streams.h"

enum { STREAMS_BUFFERED = 16 };	/* more: no file is read ahead */

int
head_leave_out(struct head *head, struct err *e)
{
	const struct stream *s = head->stream;

	stream_corrupt(s, head->segment, head->position, &head->batch, e);
	if (!s->consumer->o->skip_corrupt || e->code != ERR_CORRUPT)
		return -1;
	stream_report_damage(s, e, !s->consumer->o->reverse &&
	    head->resume > head->batch.base_offset ? head->resume :
	    head->batch.base_offset, head->batch.last_offset);
	head->used_up = true;
	return 1;
}

/* stream_skip_damage of a stream that is read backwards. */
static int
skip_back(struct head *head, struct err *e)
{
	struct stream *s = head->stream;
	int64_t last = head->started ? head->batch.base_offset : s->to;
	struct err again = *e;
	struct batch b;
	int got;

	if (!s->consumer->o->skip_corrupt || e->code != ERR_CORRUPT)
		return -1;
	got = reverse_next(&head->reverse, &b, NULL, e);
	if (got < 0 && e->code == ERR_CORRUPT) {
		/* A header: what is before it in its segment is out of
		 * reach, and so is what lies between. */
		if (head->reverse.segment < 0)
			return -1;
		b.last_offset =
		    s->view.segments.bases[head->reverse.segment] - 1;
		got = 1;
	}
	if (got < 0)
		return -1;
	if (got == 0)
		b.last_offset = s->from - 1;
	if (last > s->view.end.next_offset)
		last = s->view.end.next_offset;
	stream_report_damage(s, &again, b.last_offset + 1, last - 1);
	reverse_release(&head->reverse);
	reverse_init(&head->reverse, &s->view, b.last_offset + 1);
	return 1;
}

/*
 * There is nothing before what was given.  Where the log started lower when
 * reading began, retention was faster.
 */
static void
report_end(const struct head *head)
{
	const struct stream *s = head->stream;
	int64_t last = head->reverse.after, start;
	struct err ignored;

	if (last < 0)
		last = s->to;
	if (last > s->from && checkpoint_read_start(s->view.dirfd, &start,
	    s->view.where, &ignored) > 0 && start > s->from)
		report_warn("%s: skipped %" PRId64 " offsets that are gone, "
		    "ending at offset %" PRId64, s->view.where,
		    last - s->from, last);
}

static int
read_back(struct head *head, struct heads_memory *m, struct err *e)
{
	struct stream *s = head->stream;
	struct batch b;
	int got, fate;

	for (;;) {
		got = reverse_next(&head->reverse, &b, &m->bytes, e);
		if (got < 0 && skip_back(head, e) > 0)
			continue;
		if (got == 0)
			report_end(head);
		if (got <= 0)
			return got;
		if (b.last_offset < s->from)
			return 0;
		if ((b.attributes & BATCH_CONTROL) || b.count == 0)
			continue;
		fate = stream_fate(s, &b, true, e);
		if (fate < 0)
			return -1;
		if (fate == MARKERS_OPEN) {
			/* Nothing behind it is stable. */
			s->to = b.base_offset;
			s->consumer->ends_lowered = true;
		}
		if (fate != MARKERS_COMMITTED)
			continue;
		head->batch = b;
		head->segment =
		    s->view.segments.bases[head->reverse.segment];
		head->position =
		    head->reverse.places[head->reverse.count].position;
		return 1;
	}
}

static int
read_on(struct head *head, struct heads_memory *m, struct err *e)
{
	struct stream *s = head->stream;
	int64_t skipped = 0;
	int got;

	do {
		got = stream_read(s, &head->batch, &m->bytes, &skipped, e);
	} while (got < 0 && stream_skip_damage(s, e) > 0);
	if (m->c->stream_count > STREAMS_BUFFERED)
		scan_release(&s->cursor.scan);
	if (skipped > 0)
		streams_report_skipped(s, skipped,
		    got > 0 ? &head->batch : NULL, s->cursor.next);
	head->segment = s->segment;
	head->position = s->position;
	return got;
}

int
head_read(struct head *head, struct heads_memory *m, struct err *e)
{
	int got;

	m->owner = NULL;
	got = m->backwards ? read_back(head, m, e) : read_on(head, m, e);
	if (got <= 0) {
		head->ended = got == 0;
		return got;
	}
	head->started = true;
	head->used_up = false;
	if (batch_records_init(&m->records, &head->batch, m->bytes.data,
	    m->c->codec, &m->plain,
	    (size_t)head->stream->view.batch_max, e) < 0)
		return head_leave_out(head, e);
	m->owner = head;
	return 1;
}

int
head_read_again(struct head *head, struct heads_memory *m, struct err *e)
{
	if (m->owner == head)
		return 1;
	if (m->backwards) {
		reverse_release(&head->reverse);
		reverse_init(&head->reverse, &head->stream->view,
		    head->batch.last_offset + 1);
	} else {
		cursor_seek(&head->stream->cursor, head->batch.base_offset);
		head->stream->done = false;
	}
	return head_read(head, m, e);
}
