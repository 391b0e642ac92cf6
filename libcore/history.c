#include "history.h"

/* A walk over the epochs that cover what lies at from or behind it. */
struct walk {
	const struct history *h;
	size_t next; /* entry after the current one */
	struct epoch at; /* the first is clipped; epoch -1: before all */
	bool done;
};

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
walk_next(struct walk *w)
{
	const struct epochs *es = w->h->epochs;

	w->done = w->next >= es->count;
	if (!w->done)
		w->at = es->list[w->next++];
}

/* Where the current epoch ends. */
static int64_t
walk_end(const struct walk *w)
{
	if (w->next < w->h->epochs->count)
		return smaller(w->h->epochs->list[w->next].start, w->h->end);
	return w->h->end;
}

/*
 * The epoch of the record before from, if the list goes that far back: both
 * must have it.
 */
static struct walk
walk_from(const struct history *h, int64_t from)
{
	struct walk w = { .h = h, .at = { -1, from, 0 } };

	while (w.next < h->epochs->count &&
	    h->epochs->list[w.next].start < from)
		walk_next(&w);
	w.at.start = from;
	w.done = false;
	return w;
}

/* Where one list begins later, what ends there in the other is not in it. */
static void
skip_ended(struct walk *w, int64_t from)
{
	if (walk_end(w) <= from)
		walk_next(w);
}

static bool
is_same(const struct epoch *a, const struct epoch *b)
{
	return a->epoch == b->epoch && a->start == b->start &&
	    a->origin == b->origin;
}

/* Nothing of late, which starts behind the end of early, is in both. */
static bool
is_later(const struct history *late, const struct history *early)
{
	return early->end < late->start &&
	    epochs_newest(late->epochs) > epochs_newest(early->epochs);
}

enum history_relation
history_compare(
    const struct history *a, const struct history *b, int64_t *common)
{
	int64_t from = larger(a->start, b->start);
	struct walk x, y;

	from = smaller(from, smaller(a->end, b->end));
	*common = from;
	if (is_later(b, a))
		return HISTORY_BEHIND;
	if (is_later(a, b))
		return HISTORY_AHEAD;
	x = walk_from(a, from);
	y = walk_from(b, from);
	if ((x.at.epoch < 0) != (y.at.epoch < 0)) {
		skip_ended(&x, from);
		skip_ended(&y, from);
	}
	while (!x.done && !y.done && is_same(&x.at, &y.at)) {
		*common = smaller(walk_end(&x), walk_end(&y));
		walk_next(&x);
		walk_next(&y);
	}
	if (x.done && y.done)
		return HISTORY_SAME;
	if (x.done)
		return HISTORY_BEHIND;
	return y.done ? HISTORY_AHEAD : HISTORY_SPLIT;
}
