#include "target.h"

#include <inttypes.h>
#include <stdlib.h>

#include "target_parts.h"

enum { SETTLE_BYTES = 64 << 20 }; /* appended, after which it is synced */

struct target *
target_new(const struct target_options *o, struct buf *out)
{
	struct target *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->o = *o;
	t->out = out;
	return t;
}

static void
free_topic(struct target *t, struct target_topic *tt)
{
	int32_t i;

	for (i = 0; i < tt->count; i++) {
		target_log_part(t, tt, &tt->logs[i]);
		target_log_close(t, &tt->logs[i]);
		epochs_release(&tt->logs[i].ours);
		epochs_release(&tt->logs[i].theirs);
	}
	topic_close(&tt->topic);
	free(tt->logs);
	free(tt);
}

void
target_free(struct target *t)
{
	if (t == NULL)
		return;
	while (t->count > 0)
		free_topic(t, t->topics[--t->count]);
	free(t->topics);
	free(t);
}

bool
target_is_full(const struct target *t)
{
	return t->unsettled >= SETTLE_BYTES;
}

bool
target_expects(const struct target *t)
{
	return t->expects;
}

int
target_settle(struct target *t, struct err *e)
{
	struct target_topic *tt;
	size_t i;
	int32_t k;

	for (i = 0; i < t->count; i++) {
		tt = t->topics[i];
		for (k = 0; k < tt->count; k++)
			if (tt->logs[k].dirty &&
			    target_log_settle(t, tt, &tt->logs[k], e) < 0)
				return -1;
	}
	t->unsettled = 0;
	t->expects = false;
	return 0;
}

static int
take_bye(struct target *t, struct err *e)
{
	struct wire bye = { .type = WIRE_BYE };

	if (target_settle(t, e) < 0)
		return -1;
	if (wire_put(t->out, &bye) < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	t->over = true;
	return 0;
}

/* A message about one log. */
static int
take_of_log(struct target *t, struct target_topic *tt, struct target_log *l,
    const struct wire *w, struct err *e)
{
	switch (w->type) {
	case WIRE_START:
		return target_log_start(t, tt, l, w, e);
	case WIRE_BATCHES:
		return target_log_batches(t, tt, l, w, e);
	case WIRE_NEWS:
		return target_log_news(t, tt, l, w, e);
	case WIRE_GROUP:
		return target_group(t, tt, l, w, e);
	default:
		return err_set(e, ERR_DATA,
		    "a message of type %d came that no source sends", w->type);
	}
}

int
target_take(struct target *t, const struct wire *w, struct err *e)
{
	struct target_topic *tt;

	if (t->over)
		return err_set(e, ERR_DATA, "a message came after the last");
	if (w->type == WIRE_TOPIC)
		return target_offer(t, w, e);
	if (w->type == WIRE_BYE)
		return take_bye(t, e);
	if ((size_t)w->topic >= t->count)
		return err_set(e, ERR_DATA, "topic %" PRId32 " was not offered",
		    w->topic);
	tt = t->topics[w->topic];
	if (w->type == WIRE_SETTINGS)
		return target_settings(t, tt, w, e);
	if (w->partition >= tt->count)
		return err_set(e, ERR_DATA, "%s: has no partition %" PRId32,
		    tt->topic.path, w->partition);
	return take_of_log(t, tt, &tt->logs[w->partition], w, e);
}

bool
target_is_over(const struct target *t)
{
	return t->over;
}

const struct target_counts *
target_counts(const struct target *t)
{
	return &t->counts;
}
