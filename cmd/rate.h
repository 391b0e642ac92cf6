/*
 * rate: records a second, as --rate takes them: "100" or "100/s".
 */
#ifndef KLOG_RATE_H
#define KLOG_RATE_H

#include "err.h"

/* For option tables (OPT_CALL): field is a double, records a millisecond. */
int rate_option(void *field, const char *arg, struct err *e);

#endif
