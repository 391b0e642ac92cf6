/*
 * complete: shell completions printed from a program's tables.
 *
 * A script completes verbs, options, the choices of an option, files and
 * directories for arguments called FILE and DIR, and topics (directories with
 * a topic.conf under --dir, $KLOG_DIR or here) for operands called TOPIC.
 * It needs nothing but the shell itself; no program is run to complete.
 */
#ifndef KLOG_COMPLETE_H
#define KLOG_COMPLETE_H

#include <stdbool.h>
#include <stdio.h>

#include "err.h"
#include "program.h"

/* What a word stands for; operands may be several of them. */
enum complete_what {
	COMPLETE_NOTHING = 0,
	COMPLETE_FILES = 1,
	COMPLETE_DIRS = 2,
	COMPLETE_TOPICS = 4
};

/* Print the script for "bash", "zsh" or "fish"; 0, or -1 (ERR_USAGE). */
int complete_script(const struct program *p, const char *shell, FILE *f,
    struct err *e);

/* For the three shells' files: */

/* What the words of text in capitals (FILE, DIR, TOPIC ...) stand for. */
unsigned complete_words(const char *text);

/* The same for all forms of a command's usage. */
unsigned complete_operands(const struct command *c);

/* Whether the completions show this row. */
bool complete_shows(const struct opt *row);

/* Print the program's name with '_' for '-', as shells name functions. */
void complete_identifier(const struct program *p, FILE *f);

/* Print the names of a row's choices with a space between. */
void complete_choices(const struct opt *row, FILE *f);

void complete_bash(const struct program *p, FILE *f);
void complete_zsh(const struct program *p, FILE *f);
void complete_fish(const struct program *p, FILE *f);

#endif
