/* .txnindex: the transactions that were aborted in a segment. */
#include <inttypes.h>

#include "aborted.h"
#include "entries.h"

static void
print_entry(struct line *l, const struct aborted *a, int64_t position,
    const uint8_t *p)
{
	line_begin(l, NULL, "aborted");
	line_int(l, "version", "version", a->version);
	line_int(l, "producerId", "producer_id", a->producer_id);
	line_int(l, "firstOffset", "first_offset", a->first_offset);
	line_int(l, "lastOffset", "last_offset", a->last_offset);
	line_int(l, "lastStableOffset", "last_stable_offset",
	    a->stable_offset);
	line_end(l, position, (struct slice){ p, ABORTED_ENTRY });
}

int
dump_txnindex(struct dump *d, struct err *e)
{
	int64_t last = d->base - 1; /* of the entry before */
	enum aborted_state state;
	struct entries es;
	struct aborted a;
	const uint8_t *p;
	int r;

	if (d->size == 0)
		line_text(&d->line, "%s is empty.", d->path);
	entries_init(&es, d, ABORTED_ENTRY, false);
	while ((r = entries_next(&es, &p, e)) > 0 && !d->line.failed) {
		state = aborted_decode(p, ABORTED_ENTRY, &a);
		print_entry(&d->line, &a, es.position, p);
		if (state != ABORTED_WHOLE && a.version != 0)
			dump_bad(d, es.position, "version %d is not 0",
			    a.version);
		else if (state != ABORTED_WHOLE)
			dump_bad(d, es.position, "impossible offsets");
		else if (a.last_offset <= last)
			dump_bad(d, es.position, "last offset %" PRId64
			    " comes where more than %" PRId64 " should",
			    a.last_offset, last);
		if (state == ABORTED_WHOLE)
			last = a.last_offset;
	}
	return r < 0 ? -1 : 0;
}
