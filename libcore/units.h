/*
 * units: numbers, sizes and durations as people write them.
 *
 * Strict and pure: the whole string must be the number; no spaces, no sign
 * (but see units_int), no fraction, nothing after it.  What does not fit an
 * int64_t is refused, never cut.  The caller words the error.
 */
#ifndef KLOG_UNITS_H
#define KLOG_UNITS_H

#include <stdint.h>

enum { UNITS_TEXT = 48 };	/* room for what units_format_* write */

/*
 * A decimal integer from min to max.  One leading '-' is taken if min is
 * negative; '+' never is.  0, or -1 with *out unchanged.
 */
int units_int(const char *s, int64_t min, int64_t max, int64_t *out);

/*
 * A size: "4096" bytes, or a number followed by k, M, G or T in either case,
 * which are powers of 1024; "KiB", "MiB" and so on mean the same.  "kB" and
 * "B" are refused, because half the world reads them as powers of 1000.
 * 0, or -1 with *bytes unchanged.
 */
int units_size(const char *s, int64_t *bytes);

/*
 * A duration: "250" and "250ms" are milliseconds; s, m, h, d (24 h) and w
 * (7 d) follow their number at once, and may be combined from the largest
 * to the smallest, each once: "1h30m", "1d12h".  A number without a unit
 * stands alone ("1h30" is refused).  0, or -1 with *ms unchanged.
 */
int units_duration(const char *s, int64_t *ms);

/*
 * For people, not to be read back: "0", "512", "1.5k", "64k", "2.0G",
 * rounded down to two or more digits.  A negative size keeps its sign.
 */
void units_format_size(int64_t bytes, char out[UNITS_TEXT]);

/*
 * For people: "250ms", "5.3s", "1m30s", "2h5m", "7d", "3d4h"; the two
 * largest units, rounded down.  A negative duration keeps its sign.
 */
void units_format_duration(int64_t ms, char out[UNITS_TEXT]);

#endif
