/*
 * klog-topic list: the names of the topics in a directory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "main.h"
#include "names.h"
#include "report.h"
#include "topic.h"
#include "topiclist.h"
#include "verbs.h"
#include "where.h"

struct list {
	struct opt_common common;
	bool json;
};

static const struct opt table[] = {
	OPT_FLAG(0, "json", struct list, json,
	    "one JSON object a topic, with id and partitions"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

static int
print_json(const char *dir, const char *name, struct err *e)
{
	struct topic t;
	char *path;
	int r;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return err_sys(e, "%s", name);
	r = topic_open(&t, path, e);
	free(path);
	if (r < 0)
		return -1;
	/* A topic's name has no byte that needs an escape. */
	printf("{\"topic\":\"%s\",\"id\":\"%s\",\"partitions\":%" PRId32 "}\n",
	    t.name, t.settings.id, t.settings.partitions);
	topic_close(&t);
	return 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	const struct list *o = opts;
	const char *dir = argc > 0 ? argv[0] : where_dir(&o->common);
	char **names;
	size_t count, i;
	int status = 0;

	if (topic_list(dir, &names, &count, e) < 0)
		return -1;
	for (i = 0; i < count; i++) {
		if (!o->json) {
			puts(names[i]);
		} else if (print_json(dir, names[i], e) < 0) {
			/* One that was just removed is no longer listed. */
			if (e->code == ERR_SYSTEM && e->sys == ENOENT)
				continue;
			report_error("%s", e->text);
			if (main_status(e) > status)
				status = main_status(e);
		}
	}
	names_free(names, count);
	return status;
}

static const char *const usage[] = { "[options] [DIR]", NULL };

const struct command verb_list = {
	.name = "list",
	.summary = "print the names of the topics in a directory",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct list),
	.max_operands = 1,
	.run = run,
};
