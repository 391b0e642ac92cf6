#include "each.h"

#include <inttypes.h>
#include <stdlib.h>

#include "main.h"
#include "report.h"
#include "where.h"

void
each_settle(int *worst, int r, const struct err *e)
{
	if (r < 0 && e->code != ERR_STOPPED)
		report_error("%s", e->text);
	if (r < 0)
		r = main_status(e);
	if (r > *worst)
		*worst = r;
}

int
each_topic(const struct opt_common *common, int argc, char **argv,
    each_topic_fn *fn, void *context, struct err *e)
{
	char **paths = calloc((size_t)argc, sizeof(*paths));
	int status = 0;
	int i;

	if (paths == NULL)
		return err_sys(e, "topics");
	for (i = 0; i < argc && status == 0; i++)
		status = where_topic(common, argv[i], &paths[i], e);
	for (i = 0; i < argc && status >= 0; i++)
		each_settle(&status, fn(context, paths[i], e), e);
	for (i = 0; i < argc; i++)
		free(paths[i]);
	free(paths);
	return status;
}

static int
one_partition(const struct topic *t, int32_t number, each_partition_fn *fn,
    void *context, struct err *e)
{
	struct view v;
	int64_t start;
	int r;

	if (topic_look(t, number, &v, &start, e) < 0) {
		(void)where_advise(e, t->path);
		return -1;
	}
	r = fn(context, number, &v, start, e);
	view_close(&v);
	if (r < 0)
		(void)where_advise(e, t->path);
	return r;
}

int
each_partition(const struct topic *t, const struct partitions *which,
    each_partition_fn *fn, void *context, struct err *e)
{
	int32_t there = t->settings.partitions;
	bool all = which->list == NULL;
	size_t n = all ? (size_t)there : which->n;
	int32_t number;
	int status = 0;
	size_t i;

	if (!all && which->list[n - 1] >= there)
		return err_set(e, ERR_SYSTEM,
		    "%s: has no partition %" PRId32 "; the last is %" PRId32,
		    t->path, which->list[n - 1], there - 1);
	for (i = 0; i < n; i++) {
		number = all ? (int32_t)i : which->list[i];
		each_settle(&status, one_partition(t, number, fn, context, e),
		    e);
	}
	return status;
}
