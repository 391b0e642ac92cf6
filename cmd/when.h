/*
 * when: points in time as people write them (klog(7), TIMES).
 *
 *	1795341600000		epoch milliseconds, exactly 13 digits
 *	1795341600		epoch seconds, exactly 10 digits
 *	2026-11-22		midnight, local time
 *	2026-11-22T10:00	also :SS, then .f of 1 to 9 digits (cut to
 *				milliseconds); a blank may stand for T
 *	2026-11-22T10:00Z	UTC; or an offset, +01:00 or +0100
 *	now, today, yesterday	today is the last local midnight
 *	-90m, +7d		that long ago, from now; a unit is needed
 *
 * Local time is that of TZ.  A local time that a change to summer time leaves
 * out, or that the change back gives twice, is what mktime(3) makes of it.
 */
#ifndef KLOG_WHEN_H
#define KLOG_WHEN_H

#include <stdint.h>

#include "err.h"

enum { WHEN_TEXT = 32 };	/* room for what when_format_* write */

/*
 * Read s, all of it.  now_ms (epoch milliseconds) is what relative times
 * count from.  *ms is never negative: what lies before 1970 is refused.
 * 0, or -1 with ERR_USAGE: "\"2026-02-30\" is not a time ...".
 */
int when_parse(const char *s, int64_t now_ms, int64_t *ms, struct err *e);

/* ISO 8601 in UTC: "2026-11-22T10:00:00.000Z"; any ms fits. */
void when_format_utc(int64_t ms, char out[WHEN_TEXT]);

/* For tables, local: "2026-11-22 10:00:00"; "-" for a negative ms. */
void when_format_local(int64_t ms, char out[WHEN_TEXT]);

#endif
