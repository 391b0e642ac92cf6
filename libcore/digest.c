#include "digest.h"

#include <inttypes.h>
#include <sodium/core.h>
#include <sodium/crypto_generichash.h>

#include "checkpoint.h"
#include "codec.h"

enum {
	BLOCK = 64 << 10, /* bytes that are hashed at a time */
	RECORD_HEAD = 8 + 8 + 1 + 3 * 4
};

/* What is made of records. */
struct sink {
	int (*take)(struct digest *d, struct sink *s, const struct record *r,
	    bool control);
	crypto_generichash_state state;
	int64_t records;
	struct buf *list;
	size_t list_end; /* of list->len */
	bool full;
};

int
digest_open(
    struct digest *d, const struct topic *t, int32_t number, struct err *e)
{
	*d = (struct digest){
		.compacts =
		    (t->settings.cleanup_policy & CLEANUP_COMPACT) != 0
	};
	if (view_open(&d->view, t->dirfd, number, t->path, e) < 0)
		return -1;
	view_expect(&d->view, &t->settings);
	cursor_init(&d->cursor, &d->view, 0);
	d->codec = codec_new();
	/* Picks what the processor does best; harmless a second time. */
	if (d->codec == NULL || sodium_init() < 0) {
		digest_close(d);
		return err_set(
		    e, ERR_SYSTEM, "%s: out of memory", t->path);
	}
	if (digest_look(d, e) == 0)
		return 0;
	digest_close(d);
	return -1;
}

void
digest_close(struct digest *d)
{
	cursor_release(&d->cursor);
	view_close(&d->view);
	codec_free(d->codec);
	buf_release(&d->bytes);
	buf_release(&d->plain);
	buf_release(&d->canon);
}

int
digest_look(struct digest *d, struct err *e)
{
	struct view *v = &d->view;

	if (view_look(v, &d->start, e) < 0)
		return -1;
	d->end = v->end.next_offset;
	d->high = v->high_watermark;
	d->cleaned = 0;
	if (d->compacts && checkpoint_read_cleaner(v->dirfd, &d->cleaned,
			       v->where, e) < 0)
		return -1;
	return 0;
}

static uint8_t *
put_slice(uint8_t *p, struct slice s)
{
	put_be32(p, (uint32_t)s.len);
	if (s.len > 0)
		memcpy(p + 4, s.data, (size_t)s.len);
	return p + 4 + (s.len > 0 ? s.len : 0);
}

/* Append a record as it counts.  0, or -1 out of memory. */
static int
put_record(struct buf *out, const struct record *r, bool control)
{
	size_t n = RECORD_HEAD + (size_t)(r->key.len > 0 ? r->key.len : 0) +
	    (size_t)(r->value.len > 0 ? r->value.len : 0) +
	    (size_t)r->headers.len;
	uint8_t *p;

	if (buf_reserve(out, n) < 0)
		return -1;
	p = out->data + out->len;
	put_be64(p, (uint64_t)r->offset);
	put_be64(p + 8, (uint64_t)r->timestamp);
	p[16] = control;
	p = put_slice(p + 17, r->key);
	p = put_slice(p, r->value);
	(void)put_slice(p, r->headers);
	out->len += n;
	return 0;
}

static void
flush(struct digest *d, struct sink *s)
{
	crypto_generichash_update(&s->state, d->canon.data, d->canon.len);
	buf_clear(&d->canon);
}

static int
take_sum(
    struct digest *d, struct sink *s, const struct record *r, bool control)
{
	if (put_record(&d->canon, r, control) < 0)
		return -1;
	if (d->canon.len >= BLOCK)
		flush(d, s);
	s->records++;
	return 0;
}

static int
take_entry(
    struct digest *d, struct sink *s, const struct record *r, bool control)
{
	uint8_t *p;

	buf_clear(&d->canon);
	if (put_record(&d->canon, r, control) < 0 ||
	    buf_reserve(s->list, DIGEST_ENTRY) < 0)
		return -1;
	p = s->list->data + s->list->len;
	put_be64(p, (uint64_t)r->offset);
	put_be64(p + 8, (uint64_t)r->timestamp);
	crypto_generichash(p + 16, DIGEST_SHORT, d->canon.data, d->canon.len,
	    NULL, 0);
	s->list->len += DIGEST_ENTRY;
	s->full = s->list->len >= s->list_end;
	return 0;
}

/* The records of one batch, those from from on and below to.  *to becomes
 * lower if the sink is full before.  0, or -1. */
static int
take_batch(struct digest *d, const struct batch *b, int64_t from, int64_t *to,
    struct sink *s, struct err *e)
{
	bool control = (b->attributes & BATCH_CONTROL) != 0;
	struct batch_records records;
	struct record r;
	int got;

	if (batch_records_init(&records, b, d->bytes.data, d->codec,
		&d->plain, (size_t)d->view.batch_max, e) < 0)
		return err_prefix(e, "%s: offset %" PRId64, d->view.where,
		    b->base_offset);
	while ((got = batch_records_next(&records, &r, e)) > 0) {
		if (r.offset >= *to)
			return 0;
		if (r.offset < from)
			continue;
		if (s->take(d, s, &r, control) < 0)
			return err_set(e, ERR_SYSTEM, "%s: out of memory",
			    d->view.where);
		if (s->full) {
			*to = r.offset + 1;
			return 0;
		}
	}
	return got == 0 ? 0 :
			  err_prefix(e, "%s: offset %" PRId64, d->view.where,
			      b->base_offset);
}

/* Whether all is as digest_look saw it: 0, or -1. */
static int
check_still(struct digest *d, struct err *e)
{
	struct cursor *c = &d->cursor;

	if (c->skipped == 0 && c->cut < 0)
		return 0;
	err_set(e, ERR_BUSY, "%s: its log was %s at offset %" PRId64
		" while it was compared; try again",
	    d->view.where, c->cut >= 0 ? "cut off" : "trimmed",
	    c->cut >= 0 ? c->cut : c->next);
	c->skipped = 0;
	c->cut = -1;
	return -1;
}

static int
walk(struct digest *d, int64_t from, int64_t to, int64_t room,
    struct sink *s, int64_t *reached, struct err *e)
{
	struct cursor *c = &d->cursor;
	int64_t until = d->taken;
	struct batch b;
	int r = 1;

	until = room < INT64_MAX - until ? until + room : INT64_MAX;
	if (c->next != from)
		cursor_seek(c, from);
	while (c->next < to && d->taken < until && !s->full) {
		r = cursor_next(c, &b, &d->bytes, e);
		if (r < 0 || check_still(d, e) < 0)
			return -1;
		if (r == 0 || b.base_offset >= to)
			break;
		d->taken += b.size;
		if (take_batch(d, &b, from, &to, s, e) < 0)
			return -1;
	}
	*reached = r > 0 && c->next < to ? c->next : to;
	return 0;
}

int
digest_range(struct digest *d, int64_t from, int64_t to, int64_t room,
    struct digest_sum *sum, struct err *e)
{
	struct sink s = { .take = take_sum };

	buf_clear(&d->canon);
	crypto_generichash_init(&s.state, NULL, 0, DIGEST_SIZE);
	if (walk(d, from, to, room, &s, &sum->to, e) < 0)
		return -1;
	flush(d, &s);
	crypto_generichash_final(&s.state, sum->sum, DIGEST_SIZE);
	sum->records = s.records;
	return 0;
}

int
digest_list(struct digest *d, int64_t from, int64_t to, int64_t room,
    struct buf *out, int64_t *reached, struct err *e)
{
	struct sink s = { .take = take_entry,
		.list = out,
		.list_end = out->len + DIGEST_LIST };

	return walk(d, from, to, room, &s, reached, e);
}

struct digest_entry
digest_entry(const uint8_t *list, size_t i)
{
	const uint8_t *p = list + i * DIGEST_ENTRY;

	return (struct digest_entry){ (int64_t)get_be64(p),
		(int64_t)get_be64(p + 8), p + 16 };
}
