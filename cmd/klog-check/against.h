/*
 * against: what the files of klog-check --against share.
 */
#ifndef KLOG_CHECK_AGAINST_H
#define KLOG_CHECK_AGAINST_H

#include "check.h"
#include "differ.h"
#include "digest.h"
#include "link.h"
#include "place.h"

enum { STATUS_DIFFER = 1 };

struct against_log {	/* one partition, here and there */
	int32_t number;
	struct digest here;
	int64_t start, end, cleaned; /* there, as it says */
	int64_t from, to; /* what both have; from >= to: nothing */
	bool differs;
	struct difference found; /* a: here, b: there */
	struct differ_counts counts; /* up to where they differ */
};

struct against {
	struct check *check;
	const struct topic *topic; /* here */
	struct place place;
	char *there; /* the other copy, for people */
	struct link link;
	bool theirs; /* what failed, failed there and was told us */
	int32_t partitions; /* there */
	int32_t number; /* of the last question */
	int64_t compared, differing; /* partitions */
	int64_t records, bytes; /* that are the same; that were read here */
};

/* ---- against_ask.c ---- */

/* The next message that has to do with the last question (none yet: any).
 * 0, or -1. */
int against_hear(struct against *a, struct wire *w, struct err *e);

/* See where log begins and ends there: log->start, end, cleaned.  0, or -1. */
int against_look(struct against *a, struct against_log *log, struct err *e);

/*
 * Compare log from log->from on up to log->to, to the first difference:
 * log->differs, found, counts.  0, or -1.
 */
int against_compare(struct against *a, struct against_log *log, struct err *e);

/* ---- against_tell.c ---- */

/* What came out of one partition. */
void against_tell(const struct against *a, const struct against_log *log);

/* A partition that only one of them has. */
void against_tell_missing(const struct against *a, int32_t number, bool here);

/* With --json and -v: what all of it took. */
void against_tell_all(const struct against *a);

#endif
