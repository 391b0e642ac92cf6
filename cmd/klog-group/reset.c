/*
 * klog-group reset: let a group go on elsewhere.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "changes.h"
#include "groups.h"
#include "range.h"
#include "report.h"
#include "standing.h"
#include "table.h"
#include "timefind.h"
#include "units.h"
#include "verbs.h"

struct shift {
	bool given;
	int64_t by;
};

struct reset {
	struct opt_common common;
	const char *group;
	struct range to;	/* from NONE: not given */
	struct shift shift;
	const char *like;	/* another group */
	struct partitions which;
	bool dry;
	bool force;
	bool unsafe;

	/* While it runs: */
	struct codec *codec;
	struct group *other;	/* that of like */
	struct change *changes;
	size_t count;
	struct table table;
};

/* "+5", "-5" or "5". */
static int
read_shift(void *field, const char *arg, struct err *e)
{
	struct shift *s = field;

	s->given = true;
	if (arg[0] == '+' ? units_int(arg + 1, 0, INT64_MAX, &s->by) == 0 :
			    units_int(arg, INT64_MIN, INT64_MAX, &s->by) == 0)
		return 0;
	return err_set(e, ERR_USAGE,
	    "\"%s\" is not a number of offsets such as +10 or -10", arg);
}

static const struct opt table[] = {
	VERBS_ROW_GROUP(struct reset),
	OPT_CALL(0, "to", "SPEC", struct reset, to, range_option,
	    "where to go on: start, end, N, +N, -N or @TIME"),
	OPT_CALL(0, "shift", "N", struct reset, shift, read_shift,
	    "go on N offsets later (+N) or earlier (-N)"),
	OPT_STRING(0, "like", "OTHER", struct reset, like,
	    "go on where group OTHER does"),
	OPT_ROW_PARTITIONS(struct reset, which),
	OPT_FLAG(0, "dry-run", struct reset, dry,
	    "print what would be done, and change nothing"),
	VERBS_ROW_FORCE(struct reset),
	OPT_ROW_UNSAFE(struct reset, unsafe),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static const struct table_column columns[] = {
	{ "PARTITION", TABLE_RIGHT },
	{ "FROM", TABLE_RIGHT },
	{ "TO", TABLE_RIGHT },
};

/* a + b; what does not fit is far outside of any log. */
static int64_t
add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static int
place(const struct reset *o, const struct standing *s, struct view *v,
    int64_t *to, struct err *e)
{
	const struct bound *b = &o->to.from;
	int64_t timestamp;
	int found = 1;

	*to = s->start;
	switch (b->kind) {
	case BOUND_END:
		*to = s->end;
		break;
	case BOUND_OFFSET:
		*to = b->value;
		break;
	case BOUND_FROM_START:
		*to = add(s->start, b->value);
		break;
	case BOUND_FROM_END:
		*to = s->end - b->value;
		break;
	case BOUND_TIME:
		found = timefind_first(v, o->codec, s->start, b->value,
		    (size_t)v->batch_max, to, &timestamp, e);
		if (found == 0)
			*to = s->end;
		break;
	case BOUND_NONE:
	case BOUND_START:
		break;
	}
	return found < 0 ? -1 : 1;
}

/* Where the partition is to go on: 1, 0 it is left as it is, -1. */
static int
target(const struct reset *o, const struct group *g, const struct standing *s,
    struct view *v, int64_t *to, struct err *e)
{
	struct committed c;
	int got;

	if (o->other != NULL) {
		got = group_committed(o->other, s->partition, &c, e);
		if (got == 0)
			report_warn("%s: partition %" PRId32 ": nothing is "
				    "committed, %s is left as it is",
			    o->other->where, s->partition, g->name);
		*to = c.offset;
		return got;
	}
	if (!o->shift.given)
		return place(o, s, v, to, e);
	if (!s->any)
		return err_set(e, ERR_DATA,
		    "%s: partition %" PRId32 ": nothing is committed "
		    "that could be shifted (-p leaves partitions out)",
		    g->where, s->partition);
	*to = add(s->committed.offset, o->shift.by);
	return 1;
}

/* Into the log. */
static int64_t
clamp(const struct standing *s, const struct view *v, int64_t to)
{
	int64_t taken = to < s->start ? s->start : to > s->end ? s->end : to;

	if (taken != to)
		report_warn("%s: offset %" PRId64 " is %s of the log: "
			    "%" PRId64 " is taken",
		    v->where, to,
		    to < s->start ? "before the start" : "past the end",
		    taken);
	return taken;
}

static int
plan_in(struct reset *o, const struct group *g, const struct standing *s,
    struct view *v, struct err *e)
{
	struct change *c = &o->changes[o->count];
	int64_t to;
	int got = target(o, g, s, v, &to, e);

	if (got <= 0)
		return got;
	c->partition = s->partition;
	c->offset = clamp(s, v, to);
	if (changes_epoch(v, c->offset, &c->epoch, e) < 0)
		return -1;
	o->count++;
	table_cell(&o->table, "%" PRId32, s->partition);
	if (s->any)
		table_cell(&o->table, "%" PRId64, s->committed.offset);
	else
		table_cell(&o->table, "-");
	table_cell(&o->table, "%" PRId64, c->offset);
	return 0;
}

static int
plan_partition(struct reset *o, const struct group *g, int32_t partition,
    struct err *e)
{
	struct standing s = { .partition = partition };
	struct view v;
	int r = group_committed(g, partition, &s.committed, e);

	if (r < 0 ||
	    topic_look(g->topic, partition, &v, &s.start, e) < 0)
		return -1;
	s.any = r > 0;
	s.end = v.end.next_offset;
	r = plan_in(o, g, &s, &v, e);
	view_close(&v);
	return r;
}

/* All is looked up before anything is changed. */
static int
plan(struct reset *o, const struct group *g, struct err *e)
{
	int32_t there = g->topic->settings.partitions;
	bool all = o->which.list == NULL;
	size_t n = all ? (size_t)there : o->which.n, i;
	int r = 0;

	if (!all && o->which.list[n - 1] >= there)
		return err_set(e, ERR_SYSTEM,
		    "%s: has no partition %" PRId32 "; the last is %" PRId32,
		    g->topic->path, o->which.list[n - 1], there - 1);
	o->changes = calloc(n, sizeof(*o->changes));
	o->codec = codec_new();
	if (o->changes == NULL || o->codec == NULL) {
		errno = ENOMEM;
		return err_sys(e, "%s", g->where);
	}
	for (i = 0; i < n && r == 0; i++)
		r = plan_partition(o, g,
		    all ? (int32_t)i : o->which.list[i], e);
	return r;
}

static int
reset_group(struct reset *o, const struct group *g, struct err *e)
{
	int r;

	table_init(&o->table, columns, sizeof(columns) / sizeof(columns[0]));
	r = plan(o, g, e);
	if (r == 0 && o->dry && !o->force)
		r = groups_refuse_live(g, e);
	else if (r == 0 && !o->dry)
		r = changes_commit(g->topic, g->name, o->changes, o->count,
		    o->force, e);
	if (r == 0)
		r = table_print(&o->table, true, stdout, e);
	table_release(&o->table);
	free(o->changes);
	codec_free(o->codec);
	return r;
}

static int
check(const struct reset *o, struct err *e)
{
	bool to = o->to.from.kind != BOUND_NONE;

	if (groups_check_name(o->group, e) < 0)
		return -1;
	if (to + o->shift.given + (o->like != NULL) != 1)
		return err_set(e, ERR_USAGE,
		    "give one of --to, --shift and --like");
	if (o->to.to.kind != BOUND_NONE)
		return err_set(e, ERR_USAGE,
		    "--to: a group only has a place where it goes on: "
		    "start, end, N, +N, -N or @TIME");
	if (o->like == NULL)
		return 0;
	return groups_check_name(o->like, e);
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct reset *o = opts;
	struct group g, other;
	struct topic t;
	int r = 0;

	(void)argc;
	if (check(o, e) < 0 ||
	    groups_open_both(&t, &g, &o->common, argv[0], o->group, e) < 0)
		return -1;
	if (!o->dry)
		r = topic_check_local(&t, o->unsafe, e);
	if (r == 0 && o->like != NULL) {
		r = groups_open(&other, &t, o->like, e);
		o->other = r == 0 ? &other : NULL;
	}
	if (r == 0)
		r = reset_group(o, &g, e);
	if (o->other != NULL)
		group_close(&other);
	groups_close_both(&t, &g);
	return r;
}

static const char *const usage[] = {
	"-g group --to spec|--shift n|--like other [options] TOPIC", NULL
};

const struct command verb_reset = {
	.name = "reset",
	.summary = "let a group go on elsewhere",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct reset),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
