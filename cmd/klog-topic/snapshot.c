/*
 * klog-topic snapshot: a second topic with the records of the first, at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "report.h"
#include "snapshot.h"
#include "verbs.h"
#include "where.h"

struct snap {
	struct opt_common common;
	bool unsafe;
	int64_t timeout;	/* ms to wait for locks */
};

static const struct snap defaults = { .timeout = 10000 };

static const struct opt table[] = {
	OPT_ROW_UNSAFE(struct snap, unsafe),
	OPT_DURATION(0, "timeout", "DUR", struct snap, timeout, 0, INT32_MAX,
	    "how long to wait for who cleans or appends (10s)"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
snap(const struct snap *o, const char *path, const char *to, struct err *e)
{
	int64_t begun = clock_mono_ms();
	struct topic t;
	int r = -1;

	if (topic_open(&t, path, e) < 0)
		return -1;
	if (topic_check_local(&t, o->unsafe, e) == 0)
		r = snapshot_take(&t, to, o->unsafe, begun + o->timeout, e);
	if (r == 0)
		report_note("%s: made of %s in %" PRId64 " ms", to, t.path,
		    clock_mono_ms() - begun);
	else if (e->code == ERR_SYSTEM && e->sys == EEXIST)
		err_set(e, ERR_SYSTEM, "%s: is there already", to);
	topic_close(&t);
	return r;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct snap *o = opts;
	char *path = NULL, *to = NULL;
	int r = -1;

	(void)argc;
	if (where_topic(&o->common, argv[0], &path, e) == 0 &&
	    where_topic(&o->common, argv[1], &to, e) == 0)
		r = snap(o, path, to, e);
	free(path);
	free(to);
	return r;
}

static const char *const usage[] = { "[options] TOPIC NEW", NULL };

const struct command verb_snapshot = {
	.name = "snapshot",
	.summary = "make a second topic with the records of the first, at once",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct snap),
	.defaults = &defaults,
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
};
