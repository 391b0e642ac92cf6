#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "origins.h"
#include "role.h"
#include "target_parts.h"
#include "view.h"

static char *
text_of(const struct slice *s)
{
	return strndup(s->len > 0 ? (const char *)s->data : "",
	    s->len > 0 ? (size_t)s->len : 0);
}

/* Lines "key=value" into s.  0, or -1. */
static int
read_settings(const struct wire *w, struct settings *s, struct err *e)
{
	char *text = text_of(&w->text), *line, *end, *equals;
	int r = 0;

	if (text == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (line = text; r == 0 && *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		equals = strchr(line, '=');
		if (end == NULL || equals == NULL || equals > end) {
			r = err_set(e, ERR_DATA, "settings that are none");
			break;
		}
		*end = *equals = '\0';
		r = settings_set(s, line, equals + 1, e);
	}
	free(text);
	if (r < 0)
		return err_prefix(e, "the source's setting");
	s->partitions = w->partitions;
	if (s->partitions > PARTITIONS_MAX)
		return err_set(e, ERR_DATA, "too many partitions");
	return 0;
}

/* The path of the topic here; malloc'd, or NULL. */
static char *
path_of(const struct target *t, const char *name, struct err *e)
{
	char *path = NULL;

	if (t->o.folder == NULL)
		path = strdup(t->o.path);
	else if (name[0] == '.' || strchr(name, '/') != NULL ||
	    topic_check_name(name, e) < 0)
		goto bad;
	else if (strcmp(t->o.folder, ".") == 0)
		path = strdup(name);
	else if (asprintf(&path, "%s/%s", t->o.folder, name) < 0)
		path = NULL;
	if (path == NULL)
		err_set(e, ERR_SYSTEM, "out of memory");
	return path;
bad:
	err_set(e, ERR_DATA, "\"%s\" is not a topic's name", name);
	return NULL;
}

/* What it is a replica of. */
static void
source_of(const struct target *t, const char *name, const char *origin,
    struct role *r)
{
	*r = (struct role){ .kind = ROLE_REPLICA };
	if (t->o.source == NULL)
		snprintf(r->source, sizeof(r->source), "%s", origin);
	else if (t->o.folder == NULL)
		snprintf(r->source, sizeof(r->source), "%s", t->o.source);
	else
		snprintf(r->source, sizeof(r->source), "%s/%s", t->o.source,
		    name);
}

/* Make the topic: the same id, settings and partitions; a replica. */
static int
make_topic(struct target *t, const char *path, const struct wire *w,
    const struct settings *settings, const struct role *r, struct err *e)
{
	struct settings s = *settings;

	memcpy(s.id, w->id.data, WIRE_ID);
	s.id[WIRE_ID] = '\0';
	/* Another one may have been faster; then it is looked at. */
	if (topic_create_as(path, &s, r, t->o.unsafe, e) < 0 &&
	    e->sys != EEXIST)
		return -1;
	return 0;
}

/*
 * No copy goes here, but the source is to hear of our epochs: if it led once,
 * it is fenced by that.  What fails is of no matter.
 */
static void
tell_epochs(const struct target *t, const struct target_topic *tt)
{
	struct wire w = { .type = WIRE_POSITION,
		.topic = (int32_t)(t->count - 1),
		.high = -1 };
	const struct topic *topic = &tt->topic;
	struct epochs es = { 0 };
	struct buf packed = { 0 };
	struct err e;
	struct view v;

	for (; w.partition < topic->settings.partitions; w.partition++) {
		if (view_open(&v, topic->dirfd, w.partition, topic->path, &e) <
		    0)
			break;
		v.past_copies = true;
		buf_clear(&packed);
		if (view_look(&v, &w.start, &e) == 0 &&
		    origins_read(&es, v.dirfd, v.where, &e) == 0 &&
		    wire_add_epochs(&packed, &es) == 0) {
			w.end = v.end.next_offset;
			w.epochs = (struct slice){ packed.data,
				(int32_t)packed.len };
			(void)wire_put(t->out, &w);
		}
		view_close(&v);
	}
	epochs_release(&es);
	buf_release(&packed);
}

/* Whether what is there may become, or go on being, a copy of that. */
static int
check_topic(const struct target *t, const struct target_topic *tt,
    const struct wire *w, struct err *e)
{
	const struct topic *topic = &tt->topic;
	struct role r;

	if (memcmp(topic->settings.id, w->id.data, WIRE_ID) != 0)
		return err_set(e, ERR_DATA,
		    "%s: is another topic: its id is %s, the source's %.*s: "
		    "copy to another name, or move this one away",
		    topic->path, topic->settings.id, WIRE_ID,
		    (const char *)w->id.data);
	if (topic->settings.partitions > w->partitions)
		return err_set(e, ERR_DATA,
		    "%s: has %" PRId32 " partitions, the source only %" PRId32,
		    topic->path, topic->settings.partitions, w->partitions);
	if (role_read(&r, topic->dirfd, topic->path, e) < 0)
		return -1;
	if (r.kind == ROLE_LEADER || r.kind == ROLE_SEALED)
		tell_epochs(t, tt);
	if (r.kind == ROLE_FENCED)
		return err_set(e, ERR_ROLE,
		    "%s: was fenced by epoch %" PRId32
		    ": klog-replicate follow makes it a replica",
		    topic->path, r.epoch);
	if (r.kind != ROLE_REPLICA)
		return err_set(e, ERR_ROLE,
		    "%s: leads itself, nothing is copied over it: where "
		    "another leads, klog-replicate follow makes this its "
		    "replica",
		    topic->path);
	return topic_check_local(topic, t->o.unsafe, e);
}

struct adoption {
	const struct settings *from;
	bool settings; /* also these, not only the partitions */
};

static int
adopt(void *ctx, struct settings *s, struct err *e)
{
	const struct adoption *a = ctx;
	struct settings new = a->settings ? *a->from : *s;

	(void)e;
	memcpy(new.id, s->id, sizeof(new.id));
	new.partitions = a->from->partitions > s->partitions ?
	    a->from->partitions :
	    s->partitions;
	*s = new;
	return 0;
}

/* Bring settings and partitions up to the source's.  0, or -1. */
static int
follow_settings(struct target *t, struct target_topic *tt,
    const struct settings *s, struct err *e)
{
	struct adoption a = { s, !t->o.append_only };
	struct target_log *logs;

	if ((a.settings && !settings_agree(s, &tt->topic.settings)) ||
	    s->partitions > tt->topic.settings.partitions)
		if (topic_change(&tt->topic, clock_mono_ms() + t->o.wait_ms,
			adopt, &a, e) < 0)
			return -1;
	if (tt->topic.settings.partitions == tt->count)
		return 0;
	logs = realloc(tt->logs,
	    (size_t)tt->topic.settings.partitions * sizeof(*logs));
	if (logs == NULL)
		return err_set(
		    e, ERR_SYSTEM, "%s: out of memory", tt->topic.path);
	tt->logs = logs;
	for (; tt->count < tt->topic.settings.partitions; tt->count++)
		tt->logs[tt->count] =
		    (struct target_log){ .number = tt->count, .high = -1 };
	return 0;
}

/* Tell the positions of all partitions from first on.  0, or -1. */
static int
tell_positions(struct target *t, struct target_topic *tt, int32_t first,
    struct err *e)
{
	int32_t k;

	for (k = first; k < tt->count; k++) {
		if (t->o.wants != NULL && !t->o.wants(t->o.ctx, k))
			continue;
		if (target_log_position(t, tt, &tt->logs[k], e) < 0)
			return -1;
		t->counts.partitions++;
	}
	return 0;
}

static int
open_topic(struct target *t, struct target_topic *tt, const struct wire *w,
    struct err *e)
{
	char *name = text_of(&w->name), *origin = text_of(&w->origin);
	char *path = name == NULL ? NULL : path_of(t, name, e);
	struct settings s;
	struct role *r = malloc(sizeof(*r));
	int done = -1;

	settings_init(&s);
	if (name == NULL || origin == NULL || r == NULL)
		err_set(e, ERR_SYSTEM, "out of memory");
	else if (path != NULL && read_settings(w, &s, e) == 0) {
		source_of(t, name, origin, r);
		done = topic_open(&tt->topic, path, e);
		if (done < 0 && e->sys == ENOENT &&
		    make_topic(t, path, w, &s, r, e) == 0)
			done = topic_open(&tt->topic, path, e);
		if (done == 0 && (check_topic(t, tt, w, e) < 0 ||
			follow_settings(t, tt, &s, e) < 0))
			done = -1;
	}
	free(name);
	free(origin);
	free(path);
	free(r);
	return done;
}

int
target_offer(struct target *t, const struct wire *w, struct err *e)
{
	struct wire ready = { .type = WIRE_READY, .topic = w->topic };
	struct target_topic *tt, **all;

	if ((size_t)w->topic != t->count)
		return err_set(e, ERR_DATA, "topic %" PRId32 " is offered, but "
		    "%zu comes next", w->topic, t->count);
	if (t->o.folder == NULL && t->count > 0)
		return err_set(e, ERR_DATA,
		    "more topics are offered than were asked for");
	tt = calloc(1, sizeof(*tt));
	all = realloc(
	    t->topics, (t->count + 1) * sizeof(struct target_topic *));
	if (all != NULL)
		t->topics = all;
	if (tt == NULL || all == NULL) {
		free(tt);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	tt->topic.dirfd = -1;
	t->topics[t->count++] = tt; /* target_free releases it */
	t->counts.topics++;
	if (open_topic(t, tt, w, e) < 0 || tell_positions(t, tt, 0, e) < 0)
		return -1;
	return wire_put(t->out, &ready) < 0 ?
	    err_set(e, ERR_SYSTEM, "out of memory") :
	    0;
}

int
target_settings(struct target *t, struct target_topic *tt,
    const struct wire *w, struct err *e)
{
	int32_t before = tt->count;
	struct settings s;

	settings_init(&s);
	if (read_settings(w, &s, e) < 0 || follow_settings(t, tt, &s, e) < 0)
		return -1;
	return tell_positions(t, tt, before, e);
}
