#include "source_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "origins.h"
#include "settings.h"

enum { LINE = 256 };

static struct slice
text_of(const char *s)
{
	return (struct slice){ (const uint8_t *)s, (int32_t)strlen(s) };
}

/* The settings that were given, as lines "key=value". */
static int
settings_lines(const struct settings *s, struct buf *text)
{
	char value[LINE / 2], line[LINE];
	int i, n;

	for (i = 0; i < SETTINGS_KEYS; i++) {
		if (!(s->given >> i & 1))
			continue;
		settings_text(s, i, value, sizeof(value));
		n = snprintf(line, sizeof(line), "%s=%s\n",
		    settings_row(i)->name, value);
		if (buf_append(text, line, (size_t)n) < 0)
			return -1;
	}
	return 0;
}

int
source_send_topic(struct source *s, struct source_topic *t,
    enum wire_type type, struct err *e)
{
	struct buf text = { 0 };
	struct wire w = { .type = type,
		.topic = t->number,
		.id = { (const uint8_t *)t->topic.settings.id, WIRE_ID },
		.name = text_of(t->name),
		.origin = text_of(t->origin),
		.partitions = t->topic.settings.partitions };
	int r = settings_lines(&t->topic.settings, &text);

	w.text = (struct slice){ text.data, (int32_t)text.len };
	if (r == 0)
		r = wire_put(s->out, &w);
	buf_release(&text);
	return r < 0 ? source_no_memory(t, e) : 0;
}

/* A message with the epochs of l: 0, or -1. */
static int
send_with_epochs(struct source *s, struct source_topic *t,
    struct source_log *l, struct wire *w, struct err *e)
{
	struct epochs es = { 0 };
	struct buf packed = { 0 };
	int32_t newest;
	int r = -1;

	w->topic = t->number;
	w->partition = l->number;
	w->end = l->durable;
	w->start = l->start;
	w->high = l->high;
	if (origins_read(&es, l->view.dirfd, l->view.where, e) < 0)
		return -1;
	if (wire_add_epochs(&packed, &es) == 0) {
		w->epochs = (struct slice){ packed.data, (int32_t)packed.len };
		r = wire_put(s->out, w);
	}
	newest = epochs_newest(&es);
	epochs_release(&es);
	buf_release(&packed);
	if (r < 0)
		return source_no_memory(t, e);
	l->told_start = w->start;
	l->told_high = w->high;
	l->told_epoch = newest;
	if (l->told_epoch < l->cursor.epoch)
		l->told_epoch = l->cursor.epoch; /* noted nowhere */
	l->epoch_came = false;
	return 0;
}

int
source_send_start(struct source *s, struct source_topic *t,
    struct source_log *l, int64_t from, int64_t cut, struct err *e)
{
	struct wire w = { .type = WIRE_START, .from = from, .cut = cut };

	return send_with_epochs(s, t, l, &w, e);
}

static int
send_news(struct source *s, struct source_topic *t, struct source_log *l,
    struct err *e)
{
	struct wire w = { .type = WIRE_NEWS };

	if (l->told_start == l->start && !l->epoch_came &&
	    l->told_high == l->high)
		return 0;
	return send_with_epochs(s, t, l, &w, e) < 0 ? -1 : 1;
}

/* What one log has to say: 1 something, 0 nothing for now, -1. */
static int
pump_log(struct source *s, struct source_topic *t, struct source_log *l,
    struct err *e)
{
	int64_t limit, begin = 0;
	int r;

	/* There is more of what was seen before: no need to look. */
	if (!l->open || l->sent >= l->durable) {
		if (source_log_look(s, t, l, e) < 0)
			return -1;
	}
	limit = s->o.follow || l->durable < l->goal ? l->durable : l->goal;
	if (l->sent < l->start && l->start <= l->durable &&
	    source_log_begin(l, &begin, e) < 0)
		return -1;
	if (l->sent < begin) {
		/* What comes next is gone: the copy starts over behind it. */
		if (source_log_seek(s, t, l, begin, e) < 0)
			return -1;
		return source_send_start(s, t, l, begin, -1, e) < 0 ? -1 : 1;
	}
	r = l->sent < limit ? source_log_send(s, t, l, limit, e) : 0;
	if (r == 0 && l->cursor.skipped > 0) {
		source_log_close(s, l);
		return 1; /* look where it starts now */
	}
	if (r == 0)
		r = send_news(s, t, l, e);
	if (r != 0)
		return r;
	l->look = false;
	l->again = CLOCK_NEVER;
	if (t->file.fd < 0 || !s->o.follow || !l->writable)
		return 0;
	return insync_observe(&l->insync, clock_mono_ms(), &l->again, e);
}

/* Settings or the number of partitions may have changed. */
static int
pump_topic(struct source *s, struct source_topic *t, struct err *e)
{
	struct settings old = t->topic.settings;

	t->changed = false;
	if (topic_reload(&t->topic, e) < 0)
		return -1;
	if (memcmp(old.id, t->topic.settings.id, sizeof(old.id)) != 0)
		return err_set(e, ERR_SYSTEM,
		    "%s: is another topic of the same name now", t->topic.path);
	if (settings_agree(&old, &t->topic.settings) &&
	    old.partitions == t->topic.settings.partitions)
		return 0;
	if (source_grow(s, t, e) < 0 ||
	    source_send_topic(s, t, WIRE_SETTINGS, e) < 0)
		return -1;
	return 1;
}

/* Whose turn it is next: false when all had theirs. */
static bool
next_turn(struct source *s)
{
	if (++s->turn < s->topics[s->turn_topic]->count)
		return true;
	s->turn = 0;
	if (++s->turn_topic < s->count)
		return true;
	s->turn_topic = 0;
	return false;
}

/* Each log has its turn, so that none waits for another: 1, 0, -1. */
static int
pump_logs(struct source *s, struct err *e)
{
	size_t wraps = 0;
	struct source_topic *t;
	struct source_log *l;
	int r;

	while (s->count > 0 && wraps < 2) {
		t = s->topics[s->turn_topic];
		l = &t->logs[s->turn];
		r = l->started && l->look ? pump_log(s, t, l, e) : 0;
		wraps += !next_turn(s);
		if (r != 0)
			return r;
	}
	return 0;
}

static bool
is_done(const struct source *s)
{
	const struct source_topic *t;
	size_t i;
	int32_t k;

	for (i = 0; i < s->count; i++) {
		t = s->topics[i];
		if (!t->ready)
			return false;
		for (k = 0; k < t->count; k++)
			if ((t->logs[k].started &&
				t->logs[k].acked < t->logs[k].goal) ||
			    t->logs[k].cutting)
				return false;
	}
	return true;
}

int
source_pump(struct source *s, struct err *e)
{
	struct wire bye = { .type = WIRE_BYE };
	struct source_topic *t;
	size_t i;
	int r;

	if (s->over)
		return 2;
	r = s->finish ? 0 : source_offer(s, e);
	if (r != 0)
		return r;
	for (i = 0; i < s->offered && !s->finish; i++) {
		t = s->topics[i];
		r = t->changed ? pump_topic(s, t, e) : 0;
		if (r != 0)
			return r;
	}
	r = s->finish ? 0 : pump_logs(s, e);
	if (r != 0)
		return r;
	if (!s->finish && (s->o.follow || !is_done(s)))
		return s->o.follow ? source_groups_pump(s, e) : 0;
	r = s->finish ? 0 : source_groups_pump(s, e);
	if (r != 0)
		return r;
	s->over = true;
	if (wire_put(s->out, &bye) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 2;
}
