#include "answer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "digest.h"

struct answer {
	struct buf *out;
	struct topic *topics;
	size_t count;
	/* The log that was asked for last: */
	bool open;
	int32_t topic, partition;
	struct digest digest;
	/* The question; from moves on towards to: */
	int32_t number;
	bool list;
	int64_t from, to;
};

struct answer *
answer_new(struct buf *out)
{
	struct answer *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->out = out;
	return a;
}

static void
close_log(struct answer *a)
{
	if (a->open)
		digest_close(&a->digest);
	a->open = false;
}

void
answer_free(struct answer *a)
{
	if (a == NULL)
		return;
	close_log(a);
	while (a->count > 0)
		topic_close(&a->topics[--a->count]);
	free(a->topics);
	free(a);
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_SYSTEM, "out of memory");
}

static struct slice
text(const char *s)
{
	return (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

int
answer_add(struct answer *a, const char *path, struct err *e)
{
	struct topic *all =
	    realloc(a->topics, (a->count + 1) * sizeof(*all));
	struct wire w = { .type = WIRE_TOPIC, .topic = (int32_t)a->count };
	struct topic *t;

	if (all == NULL)
		return no_memory(e);
	/* A log that is open has borrowed from one of them. */
	close_log(a);
	a->topics = all;
	t = &all[a->count];
	if (topic_open(t, path, e) < 0)
		return -1;
	a->count++;
	w.id = text(t->settings.id);
	w.name = text(t->name);
	w.partitions = t->settings.partitions;
	return wire_put(a->out, &w) < 0 ? no_memory(e) : 0;
}

/* Have the log that is asked for open, and look at it.  0, or -1. */
static int
open_log(struct answer *a, const struct wire *w, struct err *e)
{
	const struct topic *t;

	if ((size_t)w->topic >= a->count)
		return err_set(e, ERR_DATA, "topic %" PRId32 " was not offered",
		    w->topic);
	t = &a->topics[w->topic];
	if (w->partition >= t->settings.partitions)
		return err_set(e, ERR_DATA, "%s: has no partition %" PRId32,
		    t->path, w->partition);
	if (a->open && a->topic == w->topic && a->partition == w->partition)
		return digest_look(&a->digest, e);
	close_log(a);
	if (digest_open(&a->digest, t, w->partition, e) < 0)
		return -1;
	a->open = true;
	a->topic = w->topic;
	a->partition = w->partition;
	return 0;
}

int
answer_take(struct answer *a, const struct wire *w, struct err *e)
{
	const struct digest *d = &a->digest;
	struct wire extent = { .type = WIRE_EXTENT, .number = w->number };

	if (w->type != WIRE_DIGEST)
		return err_set(e, ERR_DATA,
		    "a message of type %d came that no comparison sends",
		    w->type);
	if (open_log(a, w, e) < 0)
		return -1;
	if (w->from < w->end && (w->from < d->start || w->end > d->end))
		return err_set(e, ERR_BUSY,
		    "%s: offsets %" PRId64 " to %" PRId64 " were asked for; it "
		    "goes from %" PRId64 " to %" PRId64 " now; try again",
		    d->view.where, w->from, w->end, d->start, d->end);
	extent.start = d->start;
	extent.end = d->end;
	extent.high = d->high;
	extent.cleaned = d->cleaned;
	a->number = w->number;
	a->list = (w->flags & WIRE_LIST) != 0;
	a->from = w->from;
	a->to = w->end;
	return wire_put(a->out, &extent) < 0 ? no_memory(e) : 0;
}

/* The records of the next share; *end is where it ends. */
static int
put_list(struct answer *a, int64_t *end, struct err *e)
{
	struct wire w = { .type = WIRE_LISTED,
		.number = a->number,
		.from = a->from };
	struct buf list = { 0 };
	int r;

	r = digest_list(&a->digest, a->from, a->to, ANSWER_SHARE, &list, end,
	    e);
	w.end = *end;
	w.bytes = (struct slice){ list.data, (int32_t)list.len };
	if (r == 0 && wire_put(a->out, &w) < 0)
		r = no_memory(e);
	buf_release(&list);
	return r;
}

static int
put_sum(struct answer *a, int64_t *end, struct err *e)
{
	struct wire w = { .type = WIRE_DIGESTED,
		.number = a->number,
		.from = a->from };
	struct digest_sum sum;

	if (digest_range(&a->digest, a->from, a->to, ANSWER_SHARE, &sum, e) < 0)
		return -1;
	*end = w.end = sum.to;
	w.records = sum.records;
	w.digest = (struct slice){ sum.sum, DIGEST_SIZE };
	return wire_put(a->out, &w) < 0 ? no_memory(e) : 0;
}

int
answer_pump(struct answer *a, struct err *e)
{
	int64_t end;

	if (a->from >= a->to)
		return 0;
	if ((a->list ? put_list(a, &end, e) : put_sum(a, &end, e)) < 0)
		return -1;
	a->from = end;
	return a->from < a->to;
}
