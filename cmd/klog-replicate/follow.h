/*
 * follow: what the files of klog-replicate follow share.
 */
#ifndef KLOG_REPLICATE_FOLLOW_H
#define KLOG_REPLICATE_FOLLOW_H

#include "copy.h"
#include "epochs.h"
#include "role.h"
#include "topic.h"

struct follow_part {		/* of the source, by partition */
	bool known;
	int64_t start, end;
	int64_t high;		/* its watermark, or its end */
	struct epochs epochs;
};

struct following {
	struct copy copy;
	bool catch_up;

	/* While it runs: */
	const char *source;	/* as it was written */
	struct topic topic;
	struct role role;	/* before */
	struct follow_part *parts;
	int32_t count;
};

/* Ask the source where its logs begin and end, and its epochs.  0, or -1. */
int follow_ask(struct following *f, struct err *e);
void follow_release(struct following *f);

/*
 * *common: below it partition number agrees with the source.  check: refuse a
 * source that does not lead.  0, or -1.
 */
int follow_compare(struct following *f, int32_t number, bool check,
    int64_t *common, struct err *e);

#endif
