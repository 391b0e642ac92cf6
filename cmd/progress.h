/*
 * progress: how far long work is, on standard error.
 *
 * On a terminal, once the work has lasted a second, one line is drawn and
 * redrawn at most five times a second, and taken away at the end:
 *
 *	klog-consume: 512M  4100000 records  120M/s  4.2s  ETA 9.0s
 *
 * --progress draws it elsewhere too, -q never.  SIGUSR1 has one such line
 * printed for good, -q or not, at the next tick; it interrupts blocking
 * calls with EINTR, so that a program that waits can tick.
 */
#ifndef KLOG_PROGRESS_H
#define KLOG_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	int64_t bytes;		/* done so far */
	int64_t records;
	int64_t total;		/* bytes there are in all; 0: not known */
	int64_t started;	/* clock_mono_ms */
	int64_t drawn;		/* the same, of the last line; 0: none yet */
	bool on;		/* draw at all */
	const char *what;	/* set after progress_start: what is waited
				 * for, in place of numbers; borrowed */
};

/*
 * Begin; report_init was called before.  forced is --progress.  total is in
 * bytes, 0 if not known.  One at a time in a process: p stays in use until
 * progress_end.
 */
void progress_start(struct progress *p, bool forced, int64_t total);

/*
 * Add what was done; cheap enough for every batch, not for every record.
 * progress_tick(p, 0, 0) after a wait shows that time went by.
 */
void progress_tick(struct progress *p, int64_t bytes, int64_t records);

/* Take the line away; SIGUSR1 is ignored from here on. */
void progress_end(struct progress *p);

#endif
