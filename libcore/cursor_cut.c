/*
 * What was given out is there no more: the log was cut off below it.
 */
#include "cursor.h"
#include "epochs.h"

/* Go back to where the log was cut off. */
static void
go_back(struct cursor *c, int64_t cut, int32_t epoch)
{
	c->got_base = INT64_MAX;
	cursor_seek(c, cut);
	c->cut = c->given = cut;
	c->epoch = epoch;
}

/* The leader epoch of the record before offset; 0 if nothing is known. */
static int32_t
epoch_before(const struct view *v, int64_t offset)
{
	struct epochs es = { 0 };
	struct err ignored;
	int32_t epoch = 0;
	size_t i;

	if (epochs_read(&es, v->dirfd, v->where, &ignored) == 0)
		for (i = 0; i < es.count && es.list[i].start < offset; i++)
			epoch = es.list[i].epoch;
	epochs_release(&es);
	return epoch;
}

/*
 * Whether the log was cut off, as its state page counts, below what was given
 * out.  Asked after each read: what is read after a cut was appended after it
 * was counted.  Without a page at the moment, what was read is older.
 */
static bool
cut_is_noted(struct cursor *c)
{
	struct view *v = c->view;
	struct err ignored;
	int64_t cut;

	if (v->state.page == NULL && v->has_cuts)
		(void)view_refresh(v, &ignored);
	if (v->state.page == NULL || !v->has_cuts)
		return false;
	if (!c->has_cuts)
		c->cuts = v->cuts;
	c->has_cuts = true;
	if (!state_was_cut(&v->state, &c->cuts, &cut) || cut >= c->given)
		return false;
	(void)view_refresh(v, &ignored);
	go_back(c, cut, epoch_before(v, cut));
	return true;
}

/*
 * The same without that.  A cut starts a leader epoch.  An end that lies below
 * proves nothing: where there was no state page yet it was found in the file,
 * and the writer that made the page had not published what it wrote.
 */
static bool
cut_by_epoch(struct cursor *c)
{
	struct epochs es = { 0 };
	int64_t cut = INT64_MAX;
	int32_t epoch = c->epoch;
	struct err ignored;
	size_t i;

	if (epochs_read(&es, c->view->dirfd, c->view->where, &ignored) == 0)
		for (i = es.count; i > 0 && es.list[i - 1].epoch > c->epoch;
		     i--)
			if (es.list[i - 1].start < cut) {
				cut = es.list[i - 1].start;
				epoch = es.list[i - 1].epoch;
			}
	epochs_release(&es);
	if (cut >= c->given)
		return false;
	go_back(c, cut, epoch);
	return true;
}

bool
cursor_was_cut(struct cursor *c, int r, const struct batch *b)
{
	if (cut_is_noted(c))
		return true;
	return c->epoch >= 0 &&
	    (r < 0 ||
		(r == 0 ? c->view->end.next_offset < c->given :
			  b->epoch > c->epoch)) &&
	    cut_by_epoch(c);
}
