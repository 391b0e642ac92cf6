/*
 * banned: calls that can't report a bad number or a full buffer.
 *
 * The Makefile includes this file before every source (-include).  Strict
 * numbers come from units.h, text from snprintf or struct buf.  The headers
 * that declare the names must be read before the names are poisoned.
 */
#ifndef KLOG_BANNED_H
#define KLOG_BANNED_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#pragma GCC poison atoi atol atoll atof
#pragma GCC poison strcpy strcat stpcpy sprintf vsprintf strtok gets

#endif
