/*
 * opt: one typed table of options a command.  The table parses the command
 * line, prints --help, and dumps itself for the completions and the man page
 * test.  A row is made by one of the macros below, which refuse to compile
 * if the field has not the row's type:
 *
 *	struct options { struct opt_common common; int64_t max; ... };
 *	static const struct opt table[] = {
 *		OPT_INT('n', "max", "N", struct options, max, 0, INT64_MAX,
 *		    "stop after N records"),
 *		OPT_ROWS_COMMON, OPT_END
 *	};
 *
 * Every options struct begins with a struct opt_common.  A field keeps its
 * default if its option is not given; a string that is still NULL, or a bool
 * named by .given, tells.  The last argument of a macro is the help text; it
 * may be followed by further members: .given = OPT_AT(struct options, field,
 * bool), .fallback = "TEXT" (the argument is optional, and TEXT if missing),
 * .hidden = true, and for OPT_CALL .release.
 */
#ifndef KLOG_OPT_H
#define KLOG_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_HEADING,	/* help is a title of --help */
	OPT_KIND_FLAG,		/* bool: set to true */
	OPT_KIND_SET,		/* int: set to min */
	OPT_KIND_COUNT,		/* int: one more each time */
	OPT_KIND_STRING,	/* const char *: borrowed from argv */
	OPT_KIND_LIST,		/* struct opt_list: repeatable */
	OPT_KIND_INT,		/* int64_t from min to max */
	OPT_KIND_SIZE,		/* int64_t bytes; min < 0: -1, unlimited too */
	OPT_KIND_DURATION,	/* int64_t ms; min < 0: -1, unlimited too */
	OPT_KIND_TIME,		/* int64_t epoch ms (when.h) */
	OPT_KIND_CHOICE,	/* int: the value of one of choices */
	OPT_KIND_CALL,		/* any type: parse() reads the argument */
	OPT_KIND_ACTION		/* ends parsing with the outcome in min */
};

struct opt_choice {
	const char *name;	/* NULL ends the list */
	int value;
};

struct opt_list {
	const char **items;	/* malloc'ed by opt_parse; borrowed strings */
	size_t n;
};

struct opt_common {
	const char *dir;	/* --dir; NULL if not given */
	int verbose;		/* how many -v */
	bool quiet;		/* -q */
	bool progress;		/* --progress */
	const char *shell;	/* --dump-completion */
};

/* field is the address of the row's field; returns 0 or -1 (ERR_USAGE). */
typedef int opt_reader(void *field, const char *arg, struct err *e);

struct opt {
	enum opt_kind kind;
	char letter;		/* 0: long name only */
	bool hidden;		/* not in --help, dumps and completions */
	const char *name;	/* long name; NULL: letter only */
	const char *arg;	/* name of the argument; NULL: takes none */
	const char *help;	/* one line, lower case, no full stop */
	size_t offset;		/* of the field in the options struct */
	size_t given;		/* of a bool set when given; 0: none */
	int64_t min, max;
	const struct opt_choice *choices;
	opt_reader *parse;
	void (*release)(void *field);	/* of what parse allocated, or NULL */
	const char *fallback;	/* argument if none was given */
};

/* What opt_parse found to do. */
enum opt_outcome {
	OPT_FAILED = -1,	/* ERR_USAGE in *e */
	OPT_RUN,
	OPT_HELP,
	OPT_VERSION,
	OPT_DUMP_OPTIONS,
	OPT_DUMP_COMPLETION	/* common.shell says for which */
};

/*
 * Read the options of argv[1..] into *options, as getopt_long does: options
 * and operands mixed, unique prefixes of long names, "--" ends, "-" is an
 * operand, the argument of an option may begin with '-'.  in_order stops at
 * the first operand (also if POSIXLY_CORRECT is set).  On OPT_RUN the *argc
 * operands are moved to the front of argv, which ends by NULL; strings stay
 * borrowed from it.  An action (--help) is returned at once.
 */
enum opt_outcome opt_parse(const struct opt *table, void *options,
    int *argc, char **argv, bool in_order, struct err *e);

/* Free what opt_parse and the parse() of rows allocated. */
void opt_release(const struct opt *table, void *options);

/* One row's argument, for opt_parse (optvalue.c); shown is "-n" or "--max". */
int opt_value(const struct opt *row, void *options, const char *arg,
    const char *shown, struct err *e);

/* The one of n names that word was meant to be, or NULL if none is near. */
const char *opt_nearest(const char *word, const char *const *names, size_t n);

#include "optrows.h"

#endif
