/*
 * How a cursor gets past damage.
 */
#include "cursor.h"

#include <inttypes.h>

int
cursor_skip_damage(struct cursor *c, int64_t *from, int64_t *to, struct err *e)
{
	struct batch b;
	ptrdiff_t i;
	int r;

	*from = *to = c->next;
	/* Without an open segment it is the next one that is missing. */
	r = c->fd < 0 ?
	    BATCH_SHORT :
	    scan_resync(&c->scan, c->scan.position + 1, c->next, &b);
	if (r == SCAN_IO)
		return err_sys(
		    e, "%s/%020" PRId64 ".log", c->view->where, c->base);
	if (r == BATCH_WHOLE) {
		*to = c->next = c->floor = b.base_offset;
		c->got_base = INT64_MAX;
		return 1;
	}
	if (view_refresh(c->view, e) < 0 || view_list(c->view, e) < 0)
		return -1;
	i = segment_list_find(&c->view->segments, c->base) + 1;
	if (c->base == c->view->end.base ||
	    i >= (ptrdiff_t)c->view->segments.count) {
		*to = c->view->end.next_offset;
		cursor_seek(c, *to);
		return 0;
	}
	*to = c->view->segments.bases[i];
	cursor_seek(c, *to);
	return 1;
}
