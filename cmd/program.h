/*
 * program: what a program is, said in tables: its commands, their operands
 * and options.  main_run (main.h) runs one; the help, the dumps and the
 * completions are printed from the same tables.
 */
#ifndef KLOG_PROGRAM_H
#define KLOG_PROGRAM_H

#include <stdbool.h>
#include <stdio.h>

#include "err.h"
#include "opt.h"

#define KLOG_VERSION "0.1.0"

enum { OPERANDS_ANY = -1 };	/* max_operands: no limit */

struct command {
	const char *name;	/* the verb; NULL if the program has none */
	const char *summary;	/* one line: "append records to a topic" */
	/*
	 * What may follow the name, one form an item, ended by NULL:
	 * "[options] TOPIC [FILE...]".  The words TOPIC, FILE and DIR also
	 * tell the completions what operands are.
	 */
	const char *const *usage;
	const struct opt *opts;	/* ended by OPT_END */
	size_t opts_size;	/* of the options struct */
	const void *defaults;	/* opts_size bytes it starts as; NULL: zeros */
	int min_operands;
	int max_operands;	/* or OPERANDS_ANY */
	bool in_order;		/* options end at the first operand */
	/*
	 * Do the work.  opts is the options struct, argv[0..argc-1] the
	 * operands.  The exit status (0, or 1: the answer is no), or -1 with
	 * *e filled.
	 */
	int (*run)(void *opts, int argc, char **argv, struct err *e);
};

struct program {
	const char *name;	/* "klog-topic" */
	const char *summary;
	/* With verbs: ended by a row without name.  Without: NULL. */
	const struct command *verbs;
	/*
	 * The command of a program without verbs; in one with verbs, what is
	 * meant when the first argument is none of them, or NULL.
	 */
	const struct command *single;
};

/* "usage: ..." lines of one command, or (c NULL) of the whole program. */
void program_usage(const struct program *p, const struct command *c, FILE *f);

/* All that --help prints. */
void program_help(const struct program *p, const struct command *c, FILE *f);

/*
 * One line an option, hidden ones left out: letter TAB long name TAB argument
 * TAB help, "-" for what there is not.  Before those of a verb comes the line
 * verb TAB NAME TAB - TAB summary.
 */
void program_dump(const struct program *p, FILE *f);

#endif
