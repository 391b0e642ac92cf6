#include "entries.h"

#include <inttypes.h>
#include <string.h>

#include "fsio.h"

enum { WIDTH_MAX = 64 };

void
entries_init(struct entries *es, struct dump *d, int64_t width, bool zeros_end)
{
	es->d = d;
	es->width = width;
	es->zeros_end = zeros_end;
	es->not_zero = -1;
	es->position = es->next = es->piece_at = es->have = 0;
}

static int
fill(struct entries *es, struct err *e)
{
	int64_t left = es->d->size - es->next;
	int64_t room = (int64_t)sizeof(es->piece);
	ssize_t got;

	got = fsio_read_at(es->d->fd, es->piece,
	    (size_t)(left < room ? left : room), es->next);
	if (got < 0)
		return err_sys(e, "%s", es->d->path);
	es->piece_at = es->next;
	es->have = got;
	return 0;
}

/*
 * Whether the file ends here because only zeros follow.  A file of one entry
 * is not allocated ahead: its zeros are the entry.
 */
static int
at_zeros(struct entries *es, const uint8_t *p, struct err *e)
{
	static const uint8_t zeros[WIDTH_MAX];
	struct dump *d = es->d;

	if (!es->zeros_end || d->size == es->width ||
	    es->position <= es->not_zero ||
	    memcmp(p, zeros, (size_t)es->width) != 0)
		return 0;
	es->not_zero = dump_zeros(d, es->position, e);
	if (es->not_zero < d->size)
		return es->not_zero < 0 ? -1 : 0;
	dump_note(d, es->position, "%" PRId64 " bytes of zeros to the end",
	    d->size - es->position);
	return 1;
}

int
entries_next(struct entries *es, const uint8_t **p, struct err *e)
{
	int64_t behind = es->next + es->width;
	int r;

	if (behind > es->piece_at + es->have && fill(es, e) < 0)
		return -1;
	if (behind > es->piece_at + es->have) {
		if (es->have > 0 && es->next < es->d->size)
			dump_bad(es->d, es->next, "%" PRId64 " bytes are too "
			    "few for an entry", es->d->size - es->next);
		return 0;
	}
	*p = es->piece + (es->next - es->piece_at);
	es->position = es->next;
	es->next = behind;
	r = at_zeros(es, *p, e);
	return r < 0 ? -1 : r == 0;
}
