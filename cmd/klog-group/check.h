/*
 * check: what klog-group check found out, and the two ways to tell it.
 */
#ifndef KLOG_GROUP_CHECK_H
#define KLOG_GROUP_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "standing.h"
#include "topic.h"

struct check_group {
	const struct topic *topic;	/* borrowed */
	char *name;		/* NULL: the topic itself; of the standings
				 * only start and end count */
	size_t members;		/* live ones */
	struct standing *list;	/* one a partition */
	int32_t count;
};

struct check {			/* each topic, then its groups */
	struct check_group *list;
	size_t count;
};

struct check_limits {		/* -1: none; what is above is too much */
	int64_t lag_warn, lag_crit;	/* offsets, of any partition */
	int64_t age_warn, age_crit;	/* ms */
};

enum {				/* exit statuses that Nagios defines */
	CHECK_OK,
	CHECK_WARNING,
	CHECK_CRITICAL,
	CHECK_UNKNOWN
};

/* Print the line of a Nagios plugin; its exit status is returned. */
int check_nagios(const struct check *c, const struct check_limits *l, FILE *f);

/* The same for a check that failed. */
int check_nagios_unknown(const char *why, FILE *f);

/* Print Prometheus' text format, version 0.0.4. */
void check_prometheus(const struct check *c, FILE *f);

#endif
