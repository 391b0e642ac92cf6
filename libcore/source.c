#include "source_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "role.h"
#include "source_send.h"

enum { POLL_MS = 50 };

struct source *
source_new(const struct source_options *o, struct buf *out)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->o = *o;
	s->out = out;
	s->watch.fd = -1;
	if (o->follow)
		watch_open(&s->watch);
	return s;
}

static void
free_topic(struct source *s, struct source_topic *t)
{
	int32_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->count; i++)
		source_log_close(s, &t->logs[i]);
	source_groups_release(s, t);
	insync_files_release(&t->files);
	replicas_close(&t->file);
	topic_close(&t->topic);
	free(t->logs);
	free(t->name);
	free(t->origin);
	free(t);
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	while (s->count > 0)
		free_topic(s, s->topics[--s->count]);
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

/* A fenced leader's records may never be copied over those of the new one. */
static int
check_role(const struct source_topic *t, struct err *e)
{
	struct role r;

	if (role_read(&r, t->topic.dirfd, t->topic.path, e) < 0)
		return -1;
	if (r.kind != ROLE_FENCED)
		return 0;
	return err_set(e, ERR_ROLE,
	    "%s: was fenced by epoch %" PRId32 ": another leads now: copy that "
	    "one; klog-replicate follow makes this its replica",
	    t->topic.path, r.epoch);
}

/*
 * Serve the follower's file from here on, where we may write: a second
 * connection of the same name is refused.
 */
static int
serve_follower(struct source *s, struct source_topic *t, struct err *e)
{
	struct replica head = { .pid = getpid(),
		.since_ms = clock_wall_ms(),
		.last_ms = clock_wall_ms() };
	const char *follower = s->o.follower, *host = follower;
	char *name;
	int r;

	if (s->o.read_only || follower == NULL || *follower == '\0')
		return 0;
	if (asprintf(&name, "%s%s", follower,
		follower[strlen(follower) - 1] == '/' ? t->name : "") < 0)
		return source_no_memory(t, e);
	if (strchr(follower, ':') == NULL)
		host = s->o.host != NULL ? s->o.host : "-";
	snprintf(head.host, sizeof(head.host), "%s", host);
	head.host[strcspn(head.host, " :\t")] = '\0';
	r = replicas_serve(
	    &t->file, t->topic.dirfd, t->topic.path, name, &head, e);
	free(name);
	if (r == 0)
		return 0;
	t->file.fd = -1;
	return e->sys == EACCES || e->sys == EROFS || e->sys == EPERM ? 0 : -1;
}

static int
open_topic(struct source *s, struct source_topic *t, const char *path,
    const char *name, const char *origin, struct err *e)
{
	if (topic_open(&t->topic, path, e) < 0 || check_role(t, e) < 0)
		return -1;
	t->name = strdup(name == NULL ? t->topic.name : name);
	t->origin = strdup(origin);
	if (t->name == NULL || t->origin == NULL)
		return source_no_memory(t, e);
	if (serve_follower(s, t, e) < 0)
		return -1;
	t->watch = -1;
	if (s->o.follow)
		t->watch = watch_add(
		    &s->watch, t->topic.dirfd, WATCH_NAMES);
	t->groups_watch = -1;
	t->groups_look = s->o.groups;
	return source_grow(s, t, e);
}

int
source_add(struct source *s, const char *path, const char *name,
    const char *origin, struct err *e)
{
	struct source_topic *t = calloc(1, sizeof(*t)), **all;

	all = realloc(
	    s->topics, (s->count + 1) * sizeof(struct source_topic *));
	if (all != NULL)
		s->topics = all;
	if (t == NULL || all == NULL) {
		free(t);
		return err_set(e, ERR_SYSTEM, "%s: out of memory", path);
	}
	t->topic.dirfd = t->file.fd = -1;
	t->number = (int32_t)s->count;
	if (open_topic(s, t, path, name, origin, e) < 0 ||
	    source_send_topic(s, t, WIRE_TOPIC, e) < 0) {
		free_topic(s, t);
		return -1;
	}
	s->topics[s->count++] = t;
	return 0;
}

/* What a message speaks of, or NULL: there is no such log. */
static struct source_log *
find(struct source *s, const struct wire *w, struct err *e)
{
	struct source_topic *t;

	if ((size_t)w->topic >= s->count) {
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
	int64_t common, from = w->end, cut = -1;

	if (s->o.wants != NULL && !s->o.wants(s->o.ctx, l->number))
		return 0;
	if (w->start > w->end)
		return err_set(e, ERR_DATA,
		    "%s/%" PRId32 ": a copy that starts behind its end",
		    t->name, l->number);
	if (source_log_look(s, t, l, e) < 0 ||
	    source_compare(s, t, l, w, &common, e) < 0)
		return -1;
	if (common < w->end)
		cut = common;
	else if (from < l->start)
		from = l->start;
	if (cut < 0 && source_log_seek(s, t, l, from, e) < 0)
		return -1;
	if (!l->started && !l->cutting)
		l->goal = l->durable;
	l->started = cut < 0;
	l->cutting = cut >= 0;
	l->acked = from;
	l->look = true;
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
	for (i = 0; i < s->count; i++) {
		t = s->topics[i];
		if (number == t->watch || number < 0)
			t->changed = true;
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
