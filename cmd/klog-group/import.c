/*
 * klog-group import: commit what export printed, all of it or nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "groups.h"
#include "units.h"
#include "verbs.h"
#include "where.h"

enum { LINE_SIZE = 64 };	/* three numbers need 44 */

struct importing {
	struct opt_common common;
	const char *group;
	bool force;
	bool unsafe;

	/* While it runs: */
	struct change *changes;	/* room for one a partition */
	size_t count;
	bool *seen;		/* by partition */
};

static const struct opt table[] = {
	VERBS_ROW_GROUP(struct importing),
	VERBS_ROW_FORCE(struct importing),
	OPT_ROW_UNSAFE(struct importing, unsafe),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

/* "PARTITION OFFSET EPOCH", one blank between: 0, or -1. */
static int
parse(char *line, struct change *c, struct err *e)
{
	char *offset = strchr(line, ' ');
	char *epoch = offset == NULL ? NULL : strchr(offset + 1, ' ');
	int64_t numbers[3];

	if (epoch != NULL) {
		*offset++ = '\0';
		*epoch++ = '\0';
	}
	if (epoch == NULL ||
	    units_int(line, 0, INT32_MAX, &numbers[0]) < 0 ||
	    units_int(offset, 0, INT64_MAX, &numbers[1]) < 0 ||
	    units_int(epoch, -1, INT32_MAX, &numbers[2]) < 0)
		return err_set(e, ERR_DATA,
		    "is not \"PARTITION OFFSET EPOCH\"");
	*c = (struct change){ (int32_t)numbers[0], numbers[1],
		(int32_t)numbers[2] };
	return 0;
}

/*
 * Whether the group can go on there.  What is below the start is taken: a
 * group comes to stand there when old records go.
 */
static int
check(const struct importing *o, const struct topic *t, const struct change *c,
    struct err *e)
{
	struct view v;
	int64_t start;
	int r = 0;

	if (c->partition >= t->settings.partitions)
		return err_set(e, ERR_DATA,
		    "there is no partition %" PRId32 "; the last is %" PRId32,
		    c->partition, t->settings.partitions - 1);
	if (o->seen[c->partition])
		return err_set(e, ERR_DATA,
		    "partition %" PRId32 " comes twice", c->partition);
	if (topic_look(t, c->partition, &v, &start, e) < 0)
		return -1;
	if (c->offset > v.end.next_offset)
		r = err_set(e, ERR_DATA,
		    "offset %" PRId64 " of partition %" PRId32
		    " is past the end of the log, %" PRId64,
		    c->offset, c->partition, v.end.next_offset);
	view_close(&v);
	return r;
}

/* A line of stdin: 1, 0 there is none any more, -1. */
static int
read_line(char line[LINE_SIZE], struct err *e)
{
	size_t n = 0;
	int c;

	while ((c = getchar()) != EOF && c != '\n') {
		/* A NUL is no part of a number either. */
		if (n == LINE_SIZE - 1)
			return err_set(e, ERR_DATA, "is too long");
		line[n++] = c == '\0' ? '?' : (char)c;
	}
	line[n] = '\0';
	if (c == EOF && ferror(stdin))
		return err_sys(e, "can't be read");
	return c != EOF || n > 0;
}

static int
read_all(struct importing *o, const struct topic *t, struct err *e)
{
	struct change c = { 0 };
	char line[LINE_SIZE];
	size_t number = 0;
	int got;

	while ((got = read_line(line, e)) != 0) {
		number++;
		if (got < 0 || parse(line, &c, e) < 0 ||
		    check(o, t, &c, e) < 0)
			return err_prefix(e, "stdin: line %zu", number);
		o->seen[c.partition] = true;
		o->changes[o->count++] = c;
	}
	if (number == 0)
		return err_set(e, ERR_DATA, "stdin: is empty");
	return 0;
}

static int
import_into(struct importing *o, const struct topic *t, struct err *e)
{
	size_t partitions = (size_t)t->settings.partitions;
	int r = -1;

	o->changes = calloc(partitions, sizeof(*o->changes));
	o->seen = calloc(partitions, sizeof(*o->seen));
	if (o->changes == NULL || o->seen == NULL)
		err_sys(e, "%s", t->path);
	else if (topic_check_local(t, o->unsafe, e) == 0 &&
	    read_all(o, t, e) == 0)
		r = changes_commit(t, o->group, o->changes, o->count,
		    o->force, e);
	free(o->changes);
	free(o->seen);
	return r;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct importing *o = opts;
	struct topic t;
	int r;

	(void)argc;
	if (groups_check_name(o->group, e) < 0 ||
	    where_open(&t, &o->common, argv[0], e) < 0)
		return -1;
	r = import_into(o, &t, e);
	topic_close(&t);
	return r;
}

static const char *const usage[] = { "-g group [options] TOPIC", NULL };

const struct command verb_import = {
	.name = "import",
	.summary = "commit what export printed, from standard input",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct importing),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
