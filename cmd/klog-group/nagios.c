/*
 * What a Nagios plugin prints: one line, "SERVICE STATUS - text | data"
 * (Monitoring Plugins Development Guidelines).
 */
#include <inttypes.h>

#include "check.h"
#include "report.h"
#include "units.h"

struct worst {			/* of the partitions of a group */
	const struct standing *lag;	/* the largest */
	const struct standing *age;	/* the highest */
	int level;
};

static const char *const levels[] = { "OK", "WARNING", "CRITICAL",
	"UNKNOWN" };

static int
level_of(int64_t value, int64_t warn, int64_t crit)
{
	if (crit >= 0 && value > crit)
		return CHECK_CRITICAL;
	return warn >= 0 && value > warn ? CHECK_WARNING : CHECK_OK;
}

static struct worst
worst_of(const struct check_group *g, const struct check_limits *l)
{
	struct worst w = { g->list, g->list, CHECK_OK };
	int32_t i;
	int level;

	for (i = 1; i < g->count; i++) {
		if (g->list[i].lag > w.lag->lag)
			w.lag = &g->list[i];
		if (g->list[i].age > w.age->age)
			w.age = &g->list[i];
	}
	w.level = level_of(w.lag->lag, l->lag_warn, l->lag_crit);
	level = level_of(w.age->age, l->age_warn, l->age_crit);
	if (level > w.level)
		w.level = level;
	return w;
}

/* Name the groups of one level. */
static void
put_groups(const struct check *c, const struct check_limits *l, int level,
    const char **before, FILE *f)
{
	char age[UNITS_TEXT];
	struct worst w;
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (c->list[i].name == NULL)
			continue;
		w = worst_of(&c->list[i], l);
		if (w.level != level)
			continue;
		units_format_duration(w.age->age, age);
		fprintf(f,
		    "%s%s/%s: lag %" PRId64 " (partition %" PRId32
		    "), age %s (partition %" PRId32 ")",
		    *before, c->list[i].topic->name, c->list[i].name,
		    w.lag->lag, w.lag->partition, age, w.age->partition);
		*before = "; ";
	}
}

static void
put_limit(int64_t limit, bool seconds, FILE *f)
{
	putc(';', f);
	if (limit >= 0 && seconds)
		fprintf(f, "%" PRId64 ".%03" PRId64, limit / 1000,
		    limit % 1000);
	else if (limit >= 0)
		fprintf(f, "%" PRId64, limit);
}

/* 'label'=value;warn;crit;min */
static void
put_data(const struct check_group *g, const struct check_limits *l, FILE *f)
{
	struct worst w = worst_of(g, l);

	fprintf(f, " '%s/%s lag'=%" PRId64, g->topic->name, g->name,
	    w.lag->lag);
	put_limit(l->lag_warn, false, f);
	put_limit(l->lag_crit, false, f);
	fprintf(f, ";0 '%s/%s age'=%" PRId64 ".%03" PRId64 "s",
	    g->topic->name, g->name, w.age->age / 1000, w.age->age % 1000);
	put_limit(l->age_warn, true, f);
	put_limit(l->age_crit, true, f);
	fputs(";0", f);
}

/* The largest of all groups, where none is too large. */
static void
put_summary(const struct check *c, const struct check_limits *l, FILE *f)
{
	int64_t lag = 0, oldest = 0;
	char age[UNITS_TEXT];
	size_t groups = 0, i;
	struct worst w;

	for (i = 0; i < c->count; i++) {
		if (c->list[i].name == NULL)
			continue;
		groups++;
		w = worst_of(&c->list[i], l);
		lag = w.lag->lag > lag ? w.lag->lag : lag;
		oldest = w.age->age > oldest ? w.age->age : oldest;
	}
	units_format_duration(oldest, age);
	fprintf(f, "groups: %zu, largest lag %" PRId64 ", highest age %s",
	    groups, lag, age);
}

int
check_nagios(const struct check *c, const struct check_limits *l, FILE *f)
{
	const char *before = "", *bar = " |";
	int level, worst = CHECK_OK;
	size_t i;

	for (i = 0; i < c->count; i++) {
		level = c->list[i].name == NULL ? CHECK_OK :
		    worst_of(&c->list[i], l).level;
		worst = level > worst ? level : worst;
	}
	fprintf(f, "KLOG %s - ", levels[worst]);
	for (level = worst; level > CHECK_OK; level--)
		put_groups(c, l, level, &before, f);
	if (worst == CHECK_OK)
		put_summary(c, l, f);
	for (i = 0; i < c->count; i++) {
		if (c->list[i].name == NULL)
			continue;
		fputs(bar, f);
		bar = "";
		put_data(&c->list[i], l, f);
	}
	putc('\n', f);
	return worst;
}

int
check_nagios_unknown(const char *why, FILE *f)
{
	char text[1024];
	char *p;

	/* What follows a bar would be taken for data. */
	report_escape(text, sizeof(text), why);
	for (p = text; *p != '\0'; p++)
		if (*p == '|')
			*p = '?';
	fprintf(f, "KLOG UNKNOWN - %s\n", text);
	return CHECK_UNKNOWN;
}
