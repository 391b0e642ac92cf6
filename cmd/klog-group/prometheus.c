/*
 * Prometheus' text format.  All samples of a metric stand together; names of
 * topics and groups have no byte that a label would have to escape.
 */
#include <inttypes.h>

#include "check.h"

static void
head(const char *name, const char *help, FILE *f)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* The start of a sample of a group in a partition, up to its value. */
static void
sample(const char *name, const struct check_group *g,
    const struct standing *s, FILE *f)
{
	fprintf(f,
	    "%s{topic=\"%s\",partition=\"%" PRId32 "\",group=\"%s\"} ", name,
	    g->topic->name, s->partition, g->name);
}

static void
put_lag(const struct check_group *g, const struct standing *s, FILE *f)
{
	sample("klog_group_lag_records", g, s, f);
	fprintf(f, "%" PRId64 "\n", s->lag);
}

static void
put_age(const struct check_group *g, const struct standing *s, FILE *f)
{
	sample("klog_group_lag_seconds", g, s, f);
	fprintf(f, "%" PRId64 ".%03" PRId64 "\n", s->age / 1000,
	    s->age % 1000);
}

static void
put_committed(const struct check_group *g, const struct standing *s, FILE *f)
{
	if (!s->any)
		return;
	sample("klog_group_committed_offset", g, s, f);
	fprintf(f, "%" PRId64 "\n", s->committed.offset);
}

static void
put_end(const struct check_group *g, const struct standing *s, FILE *f)
{
	fprintf(f,
	    "klog_log_end_offset{topic=\"%s\",partition=\"%" PRId32 "\"} "
	    "%" PRId64 "\n",
	    g->topic->name, s->partition, s->end);
}

/* Of all partitions of all groups, or of the topics themselves. */
static void
put_all(const struct check *c, bool groups,
    void (*put)(const struct check_group *g, const struct standing *s,
    FILE *f), FILE *f)
{
	const struct check_group *g;
	int32_t i;

	for (g = c->list; g < c->list + c->count; g++)
		for (i = 0; (g->name != NULL) == groups && i < g->count; i++)
			put(g, &g->list[i], f);
}

void
check_prometheus(const struct check *c, FILE *f)
{
	const struct check_group *g;

	head("klog_group_lag_records",
	    "Offsets of the log that the group has not read.", f);
	put_all(c, true, put_lag, f);
	head("klog_group_lag_seconds",
	    "Age of the record that the group reads next, 0 if none.", f);
	put_all(c, true, put_age, f);
	head("klog_group_members", "Live members of the group.", f);
	for (g = c->list; g < c->list + c->count; g++)
		if (g->name != NULL)
			fprintf(f,
			    "klog_group_members{topic=\"%s\",group=\"%s\"} "
			    "%zu\n",
			    g->topic->name, g->name, g->members);
	head("klog_group_committed_offset",
	    "Offset that the group reads next.", f);
	put_all(c, true, put_committed, f);
	head("klog_log_end_offset", "Offset that the next record gets.", f);
	put_all(c, false, put_end, f);
}
