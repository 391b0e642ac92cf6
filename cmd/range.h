/*
 * range: which records and which partitions (-o SPEC and -p LIST).
 *
 *	start  end		from the first record; only what comes
 *	N  A:B  :B  N:end	offsets; B is exclusive
 *	+N  -N			from N after the start; the last N
 *	@T  @T1:T2  @T:end	times (when.h); T2 is exclusive
 *
 * The left of "A:B" may also be the word start, the right the word end.
 * Times hold colons themselves: all of what follows '@' is tried as one time
 * first, then each colon as the one that splits it.  No time has a second
 * reading that is a time, a colon and a time, so at most one split fits.
 */
#ifndef KLOG_RANGE_H
#define KLOG_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum bound_kind {
	BOUND_NONE,		/* not given */
	BOUND_START,		/* the log's start; value unused */
	BOUND_END,		/* the log's end when it is looked at */
	BOUND_OFFSET,		/* value: an offset, 0 or more */
	BOUND_FROM_START,	/* value: records after the start */
	BOUND_FROM_END,		/* value: records before the end */
	BOUND_TIME		/* value: epoch milliseconds */
};

struct bound {
	enum bound_kind kind;
	int64_t value;
};

/* Zero is everything: from NONE means the start, to NONE no limit. */
struct range {
	struct bound from;	/* inclusive */
	struct bound to;	/* exclusive; NONE, END, OFFSET or TIME */
};

enum { RANGE_PARTITIONS_MAX = 100000 };

/* Partitions, ascending, each once.  list is malloc'ed; NULL is all. */
struct partitions {
	int32_t *list;
	size_t n;
};

/*
 * Read s, all of it; times count from now_ms.  0, or -1 with ERR_USAGE and
 * *out unchanged.  A range that ends before it starts is refused.
 */
int range_parse(const char *s, int64_t now_ms, struct range *out,
    struct err *e);

/*
 * Read "0,2,5-7".  At most RANGE_PARTITIONS_MAX entries, doubles counted.
 * 0 with *list for the caller to free, or -1 with *list and *n unchanged.
 */
int range_partitions(const char *s, int32_t **list, size_t *n,
    struct err *e);

/*
 * For option tables (OPT_CALL).  The field is a struct range for the first
 * three; since and until set one side and leave the other.  For the others it
 * is a struct partitions; its row has .release = range_partitions_release,
 * which empties it, so that its list belongs to the options struct.
 */
int range_option(void *field, const char *arg, struct err *e);
int range_option_since(void *field, const char *arg, struct err *e);
int range_option_until(void *field, const char *arg, struct err *e);
int range_option_partitions(void *field, const char *arg, struct err *e);
void range_partitions_release(void *field);

#endif
