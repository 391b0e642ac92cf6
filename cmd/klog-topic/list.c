/*
 * klog-topic list: the names of the topics in a directory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "each.h"
#include "followers.h"
#include "names.h"
#include "table.h"
#include "topic.h"
#include "topiclist.h"
#include "verbs.h"
#include "where.h"

struct list {
	struct opt_common common;
	bool json;
	bool full;		/* -l */
	struct table table;
};

static const struct table_column columns[] = {
	{ "TOPIC", TABLE_LEFT },
	{ "PARTITIONS", TABLE_RIGHT },
	{ "ROLE", TABLE_LEFT },
};

static const struct opt table[] = {
	OPT_FLAG(0, "json", struct list, json,
	    "one JSON object a topic, with id, partitions and role"),
	OPT_FLAG('l', "long", struct list, full,
	    "with number of partitions and role"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

/* One that can be opened; a name alone says less. */
static int
print_topic(struct list *o, const char *dir, const char *name, struct err *e)
{
	char text[ROLE_TEXT];
	struct role role;
	struct topic t;
	char *path;
	int r;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return err_sys(e, "%s", name);
	r = topic_open(&t, path, e);
	free(path);
	if (r < 0)
		return -1;
	r = role_read(&role, t.dirfd, t.path, e) < 0 ? -1 : 0;
	if (r == 0 && o->json) {
		/* A topic's name has no byte that needs an escape. */
		printf("{\"topic\":\"%s\",\"id\":\"%s\",\"partitions\":%" PRId32
		    ",", t.name, t.settings.id, t.settings.partitions);
		r = followers_json_role(&role, stdout, e);
		puts("}");
	} else if (r == 0) {
		role_text(&role, text);
		table_cell(&o->table, "%s", t.name);
		table_cell(&o->table, "%" PRId32, t.settings.partitions);
		table_cell(&o->table, "%s", text);
	}
	topic_close(&t);
	return r;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct list *o = opts;
	const char *dir = argc > 0 ? argv[0] : where_dir(&o->common);
	char **names;
	size_t count, i;
	int status = 0;

	if (topic_list(dir, &names, &count, e) < 0)
		return -1;
	table_init(&o->table, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < count; i++) {
		if (!o->json && !o->full) {
			puts(names[i]);
		} else if (print_topic(o, dir, names[i], e) < 0) {
			/* One that was just removed is no longer listed. */
			if (e->code == ERR_SYSTEM && e->sys == ENOENT)
				continue;
			each_settle(&status, -1, e);
		}
	}
	names_free(names, count);
	if (o->full && !o->json && table_print(&o->table, true, stdout, e) < 0)
		status = -1;
	table_release(&o->table);
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
