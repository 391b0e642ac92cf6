/*
 * klog-replicate SRC DST, and --serve: the command line.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"
#include "main.h"
#include "peer.h"
#include "serve.h"
#include "verbs.h"
#include "where.h"

static const struct copy defaults = { .groups = 1,
	.timeout = 60000,
	.program = "klog-replicate" };

static const struct opt table[] = {
	OPT_FLAG('f', "follow", struct copy, follow,
	    "stay connected and copy what comes; connect again if need be"),
	OPT_CALL('p', "partitions", "LIST", struct copy, partitions,
	    range_option_partitions, "only these partitions: 0,2,5-7",
	    .release = range_partitions_release),
	OPT_SET(0, "groups", struct copy, groups, 1,
	    "copy the offsets of consumer groups too (default)"),
	OPT_SET(0, "no-groups", struct copy, groups, 0,
	    "leave the offsets of consumer groups alone"),
	OPT_STRING(0, "name", "NAME", struct copy, name,
	    "name of this copy in the source's list (host:path)"),
	OPT_FLAG(0, "force", struct copy, force,
	    "cut off what the source does not have even if acknowledged"),
	OPT_HEADING("Connection"),
	OPT_ROWS_FAR(struct copy, shell, program),
	OPT_SIZE(0, "bwlimit", "RATE", struct copy, rate, 1, INT64_MAX,
	    "at most so many bytes a second"),
	OPT_DURATION(0, "timeout", "DUR", struct copy, timeout, -1, INT64_MAX,
	    "of silence, or for a lock, until it is a failure (60s)"),
	OPT_ROW_UNSAFE(struct copy, unsafe),
	OPT_FLAG(0, "json", struct copy, json,
	    "print what was copied, one JSON object a connection"),
	OPT_HEADING("Far side"),
	OPT_FLAG(0, "serve", struct copy, serve,
	    "serve a caller on standard input and output"),
	OPT_STRING(0, "root", "DIR", struct copy, root,
	    "serve the topics in DIR, whatever the caller asks, and confine"),
	OPT_FLAG(0, "read-only", struct copy, read_only,
	    "with --root: only let others read"),
	OPT_FLAG(0, "append-only", struct copy, append_only,
	    "with --root: only let others append to copies"),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_ROW_PROGRESS,
	OPT_END,
};

static void
host_name(char name[COPY_HOST])
{
	if (gethostname(name, COPY_HOST - 1) < 0)
		snprintf(name, COPY_HOST, "localhost");
	name[COPY_HOST - 1] = '\0';
}

/*
 * The copy's name with where: of one that goes into a folder the folder and a
 * slash, behind which the source puts the topic's name; so a topic's copy is
 * called the same however it was written.  malloc'd, or NULL.
 */
static char *
follower_name(const struct copy *c, const char *here)
{
	const char *host = c->pull ? c->host : c->to.host;
	const char *folder = c->pull ? here : c->to.folder;
	size_t n = strlen(folder);
	char *name;

	if (asprintf(&name, "%s:%s%s%s", host, folder,
		n > 0 && folder[n - 1] != '/' ? "/" : "",
		c->to.name != NULL ? c->to.name : "") < 0)
		return NULL;
	return name;
}

/* The folder as everybody on this host may call it; malloc'd, or NULL. */
static char *
absolute(const char *folder)
{
	return realpath(*folder != '\0' ? folder : ".", NULL);
}

/* How the copy is called by the source, and the source by the copy. */
static int
name_both(struct copy *c, struct err *e)
{
	const char *host = c->host;
	char *here;
	int r;

	host_name(c->host);
	here = absolute(c->pull ? c->to.folder : c->from.folder);
	if (here == NULL)
		return err_sys(e, "%s",
		    c->pull ? c->to.folder : c->from.folder);
	c->follower = c->name != NULL ? strdup(c->name) :
					follower_name(c, here);
	if (c->pull && c->from.host != NULL) {
		c->origin = place_text(
		    &c->from, c->to.name != NULL ? c->from.name : NULL);
		free(here);
	} else if (c->pull) {
		free(here);
		here = absolute(c->from.folder);
		if (here == NULL)
			return err_sys(e, "%s", c->from.folder);
		r = asprintf(&c->origin, "%s:%s%s%s", host, here,
		    c->to.name != NULL && strcmp(here, "/") != 0 ? "/" : "",
		    c->to.name != NULL ? c->from.name : "");
		free(here);
		if (r < 0)
			c->origin = NULL;
	} else {
		if (asprintf(&c->origin, "%s:%s", host, here) < 0)
			c->origin = NULL;
		free(here);
	}
	if (c->follower == NULL || c->origin == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return 0;
}

/* Whether both are the same topics here. */
static bool
are_same(const struct copy *c)
{
	const char *from = c->from.folder, *to = c->to.folder;
	struct stat a, b;

	return c->from.host == NULL && c->to.host == NULL &&
	    (c->to.name == NULL || strcmp(c->to.name, c->from.name) == 0) &&
	    stat(*from != '\0' ? from : ".", &a) == 0 &&
	    stat(*to != '\0' ? to : ".", &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int
copy_prepare(
    struct copy *c, const char *from, const char *to, struct err *e)
{
	if (place_source(&c->from, &c->common, from, e) < 0 ||
	    place_target(&c->to, &c->common, to, &c->from, e) < 0)
		return -1;
	if (c->from.host != NULL && c->to.host != NULL)
		return err_set(e, ERR_USAGE,
		    "%s and %s: one of them must be here", from, to);
	if (are_same(c))
		return err_set(
		    e, ERR_USAGE, "%s and %s: are the same", from, to);
	c->shell = peer_shell(c->shell);
	c->pull = c->to.host == NULL;
	c->peer = strdup(c->from.host != NULL ? c->from.host :
		c->to.host != NULL	      ? c->to.host :
						from);
	if (c->peer == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	/* As rsync: the folder that the copies go into is made. */
	if (c->pull && c->to.name == NULL && *c->to.folder != '\0')
		(void)mkdir(c->to.folder, 0777);
	if (c->pull && c->to.name != NULL &&
	    (c->path = place_text(&c->to, c->to.name)) == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	return name_both(c, e);
}

void
copy_release(struct copy *c)
{
	place_release(&c->from);
	place_release(&c->to);
	free(c->path);
	free(c->follower);
	free(c->origin);
	free(c->peer);
}

/*
 * The connection gets descriptors of its own, so that nothing that is printed
 * by mistake can get into it.
 */
static int
serve_stdio(const struct serving *o, struct err *e)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool told;

	if (in < 0 || out < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		return err_sys(e, "standard input and output");
	close(null);
	if (serve(o, in, out, &told, e) == 0)
		return 0;
	return told ? main_status(e) : -1;
}

static int
run_serve(const struct copy *c, int argc, char **argv, struct err *e)
{
	const struct serving o = { .folder = c->root != NULL ? c->root :
			argc > 0			     ? argv[0] :
							where_dir(&c->common),
		.origin = "",
		.confined = c->root != NULL,
		.read_only = c->read_only,
		.append_only = c->append_only,
		.unsafe = c->unsafe };

	if (argc > 1)
		return err_set(e, ERR_USAGE, "%s: one DIR is served", argv[1]);
	if (c->root == NULL && (c->read_only || c->append_only))
		return err_set(e, ERR_USAGE, "--%s-only: goes with --root only",
		    c->read_only ? "read" : "append");
	if (c->read_only && c->append_only)
		return err_set(e, ERR_USAGE,
		    "--read-only and --append-only exclude each other");
	return serve_stdio(&o, e);
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct copy *c = opts;
	int r;

	signal(SIGPIPE, SIG_IGN);
	if (!c->serve &&
	    (c->root != NULL || c->read_only || c->append_only))
		return err_set(e, ERR_USAGE, "--%s: goes with --serve only",
		    c->root != NULL  ? "root" :
			c->read_only ? "read-only" :
				       "append-only");
	if (c->serve) {
		main_stop_signals();
		return run_serve(c, argc, argv, e);
	}
	if (argc < 2)
		return err_set(e, ERR_USAGE, "%s is missing%s%s",
		    argc == 0 ? "SRC" : "DST", argc == 0 ? "" : " after ",
		    argc == 0 ? "" : argv[0]);
	if (argc > 2)
		return err_set(e, ERR_USAGE,
		    "%s: one SRC and one DST: a pattern of topics is quoted, "
		    "so that the shell leaves it alone",
		    argv[2]);
	main_stop_signals();
	r = copy_prepare(c, argv[0], argv[1], e);
	if (r == 0)
		r = copy_run(c, e);
	copy_release(c);
	return r;
}

static const char *const usage[] = { "[options] SRC DST",
	"--serve [--root DIR [--read-only | --append-only]] [DIR]", NULL };

const struct command verb_copy = {
	.summary = "copy topics, also over ssh, and keep the copies up to date",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct copy),
	.defaults = &defaults,
	.min_operands = 0,
	.max_operands = OPERANDS_ANY,
	.run = run,
};
