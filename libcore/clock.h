/*
 * clock: the two clocks.  Wall time is for record timestamps and may jump;
 * only monotonic time measures how long something took or may take.
 */
#ifndef KLOG_CLOCK_H
#define KLOG_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void); /* ms since the epoch */
int64_t clock_mono_ms(void); /* ms since some fixed point of this boot */

#define CLOCK_NEVER INT64_MAX /* a deadline that does not come */

#endif
