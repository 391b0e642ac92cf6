/*
 * klog-topic delete: remove topics with all their records.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "each.h"
#include "report.h"
#include "verbs.h"

struct deletion {
	struct opt_common common;
	bool if_exists;
	bool force;
};

static const struct opt table[] = {
	OPT_FLAG('f', "force", struct deletion, force, "do not ask"),
	OPT_FLAG(0, "if-exists", struct deletion, if_exists,
	    "a topic that is not there is no failure"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_END,
};

/* 1 yes, 0 anything else: a topic that is gone can't be had back. */
static int
ask(const struct topic *t)
{
	char shown[1024];
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int yes;

	report_escape(shown, sizeof(shown), t->path);
	fprintf(stderr, "%s: delete %s, partitions: %" PRId32 "? [y/N] ",
	    report_name(), shown, t->settings.partitions);
	n = getline(&line, &size, stdin);
	if (n > 0 && line[n - 1] == '\n')
		line[n - 1] = '\0';
	yes = n > 0 &&
	    (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0);
	free(line);
	return yes;
}

static int
delete_one(void *context, const char *path, struct err *e)
{
	const struct deletion *o = context;
	struct topic t;
	int go_on;

	if (topic_open(&t, path, e) < 0) {
		if (e->code == ERR_SYSTEM && e->sys == ENOENT && o->if_exists)
			return 0;
		return -1;
	}
	go_on = o->force || ask(&t);
	topic_close(&t);
	if (!go_on)
		return 1;
	if (topic_delete(path, e) < 0)
		return -1;
	report_note("%s: deleted", path);
	return 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct deletion *o = opts;

	if (!o->force && !isatty(STDIN_FILENO))
		return err_set(e, ERR_USAGE,
		    "standard input is not a terminal, nobody can be asked: "
		    "-f deletes without asking");
	return each_topic(&o->common, argc, argv, delete_one, o, e);
}

static const char *const usage[] = { "[options] TOPIC...", NULL };

const struct command verb_delete = {
	.name = "delete",
	.summary = "remove topics with all their records",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct deletion),
	.min_operands = 1,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
