#include "source_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsio.h"
#include "group.h"
#include "names.h"

static void
free_group(struct source_group *g)
{
	if (g == NULL)
		return;
	free(g->name);
	free(g->sequences);
	free(g);
}

void
source_groups_release(struct source *s, struct source_topic *t)
{
	(void)s;
	while (t->group_count > 0)
		free_group(t->groups[--t->group_count]);
	free(t->groups);
	t->groups = NULL;
}

bool
source_groups_saw(const struct source_topic *t, int number)
{
	size_t i;

	if (number < 0 || number == t->watch || number == t->groups_watch)
		return true;
	for (i = 0; i < t->group_count; i++)
		if (number == t->groups[i]->watch)
			return true;
	return false;
}

/* What is known of the group of that name, or NULL out of memory. */
static struct source_group *
known_group(struct source_topic *t, const char *name)
{
	struct source_group *g, **all;
	size_t i;

	for (i = 0; i < t->group_count; i++)
		if (strcmp(t->groups[i]->name, name) == 0)
			return t->groups[i];
	all = realloc(
	    t->groups, (t->group_count + 1) * sizeof(struct source_group *));
	if (all == NULL)
		return NULL;
	t->groups = all;
	g = calloc(1, sizeof(*g));
	if (g != NULL)
		g->name = strdup(name);
	if (g == NULL || g->name == NULL) {
		free_group(g);
		return NULL;
	}
	g->watch = -1;
	return t->groups[t->group_count++] = g;
}

/* Room for one sequence a partition: 0, or -1. */
static int
grow(struct source_group *g, int32_t n)
{
	int64_t *p;

	if (n <= g->count)
		return 0;
	p = realloc(g->sequences, (size_t)n * sizeof(*p));
	if (p == NULL)
		return -1;
	g->sequences = p;
	while (g->count < n)
		g->sequences[g->count++] = -1;
	return 0;
}

/* What a group committed in one partition: 1 put, 0, -1. */
static int
send_one(struct source *s, struct source_topic *t, struct source_log *l,
    const struct group *group, struct source_group *g, struct err *e)
{
	struct wire w = { .type = WIRE_GROUP,
		.topic = t->number,
		.partition = l->number };
	struct committed c;
	int r;

	r = group_committed(group, l->number, &c, e);
	if (r <= 0 || c.sequence == g->sequences[l->number])
		return r < 0 ? -1 : 0;
	/* After the records that it speaks of, never before. */
	if (s->o.follow && c.offset > l->acked) {
		t->groups_wait = true;
		return 0;
	}
	w.name = (struct slice){ (const uint8_t *)g->name,
		(int32_t)strlen(g->name) };
	w.from = c.offset;
	w.epoch = c.epoch;
	w.time = c.timestamp < 0 ? 0 : c.timestamp;
	if (wire_put(s->out, &w) < 0)
		return source_no_memory(t, e);
	g->sequences[l->number] = c.sequence;
	return 1;
}

static int
send_group(struct source *s, struct source_topic *t, const char *name,
    struct err *e)
{
	struct source_group *g = known_group(t, name);
	struct group group;
	int32_t k;
	int r, put = 0;

	if (g == NULL || grow(g, t->count) < 0)
		return source_no_memory(t, e);
	r = group_open(&group, &t->topic, name, false, e);
	if (r <= 0)
		return r;
	if (s->o.follow && !g->watched) {
		g->watched = group.offsets >= 0;
		g->watch = watch_add(&s->watch,
		    g->watched ? group.offsets : group.dirfd,
		    WATCH_DATA | WATCH_NAMES);
		/* What was made in between is seen now. */
		group_close(&group);
		r = group_open(&group, &t->topic, name, false, e);
		if (r <= 0)
			return r;
	}
	for (k = 0; k < t->count && r >= 0; k++) {
		if (!t->logs[k].started)
			continue;
		r = send_one(s, t, &t->logs[k], &group, g, e);
		put |= r > 0;
	}
	group_close(&group);
	return r < 0 ? -1 : put;
}

static void
watch_folder(struct source *s, struct source_topic *t)
{
	struct err ignored;
	int fd;

	if (!s->o.follow || t->groups_watch >= 0)
		return;
	fd = fsio_open_dir(t->topic.dirfd, "groups", t->topic.path, &ignored);
	if (fd < 0)
		return;
	t->groups_watch = watch_add(&s->watch, fd, WATCH_NAMES);
	close(fd);
}

static int
send_groups(struct source *s, struct source_topic *t, struct err *e)
{
	char **names;
	size_t count, i;
	int r = 0, put = 0;

	t->groups_look = false;
	watch_folder(s, t);
	if (group_list(&t->topic, &names, &count, e) < 0)
		return -1;
	for (i = 0; i < count && r >= 0; i++) {
		r = send_group(s, t, names[i], e);
		put |= r > 0;
	}
	names_free(names, count);
	return r < 0 ? -1 : put;
}

int
source_groups_pump(struct source *s, struct err *e)
{
	size_t i;
	int r, put = 0;

	for (i = 0; i < s->count; i++) {
		if (!s->o.groups || !s->topics[i]->groups_look)
			continue;
		r = send_groups(s, s->topics[i], e);
		if (r < 0)
			return -1;
		put |= r;
	}
	return put;
}
