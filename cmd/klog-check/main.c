/*
 * klog-check: read every byte of topics, tell what is wrong, and mend it; or
 * compare them with their copies.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "each.h"
#include "main.h"

static const struct {
	const char *name;
	unsigned kinds;
} repairs[] = {
	{ "index", MEND_INDEX },
	{ "tail", MEND_TAIL },
	{ "salvage", MEND_SALVAGE | MEND_INDEX | MEND_TAIL },
	{ "poison", MEND_POISON },
};

enum { LOCK_MS = 10000, SILENCE_MS = 60000 };

enum { REPAIRS = sizeof(repairs) / sizeof(repairs[0]) };

/* "index,tail" into an unsigned; what loses nothing is meant by "". */
static int
read_repairs(void *field, const char *arg, struct err *e)
{
	unsigned *kinds = field;
	size_t n, i;

	for (;; arg += n + 1) {
		n = strcspn(arg, ",");
		for (i = 0; i < REPAIRS; i++)
			if (strlen(repairs[i].name) == n &&
			    strncmp(repairs[i].name, arg, n) == 0)
				break;
		if (i == REPAIRS)
			return err_set(e, ERR_USAGE,
			    "\"%.*s\" is none of index, tail, "
			    "salvage, poison",
			    (int)n, arg);
		*kinds |= repairs[i].kinds;
		if (arg[n] == '\0')
			return 0;
	}
}

const char *
check_mend_name(enum mend mend)
{
	switch (mend) {
	case MEND_INDEX:
		return "index";
	case MEND_TAIL:
		return "tail";
	case MEND_SALVAGE:
		return "salvage";
	case MEND_POISON:
		return "poison";
	case MEND_NONE:
		break;
	}
	return NULL;
}

static const struct opt table[] = {
	OPT_FLAG(0, "deep", struct check, deep,
	    "also decompress and parse every record"),
	OPT_TIME(0, "since", "T", struct check, since,
	    "skip segments that were last changed before T"),
	OPT_ROW_PARTITIONS(struct check, which),
	OPT_FLAG(0, "json", struct check, json,
	    "one JSON object a problem and a topic"),
	OPT_HEADING("Repair"),
	OPT_CALL(0, "repair", "KINDS", struct check, kinds, read_repairs,
	    "mend: index, tail, salvage, poison, or several (index,tail)",
	    .fallback = "index,tail"),
	OPT_FLAG('n', "dry-run", struct check, dry_run,
	    "with --repair: change nothing, say what would be mended"),
	OPT_STRING(0, "save", "DIR", struct check, save,
	    "with --repair: keep what is taken out in DIR"),
	OPT_DURATION(0, "timeout", "DUR", struct check, timeout, 0, INT64_MAX,
	    "wait so long for a lock (10s) or the far side (60s)"),
	OPT_HEADING("Comparison"),
	OPT_STRING(0, "against", "COPY", struct check, against,
	    "compare with this copy, PATH or HOST:PATH, and verify nothing"),
	OPT_ROWS_FAR(struct check, shell, program),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_ROW_PROGRESS,
	OPT_END,
};

static const struct check defaults = { .timeout = -1 };

static int
check_options(struct check *c, struct err *e)
{
	if (c->against == NULL && (c->shell != NULL || c->program != NULL))
		return err_set(e, ERR_USAGE, "%s goes with --against only",
		    c->shell != NULL ? "--rsh" : "--path-of-klog");
	if (c->against != NULL && (c->deep || c->since != 0 || c->kinds != 0))
		return err_set(e, ERR_USAGE, "%s does not go with --against",
		    c->deep ? "--deep" :
			c->since != 0 ? "--since" :
					"--repair");
	if (c->timeout < 0)
		c->timeout = c->against != NULL ? SILENCE_MS : LOCK_MS;
	if (c->program == NULL)
		c->program = "klog-replicate";
	if (c->kinds == 0 && (c->dry_run || c->save != NULL))
		return err_set(e, ERR_USAGE, "%s goes with --repair only",
		    c->dry_run ? "--dry-run" : "--save");
	return 0;
}

static int
one_topic(void *context, const char *path, struct err *e)
{
	struct check *c = context;
	struct topic t;
	int status;

	if (main_stopped() != 0)
		return main_stop(e);
	if (topic_open(&t, path, e) < 0)
		return -1;
	status = c->against != NULL ? check_against(c, &t, e) :
				      check_topic(c, &t, e);
	topic_close(&t);
	return status;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct check *c = opts;

	if (check_options(c, e) < 0)
		return -1;
	if (c->save != NULL && access(c->save, W_OK | X_OK) < 0)
		return err_sys(e, "%s", c->save);
	c->several = argc > 1;
	if (c->against != NULL)
		signal(SIGPIPE, SIG_IGN); /* of the connection */
	main_stop_signals();
	return each_topic(&c->common, argc, argv, one_topic, c, e);
}

int
main(int argc, char **argv)
{
	static const char *const usage[] = { "[options] TOPIC...",
		"--against COPY [options] TOPIC...", NULL };
	const struct command command = {
		.usage = usage,
		.opts = table,
		.opts_size = sizeof(struct check),
		.defaults = &defaults,
		.min_operands = 1,
		.max_operands = OPERANDS_ANY,
		.run = run,
	};
	const struct program program = { .name = "klog-check",
		.summary = "verify topics, mend them, compare copies",
		.single = &command };

	return main_run(&program, argc, argv);
}
