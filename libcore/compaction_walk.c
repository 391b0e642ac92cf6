/*
 * Reading what is to be compacted, with the fate of its transactions.
 */
#include <sodium/crypto_shorthash_siphash24.h>

#include "compaction.h"
#include "compaction_parts.h"

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

void
walk_init(struct walk *w, struct compacting *run, int64_t from, int64_t end)
{
	*w = (struct walk){ .run = run, .end = end };
	cursor_init(&w->cursor, &run->view, from);
}

void
walk_release(struct walk *w)
{
	if (w->run != NULL)
		cursor_release(&w->cursor);
	if (w->markers.view != NULL)
		markers_release(&w->markers);
	buf_release(&w->bytes);
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
find_fate(struct walk *w, struct err *e)
{
	const struct batch *b = &w->batch;
	int fate;

	w->fate = WALK_DATA;
	if (b->attributes & BATCH_CONTROL)
		w->fate = WALK_CONTROL;
	if ((b->attributes & (BATCH_CONTROL | BATCH_TRANSACTIONAL)) !=
		BATCH_TRANSACTIONAL ||
	    b->producer_id < 0)
		return 0;
	if (w->markers.view == NULL)
		markers_init(&w->markers, &w->run->view, w->run->codec,
		    b->last_offset + 1);
	fate = markers_fate(&w->markers, b, e);
	if (fate == MARKERS_ABORTED)
		w->fate = WALK_ABORTED;
	if (fate == MARKERS_OPEN)
		w->fate = WALK_OPEN;
	return fate < 0 ? -1 : 0;
}

int
walk_next(struct walk *w, struct err *e)
{
	int got;

	if (w->cursor.next >= w->end)
		return 0;
	got = cursor_next(&w->cursor, &w->batch, &w->bytes, e);
	if (got <= 0)
		return got;
	/* Offsets may be missing up to where the next segment begins: its
	 * first batch is met here, and comes again when end is raised. */
	if (w->batch.base_offset >= w->end) {
		cursor_seek(&w->cursor, w->batch.base_offset);
		return 0;
	}
	if (tell_progress(w->run, w->batch.size, e) < 0 || find_fate(w, e) < 0)
		return -1;
	return 1;
}
