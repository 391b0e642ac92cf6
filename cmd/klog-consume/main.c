/*
 * klog-consume: print the records of topics.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "group.h"
#include "main.h"
#include "rate.h"
#include "report.h"
#include "streams.h"
#include "ways.h"

static const struct opt_choice isolation_names[] = {
	{ "committed", ISOLATION_COMMITTED },
	{ "uncommitted", ISOLATION_UNCOMMITTED }, { NULL, 0 },
};

static const struct opt_choice reset_names[] = {
	{ "start", RESET_START }, { "end", RESET_END },
	{ "fail", RESET_FAIL }, { NULL, 0 },
};

static const struct opt_choice assignor_names[] = {
	{ "cooperative", ASSIGN_COOPERATIVE }, { "range", ASSIGN_RANGE },
	{ NULL, 0 },
};

static const struct opt_choice commit_names[] = {
	{ "auto", COMMIT_AUTO }, { "exec", COMMIT_EXEC }, { "fd", COMMIT_FD },
	{ "none", COMMIT_NONE }, { NULL, 0 },
};

static const struct opt_choice sync_names[] = {
	{ "second", SYNC_SECOND }, { "each", SYNC_EACH }, { NULL, 0 },
};

#define T struct options
#define GIVEN(field) .given = OPT_AT(T, field, bool)

static const struct opt table[] = {
	OPT_HEADING("Which records"),
	OPT_CALL('o', "offset", "SPEC", T, range, range_option,
	    "where: start end N A:B +N -N @T @T1:T2 (all)"),
	OPT_CALL(0, "since", "TIME", T, range, range_option_since,
	    "from the first record at or after TIME"),
	OPT_CALL(0, "until", "TIME", T, range, range_option_until,
	    "up to TIME, exclusive; with -f stop then"),
	OPT_FLAG('f', "follow", T, follow,
	    "go on with what comes, until stopped"),
	OPT_INT('n', "max-records", "N", T, limit, 0, INT64_MAX,
	    "stop after N records in all", .given = OPT_AT(T, has_limit, bool)),
	OPT_INT(0, "last", "N", T, last, 0, INT64_MAX,
	    "the newest N of all partitions, in time order",
	    .given = OPT_AT(T, has_last, bool)),
	OPT_CALL('p', "partitions", "LIST", T, partitions,
	    range_option_partitions, "only these partitions: 0,2,5-7",
	    .release = range_partitions_release),
	OPT_FLAG(0, "merge", T, merge,
	    "in time order over partitions and topics"),
	OPT_FLAG(0, "reverse", T, reverse, "newest first"),
	OPT_STRING('k', "key", "KEY", T, key,
	    "only this key; reads the partition it maps to"),
	OPT_STRING('e', "regexp", "RE", T, regex,
	    "only values that match RE (as in Perl)"),
	OPT_LIST(0, "header", "NAME[=VALUE]", T, headers,
	    "only with this header; repeat: with all"),
	OPT_CHOICE(0, "isolation", "LEVEL", T, isolation, isolation_names,
	    "of transactions: committed (default), uncommitted"),
	OPT_ROW_DIR,
	OPT_HEADING("How they look (lines, if nothing is given)"),
	OPT_FLAG('0', "null", T, null_delimited,
	    "a NUL byte after each, not a newline"),
	OPT_STRING('D', "delimiter", "STR", T, delimiter,
	    "STR after each (escapes as \\n \\t \\xNN)"),
	OPT_STRING('F', "format", "FMT", T, format,
	    "as FMT says (%t %p %o %k %s ...)"),
	OPT_FLAG('J', "json", T, json, "a JSON object a line, lossless"),
	OPT_FLAG(0, "framed", T, framed, "binary with lengths, lossless"),
	OPT_STRING('K', "key-separator", "SEP", T, key_separator,
	    "key and SEP before the value"),
	OPT_FLAG('Z', "null-marker", T, null_empty,
	    "print null as NULL, not as nothing"),
	OPT_STRING(0, "null-as", "STR", T, null_as, "print null as STR"),
	OPT_STRING(0, "whole", "DIR", T, whole,
	    "a file a value: DIR/topic-partition-offset"),
	OPT_FLAG(0, "raw", T, raw,
	    "control bytes to a terminal as they are"),
	OPT_FLAG('c', "count", T, count,
	    "print only how many records there are"),
	OPT_HEADING("How it goes"),
	OPT_CALL(0, "rate", "N", T, rate_per_ms, rate_option,
	    "at most N records a second"),
	OPT_STRING(0, "speed", "X", T, speed,
	    "replay with the original spacing, X times as fast"),
	OPT_FLAG(0, "fail-empty", T, fail_empty, "exit 1 if there was none"),
	OPT_DURATION(0, "timeout", "DUR", T, timeout, 0, INT64_MAX,
	    "with -f: stop when nothing came for DUR"),
	OPT_FLAG(0, "skip-corrupt", T, skip_corrupt,
	    "go on behind damage, saying what was skipped"),
	OPT_HEADING("As a member of a group"),
	OPT_STRING('g', "group", "GROUP", T, group,
	    "share the partitions with the other members of GROUP"),
	OPT_CHOICE(0, "reset", "WHERE", T, reset, reset_names,
	    "where nothing is committed: start (default), end, fail",
	    GIVEN(has_reset)),
	OPT_CHOICE(0, "assign", "HOW", T, assignor, assignor_names,
	    "who reads what: cooperative (default), range",
	    GIVEN(has_assignor)),
	OPT_CHOICE(0, "commit", "WHEN", T, commit, commit_names,
	    "auto: when taken; exec: when CMD exits 0; fd; none",
	    GIVEN(has_commit)),
	OPT_CHOICE(0, "commit-sync", "WHEN", T, commit_sync, sync_names,
	    "commits to disk: every second (default), each",
	    GIVEN(has_sync)),
	OPT_STRING(0, "exec", "CMD", T, exec,
	    "run CMD for each batch, the records on its stdin"),
	OPT_STRING(0, "exec-each", "CMD", T, exec_each,
	    "run CMD for each record"),
	OPT_INT(0, "jobs", "N", T, jobs, 1, 10000,
	    "N runs at once, one a partition (1)", GIVEN(has_jobs)),
	OPT_INT(0, "retries", "N", T, retries, 0, INT64_MAX,
	    "run a CMD that failed N times more (0)", GIVEN(has_retries)),
	OPT_DURATION(0, "backoff", "DUR", T, backoff, 0, 86400000,
	    "wait DUR before that, doubled each time (1s)",
	    GIVEN(has_backoff)),
	OPT_STRING(0, "dead-letter", "TOPIC", T, dead_letter,
	    "where records go that CMD can't process"),
	OPT_INT(0, "ack-fd", "FD", T, ack_fd, 0, INT32_MAX,
	    "commit what lines \"partition offset\" on FD say",
	    GIVEN(has_ack_fd)),
	OPT_ROW_PROGRESS, OPT_ROWS_COMMON, OPT_END
};

#undef GIVEN

#undef T

static const struct options defaults = { .timeout = -1, .jobs = 1,
	.backoff = 1000 };

static int
parse_speed(struct options *o, struct err *e)
{
	char *end;

	if (o->speed == NULL)
		return 0;
	errno = 0;
	o->speed_factor = strtod(o->speed, &end);
	if (errno != 0 || *end != '\0' || end == o->speed ||
	    !(o->speed_factor > 0) || o->speed_factor > 1e9 ||
	    o->speed[0] < '0' || o->speed[0] > '9')
		return err_set(e, ERR_USAGE, "--speed: \"%s\" is not a "
		    "number above 0, as 1, 10 or 0.5", o->speed);
	return 0;
}

static int
check(struct options *o, struct err *e)
{
	int forms = o->null_delimited + (o->delimiter != NULL) +
	    (o->format != NULL) + o->json + o->framed + o->count +
	    (o->whole != NULL);

	if (forms > 1)
		return err_set(e, ERR_USAGE, "only one of -0, -D, -F, -J, -c, "
		    "--framed and --whole can be given");
	if (o->follow && o->reverse)
		return err_set(e, ERR_USAGE, "--reverse: has no place to "
		    "start when following (-f)");
	if (o->has_last && (o->range.from.kind != BOUND_NONE))
		return err_set(e, ERR_USAGE,
		    "--last: where to start can't be given as well");
	if (o->null_empty && o->null_as != NULL)
		return err_set(e, ERR_USAGE,
		    "only one of -Z and --null-as can be given");
	if (o->follow && o->count && !o->has_limit && o->timeout < 0 &&
	    o->range.to.kind == BOUND_NONE)
		return err_set(e, ERR_USAGE, "-c: would never print: with -f "
		    "it needs -n, --timeout or an end");
	return parse_speed(o, e) < 0 ? -1 : group_check(o, e);
}

static int
read_all(struct consumer *c, struct err *e)
{
	const struct options *o = c->o;
	int r = 0;

	if (o->group != NULL)
		return group_run(c, e);
	if (o->has_last && last_seek(c, o->last, e) < 0)
		return -1;
	if (o->follow)
		follow_open(c);
	if (o->merge || o->reverse || o->has_last)
		r = merge_run(c, o->reverse, e);
	if (r == 0 && c->left > 0 && main_stopped() == 0 &&
	    (o->follow || !(o->merge || o->reverse || o->has_last)))
		r = plain_run(c, e);
	return r;
}

/* What was printed before a failure is still good: it goes out first. */
static int
finish(struct consumer *c, int r, struct err *e)
{
	struct err second;
	char line[32];
	int n;

	progress_end(&c->progress);
	if (c->o->count && r == 0) {
		n = snprintf(line, sizeof(line), "%" PRIu64 "\n", c->printed);
		if (buf_append(&c->out.bytes, line, (size_t)n) < 0)
			return err_set(e, ERR_SYSTEM, "out of memory");
	}
	if (r < 0) {
		streams_explain(c, e);
		emit_flush(c, &second);
		return -1;
	}
	if (emit_flush(c, e) < 0)
		return -1;
	if (main_stopped() != 0)
		return main_stop(e);
	report_note("%" PRIu64 " records, %" PRIu64 " bytes", c->printed,
	    c->out.total);
	if (c->printed == 0 && c->timed_out)
		return err_set(e, ERR_BUSY, "nothing came in time");
	return c->printed == 0 && c->o->fail_empty ? 1 : 0;
}

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	struct options *o = opts;
	struct consumer c = { .o = o, .whole_fd = -1, .watch.fd = -1,
		.left = o->has_limit ? o->limit : INT64_MAX };
	int r = -1;

	if (check(o, e) < 0)
		return -1;
	c.filter = filter_new(o, e);
	if (c.filter == NULL && e->code != ERR_NONE)
		return -1;
	c.codec = codec_new();
	if (c.codec == NULL) {
		err_set(e, ERR_SYSTEM, "out of memory");
	} else if (emit_init(&c, e) == 0 &&
	    streams_open(&c, argv, argc, e) == 0 && emit_open(&c, e) == 0) {
		main_stop_signals();
		progress_start(&c.progress, o->common.progress, 0);
		r = finish(&c, read_all(&c, e), e);
	} else {
		streams_explain(&c, e);
	}
	streams_close(&c);
	watch_close(&c.watch);
	form_writer_free(c.writer);
	filter_free(c.filter);
	out_release(&c.out);
	buf_release(&c.unescaped);
	codec_free(c.codec);
	if (c.whole_fd >= 0)
		close(c.whole_fd);
	return r;
}

static const char *const usage[] = { "[options] TOPIC...", NULL };
static const struct command command = {
	.summary = "print the records of topics",
	.usage = usage, .opts = table, .opts_size = sizeof(struct options),
	.defaults = &defaults, .min_operands = 1,
	.max_operands = OPERANDS_ANY, .run = run,
};
static const struct program program = {
	.name = "klog-consume",
	.summary = "print the records of topics",
	.single = &command,
};

int
main(int argc, char **argv)
{
	return main_run(&program, argc, argv);
}
