/*
 * klog-replicate forget: a follower that is no more is no longer counted, nor
 * shown.
 */
#include <stdint.h>
#include <stdlib.h>

#include "clock.h"
#include "insync.h"
#include "topic.h"
#include "verbs.h"
#include "where.h"

struct forget {
	struct opt_common common;
	bool unsafe;
	int64_t timeout; /* ms to wait for the locks */
};

static const struct forget defaults = { .timeout = 10000 };

static const struct opt table[] = {
	OPT_ROW_UNSAFE(struct forget, unsafe),
	OPT_DURATION(0, "timeout", "DUR", struct forget, timeout, 0, INT32_MAX,
	    "how long to wait for locks (10s)"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
forget(const struct forget *o, const struct topic *t, const char *name,
    struct err *e)
{
	int r = insync_forget(t->dirfd, t->path, &t->settings, name,
	    clock_mono_ms() + o->timeout, e);

	if (r != 0)
		return r < 0 ? -1 : 0;
	return err_set(e, ERR_SYSTEM,
	    "%s: has no copy %s: klog-replicate status shows their names",
	    t->path, name);
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct forget *o = opts;
	struct topic t;
	char *path;
	int i, r;

	if (where_topic(&o->common, argv[0], &path, e) < 0)
		return -1;
	r = topic_open(&t, path, e);
	free(path);
	if (r < 0)
		return -1;
	r = topic_check_local(&t, o->unsafe, e);
	for (i = 1; r == 0 && i < argc; i++)
		r = forget(o, &t, argv[i], e);
	topic_close(&t);
	return r;
}

static const char *const usage[] = { "[options] TOPIC NAME...", NULL };

const struct command verb_forget = {
	.name = "forget",
	.summary = "strike copies that are no more off the list of a topic",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct forget),
	.defaults = &defaults,
	.min_operands = 2,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
