/*
 * klog-replicate follow: a topic becomes a replica of another copy of it,
 * which leads.  What this one has and that has not is cut off, and saved.
 *
 * First the other end is asked where its epochs begin, and nothing is changed
 * if it does not lead, or what would go was promised.  Then the role, so that
 * nobody appends any more, then the cuts.  Killed in between, it is run again.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "copy.h"
#include "follow.h"
#include "insync.h"
#include "main.h"
#include "report.h"
#include "rewind.h"
#include "role.h"
#include "truncate.h"
#include "verbs.h"

static const struct following defaults = { .copy = { .groups = 1,
	.timeout = 60000,
	.program = "klog-replicate" } };

static const struct opt table[] = {
	OPT_FLAG('f', "follow", struct following, copy.follow,
	    "then copy what it has, and what comes, without end"),
	OPT_FLAG('c', "catch-up", struct following, catch_up,
	    "then copy what it has, once"),
	OPT_FLAG(0, "force", struct following, copy.force,
	    "also if it does not lead, or what is cut off was promised"),
	OPT_SET(0, "no-groups", struct following, copy.groups, 0,
	    "leave the offsets of consumer groups alone"),
	OPT_STRING(0, "name", "NAME", struct following, copy.name,
	    "name of this copy in the source's list (host:path)"),
	OPT_HEADING("Connection"),
	OPT_ROWS_FAR(struct following, copy.shell, copy.program),
	OPT_SIZE(0, "bwlimit", "RATE", struct following, copy.rate, 1,
	    INT64_MAX, "at most so many bytes a second"),
	OPT_DURATION(0, "timeout", "DUR", struct following, copy.timeout, -1,
	    INT64_MAX,
	    "of silence, or for a lock, until it is a failure (60s)"),
	OPT_ROW_UNSAFE(struct following, copy.unsafe),
	OPT_ROWS_COMMON,
	OPT_ROW_DIR,
	OPT_ROW_PROGRESS,
	OPT_END,
};

static int64_t
deadline(const struct following *f)
{
	return f->copy.timeout < 0 ? CLOCK_NEVER :
				     clock_mono_ms() + f->copy.timeout;
}

struct cut { /* of a log */
	const char *where;
	int64_t end;
};

/* A group had read what is gone. */
static void
say_rewound(void *ctx, const char *group, int64_t from)
{
	const struct cut *c = ctx;

	if (!report_quiet())
		printf("%s: group %s: set back from offset %" PRId64 " to "
		       "%" PRId64 ": %" PRId64 " records that it read are "
		       "gone\n",
		    c->where, group, from, c->end, from - c->end);
}

/* How much of partition number would go, or (cut) let it go. */
static int
cut_one(struct following *f, int32_t number, int64_t offset, bool cut,
    struct err *e)
{
	const struct topic *t = &f->topic;
	struct partition p;
	struct truncate tr = { .partition = &p,
		.offset = offset,
		.force = f->copy.force };
	struct cut c;
	struct rewind back = { .told = say_rewound, .ctx = &c };
	int r;

	if (partition_open(&p, t->dirfd, number, t->path, &t->settings, e) < 0)
		return -1;
	p.use = PARTITION_KEEPER;
	r = cut ? truncate_log(&tr, deadline(f), e) :
		  truncate_look(&tr, deadline(f), e);
	if (r < 0 && e->code == ERR_DATA)
		snprintf(e->text + strlen(e->text),
		    sizeof(e->text) - strlen(e->text),
		    "; nothing was cut off (--force does it all the same)");
	c = (struct cut){ p.where, tr.end };
	if (r == 0 && cut && tr.files > 0 && !report_quiet())
		printf("%s: %" PRId64 " records from offset %" PRId64
		       " on were cut off; %d file%s in %s\n",
		    p.where, tr.records, tr.end, tr.files,
		    tr.files == 1 ? " keeps them" : "s keep them",
		    tr.saved_in);
	if (r == 0 && cut)
		r = rewind_groups(t, number, tr.end, &back, e);
	/* What both have can be read at once, as far as it can there. */
	if (r == 0 && cut)
		r = insync_follow(&p, f->parts[number].high, e);
	partition_close(&p);
	return r;
}

static int
each(struct following *f, bool cut, struct err *e)
{
	int64_t common;
	int32_t i;

	for (i = 0; i < f->topic.settings.partitions; i++)
		if (follow_compare(f, i, !cut, &common, e) < 0 ||
		    cut_one(f, i, common, cut, e) < 0)
			return -1;
	return 0;
}

static int
become(struct following *f, struct err *e)
{
	struct role r = { .kind = ROLE_REPLICA };

	snprintf(r.source, sizeof(r.source), "%s", f->copy.origin);
	return role_set(f->topic.dirfd, f->topic.path, deadline(f), &r, e);
}

static int
run_open(struct following *f, struct err *e)
{
	struct copy *c = &f->copy;

	if (topic_check_local(&f->topic, c->unsafe, e) < 0 ||
	    role_read(&f->role, f->topic.dirfd, f->topic.path, e) < 0 ||
	    follow_ask(f, e) < 0 || each(f, false, e) < 0 ||
	    become(f, e) < 0 || each(f, true, e) < 0)
		return -1;
	if (c->follow || f->catch_up)
		return copy_run(c, e);
	if (!report_quiet())
		printf("%s: is a replica of %s; to copy what that has: "
		       "klog-replicate %s %s\n",
		    f->topic.path, c->origin, f->source, f->topic.path);
	return 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct following *f = opts;
	char *path = NULL;
	int r;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	main_stop_signals();
	f->source = argv[1];
	f->topic.dirfd = -1;
	r = copy_prepare(&f->copy, argv[1], argv[0], e);
	if (r == 0 && (f->copy.to.host != NULL || f->copy.to.name == NULL ||
		f->copy.from.many))
		r = err_set(e, ERR_USAGE,
		    "%s: is not one topic %s", f->copy.from.many ? argv[1] :
		    argv[0], f->copy.from.many ? "there" : "here");
	if (r == 0) {
		path = place_text(&f->copy.to, f->copy.to.name);
		r = path == NULL ? err_set(e, ERR_SYSTEM, "out of memory") :
				   topic_open(&f->topic, path, e);
	}
	if (r == 0)
		r = run_open(f, e);
	free(path);
	follow_release(f);
	if (f->topic.dirfd >= 0)
		topic_close(&f->topic);
	copy_release(&f->copy);
	return r;
}

static const char *const usage[] = { "[options] TOPIC SOURCE", NULL };

const struct command verb_follow = {
	.name = "follow",
	.summary = "make a topic the replica of the copy that leads now",
	.usage = usage,
	.opts = table,
	.opts_size = sizeof(struct following),
	.defaults = &defaults,
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
};
