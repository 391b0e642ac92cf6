/*
 * report: what a program says on standard error.
 *
 * One line, one write(2), so that lines of several programs never mix:
 * "program: text".  Control bytes of the text are written as \xNN; a name in
 * a message can't move the cursor or forge a second line.
 */
#ifndef KLOG_REPORT_H
#define KLOG_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Set once by main_run.  name is borrowed for ever; quiet silences all but
 * errors; verbose is how often -v was given.
 */
void report_init(const char *name, bool quiet, int verbose);

/* The name given to report_init. */
const char *report_name(void);

/* Whether -q was given; how often -v was. */
bool report_quiet(void);
int report_verbose(void);

/* A failure: always said. */
void report_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Something the user should know though the work goes on: unless -q. */
void report_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What was done, in numbers: only with -v, and not with -q. */
void report_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Called before each line is written, to take a progress line off the
 * terminal; NULL for none.
 */
void report_before_line(void (*hook)(void));

/* All n bytes to descriptor 2; a failure there has nobody to be told to. */
void report_write(const char *text, size_t n);

/*
 * Copy text with control bytes as \xNN, at most size - 1 bytes and a NUL;
 * an escape is never cut in two.  The length written is returned.
 */
size_t report_escape(char *out, size_t size, const char *text);

#endif
