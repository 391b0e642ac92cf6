#include "groups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "each.h"
#include "where.h"

int
groups_check_name(const char *name, struct err *e)
{
	struct err why;

	if (name == NULL)
		return err_set(e, ERR_USAGE, "-g GROUP is missing");
	if (strchr(name, '/') == NULL && topic_check_name(name, &why) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	    "-g: \"%s\" is not a group's name: at most %d of "
	    "A-Z a-z 0-9 . _ - may be in it",
	    name, TOPIC_NAME_MAX);
}

int
groups_open(struct group *g, const struct topic *t, const char *name,
    struct err *e)
{
	int r = group_open(g, t, name, false, e);

	if (r != 0)
		return r < 0 ? -1 : 0;
	err_set(e, ERR_SYSTEM, "%s/groups/%s: no such group", t->path, name);
	e->sys = ENOENT;
	return -1;
}

int
groups_open_both(struct topic *t, struct group *g,
    const struct opt_common *common, const char *operand, const char *name,
    struct err *e)
{
	if (where_open(t, common, operand, e) < 0)
		return -1;
	if (groups_open(g, t, name, e) == 0)
		return 0;
	topic_close(t);
	return -1;
}

void
groups_close_both(struct topic *t, struct group *g)
{
	group_close(g);
	topic_close(t);
}

/* The same work for groups, one after another. */
struct each {
	int (*fn)(void *context, struct group *g, struct err *e);
	void *context;
	const char *name;	/* -g, or NULL */
	int status;		/* the worst so far */
};

static void
one_group(struct each *w, const struct topic *t, const char *name,
    struct err *e)
{
	struct group g;
	int r = groups_open(&g, t, name, e);

	if (r < 0 && e->sys == ENOENT && w->name == NULL)
		return;
	if (r == 0) {
		r = w->fn(w->context, &g, e);
		group_close(&g);
	}
	each_settle(&w->status, r, e);
}

static int
each_of_topic(struct each *w, const struct topic *t, struct err *e)
{
	char **names;
	size_t count, i;

	if (w->name != NULL) {
		one_group(w, t, w->name, e);
		return 0;
	}
	if (group_list(t, &names, &count, e) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		one_group(w, t, names[i], e);
		free(names[i]);
	}
	free(names);
	return 0;
}

static int
one_topic(void *context, const char *path, struct err *e)
{
	struct each *w = context;
	struct topic t;
	int r;

	if (topic_open(&t, path, e) < 0)
		return -1;
	r = each_of_topic(w, &t, e);
	topic_close(&t);
	return r < 0 ? -1 : w->status;
}

int
groups_each(const struct opt_common *common, int argc, char **argv,
    const char *name, int (*fn)(void *context, struct group *g,
    struct err *e), void *context, struct err *e)
{
	struct each w = { fn, context, name, 0 };

	if (name != NULL && groups_check_name(name, e) < 0)
		return -1;
	return each_topic(common, argc, argv, one_topic, &w, e);
}

int
groups_refuse_live(const struct group *g, struct err *e)
{
	enum { NAMED = 4 };
	struct member_info *list;
	char names[512] = "";
	size_t count, used = 0, i;

	if (member_list(g, false, &list, &count, e) < 0)
		return -1;
	for (i = 0; i < count && i < NAMED; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used,
		    "%sprocess %" PRId64 " on %s", i > 0 ? ", " : "",
		    list[i].pid, list[i].host);
	if (count > NAMED)
		snprintf(names + used, sizeof(names) - used, " and %zu more",
		    count - NAMED);
	member_list_free(list, count);
	if (count == 0)
		return 0;
	return err_set(e, ERR_BUSY,
	    "%s: is being read by %s (--force changes it all the same)",
	    g->where, names);
}

static int
by_number(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

const struct member_info *
groups_owner(const struct member_info *list, size_t count, int32_t partition)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].owned_count > 0 &&
		    bsearch(&partition, list[i].owned, list[i].owned_count,
			sizeof(partition), by_number) != NULL)
			return &list[i];
	return NULL;
}
