/*
 * Reading what is to be compacted, with the fate of its transactions.
 */
#include <sodium/crypto_shorthash_siphash24.h>

#include "compaction.h"
#include "compaction_walk.h"

enum { PROGRESS_BYTES = 1 << 20 };

_Static_assert(sizeof(((struct compaction *)0)->hash_key) ==
	crypto_shorthash_siphashx24_KEYBYTES,
    "the key of the hash");

void
compaction_hash(const struct compaction *c, struct slice key, uint64_t hash[2])
{
	crypto_shorthash_siphashx24((unsigned char *)hash, key.data,
	    (unsigned long long)key.len, c->hash_key);
}

static int
tell_progress(struct compacting *run, int64_t bytes, struct err *e)
{
	struct compaction *c = run->c;

	run->done += bytes;
	if (run->done > run->total)
		run->total = run->done;
	if (c->progress == NULL || run->done - run->told < PROGRESS_BYTES)
		return 0;
	run->told = run->done;
	if (c->progress(c->context, run->done, run->total) == 0)
		return 0;
	return err_set(e, ERR_STOPPED, "stopped");
}

static int
find_fate(struct walk *w, struct prefetch_item *item)
{
	const struct batch *b = &item->batch;
	int fate;

	item->kind = WALK_DATA;
	if (b->attributes & BATCH_CONTROL)
		item->kind = WALK_CONTROL;
	if ((b->attributes & (BATCH_CONTROL | BATCH_TRANSACTIONAL)) !=
		BATCH_TRANSACTIONAL ||
	    b->producer_id < 0)
		return 0;
	if (w->markers.view == NULL)
		markers_init(&w->markers, &w->view, w->codec,
		    b->last_offset + 1);
	fate = markers_fate(&w->markers, b, &item->error);
	if (fate == MARKERS_ABORTED)
		item->kind = WALK_ABORTED;
	if (fate == MARKERS_OPEN)
		item->kind = WALK_OPEN;
	return fate < 0 ? -1 : 0;
}

/* What reads ahead: all but run is its own. */
static int
read_ahead(void *context, struct prefetch_item *item)
{
	struct walk *w = context;
	int got;

	if (w->cursor.next >= w->limit)
		return 0;
	got = cursor_next(&w->cursor, &item->batch, &item->bytes, &item->error);
	if (got <= 0)
		return got;
	/* Where offsets are missing up to the limit this is behind it. */
	if (item->batch.base_offset >= w->limit)
		return 0;
	item->raw_limit = (size_t)w->view.batch_max;
	if (find_fate(w, item) < 0)
		return -1;
	item->sealed = item->kind != WALK_DATA;
	return 1;
}

int
walk_open(struct walk *w, struct compacting *run, int64_t from, int64_t end,
    struct err *e)
{
	const struct partition *p = run->p;
	const struct prefetch_options o = { .workers = run->c->workers,
		.read = read_ahead,
		.ctx = w };

	*w = (struct walk){ .run = run, .end = end, .limit = end };
	if (view_open_at(&w->view, p->dirfd, p->where, e) < 0)
		return -1;
	cursor_init(&w->cursor, &w->view, from);
	w->opened = true;
	view_expect(&w->view, p->settings);
	w->cursor.scan.size_max = w->view.batch_max;
	if (view_refresh(&w->view, e) < 0)
		return -1;
	w->codec = codec_new();
	if (w->codec == NULL)
		return err_set(e, ERR_SYSTEM, "%s: out of memory", p->where);
	w->ahead = prefetch_new(&o, e);
	return w->ahead == NULL ? -1 : 0;
}

void
walk_release(struct walk *w)
{
	prefetch_free(w->ahead);
	if (w->opened) {
		cursor_release(&w->cursor);
		if (w->markers.view != NULL)
			markers_release(&w->markers);
		view_close(&w->view);
	}
	codec_free(w->codec);
	*w = (struct walk){ 0 };
}

int
walk_next(struct walk *w, struct err *e)
{
	struct prefetch_item *item = w->item;
	int status;

	if (w->ended)
		return 0;
	if (!w->paused) {
		if (item != NULL)
			prefetch_put(w->ahead, item);
		item = w->item = prefetch_next(w->ahead);
	}
	status = item->status;
	w->ended = status <= 0;
	if (status < 0)
		*e = item->error;
	if (status == -2)
		err_prefix(e, "%s", w->run->p->where);
	if (status <= 0)
		return status < 0 ? -1 : 0;
	/* Where offsets are missing up to end this is behind it. */
	w->paused = item->batch.base_offset >= w->end;
	if (w->paused)
		return 0;
	w->fate = (enum walk_fate)item->kind;
	w->batch = &item->batch;
	w->bytes = item->bytes.data;
	w->records = item->sealed ? NULL : &item->records;
	return tell_progress(w->run, w->batch->size, e) < 0 ? -1 : 1;
}
