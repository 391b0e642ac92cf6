/*
 * klog-group wait: until a group has read what there is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "fsio.h"
#include "groups.h"
#include "standing.h"
#include "units.h"
#include "verbs.h"
#include "watch.h"
#include "where.h"

struct wait {
	struct opt_common common;
	const char *group;
	int64_t lag;
	int64_t timeout;	/* ms; -1 for ever */

	/* While it runs: */
	struct watch watch;
	int32_t watched;	/* so many partitions are */
	struct standing behind;	/* the partition that is too far behind */
};

static const struct wait defaults = { .timeout = -1 };

static const struct opt table[] = {
	VERBS_ROW_GROUP(struct wait),
	OPT_INT(0, "lag", "N", struct wait, lag, 0, INT64_MAX,
	    "until no partition has more than N offsets to be read (0)"),
	OPT_DURATION(0, "timeout", "DUR", struct wait, timeout, 0, INT64_MAX,
	    "give up after DUR"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

/*
 * Commits are writes in offsets/.  What is appended to the log never ends the
 * waiting; that its start moves (a file is replaced) can.
 */
static int
watch_all(struct wait *o, const struct group *g, struct err *e)
{
	char name[16];
	int fd;

	watch_add(&o->watch, g->dirfd, WATCH_NAMES);
	if (g->offsets >= 0)
		watch_add(&o->watch, g->offsets, WATCH_DATA | WATCH_NAMES);
	for (; o->watched < g->topic->settings.partitions; o->watched++) {
		snprintf(name, sizeof(name), "%" PRId32, o->watched);
		fd = fsio_open_dir(
		    g->topic->dirfd, name, g->topic->path, e);
		if (fd < 0)
			return -1;
		watch_add(&o->watch, fd, WATCH_NAMES);
		close(fd);
	}
	return 0;
}

/*
 * Whether a partition is too far behind: 1, 0, -1.  The one that was so last
 * time comes first: mostly there is no need to look at others.
 */
static int
look(struct wait *o, const struct group *g, struct err *e)
{
	int32_t n = g->topic->settings.partitions;
	int32_t first = o->behind.partition, i;

	for (i = 0; i < n; i++) {
		if (standing_read(&o->behind, g, (first + i) % n, e) < 0)
			return -1;
		if (o->behind.lag > o->lag)
			return 1;
	}
	return 0;
}

/* The same, with partitions that were added, in the group of that name. */
static int
look_again(struct wait *o, struct topic *t, struct err *e)
{
	struct group g;
	int32_t before;
	int r;

	if (groups_open(&g, t, o->group, e) < 0)
		return -1;
	do {
		before = t->settings.partitions;
		r = watch_all(o, &g, e);
		if (r == 0)
			r = look(o, &g, e);
		if (r == 0)
			r = topic_reload(t, e);
	} while (r == 0 && t->settings.partitions != before);
	group_close(&g);
	return r;
}

static int
wait_for(struct wait *o, struct topic *t, struct err *e)
{
	int64_t begun = clock_mono_ms(), left = -1;
	char text[UNITS_TEXT];
	int r;

	while ((r = look_again(o, t, e)) > 0) {
		if (o->timeout >= 0) {
			left = o->timeout - (clock_mono_ms() - begun);
			if (left <= 0)
				break;
		}
		watch_wait(&o->watch, left, NULL, NULL);
	}
	if (r <= 0)
		return r;
	units_format_duration(o->timeout, text);
	return err_set(e, ERR_BUSY,
	    "%s/groups/%s: partition %" PRId32 ": the lag is still %" PRId64
	    " after %s",
	    t->path, o->group, o->behind.partition, o->behind.lag, text);
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct wait *o = opts;
	struct topic t;
	int r;

	(void)argc;
	if (groups_check_name(o->group, e) < 0 ||
	    where_open(&t, &o->common, argv[0], e) < 0)
		return -1;
	watch_open(&o->watch);
	r = wait_for(o, &t, e);
	watch_close(&o->watch);
	topic_close(&t);
	return r;
}

static const char *const usage[] = { "-g group [options] TOPIC", NULL };

const struct command verb_wait = {
	.name = "wait",
	.summary = "wait until a group has read what there is",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct wait),
	.defaults = &defaults,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
