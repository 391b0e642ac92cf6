#include "opt.h"

#include "range.h"
#include "test.h"

struct options {
	struct opt_common common;
	bool flag;
	bool max_given;
	int form;
	int acks;
	int repair;
	const char *key;
	const char *report;
	struct opt_list headers;
	int64_t max;
	int64_t bytes;
	int64_t linger;
	int64_t since;
	struct range range;
	struct partitions partitions;
};

static const struct opt_choice acks[] = { { "0", 0 }, { "1", 1 },
	{ "all", -1 }, { NULL, 0 } };

#define T struct options
static const struct opt table[] = {
	OPT_HEADING("Form"),
	OPT_SET('0', "null", T, form, 1, "NUL"),
	OPT_SET('J', "json", T, form, 2, "JSON"),
	OPT_FLAG('f', "follow", T, flag, "follow"),
	OPT_FLAG(0, "follow-all", T, flag, "follow all"),
	OPT_STRING('k', "key", "KEY", T, key, "key"),
	OPT_LIST('H', "header", "NAME=VALUE", T, headers, "header"),
	OPT_INT('n', "max", "N", T, max, 0, INT64_MAX, "stop after N",
	    .given = OPT_AT(T, max_given, bool)),
	OPT_INT(0, "shift", "N", T, max, -10, 10, "shift"),
	OPT_SIZE('b', "batch-bytes", "SIZE", T, bytes, -1, 1 << 30, "bytes"),
	OPT_DURATION(0, "linger", "DUR", T, linger, 1000, 60000, "linger"),
	OPT_TIME('t', NULL, "TIME", T, since, "time"),
	OPT_CHOICE('a', "acks", "0|1|all", T, acks, acks, "acks"),
	OPT_CHOICE(0, "repair", "HOW", T, repair, acks, "repair",
	    .fallback = "all"),
	OPT_STRING('r', "report", "FMT", T, report, "report",
	    .fallback = "%p %o"),
	OPT_CALL('o', NULL, "SPEC", T, range, range_option, "range"),
	OPT_CALL('p', "partitions", "LIST", T, partitions,
	    range_option_partitions, "partitions",
	    .release = range_partitions_release),
	OPT_ROW_DIR,
	OPT_ROW_PROGRESS,
	OPT_ROWS_COMMON,
	OPT_END
};

static struct options o;
static struct err e;
static char *args[16];
static int operands;

/* Parse the words of a line, split at single blanks. */
static enum opt_outcome
parse_as(const char *line, bool in_order)
{
	static char words[512];
	char *rest = words;
	int n = 1;

	opt_release(table, &o);
	memset(&o, 0, sizeof(o));
	memset(&e, 0, sizeof(e));
	snprintf(words, sizeof(words), "%s", line);
	args[0] = words;
	while (n < 15 && (args[n] = strsep(&rest, " ")) != NULL)
		n++;
	operands = n;
	return opt_parse(table, &o, &operands, args, in_order, &e);
}

static enum opt_outcome
parse(const char *line)
{
	return parse_as(line, false);
}

static void
says(const char *line, const char *want)
{
	CHECK_EQ_INT(parse(line), OPT_FAILED);
	CHECK_EQ_INT(e.code, ERR_USAGE);
	CHECK_EQ_STR(e.text, want);
}

static void
operands_are(const char *want)
{
	char got[512] = "";
	size_t used = 0;
	int i;

	for (i = 0; i < operands; i++)
		used += (size_t)snprintf(got + used, sizeof(got) - used,
		    "[%s]", args[i]);
	CHECK_EQ_STR(got, want);
	CHECK(args[operands] == NULL);
}

static void
order(void)
{
	CHECK_EQ_INT(parse("a -f b - -k v c -- -f --max"), OPT_RUN);
	operands_are("[a][b][-][c][-f][--max]");
	CHECK(o.flag);
	CHECK_EQ_STR(o.key, "v");
	CHECK_EQ_INT(parse_as("-f a -k v", true), OPT_RUN);
	operands_are("[a][-k][v]");
	CHECK(o.flag && o.key == NULL);
	setenv("POSIXLY_CORRECT", "1", 1);
	CHECK_EQ_INT(parse("a -f"), OPT_RUN);
	operands_are("[a][-f]");
	unsetenv("POSIXLY_CORRECT");
	CHECK_EQ_INT(parse("--"), OPT_RUN);
	operands_are("");
}

static void
arguments(void)
{
	CHECK_EQ_INT(parse("-n5"), OPT_RUN);
	CHECK_EQ_INT(o.max, 5);
	CHECK(o.max_given);
	CHECK_EQ_INT(parse("-n 6 --max=7 --max 8"), OPT_RUN);
	CHECK_EQ_INT(o.max, 8);
	CHECK_EQ_INT(parse("-fJvvn9 x"), OPT_RUN);
	CHECK(o.flag && o.form == 2 && o.common.verbose == 2 && o.max == 9);
	CHECK_EQ_INT(parse("-o -5 --shift -10"), OPT_RUN);
	CHECK_EQ_INT(o.range.from.kind, BOUND_FROM_END);
	CHECK_EQ_INT(o.range.from.value, 5);
	CHECK_EQ_INT(o.max, -10);
	CHECK_EQ_INT(parse("-k -- -k -f"), OPT_RUN);
	CHECK_EQ_STR(o.key, "-f");
	CHECK_EQ_INT(parse("--key="), OPT_RUN);
	CHECK_EQ_STR(o.key, "");
	CHECK_EQ_INT(parse("x"), OPT_RUN);
	CHECK(o.key == NULL && !o.max_given);
}

static void
optional_arguments(void)
{
	CHECK_EQ_INT(parse("-r x"), OPT_RUN);
	CHECK_EQ_STR(o.report, "%p %o");
	operands_are("[x]");
	CHECK_EQ_INT(parse("-rF --repair"), OPT_RUN);
	CHECK_EQ_STR(o.report, "F");
	CHECK_EQ_INT(o.repair, -1);
	CHECK_EQ_INT(parse("--report= --repair=1"), OPT_RUN);
	CHECK_EQ_STR(o.report, "");
	CHECK_EQ_INT(o.repair, 1);
}

static void
prefixes(void)
{
	says("--he", "--he may be --header, --help");
	CHECK_EQ_INT(parse("--header a=b --heade c"), OPT_RUN);
	CHECK_EQ_INT(o.headers.n, 2);
	CHECK_EQ_STR(o.headers.items[1], "c");
	CHECK_EQ_INT(parse("--follow"), OPT_RUN);
	CHECK_EQ_INT(parse("--ma 3"), OPT_RUN);
	says("--fo", "--fo may be --follow, --follow-all");
	says("--rep=x", "--rep may be --repair, --report");
	/* What is hidden has to be written out. */
	says("--dump-opt", "unknown option --dump-opt");
}

static void
kinds(void)
{
	CHECK_EQ_INT(parse("-b 64k --linger 1m --acks all -t 1795341600"),
	    OPT_RUN);
	CHECK_EQ_INT(o.bytes, 65536);
	CHECK_EQ_INT(o.linger, 60000);
	CHECK_EQ_INT(o.acks, -1);
	CHECK_EQ_INT(o.since, 1795341600000);
	CHECK_EQ_INT(parse("-b unlimited -0 --dir d -q --progress -p 1-3"),
	    OPT_RUN);
	CHECK_EQ_INT(o.bytes, -1);
	CHECK_EQ_INT(o.form, 1);
	CHECK_EQ_INT(o.partitions.n, 3);
	CHECK_EQ_STR(o.common.dir, "d");
	CHECK(o.common.quiet && o.common.progress);
	CHECK_EQ_INT(parse("-b -1"), OPT_RUN);
	CHECK_EQ_INT(o.bytes, -1);
}

static void
refused(void)
{
	says("-n abc", "-n: \"abc\" is not a number from 0 on");
	says("--max=-1", "--max: \"-1\" is not a number from 0 on");
	says("--shift 11", "--shift: \"11\" is not a number from -10 to 10");
	says("-b 1.5M", "-b: \"1.5M\" is not a size such as 64k, 1M or 2G, "
	    "-1 or unlimited");
	says("-b 2G", "-b: \"2G\" is more than 1.0G (1073741824 bytes)");
	says("--linger 1h30", "--linger: \"1h30\" is not a duration such as "
	    "250ms, 30s or 1h30m");
	says("--linger 5", "--linger: \"5\" is less than 1s (1000 ms)");
	says("-a 2", "-a: \"2\" is not one of 0, 1, all");
	says("-t 5", "-t: \"5\" is not a time such as 2026-11-22T10:00, "
	    "today, -2h, +7d or epoch milliseconds");
	says("-p 1,x", "-p: \"1,x\" is not a list of partitions such as "
	    "0,2,5-7");
	says("-n", "-n needs an argument: N");
	says("--max", "--max needs an argument: N");
	says("--follow=x", "--follow takes no argument");
	says("-fZ", "unknown option -Z");
	says("-\xc3\xa9", "unknown option -\\xc3");
	says("--axks 1", "unknown option --axks; did you mean --acks?");
	says("--nothing-like-it", "unknown option --nothing-like-it");
	says("--=x", "unknown option --");
}

static void
actions(void)
{
	CHECK_EQ_INT(parse("-h --bad"), OPT_HELP);
	CHECK_EQ_INT(parse("x --version"), OPT_VERSION);
	CHECK_EQ_INT(parse("--dump-options"), OPT_DUMP_OPTIONS);
	CHECK_EQ_INT(parse("--dump-completion zsh"), OPT_DUMP_COMPLETION);
	CHECK_EQ_STR(o.common.shell, "zsh");
}

static void
nearest(void)
{
	static const char *const names[] = { "create", "list", "delete" };

	CHECK_EQ_STR(opt_nearest("craete", names, 3), "create");
	CHECK_EQ_STR(opt_nearest("lst", names, 3), "list");
	CHECK(opt_nearest("frobnicate", names, 3) == NULL);
	CHECK(opt_nearest("", names, 3) == NULL);
	opt_release(table, &o);
}

TEST_MAIN(TEST(order), TEST(arguments), TEST(optional_arguments),
    TEST(prefixes), TEST(kinds), TEST(refused), TEST(actions),
    TEST(nearest))
