/*
 * main: the life of a program between main() and exit.
 *
 * A program is a table and one line:
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		return main_run(&program, argc, argv);
 *	}
 */
#ifndef KLOG_MAIN_H
#define KLOG_MAIN_H

#include "err.h"
#include "program.h"

/*
 * Raise the limit of open files, ignore SIGXFSZ (a file that grows too large
 * is an error of write(2) then), keep the standard descriptors taken, read
 * the command line, run the command, close stdout.  The exit status (klog(7),
 * EXIT STATUS) is returned; what failed was said on standard error, followed
 * by the usage if the program was called wrongly.
 */
int main_run(const struct program *p, int argc, char **argv);

/*
 * From now on SIGINT, SIGTERM and SIGHUP only ask to stop, and interrupt a
 * blocking call with EINTR.  A signal that was ignored stays ignored (nohup).
 * Further signals change nothing: timeout(1) sends the same one twice.
 */
void main_stop_signals(void);

/* The signal that asked to stop first, or 0. */
int main_stopped(void);

/*
 * Fill e with ERR_STOPPED and no text, so that a program that was asked to
 * stop, and did, exits 128 + signal without a message.  Returns -1.
 */
int main_stop(struct err *e);

/* The exit status that an error stands for; the only place that knows. */
int main_status(const struct err *e);

#endif
