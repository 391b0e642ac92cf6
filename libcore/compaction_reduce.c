/*
 * Reducing the values of each key to one: every record is spilled with key
 * and value, by its key's hash, into parts of which each fits into memory, is
 * split again, or holds a single key, whose values then stream by.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compaction.h"
#include "compaction_parts.h"

struct spilled { /* a record; key and value follow it */
	struct keymap_entry key;
	int64_t number; /* what becomes of it; SPILLED_KEEP: nothing */
	int32_t key_bytes, value_bytes; /* -1: null */
};

#define SPILLED_KEEP INT64_MIN

struct splitting {
	struct compacting *run;
	struct spill spill;
	int depth;
	uint64_t first[KEYS_PARTS][2]; /* hash of a part's first record */
	bool mixed[KEYS_PARTS]; /* it has others too */
};

static int
no_memory(const struct compacting *run, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s: out of memory", run->p->where);
}

static size_t
body_size(const struct spilled *s)
{
	return (size_t)s->key_bytes +
	    (s->value_bytes > 0 ? (size_t)s->value_bytes : 0);
}

static struct slice
key_of(const struct spilled *s, const uint8_t *body)
{
	return (struct slice){ body, s->key_bytes };
}

static struct slice
value_of(const struct spilled *s, const uint8_t *body)
{
	return (struct slice){ body + s->key_bytes, s->value_bytes };
}

/* Note the hash of what is put into part i. */
static int
put_head(struct splitting *sp, const struct spilled *s, struct err *e)
{
	int i = keys_part(s->key.hash, sp->depth);

	if (sp->spill.streams[i].bytes == 0)
		memcpy(sp->first[i], s->key.hash, sizeof(sp->first[i]));
	else if (memcmp(sp->first[i], s->key.hash, sizeof(sp->first[i])) != 0)
		sp->mixed[i] = true;
	return spill_put(&sp->spill, i, s, sizeof(*s), e);
}

static int
spill_record(void *context, const struct keymap_entry *key,
    const struct record *r, struct err *e)
{
	struct splitting *sp = context;
	struct spilled s = { *key, SPILLED_KEEP, r->key.len, r->value.len };
	int i = keys_part(key->hash, sp->depth);

	if (put_head(sp, &s, e) < 0 ||
	    spill_put(&sp->spill, i, r->key.data, (size_t)r->key.len, e) < 0)
		return -1;
	return r->value.len <= 0 ? 0 :
				   spill_put(&sp->spill, i, r->value.data,
				       (size_t)r->value.len, e);
}

/* End the key at hand: what its last record becomes. */
static int
end_key(struct compacting *run, int64_t *number, struct err *e)
{
	const struct compaction_reduce *rd = run->c->reduce;
	struct slice value = SLICE_NULL;

	if (rd->end(rd->context, &value, e) < 0)
		return -1;
	*number = KEYS_TOMBSTONE;
	if (value.len < 0)
		return 0;
	return values_put(run, value, number, e);
}

static int
note(struct compacting *run, int64_t offset, int64_t number, struct err *e)
{
	const struct runs_item item = { offset, number };

	return number == SPILLED_KEEP ? 0 : runs_add(&run->runs, &item, e);
}

/* ---- a part that fits: sort it ---- */

/* By hash, then by place, which rises with the offset. */
static int
compare_heads(const void *a, const void *b)
{
	const uint8_t *const *x = a, *const *y = b;
	int r = memcmp(*x, *y, sizeof(uint64_t[2]));

	return r != 0 ? r : (*x > *y) - (*x < *y);
}

/* Reduce heads[0] to heads[n - 1], records of one key. */
static int
reduce_key(struct compacting *run, uint8_t **heads, size_t n, struct err *e)
{
	const struct compaction_reduce *rd = run->c->reduce;
	struct spilled s;
	size_t i;

	if (n == 1)
		return 0;
	for (i = 0; i < n; i++) {
		const uint8_t *body = heads[i] + sizeof(s);

		memcpy(&s, heads[i], sizeof(s));
		if (i == 0 && rd->begin(rd->context, key_of(&s, body), e) < 0)
			return -1;
		if (rd->value(rd->context, value_of(&s, body), e) < 0)
			return -1;
		s.number = KEYS_DEAD;
		if (i == n - 1 && end_key(run, &s.number, e) < 0)
			return -1;
		memcpy(heads[i], &s, sizeof(s));
	}
	return 0;
}

/* The records of the part, that lie at data. */
static int
reduce_sorted(struct compacting *run, uint8_t *data, size_t bytes,
    uint8_t **heads, struct err *e)
{
	size_t at, i, j, n = 0;
	struct spilled s;

	for (at = 0; at < bytes; at += sizeof(s) + body_size(&s)) {
		memcpy(&s, data + at, sizeof(s));
		heads[n++] = data + at;
	}
	qsort(heads, n, sizeof(*heads), compare_heads);
	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n; j++)
			if (memcmp(heads[i], heads[j],
				sizeof(uint64_t[2])) != 0)
				break;
		if (reduce_key(run, heads + i, j - i, e) < 0)
			return -1;
	}
	for (at = 0; at < bytes; at += sizeof(s) + body_size(&s)) {
		memcpy(&s, data + at, sizeof(s));
		if (note(run, s.key.offset, s.number, e) < 0)
			return -1;
	}
	return runs_end(&run->runs, e);
}

/* Read all of part i to data.  0, or -1. */
static int
read_part(struct splitting *sp, int i, uint8_t *data, struct err *e)
{
	int64_t left = sp->spill.streams[i].bytes;
	struct spill_reader r = { 0 };
	const uint8_t *some;
	size_t n;
	int got = 0;

	spill_rewind(&r, &sp->spill, i);
	while (got >= 0 && left > 0) {
		n = left < SPILL_CHUNK_MIN ? (size_t)left : SPILL_CHUNK_MIN;
		got = spill_take(&r, n, &some, e);
		if (got > 0)
			memcpy(data, some, n);
		data += n;
		left -= (int64_t)n;
	}
	spill_reader_release(&r);
	return got < 0 ? -1 : 0;
}

static int
reduce_in_memory(struct splitting *sp, int i, struct err *e)
{
	size_t bytes = (size_t)sp->spill.streams[i].bytes;
	uint8_t *data = malloc(bytes);
	uint8_t **heads;
	int r = -1;

	heads = malloc(bytes / sizeof(struct spilled) * sizeof(*heads));
	if (data == NULL || heads == NULL)
		(void)no_memory(sp->run, e);
	else
		r = read_part(sp, i, data, e);
	if (r == 0)
		r = reduce_sorted(sp->run, data, bytes, heads, e);
	free(data);
	free(heads);
	return r;
}

/* ---- a part that does not ---- */

/* The next record: 1, 0, -1. */
static int
take_record(struct spill_reader *r, struct spilled *s, const uint8_t **body,
    struct err *e)
{
	const uint8_t *data;
	int got = spill_take(r, sizeof(*s), &data, e);

	if (got <= 0)
		return got;
	memcpy(s, data, sizeof(*s));
	*body = data;
	return body_size(s) == 0 ? 1 : spill_take(r, body_size(s), body, e);
}

/* One key with more values than fit: they stream by. */
static int
reduce_stream(struct splitting *sp, int i, struct err *e)
{
	const struct compaction_reduce *rd = sp->run->c->reduce;
	struct spill_reader r = { 0 };
	const uint8_t *body = NULL;
	struct spilled s = { .number = SPILLED_KEEP };
	int64_t n = 0, number = SPILLED_KEEP, last;
	int got;

	spill_rewind(&r, &sp->spill, i);
	while ((got = take_record(&r, &s, &body, e)) > 0) {
		if (n++ == 0)
			got = rd->begin(rd->context, key_of(&s, body), e);
		if (got < 0 ||
		    rd->value(rd->context, value_of(&s, body), e) < 0) {
			got = -1;
			break;
		}
	}
	last = s.key.offset;
	if (got == 0)
		got = end_key(sp->run, &number, e);
	/* One value alone stays what it is. */
	spill_rewind(&r, &sp->spill, i);
	while (got == 0 && n > 1 && (got = take_record(&r, &s, &body, e)) > 0)
		got = note(sp->run, s.key.offset,
		    s.key.offset == last ? number : KEYS_DEAD, e);
	spill_reader_release(&r);
	return got < 0 ? -1 : runs_end(&sp->run->runs, e);
}

static int settle_parts(struct splitting *sp, struct err *e);

static int
split_part(struct splitting *sp, int i, struct err *e)
{
	struct splitting *deeper;
	struct spill_reader r = { 0 };
	const uint8_t *body;
	struct spilled s;
	int got;

	deeper = calloc(1, sizeof(*deeper));
	if (deeper == NULL)
		return no_memory(sp->run, e);
	deeper->run = sp->run;
	deeper->depth = sp->depth + 1;
	got = spill_open(&deeper->spill, sp->run->p->dirfd, KEYS_PARTS,
	    (size_t)sp->run->memory / 16, sp->run->p->where, e);
	spill_rewind(&r, &sp->spill, i);
	while (got == 0 && (got = take_record(&r, &s, &body, e)) > 0) {
		got = put_head(deeper, &s, e);
		if (got == 0)
			got = spill_put(&deeper->spill,
			    keys_part(s.key.hash, deeper->depth), body,
			    body_size(&s), e);
	}
	spill_reader_release(&r);
	if (got == 0)
		got = settle_parts(deeper, e);
	spill_close(&deeper->spill);
	free(deeper);
	return got;
}

static int
settle_parts(struct splitting *sp, struct err *e)
{
	int64_t bytes;
	int i, r;

	r = spill_end(&sp->spill, e);
	sp->run->c->spilled += sp->spill.size;
	for (i = 0; r == 0 && i < KEYS_PARTS; i++) {
		bytes = sp->spill.streams[i].bytes;
		if (bytes == 0)
			continue;
		if (bytes <= sp->run->memory / 5)
			r = reduce_in_memory(sp, i, e);
		else if (!sp->mixed[i])
			r = reduce_stream(sp, i, e);
		else
			r = split_part(sp, i, e);
	}
	return r;
}

/* All that is read is in sp: settle it. */
static int
learn(struct splitting *sp, struct err *e)
{
	struct compacting *run = sp->run;
	int64_t end = run->c->end;
	int r;

	r = keys_each(run, run->c->start, spill_record, sp, e);
	/* The value of a key would go to a record that is not below it. */
	if (r == 0 && run->c->end < end)
		return 1;
	if (r == 0)
		r = settle_parts(sp, e);
	if (r == 0)
		r = values_end(run, e);
	return r;
}

int
reduce_learn(struct compacting *run, struct err *e)
{
	struct splitting *sp = calloc(1, sizeof(*sp));
	int r;

	keys_release(run);
	if (sp == NULL)
		return no_memory(run, e);
	sp->run = run;
	run->done = run->told = 0;
	run->total = 2 * run->c->bytes_before;
	r = spill_open(&sp->spill, run->p->dirfd, KEYS_PARTS,
	    (size_t)run->memory / 8, run->p->where, e);
	if (r == 0)
		r = runs_open(&run->runs, run->p->dirfd, true, run->p->where,
		    e);
	if (r == 0) {
		run->values_size = 0;
		run->values = spill_file(run->p->dirfd, run->p->where, e);
		run->values_open = run->values >= 0;
		r = run->values < 0 ? -1 : learn(sp, e);
	}
	spill_close(&sp->spill);
	free(sp);
	run->next.offset = -1;
	if (r == 0) {
		run->c->spilled += run->runs.size + run->values_size;
		r = runs_rewind(&run->runs, (size_t)run->memory / 4, e);
	}
	return r;
}
