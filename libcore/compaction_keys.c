/*
 * Which record of each key is the last.
 *
 * At first the keys of the dirty range are put into one table.  If they do
 * not fit, every record of the whole range is spilled by its key's hash into
 * parts of which each fits, or is split again; what each part says must go is
 * sorted by offset, and all parts are merged.
 */
#include <string.h>
#include <unistd.h>

#include "compaction.h"
#include "compaction_parts.h"
#include "compaction_walk.h"
#include "filter.h"

enum { AHEAD = FILTER_AHEAD };

/* The next records that have a key: how many, or -1. */
static int
take_keyed(const struct compacting *run, struct batch_records *br,
    struct record *some, struct keymap_entry *keys, struct err *e)
{
	int got = 1, n = 0;

	while (n < AHEAD && (got = batch_records_next(br, &some[n], e)) > 0) {
		if (some[n].key.len < 0)
			continue;
		compaction_hash(run->c, some[n].key, keys[n].hash);
		keys[n].offset = some[n].offset;
		if (run->map.size > 0)
			keymap_expect(&run->map, keys[n].hash);
		n++;
	}
	if (got >= 0)
		return n;
	err_prefix(e, "%s", run->p->where);
	return -1;
}

/* Use the records of the batch at hand.  1 use said so, 0, -1. */
static int
each_in_batch(const struct walk *w, keys_use *use, void *context,
    struct err *e)
{
	struct batch_records br = *w->records;
	struct keymap_entry keys[AHEAD];
	struct record some[AHEAD];
	int i, n, u;

	while ((n = take_keyed(w->run, &br, some, keys, e)) > 0)
		for (i = 0; i < n; i++) {
			u = use(context, &keys[i], &some[i], e);
			if (u != 0)
				return u;
		}
	return n;
}

int
keys_each(struct compacting *run, int64_t from, keys_use *use, void *context,
    struct err *e)
{
	struct walk w;
	int got;

	run->c->passes++;
	got = walk_open(&w, run, from, run->c->end, e);
	while (got >= 0 && (got = walk_next(&w, e)) > 0) {
		if (w.fate == WALK_OPEN) {
			compaction_end_before(run, w.batch->base_offset);
			got = 0;
			break;
		}
		if (w.fate != WALK_DATA)
			continue;
		got = each_in_batch(&w, use, context, e);
		if (got != 0)
			break;
	}
	walk_release(&w);
	return got;
}

static int
put_key(void *context, const struct keymap_entry *key, const struct record *r,
    struct err *e)
{
	(void)r;
	(void)e;
	return keymap_put(context, key->hash, key->offset) < 0 ? 1 : 0;
}

struct spilling { /* into which parts, at which depth */
	struct spill spill;
	int depth;
};

static int
spill_key(void *context, const struct keymap_entry *key, const struct record *r,
    struct err *e)
{
	struct spilling *s = context;

	(void)r;
	return spill_put(&s->spill, keys_part(key->hash, s->depth), key,
	    sizeof(*key), e);
}

/* The next entries of a part: how many, or -1. */
static int
take_some(struct spill_reader *r, struct keymap_entry *some,
    const struct keymap *map, struct err *e)
{
	const uint8_t *data;
	int n = 0, got = 1;

	while (n < AHEAD &&
	    (got = spill_take(r, sizeof(*some), &data, e)) > 0) {
		memcpy(&some[n], data, sizeof(*some));
		keymap_expect(map, some[n++].hash);
	}
	return got < 0 ? -1 : n;
}

/* Put all keys of part i into the table.  0, 1 they do not fit, -1. */
static int
load_part(struct compacting *run, const struct spill *spill, int i,
    struct spill_reader *r, struct err *e)
{
	struct keymap_entry some[AHEAD];
	int j, n;

	keymap_clear(&run->map);
	spill_rewind(r, spill, i);
	while ((n = take_some(r, some, &run->map, e)) > 0)
		for (j = 0; j < n; j++)
			if (keymap_put(
				&run->map, some[j].hash, some[j].offset) < 0)
				return 1;
	return n;
}

/* Note which records of part i are not the last of their key. */
static int
note_dead(struct compacting *run, const struct spill *spill, int i,
    struct spill_reader *r, struct err *e)
{
	struct keymap_entry some[AHEAD];
	struct runs_item item = { 0, KEYS_DEAD };
	int j, n;

	spill_rewind(r, spill, i);
	while ((n = take_some(r, some, &run->map, e)) > 0)
		for (j = 0; j < n; j++) {
			item.offset = some[j].offset;
			if (keymap_get(&run->map, some[j].hash) > item.offset &&
			    runs_add(&run->runs, &item, e) < 0)
				return -1;
		}
	return n < 0 ? -1 : runs_end(&run->runs, e);
}

static int settle_parts(
    struct compacting *run, struct spilling *s, struct err *e);

/* Part i does not fit: split it by further bits of the hash. */
static int
split_part(struct compacting *run, const struct spilling *s, int i,
    struct spill_reader *r, struct err *e)
{
	struct spilling deeper = { .depth = s->depth + 1 };
	struct keymap_entry key;
	const uint8_t *data;
	int got;

	got = spill_open(&deeper.spill, run->p->dirfd, KEYS_PARTS,
	    (size_t)run->memory / 16, run->p->where, e);
	spill_rewind(r, &s->spill, i);
	while (got == 0 && (got = spill_take(r, sizeof(key), &data, e)) > 0) {
		memcpy(&key, data, sizeof(key));
		got = spill_key(&deeper, &key, NULL, e);
	}
	if (got == 0)
		got = settle_parts(run, &deeper, e);
	spill_close(&deeper.spill);
	return got;
}

/* All is spilled: find what must go of each part. */
static int
settle_parts(struct compacting *run, struct spilling *s, struct err *e)
{
	struct spill_reader r = { 0 };
	int i, got;

	got = spill_end(&s->spill, e);
	run->c->spilled += s->spill.size;
	for (i = 0; got == 0 && i < KEYS_PARTS; i++) {
		if (s->spill.streams[i].bytes == 0)
			continue;
		got = load_part(run, &s->spill, i, &r, e);
		if (got == 0)
			got = note_dead(run, &s->spill, i, &r, e);
		else if (got > 0)
			got = split_part(run, s, i, &r, e);
	}
	spill_reader_release(&r);
	return got;
}

/* Keys beyond memory. */
static int
learn_by_spilling(struct compacting *run, struct err *e)
{
	struct spilling s = { .depth = 0 };
	int r;

	keymap_release(&run->map);
	run->done = run->told = 0;
	run->total = 2 * run->c->bytes_before;
	r = spill_open(&s.spill, run->p->dirfd, KEYS_PARTS,
	    (size_t)run->memory / 8, run->p->where, e);
	if (r == 0)
		r = runs_open(&run->runs, run->p->dirfd, false, run->p->where,
		    e);
	if (r == 0)
		r = keys_each(run, run->c->start, spill_key, &s, e);
	if (r == 0 &&
	    keymap_init(&run->map, (size_t)run->memory / 2) < 0)
		r = err_set(e, ERR_SYSTEM, "%s: out of memory", run->p->where);
	if (r == 0)
		r = settle_parts(run, &s, e);
	keymap_release(&run->map);
	spill_close(&s.spill);
	if (r == 0) {
		run->c->spilled += run->runs.size;
		r = runs_rewind(&run->runs, (size_t)run->memory / 4, e);
	}
	run->next.offset = -1;
	return r;
}

int
keys_learn(struct compacting *run, struct err *e)
{
	int r;

	run->total = run->c->dirty_bytes + run->c->bytes_before;
	if (keymap_init(&run->map, (size_t)run->memory / 2) < 0)
		return err_set(e, ERR_SYSTEM, "%s: out of memory",
		    run->p->where);
	r = keys_each(run, run->c->dirty, put_key, &run->map, e);
	return r > 0 ? learn_by_spilling(run, e) : r;
}

/* The item of runs for the record at offset: 1, 0 there is none, -1. */
static int
item_for(struct compacting *run, int64_t offset, struct err *e)
{
	int got;

	while (run->next.offset < offset) {
		got = runs_next(&run->runs, &run->next, e);
		if (got < 0)
			return -1;
		if (got == 0)
			run->next.offset = INT64_MAX;
	}
	return run->next.offset == offset;
}

void
keys_expect(void *context, const struct record *r)
{
	struct compacting *run = context;
	uint64_t *hash;

	if (run->map.size == 0)
		return;
	if (run->asked == run->expected)
		run->asked = run->expected = 0;
	hash = run->hashes[run->expected++];
	compaction_hash(run->c, r->key, hash);
	keymap_expect(&run->map, hash);
}

int
keys_verdict(void *context, const struct record *r, struct slice *value,
    struct err *e)
{
	struct compacting *run = context;
	const uint64_t *hash;
	int got;

	if (run->map.size > 0) {
		hash = run->hashes[run->asked++];
		return r->offset >= keymap_get(&run->map, hash) ? FILTER_KEEP :
								  FILTER_DROP;
	}
	got = item_for(run, r->offset, e);
	if (got <= 0)
		return got < 0 ? -1 : FILTER_KEEP;
	if (!run->runs.numbered || run->next.number == KEYS_DEAD)
		return FILTER_DROP;
	return values_get(run, run->next.number, value, e) < 0 ?
	    -1 :
	    FILTER_REPLACE;
}

void
keys_release(struct compacting *run)
{
	keymap_release(&run->map);
	runs_close(&run->runs);
	buf_release(&run->value);
	if (run->values_open)
		close(run->values);
	run->values_open = false;
}
