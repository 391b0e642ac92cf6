#include "program.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "complete.h"
#include "test.h"

struct options {
	struct opt_common common;
	int acks;
	const char *key;
};

static const struct opt_choice acks[] = { { "0", 0 }, { "all", -1 },
	{ NULL, 0 } };

#define T struct options
static const struct opt table[] = {
	OPT_HEADING("Input"),
	OPT_STRING('k', "key", "KEY", T, key,
	    "one key for all records, unless a record brings one of its own "
	    "with it"),
	OPT_CHOICE('a', "acks", "WHEN", T, acks, acks, "don't wait [long]"),
	OPT_STRING(0, "a-name-that-is-too-long-for-its-column", "X", T, key,
	    "below"),
	OPT_STRING('r', NULL, "FMT", T, key, "optional", .fallback = ""),
	OPT_STRING(0, "report", "FMT", T, key, "optional too",
	    .fallback = ""),
	OPT_HEADING("Empty"),
	OPT_FLAG(0, "secret", T, common.quiet, "hidden", .hidden = true),
	OPT_ROWS_COMMON,
	OPT_END
};

static int
run(void *opts, int argc, char **argv, struct err *e)
{
	(void)opts;
	(void)argc;
	(void)argv;
	(void)e;
	return 0;
}

static const char *const usage[] = { "[options] TOPIC [FILE...]", NULL };
static const struct command single = { .usage = usage, .opts = table,
	.opts_size = sizeof(T), .max_operands = OPERANDS_ANY, .run = run };
static const struct program plain = { "klog-plain", "Do one thing.", NULL,
	&single };

static const char *const list_usage[] = { "[DIR]", "-a", NULL };
static const struct opt few[] = { OPT_ROW_DIR, OPT_ROWS_COMMON, OPT_END };
static const struct command verbs[] = {
	{ .name = "create", .summary = "make topics", .usage = usage,
	    .opts = table, .opts_size = sizeof(T),
	    .max_operands = OPERANDS_ANY, .run = run },
	{ .name = "list", .summary = "show topics", .usage = list_usage,
	    .opts = few, .opts_size = sizeof(T), .max_operands = 1,
	    .run = run },
	{ .name = NULL },
};
static const struct program many = { "klog-many", "Do many things.", verbs,
	NULL };

static char *text;
static size_t length;

static FILE *
begin(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &length);
}

static bool
begins(const char *want)
{
	return strncmp(text, want, strlen(want)) == 0;
}

static void
help_of_one(void)
{
	FILE *f = begin();

	program_help(&plain, &single, f);
	fclose(f);
	CHECK_EQ_STR(text,
	    "usage: klog-plain [options] TOPIC [FILE...]\n"
	    "\n"
	    "Do one thing.\n"
	    "\n"
	    "Input:\n"
	    "  -k, --key KEY       one key for all records, unless a record "
	    "brings one of\n"
	    "                      its own with it\n"
	    "  -a, --acks WHEN     don't wait [long]\n"
	    "      --a-name-that-is-too-long-for-its-column X\n"
	    "                      below\n"
	    "  -r[FMT]             optional\n"
	    "      --report[=FMT]  optional too\n"
	    "\n"
	    "Common:\n"
	    "  -q, --quiet         say nothing but errors\n"
	    "  -v, --verbose       say more; may be repeated\n"
	    "  -h, --help          print this help\n"
	    "  -V, --version       print the version\n"
	    "\n"
	    "More, with examples: man klog-plain\n");
}

static void
help_of_many(void)
{
	FILE *f = begin();

	program_help(&many, NULL, f);
	fclose(f);
	CHECK_EQ_STR(text,
	    "usage: klog-many create [options] TOPIC [FILE...]\n"
	    "       klog-many list [DIR]\n"
	    "       klog-many list -a\n"
	    "\n"
	    "Do many things.\n"
	    "\n"
	    "Commands:\n"
	    "  create  make topics\n"
	    "  list    show topics\n"
	    "\n"
	    "klog-many COMMAND --help lists the options of a command.\n"
	    "\n"
	    "More, with examples: man klog-many\n");
	f = begin();
	program_help(&many, &verbs[1], f);
	fclose(f);
	CHECK(begins("usage: klog-many list [DIR]\n"
	    "       klog-many list -a\n"
	    "\n"
	    "show topics\n"
	    "\n"
	    "Options:\n"
	    "      --dir DIR  look up"));
}

static void
dump(void)
{
	FILE *f = begin();

	program_dump(&many, f);
	fclose(f);
	CHECK(strstr(text, "secret") == NULL);
	CHECK(strstr(text, "dump") == NULL);
	CHECK(begins("verb\tcreate\t-\tmake topics\nk\tkey\tKEY\t"));
	CHECK(strstr(text,
		  "V\tversion\t-\tprint the version\n"
		  "verb\tlist\t-\tshow topics\n"
		  "-\tdir\tDIR\t") != NULL);
	CHECK(strstr(text, "r\t-\tFMT\toptional\n") != NULL);
}

/*
 * Run a shell on script and more, or only have it read script if more is
 * empty; its exit status.  A shell that is not there is content.
 */
static int
shell(const char *name, const char *script, const char *more)
{
	char path[] = "/tmp/klog-complete-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	int status = -1;
	pid_t child;

	if (f == NULL)
		return -1;
	fputs(script, f);
	fputs(more, f);
	fclose(f);
	child = fork();
	if (child == 0) {
		if (*more == '\0')
			execlp(name, name, "-n", path, (char *)NULL);
		else
			execlp(name, name, path, (char *)NULL);
		_exit(errno == ENOENT ? 0 : 127);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	remove(path);
	return status;
}

static void
scripts(void)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };
	struct err e;
	size_t i;
	FILE *f;

	for (i = 0; i < 3; i++) {
		f = begin();
		CHECK_EQ_INT(complete_script(&many, shells[i], f, &e), 0);
		fclose(f);
		CHECK_EQ_INT(shell(shells[i], text, ""), 0);
		f = begin();
		CHECK_EQ_INT(complete_script(&plain, shells[i], f, &e), 0);
		fclose(f);
		CHECK_EQ_INT(shell(shells[i], text, ""), 0);
		CHECK(strstr(text, "secret") == NULL);
	}
	f = begin();
	CHECK_EQ_INT(complete_script(&many, "csh", f, &e), -1);
	fclose(f);
	CHECK_EQ_INT(e.code, ERR_USAGE);
}

static void
completing(void)
{
	struct err e;
	FILE *f = begin();

	CHECK_EQ_INT(complete_script(&many, "bash", f, &e), 0);
	fclose(f);
	CHECK_EQ_INT(shell("bash", text,
	    "T=$(mktemp -d)\n"
	    "trap 'rm -r \"$T\"' EXIT\n"
	    "mkdir \"$T/orders\" \"$T/other\"\n"
	    ": > \"$T/orders/topic.conf\"\n"
	    "KLOG_DIR=$T\n"
	    "try() {\n"
	    "	local want=$1\n"
	    "	shift\n"
	    "	COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1))\n"
	    "	_klog_many\n"
	    "	[[ \"${COMPREPLY[*]}\" == \"$want\" ]] && return\n"
	    "	echo \"# $*: ${COMPREPLY[*]}\" >&2\n"
	    "	exit 1\n"
	    "}\n"
	    "try 'create list' klog-many ''\n"
	    "try 'create' klog-many c\n"
	    "try '--acks --a-name-that-is-too-long-for-its-column' "
	    "klog-many create --a\n"
	    "try '0 all' klog-many create --acks ''\n"
	    "try 'all' klog-many create --acks = a\n"
	    "try 'all' klog-many create -a a\n"
	    "try '' klog-many create -k ''\n"
	    "try '' klog-many create --key = ''\n"
	    "try 'orders' klog-many create o\n"
	    "try '--dir' klog-many list --d\n"
	    "unset KLOG_DIR\n"
	    "try 'orders' klog-many --dir \"$T\" create o\n"), 0);
	free(text);
}

TEST_MAIN(TEST(help_of_one), TEST(help_of_many), TEST(dump), TEST(scripts),
    TEST(completing))
