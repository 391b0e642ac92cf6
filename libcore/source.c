#include "source_parts.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "source_send.h"

enum {
	POLL_MS = 50,
	ASKED_MS = 1000 /* so long one answer will do */
};

struct source *
source_new(const struct source_options *o, struct buf *out)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->o = *o;
	s->out = out;
	s->watch.fd = -1;
	if (o->follow || (o->follower != NULL && !o->read_only))
		watch_open(&s->watch);
	s->folder_watch = -1;
	if (o->follow && o->folder != NULL)
		source_watch_folder(s);
	return s;
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	while (s->count > 0)
		source_release_topic(s, s->topics[--s->count]);
	free(s->topics);
	watch_close(&s->watch);
	free(s);
}

int
source_no_memory(const struct source_topic *t, struct err *e)
{
	return err_set(e, ERR_SYSTEM, "%s: out of memory", t->topic.path);
}

/* Bring t->logs up to what the topic's settings say.  0, or -1. */
int
source_grow(struct source *s, struct source_topic *t, struct err *e)
{
	int32_t n = t->topic.settings.partitions, k;
	struct source_log *logs;

	if (n <= t->count)
		return 0;
	/* Their cursors point to what moves. */
	for (k = 0; k < t->count; k++)
		source_log_close(s, &t->logs[k]);
	logs = realloc(t->logs, (size_t)n * sizeof(*logs));
	if (logs == NULL)
		return source_no_memory(t, e);
	t->logs = logs;
	for (; t->count < n; t->count++)
		t->logs[t->count] = (struct source_log){
			.number = t->count, .watch = -1, .told_epoch = -1
		};
	return 0;
}

/* What a message speaks of, or NULL: there is no such log. */
static struct source_log *
find(struct source *s, const struct wire *w, struct err *e)
{
	struct source_topic *t;

	if ((size_t)w->topic >= s->offered) {
		err_set(e, ERR_DATA, "topic %" PRId32 " was not offered",
		    w->topic);
		return NULL;
	}
	t = s->topics[w->topic];
	if (w->partition < t->count)
		return &t->logs[w->partition];
	err_set(e, ERR_DATA, "%s: has no partition %" PRId32, t->name,
	    w->partition);
	return NULL;
}

static int
take_position(struct source *s, struct source_topic *t, struct source_log *l,
    const struct wire *w, struct err *e)
{
	int64_t common, from = w->end, cut = -1, begin = 0;

	if (s->o.wants != NULL && !s->o.wants(s->o.ctx, l->number))
		return 0;
	if (w->start > w->end)
		return err_set(e, ERR_DATA,
		    "%s/%" PRId32 ": a copy that starts behind its end",
		    t->name, l->number);
	if (source_log_note_cuts(s, t, l, e) < 0 ||
	    source_log_look(s, t, l, e) < 0 ||
	    source_compare(s, t, l, w, &common, e) < 0)
		return -1;
	if (common < w->end)
		cut = common;
	else if (from < l->start && source_log_begin(l, &begin, e) < 0)
		return -1;
	if (cut < 0 && from < begin)
		from = begin;
	if (cut < 0 && source_log_seek(s, t, l, from, e) < 0)
		return -1;
	if (!l->started && !l->cutting)
		l->goal = l->durable;
	l->started = cut < 0;
	l->cutting = cut >= 0;
	l->acked = from;
	l->look = true;
	/* What groups had committed before goes out from now on. */
	t->groups_look = s->o.groups;
	if (source_send_start(s, t, l, from, cut, e) < 0)
		return -1;
	return cut < 0 ? source_log_acked(s, t, l, e) : 0;
}

static int
take_ack(struct source *s, struct source_topic *t, struct source_log *l,
    const struct wire *w, struct err *e)
{
	if (!l->started || w->end > l->sent || w->end < l->acked)
		return err_set(e, ERR_DATA,
		    "%s/%" PRId32 ": offset %" PRId64 " was acknowledged, "
		    "but what was sent ends at %" PRId64,
		    t->name, l->number, w->end, l->sent);
	s->counts.acked += w->end - l->acked;
	l->acked = w->end;
	if (t->groups_wait) {
		t->groups_wait = false;
		t->groups_look = true;
	}
	return source_log_acked(s, t, l, e);
}

int
source_take(struct source *s, const struct wire *w, struct err *e)
{
	struct source_log *l = find(s, w, e);
	struct source_topic *t;

	if (l == NULL)
		return -1;
	t = s->topics[w->topic];
	switch (w->type) {
	case WIRE_POSITION:
		return take_position(s, t, l, w, e);
	case WIRE_ACK:
		return take_ack(s, t, l, w, e);
	case WIRE_READY:
		t->ready = true;
		return 0;
	default:
		return err_set(e, ERR_DATA,
		    "a message of type %d came that no target sends", w->type);
	}
}

int
source_watch(const struct source *s)
{
	return s->watch.fd;
}

static void
saw(void *ctx, int number, unsigned what)
{
	struct source *s = ctx;
	struct source_topic *t;
	size_t i;
	int32_t k;

	(void)what;
	if (number == s->folder_watch || number < 0)
		s->find = s->o.follow;
	for (i = 0; i < s->count; i++) {
		t = s->topics[i];
		if (number == t->watch || number < 0)
			t->changed = true;
		if (number == t->file_watch || number < 0)
			s->asked = true;
		if (source_groups_saw(t, number))
			t->groups_look = true;
		for (k = 0; k < t->count; k++)
			if (number == t->logs[k].watch || number < 0)
				t->logs[k].look = t->logs[k].started;
	}
}

void
source_look(struct source *s)
{
	if (s->watch.fd >= 0)
		watch_take(&s->watch, saw, s);
	else
		saw(s, -1, 0);
}

int64_t
source_again(struct source *s)
{
	int64_t again = CLOCK_NEVER, now = clock_mono_ms();
	struct source_log *l;
	size_t i;
	int32_t k;

	if (s->o.follow && s->watch.fd < 0) {
		saw(s, -1, 0); /* nothing wakes us: look every so often */
		again = now + POLL_MS;
	}
	if (s->offered < s->count)
		again = now + REPLICAS_AGAIN_MS;
	for (i = 0; i < s->count; i++)
		for (k = 0; k < s->topics[i]->count; k++) {
			l = &s->topics[i]->logs[k];
			if (!l->started || l->again == 0)
				continue;
			if (l->again <= now)
				l->look = true;
			if (l->again < again)
				again = l->again;
		}
	return again;
}

int
source_is_asked(struct source *s, struct err *e)
{
	int64_t now = clock_mono_ms();
	size_t i;

	if (!s->asked || now < s->asked_ms + ASKED_MS)
		return 0;
	s->asked = false;
	s->asked_ms = now;
	for (i = 0; i < s->offered; i++)
		if (s->topics[i]->file.fd >= 0 &&
		    replicas_check(&s->topics[i]->file, e) < 0)
			return -1;
	return 1;
}

int
source_heard(struct source *s, struct err *e)
{
	int64_t now = clock_wall_ms();
	size_t i;

	for (i = 0; i < s->offered; i++)
		if (s->topics[i]->file.fd >= 0 &&
		    replicas_contact(&s->topics[i]->file, now, e) < 0)
			return -1;
	return 0;
}

void
source_finish(struct source *s)
{
	s->finish = true;
}

bool
source_is_over(const struct source *s)
{
	return s->over;
}

const struct source_counts *
source_counts(const struct source *s)
{
	return &s->counts;
}
